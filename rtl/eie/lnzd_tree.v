// lnzd_tree: the first non-zero activation at or after a position, out of one per PE.
//
// Model: accelsim/machines/eie/reference/lnzd_tree.py; EIE (ISCA 2016) sec. IV; contract S2.
// Nodes of four inputs in ceil(log4(NPe)) levels (at least one): 16 + 4 + 1 for 64 PEs. A level
// that is not a multiple of four wide is filled up with inputs that never find anything.
// Timing: combinational. Index and value mean nothing while !found_o.
`default_nettype none

module lnzd_tree #(
  parameter integer NPe            = 64,
  parameter integer PositionBits   = 6,   // at least 1 and log2(NPe)
  parameter integer ActivationBits = 16
) (
  input  wire [NPe*ActivationBits-1:0] values_i,    // PE 0 in the lowest bits
  input  wire [PositionBits-1:0]       position_i,  // below NPe
  output wire                          found_o,
  output wire [PositionBits-1:0]       index_o,
  output wire [ActivationBits-1:0]     value_o
);

  // Nodes of a level, and of all levels below it; level 0 holds the inputs.
  function integer nodes(input integer level);
    integer i;
    begin
      nodes = NPe;
      for (i = 0; i < level; i = i + 1) nodes = (nodes + 3) / 4;
    end
  endfunction

  function integer levels(input integer inputs);
    integer n;
    begin
      levels = 1;
      for (n = (inputs + 3) / 4; n > 1; n = (n + 3) / 4) levels = levels + 1;
    end
  endfunction

  localparam integer Levels    = levels(NPe);
  localparam integer IndexBits = 2 * Levels + 1;  // one more, so that no width is zero

  wire [NPe-1:0] behind = {NPe{1'b1}} << position_i;

  genvar level, node;
  generate
    for (level = 0; level <= Levels; level = level + 1) begin : g_level
      localparam integer Nodes = nodes(level);
      wire [Nodes-1:0]                found;
      wire [Nodes*(2*level+1)-1:0]    index;
      wire [Nodes*ActivationBits-1:0] value;

      if (level == 0) begin : g_inputs
        assign index = {Nodes{1'b0}};
        assign value = values_i;
        for (node = 0; node < Nodes; node = node + 1) begin : g_input
          assign found[node] = behind[node] && |values_i[node*ActivationBits +: ActivationBits];
        end
      end else begin : g_nodes
        localparam integer Below = nodes(level - 1);
        localparam integer Width = 2 * level - 1;  // index bits of the level below
        // One filler more than ever needed, so that no width is zero.
        wire [Below+3:0]                      found_below = {4'b0, g_level[level-1].found};
        wire [(Below+4)*Width-1:0]            index_below =
            {{(4*Width){1'b0}}, g_level[level-1].index};
        wire [(Below+4)*ActivationBits-1:0]   value_below =
            {{(4*ActivationBits){1'b0}}, g_level[level-1].value};
        for (node = 0; node < Nodes; node = node + 1) begin : g_node
          lnzd_node #(
            .ValueBits(ActivationBits), .ChildIndexBits(Width)
          ) u_node (
            .found_i(found_below[4*node +: 4]),
            .index_i(index_below[4*node*Width +: 4*Width]),
            .value_i(value_below[4*node*ActivationBits +: 4*ActivationBits]),
            .found_o(found[node]),
            .index_o(index[node*(Width+2) +: Width+2]),
            .value_o(value[node*ActivationBits +: ActivationBits])
          );
        end
        wire unused_filler = ^{found_below, index_below, value_below};
      end
    end
  endgenerate

  // The lowest index bit is the input level's placeholder.
  wire [IndexBits-1:0] root_index = g_level[Levels].index;
  wire                 unused_top = ^root_index;

  assign found_o = g_level[Levels].found;
  assign index_o = root_index[PositionBits:1];
  assign value_o = g_level[Levels].value;

endmodule

`default_nettype wire
