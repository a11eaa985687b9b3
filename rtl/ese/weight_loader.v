// weight_loader: takes the entries out of the words of a matrix, and tells what has arrived.
//
// Model: WeightLoader of accelsim/machines/ese/reference/ping_pong_buffer.py; contract F1, F3.
// A word of weights comes with its route, for the entries lie without a gap, where one PE's end
// and the next one's begin is in the pointers, and those come later, by the other module:
//   {columns, lane Lanes-1, ..., lane 0}, a lane being {valid, PE, number of its last bit}
// lanes in the order of the stream; columns says how many of the first columns are complete with
// this word. Route bits are the layout's, not the contract's: see rtl/ese/README.md.
// Timing: a word of cycle t is on the lanes in t, in the buffers and in what has arrived from
// t + 1 on. A half waits for its words from the cycle after request_i on.
`default_nettype none

module weight_loader #(
  parameter integer WordBits   = 512,       // DdrWordBits
  parameter integer EntryBits  = 16,        // weight and zero run
  parameter integer PeBits     = 5,         // at least 1 and log2(NPe)
  parameter integer ColumnBits = 11,        // at least log2(columns + 1)
  parameter integer LengthBits = 16,        // of a request's number of words
  // Derived; leave them alone
  parameter integer Lanes      = (WordBits - 1) / EntryBits + 1,
  parameter integer PlaceBits  = $clog2(WordBits),
  parameter integer LaneBits   = 1 + PeBits + PlaceBits,
  parameter integer RouteBits  = ColumnBits + Lanes * LaneBits
) (
  input  wire                       clk_i,
  input  wire                       rst_ni,
  // A matrix is requested
  input  wire                       request_i,
  input  wire                       request_half_i,
  input  wire [LengthBits-1:0]      request_words_i,
  input  wire [ColumnBits-1:0]      request_columns_i,  // complete without a word: they are empty
  // A word is transferred
  input  wire                       word_i,
  input  wire                       word_half_i,
  input  wire [WordBits-1:0]        data_i,
  input  wire [RouteBits-1:0]       route_i,
  // Its entries, each in its PE's buffer from the next cycle on
  output wire [Lanes*EntryBits-1:0] entries_o,
  output wire [Lanes-1:0]           valid_o,
  output wire [Lanes*PeBits-1:0]    pe_o,
  // What has arrived of the matrix in front
  input  wire                       front_i,
  output wire [ColumnBits-1:0]      columns_o,          // complete first columns
  output wire                       whole_o
);

  localparam [LengthBits-1:0] One   = 1;
  localparam [PlaceBits:0]    First = 1;    // of the window: the lowest bit is in no entry

  reg  [EntryBits-1:0]  tail_q;             // the last bits of the words before, behind a zero
  reg  [ColumnBits-1:0] columns_0_q, columns_1_q;
  reg  [LengthBits-1:0] left_0_q, left_1_q;

  wire [WordBits+EntryBits-1:0] window = {data_i, tail_q};
  wire [ColumnBits-1:0]         complete = route_i[RouteBits-1 -: ColumnBits];

  genvar l;
  generate
    for (l = 0; l < Lanes; l = l + 1) begin : g_lane
      wire [PlaceBits-1:0] place = route_i[l*LaneBits +: PlaceBits];
      assign entries_o[l*EntryBits +: EntryBits] = window[{1'b0, place} + First +: EntryBits];
      assign pe_o[l*PeBits +: PeBits] = route_i[l*LaneBits+PlaceBits +: PeBits];
      assign valid_o[l] = word_i && route_i[l*LaneBits+PlaceBits+PeBits];
    end
  endgenerate

  always @(posedge clk_i) begin
    if (word_i) tail_q <= window[WordBits+EntryBits-1 -: EntryBits];
  end

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      columns_0_q <= {ColumnBits{1'b0}};
      columns_1_q <= {ColumnBits{1'b0}};
      left_0_q    <= {LengthBits{1'b0}};
      left_1_q    <= {LengthBits{1'b0}};
    end else begin
      if (request_i && !request_half_i) begin
        columns_0_q <= request_columns_i;
        left_0_q    <= request_words_i;
      end else if (word_i && !word_half_i) begin
        columns_0_q <= complete;
        left_0_q    <= left_0_q - One;
      end
      if (request_i && request_half_i) begin
        columns_1_q <= request_columns_i;
        left_1_q    <= request_words_i;
      end else if (word_i && word_half_i) begin
        columns_1_q <= complete;
        left_1_q    <= left_1_q - One;
      end
    end
  end

  assign columns_o = front_i ? columns_1_q : columns_0_q;
  assign whole_o   = (front_i ? left_1_q : left_0_q) == {LengthBits{1'b0}};

endmodule

`default_nettype wire
