// vector_store: the vectors of one channel: inputs, products, results, biases and peepholes.
//
// Model: accelsim/machines/ese/reference/vector_buffer.py; where each vector lies, the program
// says. One memory of many ports: replace this file to bank it.
// Timing: reads are combinational; a write of cycle t is read from t + 1 on. No two writes of a
// cycle have the same address. No reset: what was never written is unknown.
`default_nettype none

module vector_store #(
  parameter integer Words      = 1024,
  parameter integer Width      = 16,
  parameter integer AddrBits   = 10,        // at least 1 and log2(Words)
  parameter integer ReadPorts  = 8,
  parameter integer WritePorts = 4
) (
  input  wire                           clk_i,
  input  wire [ReadPorts*AddrBits-1:0]  read_addr_i,
  output wire [ReadPorts*Width-1:0]     read_data_o,
  input  wire [WritePorts-1:0]          write_i,
  input  wire [WritePorts*AddrBits-1:0] write_addr_i,
  input  wire [WritePorts*Width-1:0]    write_data_i
);

  reg [Width-1:0] mem [0:Words-1];

  genvar r;
  generate
    for (r = 0; r < ReadPorts; r = r + 1) begin : g_read
      assign read_data_o[r*Width +: Width] = mem[read_addr_i[r*AddrBits +: AddrBits]];
    end
  endgenerate

  integer w;
  always @(posedge clk_i) begin
    for (w = 0; w < WritePorts; w = w + 1) begin
      if (write_i[w]) mem[write_addr_i[w*AddrBits +: AddrBits]] <= write_data_i[w*Width +: Width];
    end
  end

endmodule

`default_nettype wire
