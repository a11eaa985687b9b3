// clock_gate: holds the clock back in the cycles without en_i: a latch, open while the clock is
// low, and an AND. It takes the place of the one in rtl/common, which says what it must do; a cell
// of a library takes the place of this one.
`default_nettype none

module clock_gate (
  input  wire clk_i,
  input  wire en_i,       // the edge that ends this cycle is needed
  output wire clk_o
);

  reg en_q;

  always @(clk_i or en_i)
    if (!clk_i) en_q <= en_i;

  assign clk_o = clk_i && en_q;

endmodule

`default_nettype wire
