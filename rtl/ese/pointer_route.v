// pointer_route: picks one PE's pointers out of the words of a matrix, which has them PE after PE.
//
// Model: PointerLoader of accelsim/machines/ese/reference/ping_pong_buffer.py; contract M3, F2.
// Timing: a word of cycle t is at the outputs in t; a request counts from the next cycle on.
`default_nettype none

module pointer_route #(
  parameter integer Pe          = 0,
  parameter integer WordBits    = 512,      // DdrWordBits, a multiple of PointerBits
  parameter integer PointerBits = 16,
  parameter integer ColumnBits  = 11,       // at least log2(columns + 1)
  parameter integer NumberBits  = 20,       // of numbers up to all pointers and a word's, and to WordBits
  parameter integer CountBits   = 6,        // at least log2(Lanes + 1)
  // Derived; leave it alone
  parameter integer Lanes       = WordBits / PointerBits
) (
  input  wire                         clk_i,
  input  wire                         rst_ni,
  input  wire                         request_i,
  input  wire [ColumnBits-1:0]        request_columns_i,  // of the matrix
  input  wire                         word_i,
  input  wire [WordBits-1:0]          data_i,
  output wire [CountBits-1:0]         count_o,            // pointers of this PE in the word
  output wire [Lanes*PointerBits-1:0] data_o              // the first in the lowest bits
);

  localparam [NumberBits-1:0] Zero   = 0;
  localparam [NumberBits-1:0] One    = 1;
  localparam [NumberBits-1:0] InWord = Lanes[NumberBits-1:0];
  localparam [NumberBits-1:0] Before = Pe[NumberBits-1:0];    // PEs before this one

  // Number of the word's first pointer, counted from this PE's first on: negative before it
  reg  signed [NumberBits-1:0] at_q;
  reg         [NumberBits-1:0] mine_q;      // pointers of a PE

  wire signed [NumberBits-1:0] last = $signed(mine_q);
  wire signed [NumberBits-1:0] end_of_word = at_q + $signed(InWord);
  wire signed [NumberBits-1:0] begins = (at_q < $signed(Zero)) ? $signed(Zero) : at_q;
  wire signed [NumberBits-1:0] ends = (end_of_word > last) ? last : end_of_word;
  wire        [NumberBits-1:0] number = (begins < ends) ? ends - begins : Zero;
  wire        [NumberBits-1:0] skipped = begins - at_q;       // lanes in front of the first

  wire [NumberBits-1:0] wide = {{(NumberBits-ColumnBits){1'b0}}, request_columns_i} + One;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      at_q   <= $signed(Zero);
      mine_q <= Zero;
    end else if (request_i) begin
      at_q   <= -$signed(Before * wide);
      mine_q <= wide;
    end else if (word_i) begin
      at_q   <= end_of_word;
    end
  end

  assign count_o = word_i ? number[CountBits-1:0] : {CountBits{1'b0}};
  assign data_o  = data_i >> (skipped * PointerBits[NumberBits-1:0]);
  wire   unused  = ^number[NumberBits-1:CountBits];

endmodule

`default_nettype wire
