// spmv_control: which column of a multiplication is broadcast when.
//
// Model: accelsim/machines/ese/reference/spmv_control.py; contract Q1, Q5, F1.
// Timing: begin_i is in the multiplication's first cycle T, which counts as a start cycle already
// (as a compute cycle if StartCycles is 0). active_o falls in the cycle after the last drain
// cycle. All outputs but active_o and column_o belong to the cycle in which they are seen.
`default_nettype none

module spmv_control #(
  parameter integer StartCycles = 1,        // 0 to 64
  parameter integer WholeMatrix = 0,        // 1: broadcasts wait for the whole matrix
  parameter integer ColumnBits  = 11        // at least log2(columns + 1)
) (
  input  wire                  clk_i,
  input  wire                  rst_ni,
  input  wire                  begin_i,
  input  wire [ColumnBits-1:0] n_columns_i, // from begin_i to the end of the multiplication
  // What has arrived of the matrix, at the start of this cycle
  input  wire [ColumnBits-1:0] arrived_i,
  input  wire                  whole_i,
  // From the PEs
  input  wire                  full_i,      // some queue is full
  input  wire                  busy_i,      // some queue or weight_read holds a column
  // To the PEs
  output wire                  broadcast_o,
  output wire [ColumnBits-1:0] column_o,
  // What this cycle is
  output wire                  active_o,    // of a multiplication; from the cycle after begin_i on
  output wire                  start_o,
  output wire                  compute_o,   // one of the next four
  output wire                  fetch_wait_o,
  output wire                  blocked_o,
  output wire                  idle_o,
  output wire                  drain_o
);

  localparam [6:0]            Start = StartCycles[6:0];
  localparam [ColumnBits-1:0] One   = 1;
  localparam [2:0]            Drain = 3'd4;         // stages of arith_unit

  reg                  active_q;
  reg [6:0]            start_q;             // start cycles that are left
  reg [2:0]            drain_q;             // drain cycles that are left, once draining
  reg [ColumnBits-1:0] next_q;              // column

  wire                  running   = begin_i || active_q;
  wire [6:0]            start     = begin_i ? Start : start_q;
  wire [ColumnBits-1:0] next      = begin_i ? {ColumnBits{1'b0}} : next_q;
  wire                  draining  = !begin_i && drain_q != 3'd0;
  wire                  sent      = next == n_columns_i;
  wire                  here      = (WholeMatrix != 0) ? whole_i : arrived_i > next;
  wire                  set_up    = running && start == 7'd0 && !draining;
  wire                  computing = set_up && (busy_i || !sent);
  wire                  unused    = (WholeMatrix != 0) ? ^arrived_i : whole_i;

  assign active_o     = active_q;
  assign start_o      = running && start != 7'd0;
  assign compute_o    = computing;
  assign idle_o       = computing && sent;
  assign fetch_wait_o = computing && !sent && !here;
  assign blocked_o    = computing && !sent && here && full_i;
  assign broadcast_o  = computing && !sent && here && !full_i;
  assign drain_o      = draining || (set_up && !computing);
  assign column_o     = next;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      active_q <= 1'b0;
      start_q  <= 7'd0;
      drain_q  <= 3'd0;
      next_q   <= {ColumnBits{1'b0}};
    end else begin
      active_q <= running && !(draining && drain_q == 3'd1);
      start_q  <= start_o ? start - 7'd1 : 7'd0;
      next_q   <= broadcast_o ? next + One : next;
      if (draining) drain_q <= drain_q - 3'd1;
      else if (drain_o) drain_q <= Drain - 3'd1;
      else drain_q <= 3'd0;
    end
  end

endmodule

`default_nettype wire
