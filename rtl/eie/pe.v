// pe: one processing element of EIE: the units of the non-zeros it owns, wired.
//
//   broadcast -> act_queue -> ptr_read -> spmat_read -> weight_decoder, arith_unit <-> act_rw
//
// Model: accelsim/machines/eie/reference/pe.py; EIE (ISCA 2016) sec. IV, Fig. 4; contract "One PE".
// Timing of a column without waiting: broadcast in cycle t, head of the queue in t + 1 (pointer
// addresses out), issue slot in t + 2 (pointers here, SpMat address out), stage 1 in t + 3, 2 in
// t + 4, 3 in t + 5, 4 in t + 6 (accumulator written), in the file from t + 7 on.
// A PE of your own needs these ports, this timing and the I/O map below; see rtl/README.md.
//
// I/O mode, only while !running_i. A write takes one cycle. Of a read the data are there in the
// next cycle, in which the request must still stand. io_mem_i selects:
//   0 pointers          word j: first entry of column j    4 source file       word: row
//   1 sparse matrix     word: line                         5 destination file  word: row
//   2 codebooks         word: {table, code}, write only             6 counters          read only
//   3 activation SRAM   word
`default_nettype none

module pe #(
  parameter integer ActQueueDepth   = 8,
  parameter integer WeightBits      = 4,
  parameter integer IndexBits       = 4,
  parameter integer SpmatWidthBits  = 64,
  parameter integer SpmatLines      = 16384,
  parameter integer PointerBits     = 16,
  parameter integer PointerWords    = 16384,
  parameter integer ActSramWords    = 1024,
  parameter integer RegfileDepth    = 64,
  parameter integer ActivationBits  = 16,
  parameter integer WeightValueBits = 16,
  parameter integer AccumulatorBits = 16,
  parameter integer Bypass          = 1,
  parameter integer Counters        = 1,    // 0 leaves the counters out: they read as zero
  parameter integer Trace           = 0,    // 1 drives trace_o
  parameter integer Multiplier      = 0,    // of arith_unit: 0 multiplies, 1 shifts, 2 adds
  parameter integer DecoderTables   = 1,    // codebooks of the weight decoder
  // Derived; leave them alone
  parameter integer CountBits     = $clog2(ActQueueDepth + 1),
  parameter integer LineBits      = (SpmatLines > 1) ? $clog2(SpmatLines) : 1,
  parameter integer ColumnBits    = (PointerWords > 2) ? $clog2(PointerWords) : 1,
  parameter integer ActAddrBits   = (ActSramWords > 1) ? $clog2(ActSramWords) : 1,
  parameter integer RowBits       = (RegfileDepth > 1) ? $clog2(RegfileDepth) : 1,
  parameter integer RegisterBits  =
      (ActivationBits > AccumulatorBits) ? ActivationBits : AccumulatorBits,
  parameter integer TableBits     = (DecoderTables > 1) ? $clog2(DecoderTables) : 1,
  parameter integer WordBits      =           // of the weight decoder
      (Multiplier == 1) ? $clog2(WeightValueBits) + 2 : WeightValueBits,
  parameter integer ShiftBits     = $clog2(WeightValueBits + ActivationBits + 1),
  parameter integer ReadShiftBits = $clog2(RegisterBits + 1),
  parameter integer CounterBits   = 32,
  parameter integer IoDataBits    = (SpmatWidthBits > 64) ? SpmatWidthBits : 64,
  parameter integer PeTraceBits   =
      CountBits + 3*ColumnBits + 2*PointerBits + LineBits + WeightBits + IndexBits
      + WordBits + 3*RowBits + 2*AccumulatorBits + 3*ActivationBits + 2*RegisterBits + 14
) (
  input  wire                      clk_i,
  input  wire                      rst_ni,        // asynchronous, active low
  // Broadcast bus
  input  wire                      push_i,        // only while !full_o
  input  wire [ColumnBits-1:0]     column_i,      // as the address of its first pointer
  input  wire [ActivationBits-1:0] activation_i,
  output wire                      full_o,
  // Control, the same for all PEs
  input  wire                      layer_start_i, // counters become zero
  input  wire                      running_i,     // a layer runs
  input  wire                      compute_i,     // a cycle of a compute phase
  input  wire                      blocked_i,     // the broadcast was held back
  input  wire                      pass_start_i,  // a pass begins behind this cycle
  input  wire                      swap_i,        // with pass_start_i
  input  wire                      clear_i,       // with pass_start_i
  input  wire                      relu_i,        // these four are stable during a pass
  input  wire [ReadShiftBits-1:0]  read_shift_i,
  input  wire [ShiftBits-1:0]      shift_i,
  input  wire [TableBits-1:0]      table_i,       // codebook
  input  wire                      load_i,
  input  wire                      bias_load_i,
  input  wire                      store_i,
  input  wire [RowBits-1:0]        batch_row_i,
  input  wire [ActAddrBits-1:0]    batch_addr_i,
  output wire                      busy_o,        // the compute phase must go on
  // Scan, combinational
  input  wire [RowBits-1:0]        scan_row_i,
  input  wire                      scan_read_i,   // the row is new
  output wire [ActivationBits-1:0] scan_value_o,
  // I/O mode
  input  wire                      io_req_i,
  input  wire                      io_we_i,
  input  wire [2:0]                io_mem_i,
  input  wire [31:0]               io_addr_i,
  input  wire [IoDataBits-1:0]     io_wdata_i,
  output wire [IoDataBits-1:0]     io_rdata_o,    // zero while !io_req_i
  // What happens in this cycle; pe_trace_fields of accelsim/machines/eie/rtl/params.py
  output wire [PeTraceBits-1:0]    trace_o
);

  wire io_pointers    = io_req_i && io_mem_i == 3'd0;
  wire io_spmat       = io_req_i && io_mem_i == 3'd1;
  wire io_codebook    = io_req_i && io_mem_i == 3'd2;
  wire io_act_sram    = io_req_i && io_mem_i == 3'd3;
  wire io_source      = io_req_i && io_mem_i == 3'd4;
  wire io_destination = io_req_i && io_mem_i == 3'd5;
  wire io_counter     = io_req_i && io_mem_i == 3'd6;
  wire unused_io      = ^{io_addr_i, io_wdata_i};

  wire                       queue_valid, pop, free, fresh, issue, empty, line_read, load_write;
  wire                       bias_write, dst_write;
  wire [CountBits-1:0]       queue_count;
  wire [ColumnBits-1:0]      head_column, even_word, odd_word;
  wire [ActivationBits-1:0]  head_activation, column_activation, s1_activation;
  wire [PointerBits-1:0]     first_entry, end_entry, io_pointer_data;
  wire                       holds_column, s1_valid, s1_first, s1_wait;
  wire [WeightBits-1:0]      s1_code;
  wire [IndexBits-1:0]       s1_run;
  wire [WordBits-1:0]        s1_weight;
  wire [LineBits-1:0]        line;
  wire [SpmatWidthBits-1:0]  io_spmat_data;
  wire [RowBits-1:0]         read_row, write_row, dst_row;
  wire [AccumulatorBits-1:0] read_value, write_value;
  wire                       write, padding, mac, adder_bypass, write_bypass, saturation;
  wire [RegisterBits-1:0]    io_sram_data, io_source_data, io_destination_data;
  wire [RegisterBits-1:0]    dst_value, sram_value;
  wire [CounterBits-1:0]     counter;

  act_queue #(
    .Depth(ActQueueDepth), .Width(ColumnBits + ActivationBits), .CountBits(CountBits)
  ) u_act_queue (
    .clk_i(clk_i), .rst_ni(rst_ni), .push_i(push_i), .data_i({column_i, activation_i}),
    .full_o(full_o), .valid_o(queue_valid), .data_o({head_column, head_activation}),
    .pop_i(pop), .count_o(queue_count)
  );

  ptr_read #(
    .PointerBits(PointerBits), .PointerWords(PointerWords), .ColumnBits(ColumnBits),
    .ActivationBits(ActivationBits)
  ) u_ptr_read (
    .clk_i(clk_i), .rst_ni(rst_ni), .valid_i(queue_valid), .column_i(head_column),
    .activation_i(head_activation), .pop_o(pop), .free_i(free), .begin_o(first_entry),
    .end_o(end_entry), .activation_o(column_activation), .even_word_o(even_word),
    .odd_word_o(odd_word), .io_en_i(io_pointers), .io_we_i(io_we_i),
    .io_addr_i(io_addr_i[ColumnBits-1:0]), .io_wdata_i(io_wdata_i[PointerBits-1:0]),
    .io_rdata_o(io_pointer_data)
  );

  spmat_read #(
    .WeightBits(WeightBits), .IndexBits(IndexBits), .SpmatWidthBits(SpmatWidthBits),
    .SpmatLines(SpmatLines), .LineBits(LineBits), .PointerBits(PointerBits),
    .ActivationBits(ActivationBits)
  ) u_spmat_read (
    .clk_i(clk_i), .rst_ni(rst_ni), .start_i(pass_start_i), .pop_i(pop), .begin_i(first_entry),
    .end_i(end_entry), .activation_i(column_activation), .free_o(free), .valid_o(s1_valid),
    .first_o(s1_first), .code_o(s1_code), .run_o(s1_run), .activation_o(s1_activation),
    .wait_i(s1_wait), .busy_o(holds_column), .fresh_o(fresh),
    .issue_o(issue), .empty_o(empty),
    .line_read_o(line_read), .line_o(line), .io_en_i(io_spmat), .io_we_i(io_we_i),
    .io_addr_i(io_addr_i[LineBits-1:0]), .io_wdata_i(io_wdata_i[SpmatWidthBits-1:0]),
    .io_rdata_o(io_spmat_data)
  );

  weight_decoder #(
    .WeightBits(WeightBits), .WeightValueBits(WordBits), .Tables(DecoderTables),
    .TableBits(TableBits)
  ) u_weight_decoder (
    .clk_i(clk_i), .table_i(table_i), .code_i(s1_code), .weight_o(s1_weight),
    .write_i(io_codebook && io_we_i), .write_table_i(io_addr_i[WeightBits +: TableBits]),
    .write_code_i(io_addr_i[WeightBits-1:0]), .write_weight_i(io_wdata_i[WordBits-1:0])
  );

  arith_unit #(
    .IndexBits(IndexBits), .RowBits(RowBits), .ActivationBits(ActivationBits),
    .WeightValueBits(WeightValueBits), .AccumulatorBits(AccumulatorBits), .ShiftBits(ShiftBits),
    .Bypass(Bypass), .Multiplier(Multiplier), .WordBits(WordBits)
  ) u_arith_unit (
    .clk_i(clk_i), .rst_ni(rst_ni), .shift_i(shift_i), .valid_i(s1_valid), .first_i(s1_first),
    .padding_i(s1_code == {WeightBits{1'b0}}), .run_i(s1_run), .weight_i(s1_weight),
    .activation_i(s1_activation), .wait_o(s1_wait), .read_row_o(read_row),
    .read_value_i(read_value), .write_o(write), .write_row_o(write_row),
    .write_value_o(write_value), .padding_o(padding), .mac_o(mac),
    .adder_bypass_o(adder_bypass), .write_bypass_o(write_bypass), .saturation_o(saturation)
  );

  act_rw #(
    .RegfileDepth(RegfileDepth), .RowBits(RowBits), .ActSramWords(ActSramWords),
    .ActAddrBits(ActAddrBits), .ActivationBits(ActivationBits),
    .AccumulatorBits(AccumulatorBits), .RegisterBits(RegisterBits), .ReadShiftBits(ReadShiftBits)
  ) u_act_rw (
    .clk_i(clk_i), .rst_ni(rst_ni), .swap_i(swap_i), .clear_i(clear_i), .relu_i(relu_i),
    .read_shift_i(read_shift_i), .scan_row_i(scan_row_i), .scan_value_o(scan_value_o),
    .read_row_i(read_row), .read_value_o(read_value), .write_i(write), .write_row_i(write_row),
    .write_value_i(write_value), .load_i(load_i), .bias_load_i(bias_load_i), .store_i(store_i),
    .batch_row_i(batch_row_i), .batch_addr_i(batch_addr_i), .load_write_o(load_write),
    .bias_write_o(bias_write), .dst_write_o(dst_write), .dst_row_o(dst_row),
    .dst_value_o(dst_value), .sram_value_o(sram_value), .io_sram_i(io_act_sram),
    .io_source_i(io_source), .io_destination_i(io_destination), .io_we_i(io_we_i),
    .io_addr_i(io_addr_i[ActAddrBits-1:0]), .io_row_i(io_addr_i[RowBits-1:0]),
    .io_wdata_i(io_wdata_i[RegisterBits-1:0]), .io_sram_rdata_o(io_sram_data),
    .io_source_rdata_o(io_source_data), .io_destination_rdata_o(io_destination_data)
  );

  assign busy_o = queue_valid || holds_column || s1_wait;

  wire [IoDataBits:0] io_spmat_wide = {{(IoDataBits+1-SpmatWidthBits){1'b0}}, io_spmat_data};
  wire                unused_wide   = io_spmat_wide[IoDataBits];
  assign io_rdata_o =
      io_pointers    ? {{(IoDataBits-PointerBits){1'b0}}, io_pointer_data} :
      io_spmat       ? io_spmat_wide[IoDataBits-1:0] :
      io_act_sram    ? {{(IoDataBits-RegisterBits){1'b0}}, io_sram_data} :
      io_source      ? {{(IoDataBits-RegisterBits){1'b0}}, io_source_data} :
      io_destination ? {{(IoDataBits-RegisterBits){1'b0}}, io_destination_data} :
      io_counter     ? {{(IoDataBits-CounterBits){1'b0}}, counter} : {IoDataBits{1'b0}};

  generate
    if (Counters != 0) begin : g_counters
      pe_counters #(
        .CountBits(CountBits), .CounterBits(CounterBits)
      ) u_counters (
        .clk_i(clk_i), .rst_ni(rst_ni), .clear_i(layer_start_i), .running_i(running_i),
        .compute_i(compute_i), .blocked_i(blocked_i), .push_i(push_i), .full_i(full_o),
        .queue_count_i(queue_count), .pop_i(pop), .issue_i(issue), .empty_i(empty),
        .wait_i(s1_wait), .line_read_i(line_read), .padding_i(padding), .mac_i(mac),
        .adder_bypass_i(adder_bypass), .write_bypass_i(write_bypass),
        .saturation_i(saturation), .write_i(write), .scan_read_i(scan_read_i),
        .load_i(load_i), .load_write_i(load_write), .bias_load_i(bias_load_i),
        .bias_write_i(bias_write), .store_i(store_i),
        .index_i(io_addr_i[4:0]), .value_o(counter)
      );
    end else begin : g_no_counters
      assign counter = {CounterBits{1'b0}};
      wire unused_events = ^{layer_start_i, running_i, compute_i, blocked_i, scan_read_i,
                             queue_count, padding, mac, adder_bypass, write_bypass, saturation,
                             load_write, bias_write, empty, issue, line_read};
    end
    if (Trace != 0) begin : g_trace
      // Addresses and values are zero while nothing happens there. The first four were added
      // last: a PE that does not know them leaves the highest bits undriven.
      wire weighs = s1_valid && s1_code != {WeightBits{1'b0}};
      assign trace_o = {
        s1_valid ? s1_activation : {ActivationBits{1'b0}},
        dst_write ? dst_row : {RowBits{1'b0}}, dst_write ? dst_value : {RegisterBits{1'b0}},
        store_i ? sram_value : {RegisterBits{1'b0}},
        scan_read_i ? scan_value_o : {ActivationBits{1'b0}}, load_write, bias_write, queue_count,
        queue_valid ? {head_column, head_activation} : {(ColumnBits+ActivationBits){1'b0}},
        fresh ? first_entry : {PointerBits{1'b0}}, fresh ? end_entry : {PointerBits{1'b0}},
        s1_valid ? s1_code : {WeightBits{1'b0}}, s1_valid ? s1_run : {IndexBits{1'b0}},
        weighs ? s1_weight : {WordBits{1'b0}}, s1_wait,
        issue, empty, holds_column && free, line_read, line_read ? line : {LineBits{1'b0}},
        pop, pop ? even_word : {ColumnBits{1'b0}}, pop ? odd_word : {ColumnBits{1'b0}},
        padding, mac, mac ? read_row : {RowBits{1'b0}},
        mac ? read_value : {AccumulatorBits{1'b0}}, adder_bypass, write_bypass, saturation,
        write, write ? write_row : {RowBits{1'b0}},
        write ? write_value : {AccumulatorBits{1'b0}}
      };
    end else begin : g_no_trace
      assign trace_o = {PeTraceBits{1'b0}};
      wire unused_words = ^{even_word, odd_word, line, queue_count, fresh, dst_write, dst_row,
                            dst_value, sram_value};
    end
  endgenerate

endmodule

`default_nettype wire
