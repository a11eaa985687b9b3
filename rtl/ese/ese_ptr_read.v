// ese_ptr_read: takes columns from the queue and asks the pointer buffer where they begin and end.
//
// Model: accelsim/units/ptr_read.py; contract Q2 (P1 and P2 of EIE's).
// Timing: pops in a cycle t in which there is a head and weight_read will be free in t + 1; from
// t + 1 until the next pop, the buffer's outputs and activation_o belong to the popped column.
`default_nettype none

module ese_ptr_read #(
  parameter integer ActivationBits = 16
) (
  input  wire                      clk_i,
  input  wire                      valid_i,       // the queue has a head
  input  wire [ActivationBits-1:0] activation_i,
  input  wire                      free_i,        // of weight_read
  output wire                      pop_o,         // reads pointers column and column + 1 too
  output wire [ActivationBits-1:0] activation_o
);

  reg [ActivationBits-1:0] activation_q;

  assign pop_o        = valid_i && free_i;
  assign activation_o = activation_q;

  always @(posedge clk_i) begin
    if (pop_o) activation_q <= activation_i;
  end

endmodule

`default_nettype wire
