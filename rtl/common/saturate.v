// saturate: nearest number of OutBits bits, two's complement.
//
// Model: accelsim/fixedpoint.py, saturate. Timing: combinational.
`default_nettype none

module saturate #(
  parameter integer InBits  = 34,         // more than OutBits
  parameter integer OutBits = 16          // at least 2
) (
  input  wire [InBits-1:0]  value_i,
  output wire [OutBits-1:0] value_o,
  output wire               saturated_o   // value_o is not value_i
);

  wire negative = value_i[InBits-1];

  // It fits if all bits above the result's sign bit repeat the sign.
  assign saturated_o = value_i[InBits-2:OutBits-1] != {(InBits-OutBits){negative}};
  assign value_o     = saturated_o ? {negative, {(OutBits-1){!negative}}} : value_i[OutBits-1:0];

endmodule

`default_nettype wire
