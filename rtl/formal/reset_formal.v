// reset_formal: whatever state the array is in, reset gives the reset state, at once and until the
// first edge behind it, whatever stands at its inputs.
//
// Nothing is assumed: every register starts anyhow, and rst_ni falls and rises at will. The list is
// that of all registers with a reset (tests/rtl/test_formal.py reads them from the units); what has
// none is written before it is read (tests/rtl/test_unknown.py).
`default_nettype none

module reset_formal (
  input wire        clk_i,
  input wire        rst_ni,
  input wire        start_i,
  input wire        io_req_i,
  input wire        io_we_i,
  input wire [3:0]  io_mem_i,
  input wire [31:0] io_addr_i,
  input wire [63:0] io_wdata_i
);

  wire        idle, done;
  wire [63:0] io_rdata;
  reg         was_reset;
  always @(posedge clk_i) was_reset <= !rst_ni;

  eie_array #(
    .NPe(1), .ActQueueDepth(2), .WeightBits(1), .IndexBits(1), .SpmatWidthBits(4),
    .SpmatLines(2), .PointerBits(3), .PointerWords(4), .ActSramWords(2), .RegfileDepth(2),
    .ActivationBits(2), .WeightValueBits(2), .AccumulatorBits(2), .ProgramDepth(2), .Counters(1),
    .Trace(0), .StartCycles(3)
  ) dut (
    .clk_i(clk_i), .rst_ni(rst_ni), .start_i(start_i), .idle_o(idle), .done_o(done),
    .io_req_i(io_req_i), .io_we_i(io_we_i), .io_mem_i(io_mem_i), .io_pe_i(1'b0),
    .io_addr_i(io_addr_i), .io_wdata_i(io_wdata_i), .io_rdata_o(io_rdata)
  );

  (* hierconn *) wire [2:0] \dut.u_ccu.state_q ;
  (* hierconn *) wire [1:0] \dut.u_ccu.g_start.g_more.start_q ;
  (* hierconn *) wire \dut.u_ccu.done_q ;
  (* hierconn *) wire \dut.u_ccu.pass_q ;
  (* hierconn *) wire [1:0] \dut.u_ccu.drain_left_q ;
  (* hierconn *) wire [1:0] \dut.u_ccu.count_q ;
  (* hierconn *) wire \dut.u_ccu.addr_q ;
  (* hierconn *) wire \dut.u_ccu.u_scan.finished_q ;
  (* hierconn *) wire \dut.u_ccu.u_scan.bias_row_q ;
  (* hierconn *) wire \dut.u_ccu.u_scan.fresh_q ;
  (* hierconn *) wire \dut.u_ccu.u_scan.row_q ;
  (* hierconn *) wire [1:0] \dut.u_ccu.u_scan.rows_left_q ;
  (* hierconn *) wire \dut.u_ccu.u_scan.position_q ;
  (* hierconn *) wire [1:0] \dut.u_ccu.u_scan.row_column_q ;
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
  (* hierconn *) wire [31:0] \dut.u_ccu.g_counters.u_counters.passes ;
  (* hierconn *) wire [1:0] \dut.g_pe[0].u_pe.u_act_queue.count_q ;
  (* hierconn *) wire \dut.g_pe[0].u_pe.u_act_queue.head_q ;
  (* hierconn *) wire \dut.g_pe[0].u_pe.u_act_queue.tail_q ;
  (* hierconn *) wire \dut.g_pe[0].u_pe.u_ptr_read.odd_q ;
  (* hierconn *) wire \dut.g_pe[0].u_pe.u_spmat_read.busy_q ;
  (* hierconn *) wire \dut.g_pe[0].u_pe.u_spmat_read.first_q ;
  (* hierconn *) wire \dut.g_pe[0].u_pe.u_spmat_read.line_valid_q ;
  (* hierconn *) wire \dut.g_pe[0].u_pe.u_spmat_read.s1_valid_q ;
  (* hierconn *) wire \dut.g_pe[0].u_pe.u_arith_unit.s2_valid_q ;
  (* hierconn *) wire \dut.g_pe[0].u_pe.u_arith_unit.s3_valid_q ;
  (* hierconn *) wire \dut.g_pe[0].u_pe.u_arith_unit.s4_valid_q ;
  (* hierconn *) wire \dut.g_pe[0].u_pe.u_act_rw.select_q ;
  (* hierconn *) wire \dut.g_pe[0].u_pe.u_act_rw.load_q ;
  (* hierconn *) wire \dut.g_pe[0].u_pe.u_act_rw.bias_q ;
  (* hierconn *) wire [1:0] \dut.g_pe[0].u_pe.u_act_rw.u_file_0.written_q ;
  (* hierconn *) wire [1:0] \dut.g_pe[0].u_pe.u_act_rw.u_file_1.written_q ;
  (* hierconn *) wire [31:0] \dut.g_pe[0].u_pe.g_counters.u_counters.issued_entries ;
  (* hierconn *) wire [31:0] \dut.g_pe[0].u_pe.g_counters.u_counters.padding_entries ;
  (* hierconn *) wire [31:0] \dut.g_pe[0].u_pe.g_counters.u_counters.empty_column_cycles ;
  (* hierconn *) wire [31:0] \dut.g_pe[0].u_pe.g_counters.u_counters.hazard_stall_cycles ;
  (* hierconn *) wire [31:0] \dut.g_pe[0].u_pe.g_counters.u_counters.starved_cycles ;
  (* hierconn *) wire [31:0] \dut.g_pe[0].u_pe.g_counters.u_counters.blocking_cycles ;
  (* hierconn *) wire [31:0] \dut.g_pe[0].u_pe.g_counters.u_counters.queue_pushes ;
  (* hierconn *) wire [31:0] \dut.g_pe[0].u_pe.g_counters.u_counters.queue_pops ;
  (* hierconn *) wire [31:0] \dut.g_pe[0].u_pe.g_counters.u_counters.queue_occupancy_sum ;
  (* hierconn *) wire [31:0] \dut.g_pe[0].u_pe.g_counters.u_counters.queue_occupancy_max ;
  (* hierconn *) wire [31:0] \dut.g_pe[0].u_pe.g_counters.u_counters.spmat_line_reads ;
  (* hierconn *) wire [31:0] \dut.g_pe[0].u_pe.g_counters.u_counters.macs ;
  (* hierconn *) wire [31:0] \dut.g_pe[0].u_pe.g_counters.u_counters.saturations ;
  (* hierconn *) wire [31:0] \dut.g_pe[0].u_pe.g_counters.u_counters.adder_bypasses ;
  (* hierconn *) wire [31:0] \dut.g_pe[0].u_pe.g_counters.u_counters.write_bypasses ;
  (* hierconn *) wire [31:0] \dut.g_pe[0].u_pe.g_counters.u_counters.src_reg_reads ;
  (* hierconn *) wire [31:0] \dut.g_pe[0].u_pe.g_counters.u_counters.src_reg_writes ;
  (* hierconn *) wire [31:0] \dut.g_pe[0].u_pe.g_counters.u_counters.dst_reg_reads ;
  (* hierconn *) wire [31:0] \dut.g_pe[0].u_pe.g_counters.u_counters.dst_reg_writes ;
  (* hierconn *) wire [31:0] \dut.g_pe[0].u_pe.g_counters.u_counters.act_sram_reads ;
  (* hierconn *) wire [31:0] \dut.g_pe[0].u_pe.g_counters.u_counters.act_sram_writes ;

  reg begun = 1'b0;                           // was_reset tells of a cycle of this run
  always @(posedge clk_i) begun <= 1'b1;

  always @* begin
    if (!rst_ni || (begun && was_reset)) begin
      assert (idle && !done);
      assert (\dut.u_ccu.state_q == 0);
      assert (\dut.u_ccu.g_start.g_more.start_q == 0);
      assert (\dut.u_ccu.done_q == 0);
      assert (\dut.u_ccu.pass_q == 0);
      assert (\dut.u_ccu.drain_left_q == 0);
      assert (\dut.u_ccu.count_q == 0);
      assert (\dut.u_ccu.addr_q == 0);
      assert (\dut.u_ccu.u_scan.finished_q == 1);
      assert (\dut.u_ccu.u_scan.bias_row_q == 0);
      assert (\dut.u_ccu.u_scan.fresh_q == 0);
      assert (\dut.u_ccu.u_scan.row_q == 0);
      assert (\dut.u_ccu.u_scan.rows_left_q == 0);
      assert (\dut.u_ccu.u_scan.position_q == 0);
      assert (\dut.u_ccu.u_scan.row_column_q == 0);
      assert (\dut.u_ccu.g_counters.u_counters.cycles == 0);
      assert (\dut.u_ccu.g_counters.u_counters.start_cycles == 0);
      assert (\dut.u_ccu.g_counters.u_counters.load_cycles == 0);
      assert (\dut.u_ccu.g_counters.u_counters.drain_cycles == 0);
      assert (\dut.u_ccu.g_counters.u_counters.store_cycles == 0);
      assert (\dut.u_ccu.g_counters.u_counters.broadcasts == 0);
      assert (\dut.u_ccu.g_counters.u_counters.row_change_cycles == 0);
      assert (\dut.u_ccu.g_counters.u_counters.blocked_cycles == 0);
      assert (\dut.u_ccu.g_counters.u_counters.scan_idle_cycles == 0);
      assert (\dut.u_ccu.g_counters.u_counters.bias_cycles == 0);
      assert (\dut.u_ccu.g_counters.u_counters.passes == 0);
      assert (\dut.g_pe[0].u_pe.u_act_queue.count_q == 0);
      assert (\dut.g_pe[0].u_pe.u_act_queue.head_q == 0);
      assert (\dut.g_pe[0].u_pe.u_act_queue.tail_q == 0);
      assert (\dut.g_pe[0].u_pe.u_ptr_read.odd_q == 0);
      assert (\dut.g_pe[0].u_pe.u_spmat_read.busy_q == 0);
      assert (\dut.g_pe[0].u_pe.u_spmat_read.first_q == 0);
      assert (\dut.g_pe[0].u_pe.u_spmat_read.line_valid_q == 0);
      assert (\dut.g_pe[0].u_pe.u_spmat_read.s1_valid_q == 0);
      assert (\dut.g_pe[0].u_pe.u_arith_unit.s2_valid_q == 0);
      assert (\dut.g_pe[0].u_pe.u_arith_unit.s3_valid_q == 0);
      assert (\dut.g_pe[0].u_pe.u_arith_unit.s4_valid_q == 0);
      assert (\dut.g_pe[0].u_pe.u_act_rw.select_q == 0);
      assert (\dut.g_pe[0].u_pe.u_act_rw.load_q == 0);
      assert (\dut.g_pe[0].u_pe.u_act_rw.bias_q == 0);
      assert (\dut.g_pe[0].u_pe.u_act_rw.u_file_0.written_q == 0);
      assert (\dut.g_pe[0].u_pe.u_act_rw.u_file_1.written_q == 0);
      assert (\dut.g_pe[0].u_pe.g_counters.u_counters.issued_entries == 0);
      assert (\dut.g_pe[0].u_pe.g_counters.u_counters.padding_entries == 0);
      assert (\dut.g_pe[0].u_pe.g_counters.u_counters.empty_column_cycles == 0);
      assert (\dut.g_pe[0].u_pe.g_counters.u_counters.hazard_stall_cycles == 0);
      assert (\dut.g_pe[0].u_pe.g_counters.u_counters.starved_cycles == 0);
      assert (\dut.g_pe[0].u_pe.g_counters.u_counters.blocking_cycles == 0);
      assert (\dut.g_pe[0].u_pe.g_counters.u_counters.queue_pushes == 0);
      assert (\dut.g_pe[0].u_pe.g_counters.u_counters.queue_pops == 0);
      assert (\dut.g_pe[0].u_pe.g_counters.u_counters.queue_occupancy_sum == 0);
      assert (\dut.g_pe[0].u_pe.g_counters.u_counters.queue_occupancy_max == 0);
      assert (\dut.g_pe[0].u_pe.g_counters.u_counters.spmat_line_reads == 0);
      assert (\dut.g_pe[0].u_pe.g_counters.u_counters.macs == 0);
      assert (\dut.g_pe[0].u_pe.g_counters.u_counters.saturations == 0);
      assert (\dut.g_pe[0].u_pe.g_counters.u_counters.adder_bypasses == 0);
      assert (\dut.g_pe[0].u_pe.g_counters.u_counters.write_bypasses == 0);
      assert (\dut.g_pe[0].u_pe.g_counters.u_counters.src_reg_reads == 0);
      assert (\dut.g_pe[0].u_pe.g_counters.u_counters.src_reg_writes == 0);
      assert (\dut.g_pe[0].u_pe.g_counters.u_counters.dst_reg_reads == 0);
      assert (\dut.g_pe[0].u_pe.g_counters.u_counters.dst_reg_writes == 0);
      assert (\dut.g_pe[0].u_pe.g_counters.u_counters.act_sram_reads == 0);
      assert (\dut.g_pe[0].u_pe.g_counters.u_counters.act_sram_writes == 0);
    end
  end

endmodule

`default_nettype wire
