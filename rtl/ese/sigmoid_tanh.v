// sigmoid_tanh: look-up of a channel's adder tree: samples of both functions, and what lies between.
//
// Model: accelsim/machines/ese/reference/sigmoid_tanh.py; contract T1, T2. A line holds the samples
// of one DDR word; sigmoid's come first, tanh's behind them, from the lowest input on.
// shift_i is how far the input's binary point is right of the table's: 0 or less shifts left.
// Timing: look-ups are combinational; a line written in cycle t counts from t + 1 on.
`default_nettype none

module sigmoid_tanh #(
  parameter integer Width     = 16,         // ActivationBits; of a sample and of an input
  parameter integer WordBits  = 512,        // DdrWordBits; a power of two times Width
  parameter integer Samples   = 2048,       // of a function, a power of two
  parameter integer Linear    = 1,          // 1: a straight line between samples, 0: the nearest
  parameter integer PartBits  = 16,         // at least Width and the largest shift
  parameter integer LineBits  = 7,          // at least 1 and log2 of the lines
  parameter integer Lanes     = 2           // elements a cycle
) (
  input  wire                   clk_i,
  // Lines
  input  wire                   write_i,
  input  wire [LineBits-1:0]    line_i,
  input  wire [WordBits-1:0]    data_i,
  // Look-ups
  input  wire                   tanh_i,     // else sigmoid
  input  wire signed [7:0]      shift_i,    // -log2(Samples) to PartBits
  input  wire [Lanes*Width-1:0] value_i,
  output wire [Lanes*Width-1:0] value_o
);

  localparam integer SampleBits = $clog2(Samples);
  localparam integer PerLine    = WordBits / Width;
  localparam integer PlaceBits  = (PerLine > 1) ? $clog2(PerLine) : 1;
  localparam integer Lines      = (2 * Samples + PerLine - 1) / PerLine;
  localparam integer StepBits   = PartBits + SampleBits + 2;
  localparam integer ProductBits = PartBits + Width + 3;
  localparam integer FlatBits   = SampleBits + 1 + LineBits + PlaceBits;
  localparam signed [StepBits-1:0] Zero   = 0;
  localparam signed [StepBits-1:0] One    = 1;
  localparam signed [StepBits-1:0] Origin = One <<< (SampleBits - 1);
  localparam signed [StepBits-1:0] Last   = (One <<< SampleBits) - One;

  reg [WordBits-1:0] mem [0:Lines-1];

  always @(posedge clk_i) begin
    if (write_i) mem[line_i] <= data_i;
  end

  wire       left   = shift_i <= 8'sd0;
  wire [7:0] amount = left ? -shift_i : shift_i;

  genvar l, s;
  generate
    for (l = 0; l < Lanes; l = l + 1) begin : g_lane
      wire signed [StepBits-1:0] value =
          $signed({{(StepBits-Width){value_i[l*Width+Width-1]}}, value_i[l*Width +: Width]});
      wire [StepBits-1:0] floor;
      wire                carry;
      round_shift #(
        .Width(StepBits), .ShiftBits(8)
      ) u_place (
        .value_i(value), .shift_i(left ? 8'd0 : amount), .floor_o(floor), .carry_o(carry)
      );
      wire signed [StepBits-1:0] moved = value <<< amount;
      wire signed [StepBits-1:0] right = $signed(floor) + ((Linear == 0 && carry) ? One : Zero);
      wire signed [StepBits-1:0] step  = left ? moved : right;

      // The samples at this step and at the next
      wire [2*Width-1:0] samples;
      for (s = 0; s < 2; s = s + 1) begin : g_sample
        localparam signed [StepBits-1:0] Ahead = s;
        wire signed [StepBits-1:0] index = step + Origin + Ahead;
        wire        [StepBits-1:0] clipped = (index < Zero) ? Zero : (index > Last) ? Last : index;
        wire        [FlatBits-1:0] flat =
            {{(FlatBits-SampleBits-1){1'b0}}, tanh_i, clipped[SampleBits-1:0]};
        wire        [FlatBits-1:0] line = flat / PerLine[FlatBits-1:0];
        wire        [FlatBits-1:0] place = flat % PerLine[FlatBits-1:0];
        wire        [WordBits-1:0] samples_there = mem[line[LineBits-1:0]];
        wire unused = ^{line[FlatBits-1:LineBits], place[FlatBits-1:PlaceBits],
                        clipped[StepBits-1:SampleBits]};
        assign samples[s*Width +: Width] = samples_there[place[PlaceBits-1:0]*Width +: Width];
      end

      wire [Width-1:0] here  = samples[0 +: Width];
      wire [Width-1:0] there = samples[Width +: Width];
      if (Linear != 0) begin : g_linear
        wire signed [ProductBits-1:0] difference =
            $signed({{(ProductBits-Width){there[Width-1]}}, there})
            - $signed({{(ProductBits-Width){here[Width-1]}}, here});
        wire        [ProductBits-1:0] mask = ~({ProductBits{1'b1}} << amount);
        wire signed [ProductBits-1:0] wide = {{(ProductBits-Width){value[Width-1]}}, value[Width-1:0]};
        wire signed [ProductBits-1:0] part = left ? {ProductBits{1'b0}} : $signed(wide & mask);
        wire        [ProductBits-1:0] share;
        wire                          rounds;
        round_shift #(
          .Width(ProductBits), .ShiftBits(8)
        ) u_share (
          .value_i(difference * part), .shift_i(left ? 8'd0 : amount), .floor_o(share),
          .carry_o(rounds)
        );
        assign value_o[l*Width +: Width] =
            here + share[Width-1:0] + {{(Width-1){1'b0}}, rounds};
        wire unused_share = ^share[ProductBits-1:Width] ^ carry;
      end else begin : g_nearest
        assign value_o[l*Width +: Width] = here;
        wire unused_there = ^there;
      end
    end
  endgenerate

endmodule

`default_nettype wire
