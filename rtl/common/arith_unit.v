// arith_unit: accumulator[row] += weight * activation, in four stages.
//
// Model: accelsim/units/arith_unit.py; contract A1 to A5; accelsim/fixedpoint.py.
//   stage 1  row of the entry from its zero run (the codebook is looked up beside it)
//   stage 2  accumulator read, product
//   stage 3  shift with rounding, add, saturate once
//   stage 4  accumulator write; the file holds the value from the next cycle on
// Timing: one entry a cycle enters at valid_i and leaves stage 4 three cycles later. Padding
// entries move the row and go no further than stage 1.
// Multiplier: 0 multiplies; 1 shifts, and weight_i is a word of arith_unit_shift; 2 adds or
// subtracts, and weight_i is a weight of arith_unit_sign.
// Hazards: with Bypass = 1 an entry in stage 2 whose accumulator is in flight takes the sum from
// stage 3, else the value from stage 4. With Bypass = 0 it waits in stage 1 (wait_o) while an
// entry in stage 2 or 3 has the same row; the inputs must then stay as they are.
`default_nettype none

module arith_unit #(
  parameter integer IndexBits       = 4,
  parameter integer RowBits         = 6,    // at least log2(RegfileDepth)
  parameter integer ActivationBits  = 16,
  parameter integer WeightValueBits = 16,
  parameter integer AccumulatorBits = 16,
  parameter integer ShiftBits       = 6,    // at least log2(product bits + 1)
  parameter integer Bypass          = 1,
  parameter integer Multiplier      = 0,
  parameter integer WordBits        =        // of the decoder
      (Multiplier == 1) ? $clog2(WeightValueBits) + 2 : WeightValueBits
) (
  input  wire                       clk_i,
  input  wire                       rst_ni,
  input  wire [ShiftBits-1:0]       shift_i,      // 0 to product bits; stable during a pass
  // Stage 1
  input  wire                       valid_i,
  input  wire                       first_i,      // first entry of its column
  input  wire                       padding_i,    // only extends a zero run
  input  wire [IndexBits-1:0]       run_i,
  input  wire [WordBits-1:0]        weight_i,
  input  wire [ActivationBits-1:0]  activation_i,
  output wire                       wait_o,       // Bypass = 0: the entry stays in stage 1
  // Stage 2: accumulator read, combinational
  output wire [RowBits-1:0]         read_row_o,
  input  wire [AccumulatorBits-1:0] read_value_i,
  // Stage 4: accumulator write
  output wire                       write_o,
  output wire [RowBits-1:0]         write_row_o,
  output wire [AccumulatorBits-1:0] write_value_o,
  // Events of this cycle
  output wire                       padding_o,    // a padding entry leaves stage 1
  output wire                       mac_o,        // an entry is in stage 2
  output wire                       adder_bypass_o,
  output wire                       write_bypass_o,
  output wire                       saturation_o  // the sum in stage 3 saturates
);

  localparam integer ProductBits = WeightValueBits + ActivationBits;
  localparam integer SumBits  = AccumulatorBits + 2;
  localparam integer WideBits = ((ProductBits > SumBits) ? ProductBits : SumBits) + 1;
  localparam integer NextBits = ((RowBits > IndexBits) ? RowBits : IndexBits) + 1;
  localparam [RowBits-1:0] One = 1;

  // Stage 1: row = row behind the last entry + run
  reg  [RowBits-1:0]  after_q;              // row behind the entry that left stage 1 last
  wire [NextBits-1:0] after_wide = {{(NextBits-RowBits){1'b0}}, first_i ? {RowBits{1'b0}} : after_q};
  wire [NextBits-1:0] row_wide   = after_wide + {{(NextBits-IndexBits){1'b0}}, run_i};
  wire [RowBits-1:0]  row        = row_wide[RowBits-1:0];
  wire                unused_top = ^row_wide[NextBits-1:RowBits];   // rows fit the file
  wire                leaves     = valid_i && !wait_o;

  // Stage 2
  reg                              s2_valid_q;
  reg        [RowBits-1:0]         s2_row_q;
  reg signed [WordBits-1:0]        s2_weight_q;
  reg signed [ActivationBits-1:0]  s2_activation_q;
  wire       [ProductBits-1:0]     product;

  generate
    if (Multiplier == 1) begin : g_shift
      arith_unit_shift #(
        .ActivationBits(ActivationBits), .WeightValueBits(WeightValueBits), .WordBits(WordBits)
      ) u_product (
        .word_i(s2_weight_q), .activation_i(s2_activation_q), .product_o(product)
      );
    end else if (Multiplier == 2) begin : g_sign
      arith_unit_sign #(
        .ActivationBits(ActivationBits)
      ) u_product (
        .weight_i(s2_weight_q), .activation_i(s2_activation_q), .product_o(product)
      );
    end else begin : g_full
      assign product =
          $signed({{ActivationBits{s2_weight_q[WordBits-1]}}, s2_weight_q})
          * $signed({{WordBits{s2_activation_q[ActivationBits-1]}}, s2_activation_q});
    end
  endgenerate

  // Stage 3
  reg                        s3_valid_q;
  reg  [RowBits-1:0]         s3_row_q;
  reg  [ProductBits-1:0]     s3_product_q;
  reg  [AccumulatorBits-1:0] s3_accumulator_q;
  wire [ProductBits-1:0]     floor;
  wire                       carry;
  wire [AccumulatorBits-1:0] sum;
  wire                       saturated;

  // Stage 4
  reg                        s4_valid_q;
  reg  [RowBits-1:0]         s4_row_q;
  reg  [AccumulatorBits-1:0] s4_value_q;

  round_shift #(
    .Width(ProductBits), .ShiftBits(ShiftBits)
  ) u_round_shift (
    .value_i(s3_product_q), .shift_i(shift_i), .floor_o(floor), .carry_o(carry)
  );

  // Only the lowest bits of the product are added. Where more of them count, the sum is beyond any
  // accumulator, on the side of the product's sign, whatever is added: that is known beside the sum.
  wire [WideBits-1:0] floor_wide = {{(WideBits-ProductBits){floor[ProductBits-1]}}, floor};
  wire                far        = floor_wide[WideBits-1:AccumulatorBits]
                                   != {(WideBits-AccumulatorBits){floor_wide[WideBits-1]}};
  wire [SumBits-1:0]  sum_near   =
      {{2{s3_accumulator_q[AccumulatorBits-1]}}, s3_accumulator_q}
      + {floor_wide[AccumulatorBits], floor_wide[AccumulatorBits:0]} + {{(SumBits-1){1'b0}}, carry};
  wire [SumBits-1:0]  total      =
      far ? {floor_wide[WideBits-1], {(SumBits-1){!floor_wide[WideBits-1]}}} : sum_near;

  saturate #(
    .InBits(SumBits), .OutBits(AccumulatorBits)
  ) u_saturate (
    .value_i(total), .value_o(sum), .saturated_o(saturated)
  );

  wire hit_s3 = s2_valid_q && s3_valid_q && s2_row_q == s3_row_q;
  wire hit_s4 = s2_valid_q && s4_valid_q && s2_row_q == s4_row_q;
  wire [AccumulatorBits-1:0] accumulator;

  generate
    if (Bypass != 0) begin : g_bypass
      assign accumulator    = hit_s3 ? sum : hit_s4 ? s4_value_q : read_value_i;
      assign adder_bypass_o = hit_s3;
      assign write_bypass_o = hit_s4 && !hit_s3;
      assign wait_o         = 1'b0;
    end else begin : g_wait
      wire in_flight = (s2_valid_q && s2_row_q == row) || (s3_valid_q && s3_row_q == row);
      assign accumulator    = read_value_i;
      assign adder_bypass_o = 1'b0;
      assign write_bypass_o = 1'b0;
      assign wait_o         = valid_i && !padding_i && in_flight;
      wire unused_hit = hit_s3 ^ hit_s4;
    end
  endgenerate

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      s2_valid_q <= 1'b0;
      s3_valid_q <= 1'b0;
      s4_valid_q <= 1'b0;
    end else begin
      s2_valid_q <= leaves && !padding_i;
      s3_valid_q <= s2_valid_q;
      s4_valid_q <= s3_valid_q;
    end
  end

  always @(posedge clk_i) begin
    if (leaves) after_q <= row + One;
    if (leaves && !padding_i) begin
      s2_row_q        <= row;
      s2_weight_q     <= weight_i;
      s2_activation_q <= activation_i;
    end
    if (s2_valid_q) begin
      s3_row_q         <= s2_row_q;
      s3_product_q     <= product;
      s3_accumulator_q <= accumulator;
    end
    if (s3_valid_q) begin
      s4_row_q   <= s3_row_q;
      s4_value_q <= sum;
    end
  end

  assign read_row_o    = s2_row_q;
  assign write_o       = s4_valid_q;
  assign write_row_o   = s4_row_q;
  assign write_value_o = s4_value_q;
  assign padding_o     = leaves && padding_i;
  assign mac_o         = s2_valid_q;
  assign saturation_o  = s3_valid_q && saturated;

endmodule

`default_nettype wire
