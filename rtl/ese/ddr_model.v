// ddr_model: a DDR module as the contract has it (M1, M2): a model for test benches, no hardware.
//
// Model: accelsim/machines/ese/reference/memory_controller.py. Requests are served in order. The
// first word of a request of cycle t is transferred in t + Latency, or right after the last word of
// the one before it; after every BurstWords words of a request there are GapCycles cycles without.
// Timing: transfer_o and data_o belong to the cycle of a word, in which a written word is taken.
`default_nettype none

module ddr_model #(
  parameter integer Width      = 512,       // of a word, with what stands beside it
  parameter integer Words      = 1024,
  parameter integer Latency    = 47,
  parameter integer BurstWords = 64,
  parameter integer GapCycles  = 0,
  parameter integer AddrBits   = 32,
  parameter integer LengthBits = 20
) (
  input  wire                  clk_i,
  input  wire                  rst_ni,
  input  wire                  request_i,
  input  wire                  write_i,     // the request writes
  input  wire [AddrBits-1:0]   addr_i,
  input  wire [LengthBits-1:0] words_i,
  output wire                  transfer_o,
  output wire [Width-1:0]      data_o,
  input  wire [Width-1:0]      data_i
);

  reg [Width-1:0] mem [0:Words-1];

  // A ring of requests, more than a controller has at a time
  localparam integer Ring = 16;
  integer                due    [0:Ring-1];
  reg     [AddrBits-1:0] first  [0:Ring-1];
  integer                length [0:Ring-1];
  reg                    writes [0:Ring-1];
  integer head, tail, now, done, pause;

  assign transfer_o = rst_ni && pause == 0 && head != tail && now >= due[head % Ring];
  assign data_o     = mem[(first[head % Ring] + done) % Words];

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      head  <= 0;
      tail  <= 0;
      now   <= 0;
      done  <= 0;
      pause <= 0;
    end else begin
      now <= now + 1;
      if (pause != 0) pause <= pause - 1;
      if (request_i) begin
        due[tail % Ring]    <= now + Latency;
        first[tail % Ring]  <= addr_i;
        length[tail % Ring] <= {{(32-LengthBits){1'b0}}, words_i};
        writes[tail % Ring] <= write_i;
        tail <= tail + 1;
      end
      if (transfer_o) begin
        if (writes[head % Ring]) mem[(first[head % Ring] + done) % Words] <= data_i;
        if (done + 1 == length[head % Ring]) begin
          head <= head + 1;
          done <= 0;
        end else begin
          done <= done + 1;
          if ((done + 1) % BurstWords == 0) pause <= GapCycles;
        end
      end
    end
  end

endmodule

`default_nettype wire
