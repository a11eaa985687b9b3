// weight_decoder: codebooks, tables from code to fixed-point weight; table_i selects one.
//
// Model: accelsim/units/weight_decoder.py; contract A1 (stage 1).
// Timing: the look-up is combinational (a small register file); a write of cycle t counts from
// t + 1 on, and only writes need the clock. Entry 0 belongs to padding entries and is never used by
// arith_unit.
`default_nettype none

module weight_decoder #(
  parameter integer WeightBits      = 4,  // bits of a code
  parameter integer WeightValueBits = 16, // bits of a weight
  parameter integer Tables          = 1,  // codebooks
  parameter integer TableBits       = 1   // at least 1 and log2(Tables)
) (
  input  wire                       clk_i,
  input  wire [TableBits-1:0]       table_i,
  input  wire [WeightBits-1:0]      code_i,
  output wire [WeightValueBits-1:0] weight_o,
  // I/O mode
  input  wire                       write_i,
  input  wire [TableBits-1:0]       write_table_i,
  input  wire [WeightBits-1:0]      write_code_i,
  input  wire [WeightValueBits-1:0] write_weight_i
);

  localparam integer AddrBits = WeightBits + $clog2(Tables);

  reg [WeightValueBits-1:0] codebook [0:(Tables<<WeightBits)-1];

  wire [TableBits+WeightBits-1:0] read_addr  = {table_i, code_i};
  wire [TableBits+WeightBits-1:0] write_addr = {write_table_i, write_code_i};
  wire                            unused_top = ^{read_addr, write_addr};

  wire clk;

  clock_gate u_clock_gate (.clk_i(clk_i), .en_i(write_i), .clk_o(clk));

  always @(posedge clk) begin
    if (write_i) codebook[write_addr[AddrBits-1:0]] <= write_weight_i;
  end

  assign weight_o = codebook[read_addr[AddrBits-1:0]];

endmodule

`default_nettype wire
