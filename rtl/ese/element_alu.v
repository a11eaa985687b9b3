// element_alu: one element of an element-wise operation, before a look-up.
//
// Model: accelsim/lowering/arithmetic.py in accelsim/machines/ese/reference/elementwise.py; contract
// V3 to V6. With product_i: shift(left * right) [+ shift(c * d)], left being a or 1 - a, right b or
// saturate(b + c); else the sum of the operands that valid_i names, a in its lowest bit. Products
// are kept whole, shifts round, the sum is saturated once.
// Timing: combinational.
`default_nettype none

module element_alu #(
  parameter integer Width     = 16,         // ActivationBits
  parameter integer FracBits  = 14,         // of 1 - a
  parameter integer ShiftBits = 6           // at least log2(2 * Width + 2)
) (
  input  wire                 product_i,
  input  wire                 two_i,        // two products
  input  wire                 complement_i, // left is 1 - a
  input  wire                 bracket_i,    // right is saturate(b + c)
  input  wire [3:0]           valid_i,      // operands that there are
  input  wire [ShiftBits-1:0] shift_0_i,    // at most 2 * Width + 1
  input  wire [ShiftBits-1:0] shift_1_i,
  input  wire [Width-1:0]     a_i,
  input  wire [Width-1:0]     b_i,
  input  wire [Width-1:0]     c_i,
  input  wire [Width-1:0]     d_i,
  output wire [Width-1:0]     value_o,
  output wire [1:0]           saturations_o // sums that saturated: 0, 1 or 2
);

  localparam integer ProductBits = 2 * Width + 1;
  localparam integer SumBits     = ProductBits + 3;
  localparam [Width:0] One       = {{Width{1'b0}}, 1'b1} << FracBits;

  wire [Width:0] a = {a_i[Width-1], a_i};
  wire [Width:0] b = {b_i[Width-1], b_i};
  wire [Width:0] c = {c_i[Width-1], c_i};

  // Left and right of the first product; a function's value is never so low that 1 - a wraps
  wire signed [Width:0]   left = complement_i ? One - a : a;
  wire        [Width:0]   bracket = (valid_i[1] ? b : {(Width+1){1'b0}})
                                    + (valid_i[2] ? c : {(Width+1){1'b0}});
  wire        [Width-1:0] inner;
  wire                    inner_saturated;

  saturate #(
    .InBits(Width + 1), .OutBits(Width)
  ) u_inner (
    .value_i(bracket), .value_o(inner), .saturated_o(inner_saturated)
  );

  wire signed [Width-1:0]       right = bracket_i ? inner : b_i;
  wire        [ProductBits-1:0] product_0 =
      $signed({{Width{left[Width]}}, left}) * $signed({{(Width+1){right[Width-1]}}, right});
  wire        [ProductBits-1:0] product_1 =
      $signed({{(Width+1){c_i[Width-1]}}, c_i}) * $signed({{(Width+1){d_i[Width-1]}}, d_i});
  wire        [ProductBits-1:0] floor_0, floor_1;
  wire                          carry_0, carry_1;

  round_shift #(
    .Width(ProductBits), .ShiftBits(ShiftBits)
  ) u_shift_0 (
    .value_i(product_0), .shift_i(shift_0_i), .floor_o(floor_0), .carry_o(carry_0)
  );

  round_shift #(
    .Width(ProductBits), .ShiftBits(ShiftBits)
  ) u_shift_1 (
    .value_i(product_1), .shift_i(shift_1_i), .floor_o(floor_1), .carry_o(carry_1)
  );

  wire [SumBits-1:0] term_0 = {{3{floor_0[ProductBits-1]}}, floor_0} + {{(SumBits-1){1'b0}}, carry_0};
  wire [SumBits-1:0] term_1 = {{3{floor_1[ProductBits-1]}}, floor_1} + {{(SumBits-1){1'b0}}, carry_1};
  wire [SumBits-1:0] products = term_0 + (two_i ? term_1 : {SumBits{1'b0}});
  wire [SumBits-1:0] sum =
      (valid_i[0] ? {{(SumBits-Width){a_i[Width-1]}}, a_i} : {SumBits{1'b0}})
      + (valid_i[1] ? {{(SumBits-Width){b_i[Width-1]}}, b_i} : {SumBits{1'b0}})
      + (valid_i[2] ? {{(SumBits-Width){c_i[Width-1]}}, c_i} : {SumBits{1'b0}})
      + (valid_i[3] ? {{(SumBits-Width){d_i[Width-1]}}, d_i} : {SumBits{1'b0}});
  wire               saturated;

  saturate #(
    .InBits(SumBits), .OutBits(Width)
  ) u_saturate (
    .value_i(product_i ? products : sum), .value_o(value_o), .saturated_o(saturated)
  );

  assign saturations_o = {1'b0, saturated} + {1'b0, product_i && bracket_i && inner_saturated};

endmodule

`default_nettype wire
