// arith_unit_shift: the product of arith_unit where every weight is 0 or a power of two, or such a
// power negated: a shifter in place of the multiplier.
//
// Model: accelsim/machines/eie/datapath.py. The word of a weight is {not zero, negative, exponent}.
// Timing: combinational. Exponents of WeightValueBits and more do not fit the product.
`default_nettype none

module arith_unit_shift #(
  parameter integer ActivationBits  = 16,
  parameter integer WeightValueBits = 16,                          // of the weight that it stands for
  parameter integer WordBits        = $clog2(WeightValueBits) + 2
) (
  input  wire [WordBits-1:0]                       word_i,
  input  wire [ActivationBits-1:0]                 activation_i,
  output wire [WeightValueBits+ActivationBits-1:0] product_o
);

  localparam integer ProductBits = WeightValueBits + ActivationBits;

  wire [ProductBits-1:0] wide =
      {{WeightValueBits{activation_i[ActivationBits-1]}}, activation_i};
  wire [ProductBits-1:0] moved = wide << word_i[WordBits-3:0];
  wire [ProductBits-1:0] sign  = {ProductBits{word_i[WordBits-2]}};
  wire [ProductBits-1:0] carry = {{(ProductBits-1){1'b0}}, word_i[WordBits-2]};

  assign product_o = word_i[WordBits-1] ? (moved ^ sign) + carry : {ProductBits{1'b0}};

endmodule

`default_nettype wire
