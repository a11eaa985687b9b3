// vector_path: the FIFO chain that narrows DDR words to one piece of a vector a cycle and channel.
//
// Model: accelsim/machines/ese/reference/vector_path.py; contract M4. One vector at a time, so a
// word's place in the buffer is its number. All channels get the same elements in the same cycle;
// a shared vector (biases, peepholes) is the same for all, of another (x) each has its own pieces.
// Timing: a word of cycle t can be passed on from t + 1 on; elements that a piece of cycle t
// completes are on write_o in t and in the vectors from t + 1 on. busy_o is a register: it falls in
// the cycle after the last piece.
`default_nettype none

module vector_path #(
  parameter integer NChannels  = 32,        // that are built
  parameter integer Batch      = 32,        // whose inputs a word holds
  parameter integer PathBits   = 16,        // VectorPathBits
  parameter integer WordBits   = 512,       // a power of two
  parameter integer Width      = 16,        // ActivationBits, a power of two
  parameter integer Words      = 160,       // of the longest vector
  parameter integer VectorBits = 10,
  parameter integer LengthBits = 20,        // more than VectorBits
  // Derived; leave it alone
  parameter integer Lanes      = (Width - 1 + PathBits) / Width   // elements of a piece, at most
) (
  input  wire                             clk_i,
  input  wire                             rst_ni,
  // A vector is requested
  input  wire                             start_i,
  input  wire                             shared_i,
  input  wire [LengthBits-1:0]            length_i,     // elements
  input  wire [VectorBits-1:0]            base_i,       // where it goes to
  output wire                             busy_o,
  // Its words
  input  wire                             word_i,
  input  wire [WordBits-1:0]              data_i,
  // Elements that are complete: the first at write_addr_o, channel 0 in the lowest bits
  output wire [Lanes-1:0]                 write_o,
  output wire [Lanes*VectorBits-1:0]      write_addr_o,
  output wire [NChannels*Lanes*Width-1:0] write_data_o,
  // Events of this cycle
  output wire                             pass_o,
  output wire [LengthBits-1:0]            element_o     // the first that is not complete
);

  // Bits of a vector of all channels, and a window of the words
  localparam integer BitBits    = LengthBits + $clog2(Width + 1) + $clog2(Batch + 1);
  localparam integer WordIndex  = (Words > 1) ? $clog2(Words) : 1;
  localparam integer InWindow   = (PathBits + WordBits - 2) / WordBits + 1;
  localparam integer PlaceBits  = $clog2(WordBits);
  localparam integer AccBits    = Lanes * Width + Width;
  localparam [BitBits-1:0] Path = PathBits[BitBits-1:0];
  localparam [BitBits-1:0] All  = Batch[BitBits-1:0];
  localparam [BitBits-1:0] Size = Width[BitBits-1:0];
  localparam [BitBits-1:0] Part = WordBits[BitBits-1:0] - 1;
  localparam [BitBits-1:0] One  = 1;

  reg [WordBits-1:0] mem [0:Words-1];

  reg                  busy_q, shared_q;
  reg [BitBits-1:0]    bits_q;              // of the vector
  reg [BitBits-1:0]    passed_q;
  reg [BitBits-1:0]    arrived_q;           // words
  reg [LengthBits-1:0] element_q;
  reg [VectorBits-1:0] base_q;

  wire [BitBits-1:0] further = passed_q + Path;
  wire [BitBits-1:0] reached = (further > bits_q) ? bits_q : further;
  wire [BitBits-1:0] piece   = reached - passed_q;
  wire [BitBits-1:0] needed  = ((shared_q ? reached : reached * All) + Part) >> PlaceBits;
  wire [BitBits-1:0] held    = passed_q & (Size - One);         // bits of an element that is not complete
  wire [BitBits-1:0] complete = reached / Size;
  wire [BitBits-1:0] element = {{(BitBits-LengthBits){1'b0}}, element_q};
  wire [BitBits-1:0] number  = complete - element;
  wire               unused  = ^{complete[BitBits-1:LengthBits]};

  assign pass_o    = busy_q && needed <= arrived_q;
  assign busy_o    = busy_q;
  assign element_o = element_q;

  genvar c, l, w;
  generate
    for (l = 0; l < Lanes; l = l + 1) begin : g_lane
      localparam [BitBits-1:0]    Number = l;
      localparam [VectorBits-1:0] Place  = l;
      assign write_o[l] = pass_o && Number < number;
      assign write_addr_o[l*VectorBits +: VectorBits] = base_q + element_q[VectorBits-1:0] + Place;
    end

    for (c = 0; c < NChannels; c = c + 1) begin : g_channel
      localparam [BitBits-1:0] Channel = c;
      reg  [Width-1:0]              rest_q;     // of the element that is not complete
      wire [BitBits-1:0]            from = shared_q ? passed_q : passed_q * All + piece * Channel;
      wire [InWindow*WordBits-1:0]  window;
      for (w = 0; w < InWindow; w = w + 1) begin : g_word
        localparam [BitBits-1:0] Ahead = w;
        wire [BitBits-1:0] at = (from >> PlaceBits) + Ahead;
        wire unused_at = ^at[BitBits-1:WordIndex];
        assign window[w*WordBits +: WordBits] = mem[at[WordIndex-1:0]];
      end
      wire [InWindow*WordBits-1:0] moved  = window >> from[PlaceBits-1:0];
      wire [AccBits-1:0] fresh  = {{(AccBits-PathBits){1'b0}}, moved[PathBits-1:0]};
      wire [AccBits-1:0] joined = (fresh << held) | {{(AccBits-Width){1'b0}}, rest_q};
      wire [AccBits-1:0] left   = joined >> (number * Size);
      wire unused_bits = ^{moved, left[AccBits-1:Width]};
      assign write_data_o[c*Lanes*Width +: Lanes*Width] = joined[Lanes*Width-1:0];
      always @(posedge clk_i) begin
        if (start_i) rest_q <= {Width{1'b0}};
        else if (pass_o) rest_q <= left[Width-1:0];
      end
    end
  endgenerate

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) busy_q <= 1'b0;
    else busy_q <= start_i || (busy_q && !(pass_o && reached == bits_q));
  end

  always @(posedge clk_i) begin
    if (start_i) begin
      shared_q  <= shared_i;
      bits_q    <= {{(BitBits-LengthBits){1'b0}}, length_i} * Size;
      base_q    <= base_i;
      passed_q  <= {BitBits{1'b0}};
      arrived_q <= {BitBits{1'b0}};
      element_q <= {LengthBits{1'b0}};
    end else begin
      if (word_i) begin
        mem[arrived_q[WordIndex-1:0]] <= data_i;
        arrived_q <= arrived_q + One;
      end
      if (pass_o) begin
        passed_q  <= reached;
        element_q <= complete[LengthBits-1:0];
      end
    end
  end

endmodule

`default_nettype wire
