// multiplication_formal: no column is broadcast and no entry read before it was filled, every column
// is worked through once and in order, and a multiplication always ends.
//
// One multiplication: spmv_control, and of one PE queue, ese_ptr_read and weight_read; what other PEs
// say is any. The pointers are any (ping_pong_buffer_formal has that they are read rightly). Assumed
// of the loader: a column that has arrived has all its entries in the buffer; what has arrived stays.
// It ends because a number that is never negative falls: `rank`, what is left of every column in
// this PE. It never rises, and falls in every cycle in which the PE holds a column, so if any PE is
// busy the sum over all PEs falls; `all`, with start and drain, falls whenever none of the others is.
`default_nettype none

module multiplication_formal #(
  parameter integer Depth       = 2,          // of the queue, at most 2
  parameter integer StartCycles = 1,
  parameter integer WholeMatrix = 0
) (
  input wire       clk_i,
  input wire       begin_i,
  input wire [1:0] arrived_i,
  input wire [2:0] held_i,                    // entries in the buffer
  input wire       others_full_i,
  input wire       others_busy_i
);

  reg rst_n = 1'b0;
  always @(posedge clk_i) rst_n <= 1'b1;

  (* anyconst *) wire [1:0]  n_columns;
  (* anyconst *) wire [11:0] pointers;        // where columns 0, 1, 2 begin, and where 2 ends

  reg  begun = 1'b0;
  wire begins = begin_i && rst_n && !begun;
  always @(posedge clk_i) if (begins) begun <= 1'b1;

  reg [1:0] arrived = 2'd0;
  reg [2:0] held = 3'd0;
  always @(posedge clk_i) begin
    arrived <= arrived_i;
    held    <= held_i;
  end
  wire whole = arrived == n_columns;

  wire       broadcast, active, start, drain, compute, wait_unused, blocked, idle_unused;
  wire       full, valid, pop, free, issue, empty, holds;
  wire       head_act, first_unused, s1_unused, act_unused, stage_unused;
  wire [1:0] column, head, count;
  wire [2:0] entry;

  spmv_control #(
    .StartCycles(StartCycles), .WholeMatrix(WholeMatrix), .ColumnBits(2)
  ) u_control (
    .clk_i(clk_i), .rst_ni(rst_n), .begin_i(begins), .n_columns_i(n_columns),
    .arrived_i(arrived), .whole_i(whole), .full_i(full || others_full_i),
    .busy_i(valid || holds || others_busy_i), .broadcast_o(broadcast), .column_o(column),
    .active_o(active), .start_o(start), .compute_o(compute), .fetch_wait_o(wait_unused),
    .blocked_o(blocked), .idle_o(idle_unused), .drain_o(drain)
  );

  act_queue #(
    .Depth(Depth), .Width(3), .CountBits(2)
  ) u_queue (
    .clk_i(clk_i), .rst_ni(rst_n), .push_i(broadcast), .data_i({column, 1'b0}), .full_o(full),
    .valid_o(valid), .data_o({head, head_act}), .pop_i(pop), .count_o(count)
  );

  ese_ptr_read #(
    .ActivationBits(1)
  ) u_ptr_read (
    .clk_i(clk_i), .valid_i(valid), .activation_i(head_act), .free_i(free), .pop_o(pop),
    .activation_o(act_unused)
  );

  reg [1:0] at_q;                             // the column that is read
  always @(posedge clk_i) if (pop) at_q <= head;
  wire [3:0] at = {2'd0, at_q};
  wire [2:0] first = pointers[at*3 +: 3];
  wire [2:0] last  = pointers[(at + 4'd1)*3 +: 3];

  weight_read #(
    .PointerBits(3), .ActivationBits(1)
  ) u_weight_read (
    .clk_i(clk_i), .rst_ni(rst_n), .pop_i(pop), .begin_i(first), .end_i(last),
    .activation_i(1'b0), .free_o(free), .issue_o(issue), .entry_o(entry), .valid_o(s1_unused),
    .first_o(first_unused), .activation_o(stage_unused), .busy_o(holds), .empty_o(empty)
  );

  (* hierconn *) wire [6:0] \u_control.start_q ;
  (* hierconn *) wire [2:0] \u_control.drain_q ;
  (* hierconn *) wire [1:0] \u_control.next_q ;
  (* hierconn *) wire [0:0] \u_weight_read.first_q ;
  (* hierconn *) wire [2:0] \u_weight_read.next_q ;
  (* hierconn *) wire [0:0] \u_queue.head_q , \u_queue.tail_q ;
  (* hierconn *) wire [2:0] \u_queue.mem[0] , \u_queue.mem[1] ;
  wire [1:0] next = \u_control.next_q ;
  wire [1:0] oldest = next - count;           // the column at the queue's head
  wire       more = (Depth == 1) ? 1'b0 : ~\u_queue.head_q ;
  wire [2:0] slot_0 = \u_queue.head_q ? \u_queue.mem[1] : \u_queue.mem[0] ;
  wire [2:0] slot_1 = \u_queue.head_q ? \u_queue.mem[0] : \u_queue.mem[1] ;

  // What is left: of columns to come, in the queue, in work
  wire [3:0] left = (first == last || entry == last) ? 4'd1 : {1'b0, last} - {1'b0, entry};
  wire [4:0] part_0, part_1, part_2;
  function [4:0] part;
    input [1:0] number;
    input [2:0] from, to;
    reg   [4:0] work;
    begin
      work = (from == to) ? 5'd1 : {2'd0, to} - {2'd0, from};
      part = (number >= n_columns) ? 5'd0 : (number >= next) ? work + 5'd2
             : (number >= oldest && count != 2'd0) ? work + 5'd1 : 5'd0;
    end
  endfunction
  wire [6:0] rank = part(2'd0, pointers[2:0], pointers[5:3])
                    + part(2'd1, pointers[5:3], pointers[8:6])
                    + part(2'd2, pointers[8:6], pointers[11:9]) + (holds ? left : 4'd0);
  wire [7:0] tail = !active ? 8'd0 : (\u_control.drain_q != 3'd0) ? \u_control.drain_q : 8'd4;
  wire [7:0] all  = rank + \u_control.start_q + tail;

  reg [6:0] rank_was;
  reg [7:0] all_was;
  reg       ran = 1'b0, worked = 1'b0, alone = 1'b0;
  always @(posedge clk_i) begin
    rank_was <= rank;
    all_was  <= all;
    ran      <= begun && active;
    worked   <= valid || holds;
    alone    <= begun && active && whole && !others_full_i && !others_busy_i;
  end

  always @* begin
    assume (n_columns != 2'd0);
    assume (pointers[2:0] == 3'd0 && pointers[5:3] <= pointers[8:6]
            && pointers[8:6] <= pointers[11:9]);
    assume (arrived_i >= arrived && arrived_i <= n_columns && held_i >= held);
    assume (held_i >= pointers[{2'd0, arrived_i}*3 +: 3]);
    if (rst_n) begin
      if (broadcast) assert ((WholeMatrix != 0) ? whole : column < arrived);
      if (broadcast) assert (!full);              // what act_queue_formal assumes
      if (pop) assert (valid);
      if (issue) assert (entry < held);
      if (pop) assert (head == oldest);
      if (ran) assert (rank <= rank_was);
      if (ran && worked) assert (rank < rank_was);
      if (alone) assert (all < all_was);
      assert (!(valid || holds) || (active && \u_control.drain_q == 3'd0));

      // What makes it inductive
      assert (next <= n_columns && count <= next && count <= Depth);
      assert ((WholeMatrix != 0) ? (next == 2'd0 || whole) : next <= arrived);
      assert (arrived <= n_columns && held >= pointers[{2'd0, arrived}*3 +: 3]);
      if (count >= 2'd1) assert (slot_0[2:1] == oldest);
      if (count == 2'd2) assert (slot_1[2:1] == oldest + 2'd1);
      assert (\u_queue.tail_q == ((Depth == 1) ? 1'b0 : \u_queue.head_q ^ count[0]));
      if (Depth == 1) assert (\u_queue.head_q == 1'b0);
      if (holds) assert (oldest != 2'd0 && at_q == oldest - 2'd1);
      if (holds && !\u_weight_read.first_q )
        assert (\u_weight_read.next_q > first && \u_weight_read.next_q < last);
      if (!begun) assert (!active && next == 2'd0);
      if (!active) assert (\u_control.drain_q == 3'd0 && \u_control.start_q == 7'd0);
      if (active && \u_control.start_q != 7'd0) assert (next == 2'd0 && \u_control.drain_q == 3'd0);
      assert (\u_control.drain_q <= 3'd3 && \u_control.start_q <= StartCycles);
      if (\u_control.drain_q != 3'd0) assert (next == n_columns && active);
      if (begun && !active) assert (next == n_columns);
    end
  end

endmodule

`default_nettype wire
