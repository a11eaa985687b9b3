// regfile: a register file with one read and one write port that clears in one cycle.
//
// Timing: reads are combinational; a write of cycle t is read from t + 1 on. A word is zero from
// a clear on until it is written; a clear and a write in one cycle leave the written word. It
// needs its clock in the cycles of both.
`default_nettype none

module regfile #(
  parameter integer Depth   = 64,         // words (RegfileDepth), at least 1
  parameter integer Width   = 16,
  parameter integer RowBits = 6           // at least 1 and log2(Depth)
) (
  input  wire               clk_i,
  input  wire               rst_ni,       // clears
  input  wire               clear_i,
  input  wire [RowBits-1:0] read_row_i,   // below Depth
  output wire [Width-1:0]   read_value_o,
  input  wire               write_i,
  input  wire [RowBits-1:0] write_row_i,
  input  wire [Width-1:0]   write_value_i
);

  reg [Width-1:0] mem [0:Depth-1];
  reg [Depth-1:0] written_q;
  wire            clk;

  clock_gate u_clock_gate (.clk_i(clk_i), .en_i(clear_i || write_i), .clk_o(clk));

  always @(posedge clk or negedge rst_ni) begin
    if (!rst_ni) begin
      written_q <= {Depth{1'b0}};
    end else begin
      if (clear_i) written_q <= {Depth{1'b0}};
      if (write_i) written_q[write_row_i] <= 1'b1;
    end
  end

  always @(posedge clk) begin
    if (write_i) mem[write_row_i] <= write_value_i;
  end

  assign read_value_o = written_q[read_row_i] ? mem[read_row_i] : {Width{1'b0}};

endmodule

`default_nettype wire
