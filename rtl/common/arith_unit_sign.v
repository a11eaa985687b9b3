// arith_unit_sign: the product of arith_unit where every weight is 1, -1 or 0: add, subtract, or
// nothing, in place of the multiplier.
//
// Model: accelsim/machines/eie/datapath.py. A weight has two bits, two's complement.
// Timing: combinational. The weight -2 is no sign and stands for nothing.
`default_nettype none

module arith_unit_sign #(
  parameter integer ActivationBits = 16
) (
  input  wire [1:0]                weight_i,
  input  wire [ActivationBits-1:0] activation_i,
  output wire [ActivationBits+1:0] product_o
);

  localparam integer ProductBits = ActivationBits + 2;

  wire [ProductBits-1:0] wide  = {{2{activation_i[ActivationBits-1]}}, activation_i};
  wire [ProductBits-1:0] sign  = {ProductBits{weight_i[1]}};
  wire [ProductBits-1:0] carry = {{(ProductBits-1){1'b0}}, weight_i[1]};

  assign product_o = weight_i[0] ? (wide ^ sign) + carry : {ProductBits{1'b0}};

endmodule

`default_nettype wire
