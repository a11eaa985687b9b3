// matrix_buffers: weight and pointer buffers of all PE numbers, which the channels share, and the
// way of DRAM words into them.
//
// Model: accelsim/machines/ese/reference/ping_pong_buffer.py and its wiring in array.py; contract
// F1 to F3. Flat ports have PE 0 in the lowest bits.
// Timing: swap_i turns the halves in the cycle in which it is seen (a multiplication's first
// cycle); request_i in the same cycle clears the half that is then behind. Words, reads: see
// weight_loader, pointer_route and ping_pong_buffer.
`default_nettype none

module matrix_buffers #(
  parameter integer NPe            = 32,
  parameter integer PeBits         = 5,     // at least 1 and log2(NPe)
  parameter integer WordBits       = 512,
  parameter integer EntryBits      = 16,
  parameter integer PointerBits    = 16,
  parameter integer ColumnBits     = 11,    // at least log2(columns + 1)
  parameter integer LengthBits     = 16,
  parameter integer NumberBits     = 20,    // see pointer_route
  parameter integer WeightEntries  = 2048,  // that half of a PE's weight buffer holds
  parameter integer PointerEntries = 2048,  // and half of its pointer buffer
  // Derived; leave them alone
  parameter integer Lanes          = (WordBits - 1) / EntryBits + 1,
  parameter integer RouteBits      = ColumnBits + Lanes * (1 + PeBits + $clog2(WordBits))
) (
  input  wire                       clk_i,
  input  wire                       rst_ni,
  input  wire                       swap_i,
  output wire                       front_o,          // the half that is read
  // A matrix is requested
  input  wire                       request_i,
  input  wire [ColumnBits-1:0]      request_columns_i,
  input  wire [LengthBits-1:0]      request_words_i,  // of weights
  input  wire [ColumnBits-1:0]      request_empty_i,  // columns complete without a word
  input  wire [LengthBits-1:0]      request_pointer_words_i,
  // Words that are transferred
  input  wire                       weight_word_i,
  input  wire                       weight_half_i,    // for which they were requested
  input  wire [WordBits-1:0]        weight_data_i,
  input  wire [RouteBits-1:0]       weight_route_i,
  input  wire                       pointer_word_i,
  input  wire                       pointer_half_i,
  input  wire [WordBits-1:0]        pointer_data_i,
  // What has arrived
  output wire [ColumnBits-1:0]      columns_o,        // of the matrix in front
  output wire                       whole_o,
  output wire                       pointers_whole_o, // of the matrix requested last
  // Reads of the half in front
  input  wire [NPe-1:0]             pop_i,
  input  wire [NPe*ColumnBits-1:0]  column_i,
  output wire [NPe*PointerBits-1:0] begin_o,
  output wire [NPe*PointerBits-1:0] end_o,
  input  wire [NPe-1:0]             issue_i,
  input  wire [NPe*PointerBits-1:0] entry_i,
  output wire [NPe*EntryBits-1:0]   data_o,
  // To counters and trace
  output wire [NPe*8-1:0]           written_o,        // entries written in this cycle
  output wire [NPe*2*PointerBits-1:0] weights_held_o, // of half 1, half 0
  output wire [NPe*2*ColumnBits-1:0]  pointers_held_o
);

  localparam integer LaneCountBits = $clog2(Lanes + 1);
  localparam integer PointerLanes  = WordBits / PointerBits;
  localparam integer PointerCountBits = $clog2(PointerLanes + 1);
  localparam [LengthBits-1:0] One = 1;

  reg  front_q;
  reg  [LengthBits-1:0] pointers_left_q;
  wire front = front_q ^ swap_i;
  wire back  = !front;

  assign front_o          = front;
  assign pointers_whole_o = pointers_left_q == {LengthBits{1'b0}};

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      front_q         <= 1'b1;
      pointers_left_q <= {LengthBits{1'b0}};
    end else begin
      front_q <= front;
      if (request_i) pointers_left_q <= request_pointer_words_i;
      else if (pointer_word_i) pointers_left_q <= pointers_left_q - One;
    end
  end

  wire [Lanes*EntryBits-1:0] entries;
  wire [Lanes-1:0]           entry_valid;
  wire [Lanes*PeBits-1:0]    entry_pe;

  weight_loader #(
    .WordBits(WordBits), .EntryBits(EntryBits), .PeBits(PeBits), .ColumnBits(ColumnBits),
    .LengthBits(LengthBits)
  ) u_weight_loader (
    .clk_i(clk_i), .rst_ni(rst_ni), .request_i(request_i), .request_half_i(back),
    .request_words_i(request_words_i), .request_columns_i(request_empty_i),
    .word_i(weight_word_i), .word_half_i(weight_half_i), .data_i(weight_data_i),
    .route_i(weight_route_i), .entries_o(entries), .valid_o(entry_valid), .pe_o(entry_pe),
    .front_i(front), .columns_o(columns_o), .whole_o(whole_o)
  );

  genvar p;
  generate
    for (p = 0; p < NPe; p = p + 1) begin : g_pe
      localparam [31:0]                   Number = p;
      wire [LaneCountBits-1:0]            count;
      wire [Lanes*EntryBits-1:0]          mine;
      wire [PointerCountBits-1:0]         pointer_count;
      wire [PointerLanes*PointerBits-1:0] pointers;
      wire [EntryBits-1:0]                next_unused;

      weight_route #(
        .PeBits(PeBits), .EntryBits(EntryBits), .Lanes(Lanes), .CountBits(LaneCountBits)
      ) u_weight_route (
        .mine_i(Number[PeBits-1:0]), .entries_i(entries), .valid_i(entry_valid), .pe_i(entry_pe),
        .count_o(count), .data_o(mine)
      );

      ping_pong_buffer #(
        .Width(EntryBits), .Entries(WeightEntries), .Lanes(Lanes), .AddrBits(PointerBits),
        .CountBits(LaneCountBits)
      ) u_weights (
        .clk_i(clk_i), .rst_ni(rst_ni), .clear_i(request_i), .clear_half_i(back),
        .write_half_i(weight_half_i), .write_count_i(count), .write_data_i(mine),
        .read_i(issue_i[p]), .read_half_i(front),
        .read_addr_i(entry_i[p*PointerBits +: PointerBits]),
        .data_o(data_o[p*EntryBits +: EntryBits]), .next_o(next_unused),
        .held_0_o(weights_held_o[p*2*PointerBits +: PointerBits]),
        .held_1_o(weights_held_o[p*2*PointerBits+PointerBits +: PointerBits])
      );

      pointer_route #(
        .Pe(p), .WordBits(WordBits), .PointerBits(PointerBits), .ColumnBits(ColumnBits),
        .NumberBits(NumberBits), .CountBits(PointerCountBits)
      ) u_pointer_route (
        .clk_i(clk_i), .rst_ni(rst_ni), .request_i(request_i),
        .request_columns_i(request_columns_i), .word_i(pointer_word_i), .data_i(pointer_data_i),
        .count_o(pointer_count), .data_o(pointers)
      );

      ping_pong_buffer #(
        .Width(PointerBits), .Entries(PointerEntries), .Lanes(PointerLanes),
        .AddrBits(ColumnBits), .CountBits(PointerCountBits)
      ) u_pointers (
        .clk_i(clk_i), .rst_ni(rst_ni), .clear_i(request_i), .clear_half_i(back),
        .write_half_i(pointer_half_i), .write_count_i(pointer_count), .write_data_i(pointers),
        .read_i(pop_i[p]), .read_half_i(front),
        .read_addr_i(column_i[p*ColumnBits +: ColumnBits]),
        .data_o(begin_o[p*PointerBits +: PointerBits]),
        .next_o(end_o[p*PointerBits +: PointerBits]),
        .held_0_o(pointers_held_o[p*2*ColumnBits +: ColumnBits]),
        .held_1_o(pointers_held_o[p*2*ColumnBits+ColumnBits +: ColumnBits])
      );

      assign written_o[p*8 +: 8] = {{(8-LaneCountBits){1'b0}}, count};
      wire unused_next = ^next_unused;
    end
  endgenerate

endmodule

`default_nettype wire
