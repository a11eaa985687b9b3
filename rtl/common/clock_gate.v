// clock_gate: where the clock of a unit may be held back; here it never is.
//
// Every unit whose registers rest in most cycles takes its clock through one, with the condition
// under which it needs an edge: see "Clock gates" in rtl/README.md. This one passes the clock on,
// which is what an FPGA wants. rtl/gated has one of a latch and an AND; an ASIC puts the cell of
// its library in its place, by a folder that goes first. Nothing that a host sees changes.
// Timing: en_i of a cycle decides about the edge that ends it, so it counts as an input of a
// register of that edge. It must be settled while clk_i is low.
`default_nettype none

module clock_gate (
  input  wire clk_i,
  input  wire en_i,       // the edge that ends this cycle is needed
  output wire clk_o
);

  assign clk_o = clk_i;

  wire unused_en = en_i;

endmodule

`default_nettype wire
