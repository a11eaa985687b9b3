// eie_array_formal: no broadcast while any queue is full; done means that all queues and pipelines
// are empty; nothing is lost or doubled on the way from the queue to the accumulator write.
//
// Two PEs with small memories of any content, any program, any layers one after the other. Assumed:
// start_i and I/O only while idle_o. Also proved here: what act_queue_formal and spmat_read_formal
// assume of the units around them. Wires with hierconn are signals of the array; bit p of a vector
// belongs to PE p.
`default_nettype none

module eie_array_formal #(
  parameter integer ActQueueDepth = 2,        // at most 3
  parameter integer Bypass        = 1,
  parameter integer Gather        = 0
) (
  input wire        clk_i,
  input wire        start_i,
  input wire        io_req_i,
  input wire        io_we_i,
  input wire [3:0]  io_mem_i,
  input wire        io_pe_i,
  input wire [31:0] io_addr_i,
  input wire [63:0] io_wdata_i
);

  localparam integer CountBits = (ActQueueDepth > 1) ? 2 : 1;

  reg rst_n = 1'b0;
  always @(posedge clk_i) rst_n <= 1'b1;

  wire        idle, done;
  wire [63:0] io_rdata;
  wire        trace_bits;

  eie_array #(
    .NPe(2), .ActQueueDepth(ActQueueDepth), .WeightBits(1), .IndexBits(1), .SpmatWidthBits(4),
    .SpmatLines(2), .PointerBits(3), .PointerWords(4), .ActSramWords(2), .RegfileDepth(2),
    .ActivationBits(2), .WeightValueBits(2), .AccumulatorBits(2), .Bypass(Bypass),
    .ProgramDepth(2), .Gather(Gather), .Counters(0), .Trace(0)
  ) dut (
    .clk_i(clk_i), .rst_ni(rst_n), .start_i(start_i && idle), .idle_o(idle), .done_o(done),
    .io_req_i(io_req_i && idle), .io_we_i(io_we_i && idle), .io_mem_i(io_mem_i),
    .io_pe_i(io_pe_i), .io_addr_i(io_addr_i), .io_wdata_i(io_wdata_i), .io_rdata_o(io_rdata)
  );

  (* hierconn *) wire       \dut.broadcast ;
  (* hierconn *) wire [1:0] \dut.full ;
  (* hierconn *) wire [2:0] \dut.u_ccu.state_q ;
  (* hierconn *) wire [1:0] \dut.u_ccu.drain_left_q ;
  (* hierconn *) wire \dut.g_pe[0].u_pe.u_act_queue.push_i , \dut.g_pe[1].u_pe.u_act_queue.push_i ;
  (* hierconn *) wire \dut.g_pe[0].u_pe.queue_valid , \dut.g_pe[1].u_pe.queue_valid ;
  (* hierconn *) wire \dut.g_pe[0].u_pe.pop , \dut.g_pe[1].u_pe.pop ;
  (* hierconn *) wire \dut.g_pe[0].u_pe.free , \dut.g_pe[1].u_pe.free ;
  (* hierconn *) wire \dut.g_pe[0].u_pe.holds_column , \dut.g_pe[1].u_pe.holds_column ;
  (* hierconn *) wire \dut.g_pe[0].u_pe.issue , \dut.g_pe[1].u_pe.issue ;
  (* hierconn *) wire \dut.g_pe[0].u_pe.s1_valid , \dut.g_pe[1].u_pe.s1_valid ;
  (* hierconn *) wire \dut.g_pe[0].u_pe.s1_wait , \dut.g_pe[1].u_pe.s1_wait ;
  (* hierconn *) wire \dut.g_pe[0].u_pe.padding , \dut.g_pe[1].u_pe.padding ;
  (* hierconn *) wire \dut.g_pe[0].u_pe.mac , \dut.g_pe[1].u_pe.mac ;
  (* hierconn *) wire \dut.g_pe[0].u_pe.u_arith_unit.s3_valid_q ,
                      \dut.g_pe[1].u_pe.u_arith_unit.s3_valid_q ;
  (* hierconn *) wire \dut.g_pe[0].u_pe.write , \dut.g_pe[1].u_pe.write ;
  (* hierconn *) wire \dut.g_pe[0].u_pe.u_act_rw.write_i , \dut.g_pe[1].u_pe.u_act_rw.write_i ;
  (* hierconn *) wire [CountBits-1:0] \dut.g_pe[0].u_pe.queue_count ,
                                      \dut.g_pe[1].u_pe.queue_count ;

  wire [1:0] push  = {\dut.g_pe[1].u_pe.u_act_queue.push_i , \dut.g_pe[0].u_pe.u_act_queue.push_i };
  wire [1:0] valid = {\dut.g_pe[1].u_pe.queue_valid , \dut.g_pe[0].u_pe.queue_valid };
  wire [1:0] pop   = {\dut.g_pe[1].u_pe.pop , \dut.g_pe[0].u_pe.pop };
  wire [1:0] free  = {\dut.g_pe[1].u_pe.free , \dut.g_pe[0].u_pe.free };
  wire [1:0] holds = {\dut.g_pe[1].u_pe.holds_column , \dut.g_pe[0].u_pe.holds_column };
  wire [1:0] issue = {\dut.g_pe[1].u_pe.issue , \dut.g_pe[0].u_pe.issue };
  wire [1:0] in1   = {\dut.g_pe[1].u_pe.s1_valid , \dut.g_pe[0].u_pe.s1_valid };
  wire [1:0] waits = {\dut.g_pe[1].u_pe.s1_wait , \dut.g_pe[0].u_pe.s1_wait };
  wire [1:0] skip  = {\dut.g_pe[1].u_pe.padding , \dut.g_pe[0].u_pe.padding };
  wire [1:0] in2   = {\dut.g_pe[1].u_pe.mac , \dut.g_pe[0].u_pe.mac };
  wire [1:0] in3   = {\dut.g_pe[1].u_pe.u_arith_unit.s3_valid_q ,
                      \dut.g_pe[0].u_pe.u_arith_unit.s3_valid_q };
  wire [1:0] in4   = {\dut.g_pe[1].u_pe.write , \dut.g_pe[0].u_pe.write };
  wire [1:0] write = {\dut.g_pe[1].u_pe.u_act_rw.write_i , \dut.g_pe[0].u_pe.u_act_rw.write_i };
  wire [2*CountBits-1:0] counts = {\dut.g_pe[1].u_pe.queue_count , \dut.g_pe[0].u_pe.queue_count };

  localparam [2:0] Compute = 3'd3, Drain = 3'd4;
  wire in_drain = \dut.u_ccu.state_q == Drain;
  wire quiet    = \dut.u_ccu.state_q != Compute;   // the scan stands still
  wire empty    = !in_drain && quiet;

  always @* begin
    if (rst_n) begin
      assert (!(\dut.broadcast && |\dut.full ));
      assert ((push & \dut.full ) == 0);
      assert ((pop & ~(valid & free)) == 0);
      assert ((waits & ~in1) == 0);
      if (done) assert (counts == 0 && {valid, holds, in1, in2, in3, in4} == 0);

      // What makes it inductive
      if (quiet) assert (counts == 0 && {valid, holds, in1} == 0);
      if (in_drain) assert (\dut.u_ccu.drain_left_q <= 2);
      if (in_drain && \dut.u_ccu.drain_left_q <= 1) assert (in2 == 0);
      if (in_drain && \dut.u_ccu.drain_left_q == 0) assert (in3 == 0);
      if (empty) assert ({in2, in3, in4} == 0);
      if (done) assert (empty);
    end
  end

  // Per PE: what went in less what came out is what is inside, modulo 8
  genvar p;
  generate
    for (p = 0; p < 2; p = p + 1) begin : g_flow
      reg  [2:0] pushed = 0, popped = 0, issued = 0, skipped = 0, entered = 0, written = 0;
      wire [2:0] inside = in2[p] + in3[p] + in4[p];
      always @(posedge clk_i) begin
        pushed  <= pushed + push[p];
        popped  <= popped + pop[p];
        issued  <= issued + issue[p];
        skipped <= skipped + skip[p];
        entered <= entered + (in1[p] && !waits[p] && !skip[p]);
        written <= written + write[p];
      end
      wire [2:0] in_queue = pushed - popped, in_stage_1 = issued - skipped - entered;
      wire [2:0] in_pipeline = entered - written;
      always @* if (rst_n) begin
        assert (in_queue == counts[p*CountBits +: CountBits]);
        assert (in_queue <= ActQueueDepth);
        assert (in_stage_1 == in1[p]);        // each entry leaves stage 1 once
        assert (in_pipeline == inside);       // and is written once
        if (done) assert (pushed == popped && issued - skipped == written);
      end
    end
  endgenerate

endmodule

`default_nettype wire
