// lnzd_node: one node of the leading non-zero detection tree: the first of four valid inputs.
//
// Model: accelsim/machines/eie/reference/lnzd_tree.py; EIE (ISCA 2016) sec. IV; contract S2.
// Timing: combinational. Index and value mean nothing while !found_o.
`default_nettype none

module lnzd_node #(
  parameter integer ValueBits      = 16,
  parameter integer ChildIndexBits = 2    // index bits that come in; two more go out
) (
  input  wire [3:0]                  found_i,
  input  wire [4*ChildIndexBits-1:0] index_i,
  input  wire [4*ValueBits-1:0]      value_i,
  output wire                        found_o,
  output wire [ChildIndexBits+1:0]   index_o,
  output wire [ValueBits-1:0]        value_o
);

  wire [1:0] first = found_i[0] ? 2'd0 : found_i[1] ? 2'd1 : found_i[2] ? 2'd2 : 2'd3;

  assign found_o = |found_i;
  assign index_o = {first, index_i[first*ChildIndexBits +: ChildIndexBits]};
  assign value_o = value_i[first*ValueBits +: ValueBits];

endmodule

`default_nettype wire
