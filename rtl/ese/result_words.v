// result_words: the words of y for DRAM: the elements of all channels one after the other, element 0
// of every channel first.
//
// Model: _store of accelsim/machines/ese/reference/array.py; contract M5, S5. A channel that is not
// built stands for zeros; what stands behind the last element means nothing.
// Timing: combinational.
`default_nettype none

module result_words #(
  parameter integer NChannels  = 32,        // that are built
  parameter integer Batch      = 32,        // that a word has room for
  parameter integer Width      = 16,        // ActivationBits
  parameter integer WordBits   = 512,
  parameter integer VectorBits = 10,
  parameter integer LengthBits = 20,        // more than VectorBits
  // Derived; leave it alone
  parameter integer Lanes      = WordBits / Width
) (
  input  wire [LengthBits-1:0]            number_i,     // of the word
  input  wire [VectorBits-1:0]            base_i,       // where y lies
  output wire [Lanes*VectorBits-1:0]      addr_o,       // in every channel
  input  wire [NChannels*Lanes*Width-1:0] data_i,       // what each channel has there
  output wire [WordBits-1:0]              data_o
);

  localparam integer NumberBits = LengthBits + $clog2(Lanes + 1) + $clog2(Batch + 1);
  localparam [NumberBits-1:0] InWord = Lanes[NumberBits-1:0];
  localparam [NumberBits-1:0] All    = Batch[NumberBits-1:0];

  genvar l;
  generate
    for (l = 0; l < Lanes; l = l + 1) begin : g_lane
      localparam [NumberBits-1:0] Lane = l;
      wire [NumberBits-1:0] at =
          {{(NumberBits-LengthBits){1'b0}}, number_i} * InWord + Lane;
      wire [NumberBits-1:0] element = at / All;
      wire [NumberBits-1:0] number  = at % All;
      wire unused = ^element[NumberBits-1:VectorBits];
      reg [Width-1:0] chosen;
      integer c;
      always @* begin
        chosen = {Width{1'b0}};
        for (c = 0; c < NChannels; c = c + 1) begin
          if (number == c[NumberBits-1:0]) chosen = data_i[(c*Lanes+l)*Width +: Width];
        end
      end
      assign addr_o[l*VectorBits +: VectorBits] = base_i + element[VectorBits-1:0];
      assign data_o[l*Width +: Width] = chosen;
    end
  endgenerate

endmodule

`default_nettype wire
