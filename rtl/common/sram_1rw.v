// sram_1rw: single-port SRAM, one read or write a cycle. Replace this file to use a macro.
//
// Model: none of its own; the memories of accelsim/formats/interleaved_csc.py live in it.
// Timing: a read asked for in cycle t (en_i, !we_i) is at rdata_o from t + 1 on, and stays there
// until the next read: the output register is the line register of spmat_read and the pointer
// pair of ptr_read. A macro whose output does not hold needs a register behind it. A write in
// cycle t is seen by reads from t + 1 on and leaves rdata_o alone. No reset: what was never
// written is unknown.
`default_nettype none

module sram_1rw #(
  parameter integer Depth    = 1024,      // words, at least 1
  parameter integer Width    = 64,        // bits of a word
  parameter integer AddrBits = 10         // at least 1 and log2(Depth)
) (
  input  wire                clk_i,
  input  wire                en_i,
  input  wire                we_i,        // with en_i: write instead of read
  input  wire [AddrBits-1:0] addr_i,
  input  wire [Width-1:0]    wdata_i,
  output wire [Width-1:0]    rdata_o
);

  reg [Width-1:0] mem [0:Depth-1];
  reg [Width-1:0] rdata_q;

  always @(posedge clk_i) begin
    if (en_i) begin
      if (we_i) mem[addr_i] <= wdata_i;
      else rdata_q <= mem[addr_i];
    end
  end

  assign rdata_o = rdata_q;

endmodule

`default_nettype wire
