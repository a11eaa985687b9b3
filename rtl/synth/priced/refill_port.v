// refill_port: fills pointers and sparse matrix of all PEs from one port, as a host would.
//
// What capacity = "stream" would need beside the array: measured in rtl/synth, tested alone, not
// part of the array. Model: contract M4, but for its rate: a pointer takes a cycle, as a line does,
// since a bank has one port; M4 has as many pointers a cycle as a word of the port holds. The words
// that come are, for PE 0, 1, ...: how many lines follow, the pointers, the lines. It drives the
// array's host port (memories 0 and 1) in the place of the host.
// Timing: begin_i in a cycle in which busy_o is low; a word is taken in each cycle with valid_i while
// busy_o; busy_o falls behind the last one.
`default_nettype none

module refill_port #(
  parameter integer NPe          = 64,
  parameter integer PositionBits = 6,
  parameter integer ColumnBits   = 14,
  parameter integer LineBits     = 14,
  parameter integer WordBits     = 64
) (
  input  wire                    clk_i,
  input  wire                    rst_ni,
  input  wire                    begin_i,
  input  wire [ColumnBits-1:0]   pointers_i,    // of each PE, at least 1; with begin_i
  output wire                    busy_o,
  // From the memory
  input  wire                    valid_i,
  input  wire [WordBits-1:0]     word_i,
  // The array's host port
  output wire                    io_req_o,
  output wire                    io_mem_o,      // 0 pointers, 1 sparse matrix
  output wire [PositionBits-1:0] io_pe_o,
  output wire [31:0]             io_addr_o,
  output wire [WordBits-1:0]     io_wdata_o
);

  localparam integer            AddrBits = (ColumnBits > LineBits) ? ColumnBits : LineBits;
  localparam integer            LastPe   = NPe - 1;
  localparam [PositionBits-1:0] Last     = LastPe[PositionBits-1:0];
  localparam [PositionBits-1:0] NextPe   = 1;
  localparam [AddrBits-1:0]     One      = 1;
  localparam [1:0]              Idle = 2'd0, Header = 2'd1, Pointers = 2'd2, Lines = 2'd3;

  reg [1:0]              state_q;
  reg [PositionBits-1:0] pe_q;
  reg [AddrBits-1:0]     addr_q;
  reg [ColumnBits-1:0]   pointers_q;
  reg [LineBits-1:0]     lines_q;

  wire [AddrBits-1:0] next    = addr_q + One;
  wire                takes   = valid_i && (state_q == Pointers || state_q == Lines);
  wire                full    = takes && next == ((state_q == Pointers)
                                  ? {{(AddrBits-ColumnBits){1'b0}}, pointers_q}
                                  : {{(AddrBits-LineBits){1'b0}}, lines_q});
  wire                no_line = lines_q == {LineBits{1'b0}};
  wire                pe_ends = full && (state_q == Lines || no_line);

  assign busy_o     = state_q != Idle;
  assign io_req_o   = takes;
  assign io_mem_o   = state_q == Lines;
  assign io_pe_o    = pe_q;
  assign io_addr_o  = {{(32-AddrBits){1'b0}}, addr_q};
  assign io_wdata_o = word_i;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= Idle;
      pe_q    <= {PositionBits{1'b0}};
      addr_q  <= {AddrBits{1'b0}};
    end else begin
      case (state_q)
        Idle:    if (begin_i) state_q <= Header;
        Header:  if (valid_i) state_q <= Pointers;
        default: if (pe_ends) state_q <= (pe_q == Last) ? Idle : Header;
                 else if (full) state_q <= Lines;
      endcase
      if (takes) addr_q <= full ? {AddrBits{1'b0}} : next;
      if (pe_ends) pe_q <= (pe_q == Last) ? {PositionBits{1'b0}} : pe_q + NextPe;
    end
  end

  always @(posedge clk_i) begin
    if (state_q == Idle) pointers_q <= pointers_i;
    if (state_q == Header) lines_q <= word_i[LineBits-1:0];
  end

endmodule

`default_nettype wire
