// ptr_read: takes columns from the queue and reads where their entries begin and end.
//
// Model: accelsim/units/ptr_read.py; contract P1, P2.
// Pointer word j says where column j begins and word j + 1 where it ends. Even words lie in one
// single-port bank and odd words in the other, so that both come out at once.
// Timing: pops in a cycle t in which there is a head and spmat_read will be free in t + 1; from
// t + 1 until the next pop, begin_o, end_o and activation_o belong to the popped column.
`default_nettype none

module ptr_read #(
  parameter integer PointerBits    = 16,    // bits of a pointer; it addresses entries
  parameter integer PointerWords   = 16384, // in both banks together, at least 2
  parameter integer ColumnBits     = 14,    // at least log2(PointerWords)
  parameter integer ActivationBits = 16
) (
  input  wire                      clk_i,
  input  wire                      rst_ni,
  // From the activation queue
  input  wire                      valid_i,
  input  wire [ColumnBits-1:0]     column_i,    // as the address of its first pointer
  input  wire [ActivationBits-1:0] activation_i,
  output wire                      pop_o,
  // To the sparse-matrix read unit
  input  wire                      free_i,      // it can hold another column in the next cycle
  output wire [PointerBits-1:0]    begin_o,     // address of the first entry
  output wire [PointerBits-1:0]    end_o,       // address behind the last entry
  output wire [ActivationBits-1:0] activation_o,
  // Bank addresses while pop_o, for the trace
  output wire [ColumnBits-1:0]     even_word_o,
  output wire [ColumnBits-1:0]     odd_word_o,
  // I/O mode, while no layer runs: a read in cycle t is at io_rdata_o from t + 1 on
  input  wire                      io_en_i,
  input  wire                      io_we_i,
  input  wire [ColumnBits-1:0]     io_addr_i,   // held until the data are taken
  input  wire [PointerBits-1:0]    io_wdata_i,
  output wire [PointerBits-1:0]    io_rdata_o
);

  localparam [ColumnBits-1:0] One      = 1;
  localparam integer          BankBits = (ColumnBits > 1) ? ColumnBits - 1 : 1;

  reg                       odd_q;        // the column's first pointer is in the odd bank
  reg  [ActivationBits-1:0] activation_q;
  wire [PointerBits-1:0]    even_data;
  wire [PointerBits-1:0]    odd_data;

  assign pop_o = valid_i && free_i;

  wire [ColumnBits-1:0] next_word = column_i + One;
  wire [ColumnBits-1:0] even_word = column_i[0] ? next_word : column_i;
  wire [ColumnBits-1:0] odd_word  = column_i[0] ? column_i : next_word;
  assign even_word_o = even_word;
  assign odd_word_o  = odd_word;

  wire [ColumnBits:0] even_addr = {1'b0, io_en_i ? io_addr_i : even_word} >> 1;
  wire [ColumnBits:0] odd_addr  = {1'b0, io_en_i ? io_addr_i : odd_word} >> 1;
  wire                unused_top = ^{even_addr[ColumnBits:BankBits], odd_addr[ColumnBits:BankBits]};

  sram_1rw #(
    .Depth(PointerWords - PointerWords / 2), .Width(PointerBits), .AddrBits(BankBits)
  ) u_even (
    .clk_i(clk_i),
    .en_i(pop_o || (io_en_i && !io_addr_i[0])),
    .we_i(io_en_i && io_we_i),
    .addr_i(even_addr[BankBits-1:0]),
    .wdata_i(io_wdata_i),
    .rdata_o(even_data)
  );

  sram_1rw #(
    .Depth(PointerWords / 2), .Width(PointerBits), .AddrBits(BankBits)
  ) u_odd (
    .clk_i(clk_i),
    .en_i(pop_o || (io_en_i && io_addr_i[0])),
    .we_i(io_en_i && io_we_i),
    .addr_i(odd_addr[BankBits-1:0]),
    .wdata_i(io_wdata_i),
    .rdata_o(odd_data)
  );

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) odd_q <= 1'b0;
    else if (pop_o) odd_q <= column_i[0];
  end

  always @(posedge clk_i) begin
    if (pop_o) activation_q <= activation_i;
  end

  assign begin_o      = odd_q ? odd_data : even_data;
  assign end_o        = odd_q ? even_data : odd_data;
  assign activation_o = activation_q;
  assign io_rdata_o   = io_addr_i[0] ? odd_data : even_data;

endmodule

`default_nettype wire
