// scan: walks over the register rows of a pass and broadcasts every non-zero activation.
//
// Model: accelsim/machines/eie/reference/ccu.py, Scan; contract S1 to S7, row_change_cycles = 1.
// The row at hand is row_o of every PE's source file; lnzd_tree says in the same cycle where the
// first non-zero at or after position_o is. In each cycle with scan_i, until finished_o:
//   nothing found              row change: the next row is at hand in the next cycle
//   found, no queue was full   broadcast; the position moves behind it, or to the next row
//   found, some queue full     blocked, nothing moves
// With a bias one more row follows, in which 1.0 is found at position 0, its last.
// Timing: all outputs are valid in the cycle in which they are decided.
`default_nettype none

module scan #(
  parameter integer NPe            = 64,
  parameter integer PositionBits   = 6,   // at least 1 and log2(NPe)
  parameter integer RowBits        = 6,   // at least 1 and log2(RegfileDepth)
  parameter integer RowCountBits   = 7,   // log2(RegfileDepth + 1)
  parameter integer ColumnBits     = 14,
  parameter integer ActivationBits = 16
) (
  input  wire                      clk_i,
  input  wire                      rst_ni,
  // Control
  input  wire                      begin_i,           // the scan begins after this cycle
  input  wire [RowCountBits-1:0]   n_rows_i,          // with begin_i; at least 1
  input  wire [ColumnBits-1:0]     first_column_i,    // with begin_i
  input  wire                      bias_i,            // stable during a pass
  input  wire [ActivationBits-1:0] bias_activation_i, // stable during a pass
  input  wire                      scan_i,            // a compute cycle
  output wire                      finished_o,
  // Source files and LNZD tree
  output wire [RowBits-1:0]        row_o,
  output wire                      row_read_o,        // first cycle with this row
  output wire [PositionBits-1:0]   position_o,
  input  wire                      found_i,
  input  wire [PositionBits-1:0]   index_i,
  input  wire [ActivationBits-1:0] value_i,
  // Broadcast bus
  input  wire                      full_i,            // some queue is full
  output wire                      broadcast_o,
  output wire [ColumnBits-1:0]     column_o,          // address of the column's first pointer
  output wire [ActivationBits-1:0] activation_o,
  // Other states of this cycle
  output wire                      looks_o,           // the tree's answer is used
  output wire                      row_change_o,
  output wire                      blocked_o
);

  localparam integer                LastPosition = NPe - 1;
  localparam [PositionBits-1:0]     Last      = LastPosition[PositionBits-1:0];
  localparam [PositionBits-1:0]     Step      = 1;
  localparam [RowBits-1:0]          NextRow   = 1;
  localparam [RowCountBits-1:0]     OneRow    = 1;
  localparam integer                WideBits  = ColumnBits + PositionBits + 1;
  localparam [WideBits-1:0]         RowStride = {{(WideBits-PositionBits){1'b0}}, Last}
                                                + {{(WideBits-1){1'b0}}, 1'b1};

  reg                     finished_q;
  reg                     bias_row_q;         // the row at hand is the bias row
  reg                     fresh_q;            // the row has not been looked at yet
  reg  [RowBits-1:0]      row_q;
  reg  [RowCountBits-1:0] rows_left_q;        // with the one at hand, without the bias row
  reg  [PositionBits-1:0] position_q;
  reg  [ColumnBits-1:0]   row_column_q;       // column of the row's position 0

  wire scanning   = scan_i && !finished_q;
  wire found      = bias_row_q || found_i;
  wire last_found = bias_row_q || index_i == Last;
  wire leaves     = row_change_o || (broadcast_o && last_found);
  wire last_row   = rows_left_q == OneRow;

  assign broadcast_o  = scanning && found && !full_i;
  assign blocked_o    = scanning && found && full_i;
  assign row_change_o = scanning && !found;
  assign looks_o      = scanning && !bias_row_q;
  assign row_read_o   = scanning && fresh_q && !bias_row_q;
  assign finished_o   = finished_q;
  assign row_o        = row_q;
  assign position_o   = position_q;
  assign activation_o = bias_row_q ? bias_activation_i : value_i;

  wire [WideBits-1:0] index_wide =
      {{(WideBits-PositionBits){1'b0}}, bias_row_q ? {PositionBits{1'b0}} : index_i};
  wire unused_top = ^{index_wide[WideBits-1:ColumnBits], RowStride[WideBits-1:ColumnBits]};
  assign column_o = row_column_q + index_wide[ColumnBits-1:0];

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      finished_q   <= 1'b1;
      bias_row_q   <= 1'b0;
      fresh_q      <= 1'b0;
      row_q        <= {RowBits{1'b0}};
      rows_left_q  <= {RowCountBits{1'b0}};
      position_q   <= {PositionBits{1'b0}};
      row_column_q <= {ColumnBits{1'b0}};
    end else if (begin_i) begin
      finished_q   <= 1'b0;
      bias_row_q   <= 1'b0;
      fresh_q      <= 1'b1;
      row_q        <= {RowBits{1'b0}};
      rows_left_q  <= n_rows_i;
      position_q   <= {PositionBits{1'b0}};
      row_column_q <= first_column_i;
    end else if (leaves) begin
      finished_q   <= last_row ? (bias_row_q || !bias_i) : 1'b0;
      bias_row_q   <= last_row && bias_i;
      fresh_q      <= 1'b1;
      position_q   <= {PositionBits{1'b0}};
      row_column_q <= row_column_q + RowStride[ColumnBits-1:0];
      if (!last_row) begin
        row_q       <= row_q + NextRow;
        rows_left_q <= rows_left_q - OneRow;
      end
    end else begin
      if (scanning) fresh_q <= 1'b0;
      if (broadcast_o) position_q <= index_i + Step;
    end
  end

endmodule

`default_nettype wire
