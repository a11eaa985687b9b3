// counters_formal: what the counters must add up to, in every cycle of any layers, modulo 8: an
// event adds one, so that no law can be broken by eight at once.
//
// Whole array of one PE with small memories of any content, any program. Assumed: start_i and I/O
// only while idle_o. A counter is behind its event by a cycle, so what is in flight stands beside it.
// Wires with hierconn are registers and wires of the array.
`default_nettype none

module counters_formal #(
  parameter integer Bypass = 1
) (
  input wire        clk_i,
  input wire        start_i,
  input wire        io_req_i,
  input wire        io_we_i,
  input wire [3:0]  io_mem_i,
  input wire [31:0] io_addr_i,
  input wire [63:0] io_wdata_i
);

  reg rst_n = 1'b0;
  always @(posedge clk_i) rst_n <= 1'b1;

  wire        idle, done;
  wire [63:0] io_rdata;

  eie_array #(
    .NPe(1), .ActQueueDepth(2), .WeightBits(1), .IndexBits(1), .SpmatWidthBits(4),
    .SpmatLines(2), .PointerBits(3), .PointerWords(4), .ActSramWords(2), .RegfileDepth(2),
    .ActivationBits(2), .WeightValueBits(2), .AccumulatorBits(2), .Bypass(Bypass),
    .ProgramDepth(2), .Counters(1), .Trace(0)
  ) dut (
    .clk_i(clk_i), .rst_ni(rst_n), .start_i(start_i && idle), .idle_o(idle), .done_o(done),
    .io_req_i(io_req_i && idle), .io_we_i(io_we_i && idle), .io_mem_i(io_mem_i), .io_pe_i(1'b0),
    .io_addr_i(io_addr_i), .io_wdata_i(io_wdata_i), .io_rdata_o(io_rdata)
  );

  (* hierconn *) wire [31:0] \dut.u_ccu.g_counters.u_counters.cycles ;
  (* hierconn *) wire [31:0] \dut.u_ccu.g_counters.u_counters.start_cycles ;
  (* hierconn *) wire [31:0] \dut.u_ccu.g_counters.u_counters.load_cycles ;
  (* hierconn *) wire [31:0] \dut.u_ccu.g_counters.u_counters.drain_cycles ;
  (* hierconn *) wire [31:0] \dut.u_ccu.g_counters.u_counters.store_cycles ;
  (* hierconn *) wire [31:0] \dut.u_ccu.g_counters.u_counters.broadcasts ;
  (* hierconn *) wire [31:0] \dut.u_ccu.g_counters.u_counters.row_change_cycles ;
  (* hierconn *) wire [31:0] \dut.u_ccu.g_counters.u_counters.blocked_cycles ;
  (* hierconn *) wire [31:0] \dut.u_ccu.g_counters.u_counters.scan_idle_cycles ;
  (* hierconn *) wire [31:0] \dut.u_ccu.g_counters.u_counters.bias_cycles ;
  (* hierconn *) wire [31:0] \dut.g_pe[0].u_pe.g_counters.u_counters.issued_entries ;
  (* hierconn *) wire [31:0] \dut.g_pe[0].u_pe.g_counters.u_counters.padding_entries ;
  (* hierconn *) wire [31:0] \dut.g_pe[0].u_pe.g_counters.u_counters.empty_column_cycles ;
  (* hierconn *) wire [31:0] \dut.g_pe[0].u_pe.g_counters.u_counters.hazard_stall_cycles ;
  (* hierconn *) wire [31:0] \dut.g_pe[0].u_pe.g_counters.u_counters.starved_cycles ;
  (* hierconn *) wire [31:0] \dut.g_pe[0].u_pe.g_counters.u_counters.queue_pushes ;
  (* hierconn *) wire [31:0] \dut.g_pe[0].u_pe.g_counters.u_counters.queue_pops ;
  (* hierconn *) wire [31:0] \dut.g_pe[0].u_pe.g_counters.u_counters.macs ;
  (* hierconn *) wire [31:0] \dut.g_pe[0].u_pe.g_counters.u_counters.src_reg_writes ;
  (* hierconn *) wire [31:0] \dut.g_pe[0].u_pe.g_counters.u_counters.dst_reg_reads ;
  (* hierconn *) wire [31:0] \dut.g_pe[0].u_pe.g_counters.u_counters.dst_reg_writes ;
  (* hierconn *) wire [31:0] \dut.g_pe[0].u_pe.g_counters.u_counters.act_sram_reads ;
  (* hierconn *) wire [31:0] \dut.g_pe[0].u_pe.g_counters.u_counters.act_sram_writes ;
  (* hierconn *) wire [2:0]  \dut.u_ccu.state_q ;
  (* hierconn *) wire [1:0]  \dut.u_ccu.drain_left_q ;
  (* hierconn *) wire [1:0]  \dut.g_pe[0].u_pe.queue_count ;
  (* hierconn *) wire        \dut.g_pe[0].u_pe.queue_valid ;
  (* hierconn *) wire        \dut.g_pe[0].u_pe.holds_column ;
  (* hierconn *) wire        \dut.g_pe[0].u_pe.s1_valid ;
  (* hierconn *) wire        \dut.g_pe[0].u_pe.mac ;
  (* hierconn *) wire        \dut.g_pe[0].u_pe.write ;
  (* hierconn *) wire        \dut.g_pe[0].u_pe.u_arith_unit.s3_valid_q ;
  (* hierconn *) wire        \dut.g_pe[0].u_pe.u_act_rw.load_q ;
  (* hierconn *) wire        \dut.g_pe[0].u_pe.u_act_rw.bias_q ;

  // Their lowest bits
  wire [2:0] cycles = \dut.u_ccu.g_counters.u_counters.cycles [2:0];
  wire [2:0] start_cycles = \dut.u_ccu.g_counters.u_counters.start_cycles [2:0];
  wire [2:0] load_cycles = \dut.u_ccu.g_counters.u_counters.load_cycles [2:0];
  wire [2:0] drain_cycles = \dut.u_ccu.g_counters.u_counters.drain_cycles [2:0];
  wire [2:0] store_cycles = \dut.u_ccu.g_counters.u_counters.store_cycles [2:0];
  wire [2:0] broadcasts = \dut.u_ccu.g_counters.u_counters.broadcasts [2:0];
  wire [2:0] row_change_cycles = \dut.u_ccu.g_counters.u_counters.row_change_cycles [2:0];
  wire [2:0] blocked_cycles = \dut.u_ccu.g_counters.u_counters.blocked_cycles [2:0];
  wire [2:0] scan_idle_cycles = \dut.u_ccu.g_counters.u_counters.scan_idle_cycles [2:0];
  wire [2:0] bias_cycles = \dut.u_ccu.g_counters.u_counters.bias_cycles [2:0];
  wire [2:0] issued_entries = \dut.g_pe[0].u_pe.g_counters.u_counters.issued_entries [2:0];
  wire [2:0] padding_entries = \dut.g_pe[0].u_pe.g_counters.u_counters.padding_entries [2:0];
  wire [2:0] empty_column_cycles = \dut.g_pe[0].u_pe.g_counters.u_counters.empty_column_cycles [2:0];
  wire [2:0] hazard_stall_cycles = \dut.g_pe[0].u_pe.g_counters.u_counters.hazard_stall_cycles [2:0];
  wire [2:0] starved_cycles = \dut.g_pe[0].u_pe.g_counters.u_counters.starved_cycles [2:0];
  wire [2:0] queue_pushes = \dut.g_pe[0].u_pe.g_counters.u_counters.queue_pushes [2:0];
  wire [2:0] queue_pops = \dut.g_pe[0].u_pe.g_counters.u_counters.queue_pops [2:0];
  wire [2:0] macs = \dut.g_pe[0].u_pe.g_counters.u_counters.macs [2:0];
  wire [2:0] src_reg_writes = \dut.g_pe[0].u_pe.g_counters.u_counters.src_reg_writes [2:0];
  wire [2:0] dst_reg_reads = \dut.g_pe[0].u_pe.g_counters.u_counters.dst_reg_reads [2:0];
  wire [2:0] dst_reg_writes = \dut.g_pe[0].u_pe.g_counters.u_counters.dst_reg_writes [2:0];
  wire [2:0] act_sram_reads = \dut.g_pe[0].u_pe.g_counters.u_counters.act_sram_reads [2:0];
  wire [2:0] act_sram_writes = \dut.g_pe[0].u_pe.g_counters.u_counters.act_sram_writes [2:0];
  wire [2:0]  state = \dut.u_ccu.state_q ;
  wire [1:0]  left  = \dut.u_ccu.drain_left_q ;
  wire [2:0]  count = \dut.g_pe[0].u_pe.queue_count ;
  wire        valid = \dut.g_pe[0].u_pe.queue_valid , holds = \dut.g_pe[0].u_pe.holds_column , in1 = \dut.g_pe[0].u_pe.s1_valid ;
  wire        in2   = \dut.g_pe[0].u_pe.mac , in3 = \dut.g_pe[0].u_pe.u_arith_unit.s3_valid_q , in4 = \dut.g_pe[0].u_pe.write ;
  wire [2:0]  early = in1 + in2, late = in3 + in4;
  wire [2:0]  words = \dut.g_pe[0].u_pe.u_act_rw.load_q + \dut.g_pe[0].u_pe.u_act_rw.bias_q ;
  wire [2:0]  computes = broadcasts + row_change_cycles + blocked_cycles + scan_idle_cycles;

  localparam [2:0] Idle = 3'd0, Load = 3'd2, Compute = 3'd3, Drain = 3'd4, Bias = 3'd6;

  always @* begin
    if (rst_n) begin
      // A cycle of a layer is spent on one thing, and a compute cycle of a PE too
      assert (cycles == start_cycles + load_cycles + bias_cycles + computes + drain_cycles
                        + store_cycles);
      assert (computes == issued_entries + empty_column_cycles + hazard_stall_cycles
                          + starved_cycles);
      // What is broadcast is pushed, waits, and is popped
      assert (queue_pushes == broadcasts);
      assert (queue_pushes == queue_pops + count);
      // An entry is padding or a product; a product is written
      assert (issued_entries == padding_entries + macs + early);
      assert (dst_reg_writes + src_reg_writes + late + words == macs + act_sram_reads);
      assert (dst_reg_reads == macs + act_sram_writes);
      assert (act_sram_writes == store_cycles);
      if (done) assert (queue_pushes == queue_pops && issued_entries == padding_entries + macs
                        && dst_reg_writes + src_reg_writes == macs + act_sram_reads);

      // What makes it inductive
      assert (count <= 2 && valid == (count != 0));
      if (state != Compute) assert (count == 0 && {valid, holds, in1} == 0);
      if (state == Drain) assert (left <= 2);
      if (state == Drain && left <= 1) assert (in2 == 0);
      if (state == Drain && left == 0) assert (in3 == 0);
      if (state != Compute && state != Drain) assert ({in2, in3, in4} == 0);
      if (words != 0) assert (words == 1 && (state == Load || state == Bias));
      if (done) assert (state == Idle);
    end
  end

endmodule

`default_nettype wire
