// gather: activation SRAM addresses of a convolution's vectors, a register row at a time.
//
// Model: accelsim/machines/eie/rtl/gathering.py; contract V2, V3, V5.
// Seven loops, one inside the other: rows of a pixel (0), kernel columns (1), kernel rows (2),
// tiles of outputs (3), output columns (4), output rows (5), images (6). When a loop takes a step,
// those inside it begin again. The host knows how far that moves address and position in the map,
// so that a row costs one addition. A position outside of its map, negative ones wrapped around,
// reads the row of the pixel of zeros.
// Timing: addr_o, of the row at hand, comes from registers. step_i in cycle t moves on to the next
// row in t + 1, begin_i to the first. finished_o is high behind the last row of the last vector.
// No reset: begin_i comes before all else.
// A field is written at address {loop, field}:
//   loop 0 to 6  0 times less one     1 address step    2 x step    3 y step
//   loop 7       0 address of zeros   1 first address   2 first x   3 first y
//   loop 8                                              2 columns   3 rows of a map
`default_nettype none

module gather #(
  parameter integer ActAddrBits = 10,
  parameter integer LoopBits    = 12,     // of times and positions; above ActAddrBits
  parameter integer DataBits    = 32      // at least LoopBits
) (
  input  wire                   clk_i,
  // Host
  input  wire                   write_i,
  input  wire [5:0]             addr_i,
  input  wire [DataBits-1:0]    data_i,
  // Loads
  input  wire                   begin_i,
  input  wire                   step_i,
  output wire [ActAddrBits-1:0] addr_o,
  output wire                   finished_o
);

  localparam [2:0]          First = 3'd7;
  localparam [LoopBits-1:0] One   = 1;

  reg  [ActAddrBits-1:0] addr_step [0:7];
  reg  [LoopBits-1:0]    x_step    [0:7];
  reg  [LoopBits-1:0]    y_step    [0:7];
  reg  [ActAddrBits-1:0] zeros_q;
  reg  [LoopBits-1:0]    columns_q, rows_q;

  reg                    finished_q;
  reg  [ActAddrBits-1:0] addr_q;
  reg  [LoopBits-1:0]    x_q, y_q;

  wire [2:0] loop      = addr_i[4:2];
  wire [1:0] field     = addr_i[1:0];
  wire       of_a_map  = write_i && addr_i[5];
  wire       of_a_loop = write_i && !addr_i[5];

  always @(posedge clk_i) begin
    if (of_a_loop && field == 2'd0 && loop == First) zeros_q <= data_i[ActAddrBits-1:0];
    if (of_a_loop && field == 2'd1) addr_step[loop] <= data_i[ActAddrBits-1:0];
    if (of_a_loop && field == 2'd2) x_step[loop] <= data_i[LoopBits-1:0];
    if (of_a_loop && field == 2'd3) y_step[loop] <= data_i[LoopBits-1:0];
    if (of_a_map && field == 2'd2) columns_q <= data_i[LoopBits-1:0];
    if (of_a_map && field == 2'd3) rows_q <= data_i[LoopBits-1:0];
  end

  // Loops
  wire [6:0] at_last;
  genvar i;
  generate
    for (i = 0; i < 7; i = i + 1) begin : g_loop
      localparam [2:0]    Number = i[2:0];
      reg  [LoopBits-1:0] last_q;
      reg  [LoopBits-1:0] index_q;
      wire                moves;
      assign at_last[i] = index_q == last_q;
      if (i == 0) begin : g_innermost
        assign moves = step_i;
      end else begin : g_outer
        assign moves = step_i && &at_last[i-1:0];
      end
      always @(posedge clk_i) begin
        if (of_a_loop && field == 2'd0 && loop == Number) last_q <= data_i[LoopBits-1:0];
        if (begin_i) index_q <= {LoopBits{1'b0}};
        else if (moves) index_q <= at_last[i] ? {LoopBits{1'b0}} : index_q + One;
      end
    end
  endgenerate

  wire [2:0] stepping = !at_last[0] ? 3'd0 : !at_last[1] ? 3'd1 : !at_last[2] ? 3'd2 :
                        !at_last[3] ? 3'd3 : !at_last[4] ? 3'd4 : !at_last[5] ? 3'd5 : 3'd6;
  wire [2:0] by       = begin_i ? First : stepping;

  always @(posedge clk_i) begin
    if (begin_i) finished_q <= 1'b0;
    else if (step_i && &at_last) finished_q <= 1'b1;
    if (begin_i || step_i) begin
      addr_q <= (begin_i ? {ActAddrBits{1'b0}} : addr_q) + addr_step[by];
      x_q    <= (begin_i ? {LoopBits{1'b0}} : x_q) + x_step[by];
      y_q    <= (begin_i ? {LoopBits{1'b0}} : y_q) + y_step[by];
    end
  end

  wire [LoopBits-1:0] row    = g_loop[0].index_q;
  wire                on_map = x_q < columns_q && y_q < rows_q;

  assign addr_o     = on_map ? addr_q : zeros_q + row[ActAddrBits-1:0];
  assign finished_o = finished_q;

  wire unused_bits = ^data_i ^ ^row[LoopBits-1:ActAddrBits];

endmodule

`default_nettype wire
