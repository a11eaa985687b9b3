// ping_pong_buffer_formal: what is read is what was written there, in either half, and no address is
// read and written in one cycle.
//
// Assumed, each proved of those who do it (multiplication_formal; the state machine's program): a
// half takes no more than it holds; a read is below what its half held before this cycle; the half
// that is read is not emptied. Any one entry is followed from its write to the clearing of its half:
// as any may be the one, it holds for all.
`default_nettype none

module ping_pong_buffer_formal #(
  parameter integer Lanes     = 2,            // 1 or 2: two banks
  parameter integer CountBits = 2,
  parameter integer Entries   = 3             // at most 3
) (
  input wire                 clk_i,
  input wire                 clear_i,
  input wire                 clear_half_i,
  input wire                 write_half_i,
  input wire [CountBits-1:0] write_count_i,
  input wire [Lanes*2-1:0]   write_data_i,
  input wire                 read_i,
  input wire                 read_half_i,
  input wire [2:0]           read_addr_i,
  input wire                 follow_i,        // the entry of this lane is the one
  input wire [CountBits-1:0] lane_i
);

  reg rst_n = 1'b0;
  always @(posedge clk_i) rst_n <= 1'b1;

  wire [1:0] data, next;
  wire [2:0] held_0, held_1;

  ping_pong_buffer #(
    .Width(2), .Entries(Entries), .Lanes(Lanes), .AddrBits(3), .CountBits(CountBits)
  ) dut (
    .clk_i(clk_i), .rst_ni(rst_n), .clear_i(clear_i && rst_n), .clear_half_i(clear_half_i),
    .write_half_i(write_half_i), .write_count_i(rst_n ? write_count_i : {CountBits{1'b0}}),
    .write_data_i(write_data_i), .read_i(read_i), .read_half_i(read_half_i),
    .read_addr_i(read_addr_i), .data_o(data), .next_o(next), .held_0_o(held_0), .held_1_o(held_1)
  );

  (* hierconn *) wire [2:0] \dut.held_0_q , \dut.held_1_q ;
  wire [2:0] fill   = write_half_i ? held_1 : held_0;
  wire [2:0] held_q = read_half_i ? \dut.held_1_q : \dut.held_0_q ;

  // The entry that is followed
  reg       inside = 1'b0;
  reg       half;
  reg [2:0] addr;
  reg [1:0] word;
  reg       here = 1'b0, behind = 1'b0;       // it was read last, as entry or as neighbour
  wire      gone = clear_i && clear_half_i == half;
  wire      begins = follow_i && lane_i < write_count_i && rst_n && (!inside || gone);

  always @(posedge clk_i) begin
    if (begins) begin
      inside <= 1'b1;
      half   <= write_half_i;
      addr   <= fill + lane_i;
      word   <= write_data_i[lane_i*2 +: 2];
    end else if (gone) begin
      inside <= 1'b0;
    end
    if (read_i || begins) begin
      here   <= read_i && !begins && inside && read_half_i == half && read_addr_i == addr;
      behind <= read_i && !begins && inside && read_half_i == half && read_addr_i + 3'd1 == addr;
    end
  end

  always @* begin
    assume (write_count_i <= Lanes);
    assume ({1'b0, fill} + write_count_i <= Entries);
    if (read_i) assume (rst_n && read_addr_i < held_q);
    if (read_i) assume (!clear_i || clear_half_i != read_half_i);
  end

  // Where it lies: the banks hold two halves of two lines
  (* hierconn *) wire [1:0]
    \dut.g_bank[0].mem[0] , \dut.g_bank[0].mem[1] , \dut.g_bank[0].mem[2] , \dut.g_bank[0].mem[3] ,
    \dut.g_bank[1].mem[0] , \dut.g_bank[1].mem[1] , \dut.g_bank[1].mem[2] , \dut.g_bank[1].mem[3] ;
  wire [15:0] all = {
    \dut.g_bank[1].mem[3] , \dut.g_bank[0].mem[3] , \dut.g_bank[1].mem[2] , \dut.g_bank[0].mem[2] ,
    \dut.g_bank[1].mem[1] , \dut.g_bank[0].mem[1] , \dut.g_bank[1].mem[0] , \dut.g_bank[0].mem[0] };

  always @* begin
    if (rst_n) begin
      assert (\dut.held_0_q <= Entries && \dut.held_1_q <= Entries);
      if (read_i && read_half_i == write_half_i) assert (read_addr_i < fill);   // it is not written
      if (inside && here) assert (data == word);
      if (inside && behind) assert (next == word);
      // What makes it inductive
      if (inside) assert (addr < (half ? \dut.held_1_q : \dut.held_0_q ));
      if (inside) assert (all[{half, addr[1:0]}*2 +: 2] == word);
    end
  end

endmodule

`default_nettype wire
