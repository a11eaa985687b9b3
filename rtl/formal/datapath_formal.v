// datapath_formal: arith_unit with a shifter, and with add and subtract, does in every cycle what it
// does with a multiplier, for every weight that both can hold.
//
// The units get the same inputs, and weights in two words: the full one in two's complement, that of
// the shifter as {not zero, negative, exponent}, that of signs as it is. Exponents are those of
// weights that have WeightBits bits. Widths are small; Signs = 1 proves the adder, 0 the shifter.
// Wires with hierconn are registers of arith_unit.
`default_nettype none

module datapath_formal #(
  parameter integer Signs      = 0,
  parameter integer Bypass     = 1,
  parameter integer WeightBits = 4
) (
  input wire                  clk_i,
  input wire [3:0]            shift_i,
  input wire                  valid_i,
  input wire                  first_i,
  input wire                  padding_i,
  input wire [1:0]            run_i,
  input wire [WeightBits-1:0] weight_i,
  input wire [3:0]            activation_i,
  input wire [3:0]            value_i
);

  localparam integer ExponentBits = $clog2(WeightBits);
  localparam integer WordBits     = Signs ? WeightBits : ExponentBits + 2;

  reg rst_n = 1'b0;
  always @(posedge clk_i) rst_n <= 1'b1;

  // The weight as a word of the shifter: the exponent of the one bit of its magnitude
  wire [WeightBits-1:0] magnitude = weight_i[WeightBits-1] ? -weight_i : weight_i;
  reg  [ExponentBits-1:0] exponent;
  integer b;
  always @* begin
    exponent = 0;
    for (b = 0; b < WeightBits; b = b + 1) if (magnitude[b]) exponent = b;
  end
  wire [ExponentBits+1:0] shift_word = {weight_i != 0, weight_i[WeightBits-1], exponent};
  wire [WordBits-1:0]     word;
  generate
    if (Signs != 0) begin : g_signs
      assign word = weight_i;
    end else begin : g_powers
      assign word = shift_word;
    end
  endgenerate

  wire [1:0] wait_out, write, padding, mac, adder_bypass, write_bypass, saturation;
  wire [3:0] read_row, write_row;
  wire [7:0] write_value;

  arith_unit #(
    .IndexBits(2), .RowBits(2), .ActivationBits(4), .WeightValueBits(WeightBits),
    .AccumulatorBits(4), .ShiftBits(4), .Bypass(Bypass)
  ) full (
    .clk_i(clk_i), .rst_ni(rst_n), .shift_i(shift_i), .valid_i(valid_i && rst_n),
    .first_i(first_i), .padding_i(padding_i), .run_i(run_i), .weight_i(weight_i),
    .activation_i(activation_i), .wait_o(wait_out[0]), .read_row_o(read_row[1:0]),
    .read_value_i(value_i), .write_o(write[0]), .write_row_o(write_row[1:0]),
    .write_value_o(write_value[3:0]), .padding_o(padding[0]), .mac_o(mac[0]),
    .adder_bypass_o(adder_bypass[0]), .write_bypass_o(write_bypass[0]),
    .saturation_o(saturation[0])
  );

  arith_unit #(
    .IndexBits(2), .RowBits(2), .ActivationBits(4), .WeightValueBits(WeightBits),
    .AccumulatorBits(4), .ShiftBits(4), .Bypass(Bypass), .Multiplier(Signs ? 2 : 1),
    .WordBits(WordBits)
  ) other (
    .clk_i(clk_i), .rst_ni(rst_n), .shift_i(shift_i), .valid_i(valid_i && rst_n),
    .first_i(first_i), .padding_i(padding_i), .run_i(run_i), .weight_i(word),
    .activation_i(activation_i), .wait_o(wait_out[1]), .read_row_o(read_row[3:2]),
    .read_value_i(value_i), .write_o(write[1]), .write_row_o(write_row[3:2]),
    .write_value_o(write_value[7:4]), .padding_o(padding[1]), .mac_o(mac[1]),
    .adder_bypass_o(adder_bypass[1]), .write_bypass_o(write_bypass[1]),
    .saturation_o(saturation[1])
  );

  // Both start from a first entry and then hold the same; before it their rows are arbitrary.
  (* hierconn *) wire [1:0] \full.after_q , \other.after_q , \full.s2_row_q , \other.s2_row_q ;
  (* hierconn *) wire [1:0] \full.s3_row_q , \other.s3_row_q , \full.s4_row_q , \other.s4_row_q ;
  (* hierconn *) wire \full.s2_valid_q , \other.s2_valid_q , \full.s3_valid_q , \other.s3_valid_q ;
  (* hierconn *) wire \full.s4_valid_q , \other.s4_valid_q ;
  (* hierconn *) wire [3:0] \full.s3_accumulator_q , \other.s3_accumulator_q ;
  (* hierconn *) wire [3:0] \full.s4_value_q , \other.s4_value_q ;
  (* hierconn *) wire [3:0] \full.s2_activation_q , \other.s2_activation_q ;
  (* hierconn *) wire [WeightBits+3:0] \full.s3_product_q , \other.s3_product_q ;
  (* hierconn *) wire [WeightBits+3:0] \full.product , \other.product ;

  reg seen_entry = 1'b0;
  always @(posedge clk_i) if (valid_i && rst_n && !wait_out[0]) seen_entry <= 1'b1;

  always @* begin
    if (!seen_entry) assume (first_i);
    if (Signs != 0) assume (weight_i != 2'b10);
    else assume ((magnitude & (magnitude - 1'b1)) == 0);
    if (rst_n) begin
      assert (wait_out[0] == wait_out[1] && padding[0] == padding[1] && mac[0] == mac[1]);
      assert (write[0] == write[1] && adder_bypass[0] == adder_bypass[1]);
      assert (write_bypass[0] == write_bypass[1]);
      assert (saturation[0] == saturation[1]);
      if (mac[0]) assert (read_row[1:0] == read_row[3:2]);
      if (write[0]) assert (write_row[1:0] == write_row[3:2]);
      if (write[0]) assert (write_value[3:0] == write_value[7:4]);

      // What makes it inductive
      if (seen_entry) assert (\full.after_q == \other.after_q );
      assert (\full.s2_valid_q == \other.s2_valid_q && \full.s3_valid_q == \other.s3_valid_q );
      assert (\full.s4_valid_q == \other.s4_valid_q );
      if (\full.s2_valid_q ) assert (\full.s2_row_q == \other.s2_row_q );
      if (\full.s2_valid_q ) assert (\full.product == \other.product );
      if (\full.s3_valid_q ) assert (\full.s3_row_q == \other.s3_row_q );
      if (\full.s3_valid_q ) assert (\full.s3_product_q == \other.s3_product_q );
      if (\full.s3_valid_q ) assert (\full.s3_accumulator_q == \other.s3_accumulator_q );
      if (\full.s4_valid_q ) assert (\full.s4_row_q == \other.s4_row_q );
      if (\full.s4_valid_q ) assert (\full.s4_value_q == \other.s4_value_q );
    end
  end

endmodule

`default_nettype wire
