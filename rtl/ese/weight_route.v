// weight_route: picks one PE's entries out of the lanes of a word, and closes the gaps.
//
// Model: receive of WeightLoader in accelsim/machines/ese/reference/ping_pong_buffer.py.
// Timing: combinational.
`default_nettype none

module weight_route #(
  parameter integer PeBits    = 5,
  parameter integer EntryBits = 16,
  parameter integer Lanes     = 32,
  parameter integer CountBits = 6           // at least log2(Lanes + 1)
) (
  input  wire [PeBits-1:0]          mine_i,   // number of the PE
  input  wire [Lanes*EntryBits-1:0] entries_i,
  input  wire [Lanes-1:0]           valid_i,
  input  wire [Lanes*PeBits-1:0]    pe_i,
  output reg  [CountBits-1:0]       count_o,
  output reg  [Lanes*EntryBits-1:0] data_o    // the first in the lowest bits
);

  localparam [CountBits-1:0] One  = 1;

  integer l;

  always @* begin
    count_o = {CountBits{1'b0}};
    data_o  = {(Lanes*EntryBits){1'b0}};
    for (l = 0; l < Lanes; l = l + 1) begin
      if (valid_i[l] && pe_i[l*PeBits +: PeBits] == mine_i) begin
        data_o[count_o*EntryBits +: EntryBits] = entries_i[l*EntryBits +: EntryBits];
        count_o = count_o + One;
      end
    end
  end

endmodule

`default_nettype wire
