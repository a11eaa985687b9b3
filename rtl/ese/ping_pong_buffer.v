// ping_pong_buffer: two halves of entries; one is filled from DRAM while the other is read.
//
// Model: accelsim/machines/ese/reference/ping_pong_buffer.py; contract F1, F2.
// An entry lies in bank (address mod Banks), so that up to Lanes entries of consecutive addresses
// are written in one cycle, each bank taking one, and two neighbours are read in one.
// Timing: what is written in cycle t is read from t + 1 on. A read asked for in cycle t is at the
// outputs from t + 1 on and stays there until the next read. A half is empty from the cycle of
// clear_i on; a write in that cycle is the first entry.
`default_nettype none

module ping_pong_buffer #(
  parameter integer Width     = 16,         // bits of an entry
  parameter integer Entries   = 2048,       // that a half holds, at least 1
  parameter integer Lanes     = 32,         // written in a cycle, at most
  parameter integer AddrBits  = 16,         // of an address, and of the number that a half holds
  parameter integer CountBits = 6           // at least log2(Lanes + 1)
) (
  input  wire                   clk_i,
  input  wire                   rst_ni,         // asynchronous, active low: both halves are empty
  // Filling
  input  wire                   clear_i,        // a half is going to be filled
  input  wire                   clear_half_i,
  input  wire                   write_half_i,
  input  wire [CountBits-1:0]   write_count_i,  // entries that come in this cycle
  input  wire [Lanes*Width-1:0] write_data_i,   // the first of them in the lowest bits
  // Reading
  input  wire                   read_i,
  input  wire                   read_half_i,
  input  wire [AddrBits-1:0]    read_addr_i,    // below what the half holds
  output wire [Width-1:0]       data_o,         // the entry there
  output wire [Width-1:0]       next_o,         // the entry behind it
  // For the trace: what the halves hold in this cycle
  output wire [AddrBits-1:0]    held_0_o,
  output wire [AddrBits-1:0]    held_1_o
);

  localparam integer BankBits = (Lanes > 2) ? $clog2(Lanes) : 1;
  localparam integer Banks    = 1 << BankBits;
  localparam integer LaneBits = (Lanes > 1) ? $clog2(Lanes) : 1;
  localparam integer Lines    = (Entries + Banks) / Banks;
  localparam integer LineBits = (Lines > 1) ? $clog2(Lines) : 1;
  localparam integer WideBits = AddrBits + CountBits + BankBits + LineBits + 1;
  localparam [WideBits-1:0] Last = {{(WideBits-BankBits){1'b0}}, {BankBits{1'b1}}};

  reg [AddrBits-1:0] held_0_q, held_1_q;

  wire [AddrBits-1:0] held_0 = (clear_i && !clear_half_i) ? {AddrBits{1'b0}} : held_0_q;
  wire [AddrBits-1:0] held_1 = (clear_i && clear_half_i) ? {AddrBits{1'b0}} : held_1_q;
  wire [WideBits-1:0] fill   = {{(WideBits-AddrBits){1'b0}}, write_half_i ? held_1 : held_0};
  wire [WideBits-1:0] read   = {{(WideBits-AddrBits){1'b0}}, read_addr_i};
  wire [WideBits-1:0] count  = {{(WideBits-CountBits){1'b0}}, write_count_i};
  wire [WideBits-1:0] after  = fill + count;
  wire                unused_after = ^after[WideBits-1:AddrBits];

  assign held_0_o = held_0;
  assign held_1_o = held_1;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      held_0_q <= {AddrBits{1'b0}};
      held_1_q <= {AddrBits{1'b0}};
    end else begin
      held_0_q <= write_half_i ? held_0 : after[AddrBits-1:0];
      held_1_q <= write_half_i ? after[AddrBits-1:0] : held_1;
    end
  end

  // Entry and neighbour: each bank puts what it has to those of the banks before it
  wire [BankBits-1:0] first  = read[BankBits-1:0];
  wire [BankBits-1:0] second = first + {{(BankBits-1){1'b0}}, 1'b1};
  genvar b;
  generate
    for (b = 0; b < Banks; b = b + 1) begin : g_bank
      localparam [WideBits-1:0] Bank = b;
      reg  [Width-1:0]    mem [0:(2<<LineBits)-1];
      wire [WideBits-1:0] lane   = (Bank - fill) & Last;      // whose address is this bank's
      wire [WideBits-1:0] to     = (fill + lane) >> BankBits;
      wire [WideBits-1:0] from   = (read + ((Bank - read) & Last)) >> BankBits;
      wire                unused = ^{to[WideBits-1:LineBits], from[WideBits-1:LineBits]};
      wire [Width-1:0]    word   = mem[{read_half_i, from[LineBits-1:0]}];
      wire [Width-1:0]    here   = (first == Bank[BankBits-1:0]) ? word : {Width{1'b0}};
      wire [Width-1:0]    there  = (second == Bank[BankBits-1:0]) ? word : {Width{1'b0}};
      wire [Width-1:0]    data, next;
      if (b == 0) begin : g_first
        assign data = here;
        assign next = there;
      end else begin : g_further
        assign data = g_bank[b-1].data | here;
        assign next = g_bank[b-1].next | there;
      end

      // Only a lane below the number of those that come is looked at
      always @(posedge clk_i) begin
        if (lane < count)
          mem[{write_half_i, to[LineBits-1:0]}] <= write_data_i[lane[LaneBits-1:0]*Width +: Width];
      end
    end
  endgenerate

  reg [Width-1:0] data_q, next_q;

  always @(posedge clk_i) begin
    if (read_i) begin
      data_q <= g_bank[Banks-1].data;
      next_q <= g_bank[Banks-1].next;
    end
  end

  assign data_o = data_q;
  assign next_o = next_q;

endmodule

`default_nettype wire
