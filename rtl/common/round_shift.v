// round_shift: arithmetic shift right, halves rounded towards plus infinity.
//
// Model: accelsim/fixedpoint.py, shift_right. Timing: combinational.
// floor(v / 2**s + 1/2) is v >> s plus the last bit shifted out, so that the rounding is one
// carry. The two are given apart: the adder behind this unit takes the carry for nothing.
`default_nettype none

module round_shift #(
  parameter integer Width     = 32,       // bits of the value
  parameter integer ShiftBits = 6         // at least log2(Width + 1)
) (
  input  wire [Width-1:0]     value_i,    // two's complement
  input  wire [ShiftBits-1:0] shift_i,    // 0 to Width
  output wire [Width-1:0]     floor_o,    // value_i >> shift_i; the result is floor_o + carry_o
  output wire                 carry_o
);

  wire signed [Width:0] doubled = {value_i, 1'b0};
  wire signed [Width:0] shifted = doubled >>> shift_i;

  assign floor_o = shifted[Width:1];
  assign carry_o = shifted[0];

endmodule

`default_nettype wire
