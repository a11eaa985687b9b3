// spmat_read: walks through the entries of a column, one a cycle.
//
// Model: accelsim/units/spmat_read.py; contract P3, P4, P5.
// A line of the sparse-matrix SRAM holds EntriesPerLine entries {code, run}, the lowest address
// in the lowest bits. The SRAM's output register is the line register: it is read only when an
// entry lies in another line than the one read last in this pass.
// Timing: a column popped in cycle t is here from t + 1 on. An entry that advances in cycle t
// (issue_o; the SRAM address is out) is at the output, in stage 1 of the ArithmUnit, in t + 1 and
// until wait_i falls. While wait_i no entry advances. An empty column takes one cycle in any case.
// A new column can follow in the cycle after the last entry advances (free_o).
`default_nettype none

module spmat_read #(
  parameter integer WeightBits     = 4,
  parameter integer IndexBits      = 4,
  parameter integer SpmatWidthBits = 64,    // bits of a line; at least one entry
  parameter integer SpmatLines     = 16384,
  parameter integer LineBits       = 14,    // at least log2(SpmatLines)
  parameter integer PointerBits    = 16,
  parameter integer ActivationBits = 16
) (
  input  wire                      clk_i,
  input  wire                      rst_ni,
  input  wire                      start_i,     // a pass starts: the line register is void
  // From the pointer read unit
  input  wire                      pop_i,       // a column arrives in the next cycle
  input  wire [PointerBits-1:0]    begin_i,     // stable while the column is here
  input  wire [PointerBits-1:0]    end_i,
  input  wire [ActivationBits-1:0] activation_i,
  output wire                      free_o,
  // To stage 1 of the ArithmUnit
  output wire                      valid_o,
  output wire                      first_o,     // first entry of its column
  output wire [WeightBits-1:0]     code_o,
  output wire [IndexBits-1:0]      run_o,
  output wire [ActivationBits-1:0] activation_o,
  input  wire                      wait_i,
  // States of this cycle, for control, counters and trace
  output wire                      busy_o,      // holds a column
  output wire                      fresh_o,     // of which nothing has advanced yet
  output wire                      issue_o,     // an entry advances
  output wire                      empty_o,     // an empty column takes its slot
  output wire                      line_read_o,
  output wire [LineBits-1:0]       line_o,      // while line_read_o
  // I/O mode, while no layer runs: a read in cycle t is at io_rdata_o from t + 1 on
  input  wire                      io_en_i,
  input  wire                      io_we_i,
  input  wire [LineBits-1:0]       io_addr_i,
  input  wire [SpmatWidthBits-1:0] io_wdata_i,
  output wire [SpmatWidthBits-1:0] io_rdata_o
);

  localparam integer           EntryBits      = WeightBits + IndexBits;
  localparam integer           EntriesPerLine = SpmatWidthBits / EntryBits;
  localparam integer           SlotBits = (EntriesPerLine > 1) ? $clog2(EntriesPerLine) : 1;
  localparam [32:0]            Divisor = {1'b0, EntriesPerLine[31:0]};
  localparam [PointerBits-1:0] One = 1;

  reg                      busy_q;
  reg                      first_q;         // nothing of the column has advanced
  reg  [PointerBits-1:0]   next_q;          // entry address, unless first_q
  reg                      line_valid_q;
  reg  [LineBits-1:0]      line_q;          // address of the line in the line register
  reg                      s1_valid_q;
  reg                      s1_first_q;
  reg  [SlotBits-1:0]      s1_slot_q;
  reg  [ActivationBits-1:0] s1_activation_q;
  wire [SpmatWidthBits-1:0] line_data;

  // The entry at hand, and where it lies
  wire [PointerBits-1:0] entry      = first_q ? begin_i : next_q;
  wire [PointerBits-1:0] entry_next = entry + One;
  wire [32:0]            entry_wide = {{(33-PointerBits){1'b0}}, entry};
  wire [32:0]            line_wide, slot_wide;
  wire [LineBits-1:0]    line       = line_wide[LineBits-1:0];
  wire                   unused_top = ^{line_wide[32:LineBits], slot_wide[32:SlotBits]};

  generate
    if (EntriesPerLine == (1 << SlotBits)) begin : g_split
      assign line_wide = entry_wide >> SlotBits;
      assign slot_wide = entry_wide & (Divisor - 33'd1);
    end else begin : g_divide
      assign line_wide = entry_wide / Divisor;
      assign slot_wide = entry_wide % Divisor;
    end
  endgenerate

  assign empty_o     = busy_q && entry == end_i;
  assign issue_o     = busy_q && entry != end_i && !wait_i;
  assign line_read_o = issue_o && !(line_valid_q && line_q == line);
  assign line_o      = line;
  assign free_o      = !busy_q || empty_o || (issue_o && entry_next == end_i);
  assign busy_o      = busy_q;
  assign fresh_o     = busy_q && first_q;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      busy_q       <= 1'b0;
      first_q      <= 1'b0;
      line_valid_q <= 1'b0;
      s1_valid_q   <= 1'b0;
    end else begin
      busy_q <= pop_i || !free_o;
      if (pop_i) first_q <= 1'b1;
      else if (issue_o) first_q <= 1'b0;
      if (start_i) line_valid_q <= 1'b0;
      else if (line_read_o) line_valid_q <= 1'b1;
      if (!wait_i) s1_valid_q <= issue_o;
    end
  end

  always @(posedge clk_i) begin
    if (issue_o) begin
      next_q          <= entry_next;
      s1_first_q      <= first_q;
      s1_slot_q       <= slot_wide[SlotBits-1:0];
      s1_activation_q <= activation_i;
    end
    if (line_read_o) line_q <= line;
  end

  sram_1rw #(
    .Depth(SpmatLines), .Width(SpmatWidthBits), .AddrBits(LineBits)
  ) u_spmat (
    .clk_i(clk_i),
    .en_i(line_read_o || io_en_i),
    .we_i(io_en_i && io_we_i),
    .addr_i(io_en_i ? io_addr_i : line),
    .wdata_i(io_wdata_i),
    .rdata_o(line_data)
  );

  // The entry of stage 1 in the line register.
  wire [EntryBits-1:0] chosen = line_data[s1_slot_q*EntryBits +: EntryBits];

  assign valid_o      = s1_valid_q;
  assign first_o      = s1_first_q;
  assign code_o       = chosen[EntryBits-1:IndexBits];
  assign run_o        = chosen[IndexBits-1:0];
  assign activation_o = s1_activation_q;
  assign io_rdata_o   = line_data;

endmodule

`default_nettype wire
