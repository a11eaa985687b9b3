// act_queue_formal: the queue never overflows or underflows, and loses or reorders nothing.
//
// Assumed: push_i only while !full_o, pop_i only while valid_o; eie_array_formal proves both of the
// array. Any one word is followed from its push to its pop: as any word may be the one, it holds
// for all. Wires with hierconn are the unit's own registers of that name (flattened).
`default_nettype none

module act_queue_formal #(
  parameter integer Depth     = 8,            // at most 8
  parameter integer CountBits = 4,            // log2(Depth + 1)
  parameter integer SlotBits  = 3             // at least 1 and log2(Depth)
) (
  input wire       clk_i,
  input wire       push_i,
  input wire       pop_i,
  input wire       follow_i,                  // this push is the one to follow
  input wire [1:0] data_i
);

  localparam integer Width = 2;               // the queue does not look at its data

  reg rst_n = 1'b0;
  always @(posedge clk_i) rst_n <= 1'b1;

  wire                 full, valid;
  wire [Width-1:0]     data;
  wire [CountBits-1:0] count;
  wire                 push = push_i && !full && rst_n;
  wire                 pop  = pop_i && valid && rst_n;

  act_queue #(
    .Depth(Depth), .Width(Width), .CountBits(CountBits)
  ) dut (
    .clk_i(clk_i), .rst_ni(rst_n), .push_i(push), .data_i(data_i), .full_o(full),
    .valid_o(valid), .data_o(data), .pop_i(pop), .count_o(count)
  );

  (* hierconn *) wire [SlotBits-1:0] \dut.head_q ;
  (* hierconn *) wire [SlotBits-1:0] \dut.tail_q ;
  (* hierconn *) wire [Width-1:0] \dut.mem[0] , \dut.mem[1] , \dut.mem[2] , \dut.mem[3] ,
                                  \dut.mem[4] , \dut.mem[5] , \dut.mem[6] , \dut.mem[7] ;
  wire [8*Width-1:0] slots = {\dut.mem[7] , \dut.mem[6] , \dut.mem[5] , \dut.mem[4] ,
                              \dut.mem[3] , \dut.mem[2] , \dut.mem[1] , \dut.mem[0] };

  // The word that is followed, and how many are ahead of it
  reg                 inside = 1'b0;
  reg [Width-1:0]     word;
  reg [CountBits-1:0] ahead;
  reg [CountBits-1:0] held = 0;               // pushes less pops

  always @(posedge clk_i) begin
    held <= held + push - pop;
    if (!inside) begin
      inside <= push && follow_i;
      word   <= data_i;
      ahead  <= held - pop;
    end else if (pop) begin
      inside <= ahead != 0;
      ahead  <= ahead - 1'b1;
    end
  end

  wire [CountBits+1:0] tail_slot = \dut.head_q + held;
  wire [CountBits+1:0] word_slot = \dut.head_q + ahead;

  always @* begin
    if (rst_n) begin
      assert (held <= Depth);                             // neither over- nor underflow
      assert (count == held);
      assert (full == (held == Depth));
      assert (valid == (held != 0));
      if (inside) assert (ahead < held);                  // it is not lost
      if (inside && ahead == 0) assert (data == word);    // it comes out whole, in its turn

      // What makes it inductive
      assert (\dut.head_q < Depth);
      assert (\dut.tail_q == (tail_slot >= Depth ? tail_slot - Depth : tail_slot));
      if (inside)
        assert (slots[(word_slot >= Depth ? word_slot - Depth : word_slot)*Width +: Width] == word);
    end
  end

endmodule

`default_nettype wire
