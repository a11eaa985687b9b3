// arith_unit_formal: every accepted entry writes exactly once, padding never, to its own row, and
// the value that adding one entry after the other would give.
//
// Accepted: the entry leaves stage 1 (valid_i, not wait_o). Assumed: the inputs stay while wait_o.
// The file is here, with the one read and one write port that act_rw gives. The reference adds
// each entry at once, when it is accepted; its values then walk beside the pipeline. Any column
// of entries, any rows, any values; the widths are small. Wires with hierconn are registers of
// arith_unit.
`default_nettype none

module arith_unit_formal #(
  parameter integer Bypass = 1
) (
  input wire       clk_i,
  input wire [2:0] shift_i,
  input wire       valid_i,
  input wire       first_i,
  input wire       padding_i,
  input wire [1:0] run_i,
  input wire [1:0] weight_i,
  input wire [2:0] activation_i
);

  localparam integer RowBits = 2, WeightBits = 2, ActivationBits = 3, SumBits = 3;
  localparam integer Rows = 4, ProductBits = WeightBits + ActivationBits;

  reg       rst_n = 1'b0;
  reg [2:0] shift;                          // stable; 0 to ProductBits
  always @(posedge clk_i) begin
    rst_n <= 1'b1;
    shift <= rst_n ? shift : shift_i;
  end

  wire                      wait_out, write, padding, mac, adder_bypass, write_bypass, saturation;
  wire [RowBits-1:0]        read_row, write_row;
  wire [SumBits-1:0]        write_value;
  reg  [Rows*SumBits-1:0]   file = 0;
  wire [SumBits-1:0]        read_value = file[read_row*SumBits +: SumBits];

  arith_unit #(
    .IndexBits(2), .RowBits(RowBits), .ActivationBits(ActivationBits),
    .WeightValueBits(WeightBits), .AccumulatorBits(SumBits), .ShiftBits(3), .Bypass(Bypass)
  ) dut (
    .clk_i(clk_i), .rst_ni(rst_n), .shift_i(shift), .valid_i(valid_i && rst_n),
    .first_i(first_i), .padding_i(padding_i), .run_i(run_i), .weight_i(weight_i),
    .activation_i(activation_i), .wait_o(wait_out), .read_row_o(read_row),
    .read_value_i(read_value), .write_o(write), .write_row_o(write_row),
    .write_value_o(write_value), .padding_o(padding), .mac_o(mac),
    .adder_bypass_o(adder_bypass), .write_bypass_o(write_bypass), .saturation_o(saturation)
  );

  always @(posedge clk_i)
    if (write) file[write_row*SumBits +: SumBits] <= write_value;

  // sum + weight * activation / 2**shift, halves upwards, then the nearest that fits
  function [SumBits-1:0] added(
    input [SumBits-1:0] sum, input [WeightBits-1:0] weight, input [ActivationBits-1:0] activation,
    input [2:0] shift
  );
    reg signed [11:0] product, total;
    begin
      product = $signed(weight) * $signed(activation);
      if (shift != 0) product = (product + (12'sd1 <<< (shift - 1))) >>> shift;
      total = product + $signed(sum);
      added = (total > 3) ? 3'b011 : (total < -4) ? 3'b100 : total[SumBits-1:0];
    end
  endfunction

  // The reference: the row of the entry, and the file as if there were no pipeline
  reg  [RowBits-1:0]      behind;           // row behind the last entry
  reg  [Rows*SumBits-1:0] exact = 0;
  wire [RowBits-1:0]      row    = (first_i ? 0 : behind) + run_i;
  wire                    leaves = valid_i && rst_n && !wait_out;
  wire [SumBits-1:0]      before = exact[row*SumBits +: SumBits];
  wire [SumBits-1:0]      after  = added(before, weight_i, activation_i, shift);

  // Accepted entries in stages 2, 3, 4: row, operands, sum before and after
  reg                      in2 = 0, in3 = 0, in4 = 0;
  reg [RowBits-1:0]        row2, row3, row4;
  reg [SumBits-1:0]        before2, before3, before4, after2, after3, after4;
  reg [WeightBits-1:0]     weight2, weight3;
  reg [ActivationBits-1:0] activation2, activation3;

  always @(posedge clk_i) begin
    if (leaves) behind <= row + 1'b1;
    if (leaves && !padding_i) exact[row*SumBits +: SumBits] <= after;
    in2 <= leaves && !padding_i;
    {row2, before2, after2, weight2, activation2} <= {row, before, after, weight_i, activation_i};
    in3 <= in2;
    {row3, before3, after3, weight3, activation3} <= {row2, before2, after2, weight2, activation2};
    in4 <= in3;
    {row4, before4, after4} <= {row3, before3, after3};
  end

  (* hierconn *) wire [RowBits-1:0]        \dut.after_q , \dut.s3_row_q ;
  (* hierconn *) wire [WeightBits-1:0]     \dut.s2_weight_q ;
  (* hierconn *) wire [ActivationBits-1:0] \dut.s2_activation_q ;
  (* hierconn *) wire                      \dut.s3_valid_q ;
  (* hierconn *) wire [SumBits-1:0]        \dut.s3_accumulator_q ;
  (* hierconn *) wire [ProductBits-1:0]    \dut.s3_product_q ;

  reg seen_entry = 1'b0;
  always @(posedge clk_i) if (leaves) seen_entry <= 1'b1;

  always @* begin
    assume (shift <= ProductBits);
    // Any column starts with a first entry; before it the row is arbitrary.
    if (!seen_entry) assume (first_i);
    if (rst_n) begin
      assert (write == in4);                // once each, and nothing else
      assert (mac == in2);
      assert (padding == (leaves && padding_i));
      assert (wait_out == (Bypass == 0 && valid_i && !padding_i
                           && ((in2 && row2 == row) || (in3 && row3 == row))));
      if (in4) assert (write_row == row4);
      if (in4) assert (write_value == after4);

      // What makes it inductive: stage by stage, and the file row by row
      if (seen_entry) assert (\dut.after_q == behind);
      if (in2) assert (read_row == row2);
      if (in2) assert ({\dut.s2_weight_q , \dut.s2_activation_q } == {weight2, activation2});
      if (in2) assert (after2 == added(before2, weight2, activation2, shift));
      assert (\dut.s3_valid_q == in3);
      if (in3) assert (\dut.s3_row_q == row3);
      if (in3) assert (\dut.s3_accumulator_q == before3);
      if (in3) assert ($signed(\dut.s3_product_q ) == $signed(weight3) * $signed(activation3));
      if (in3) assert (after3 == added(before3, weight3, activation3, shift));
      if (in2 && in3 && row2 == row3) assert (before2 == after3);
      else if (in2 && in4 && row2 == row4) assert (before2 == after4);
      if (in3 && in4 && row3 == row4) assert (before3 == after4);
      if (in2 && Bypass == 0) assert (!(in3 && row3 == row2) && !(in4 && row4 == row2));
    end
  end

  genvar r;
  generate
    for (r = 0; r < Rows; r = r + 1) begin : g_row
      wire [SumBits-1:0] stored = file[r*SumBits +: SumBits];
      wire [SumBits-1:0] wanted = exact[r*SumBits +: SumBits];
      wire               is2 = in2 && row2 == r, is3 = in3 && row3 == r, is4 = in4 && row4 == r;
      always @* if (rst_n) begin
        assert (stored == (is4 ? before4 : is3 ? before3 : is2 ? before2 : wanted));
        assert (wanted == (is2 ? after2 : is3 ? after3 : is4 ? after4 : stored));
      end
    end
  endgenerate

endmodule

`default_nettype wire
