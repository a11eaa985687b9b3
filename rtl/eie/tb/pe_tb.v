// pe_tb: one pe, driven by recorded inputs; no Python while it runs.
//
// +script=FILE  commands, one a line, numbers in hexadecimal:
//     w MEM 0 ADDR DATA   I/O write
//     r MEM 0 ADDR 0      I/O read; prints "r MEM 0 ADDR DATA"
//     s 0 0 0 0           play the recorded cycles; prints "cycles N" (decimal)
// +stimulus=FILE  one hexadecimal word a cycle: inputs of accelsim/machines/eie/rtl/pe.py, the first
//                 for the cycle of layer_start_i
// +count=N        such words behind the first
// +out=FILE       what the script prints
// +trace=FILE     one binary {full_o, busy_o, trace_o} a cycle
// +vcd=FILE       waveform of cycles +from=N to +to=N
// Inputs change at the falling edge. All parameters are pe's, and StimulusBits and TraceBits.
`timescale 1ns/1ps
`default_nettype none

module pe_tb #(
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
  parameter integer Counters        = 1,
  parameter integer Multiplier      = 0,
  parameter integer StimulusBits    = 1,
  parameter integer TraceBits       = 1     // of trace_o alone
);

  localparam integer ColumnBits    = (PointerWords > 2) ? $clog2(PointerWords) : 1;
  localparam integer ActAddrBits   = (ActSramWords > 1) ? $clog2(ActSramWords) : 1;
  localparam integer RowBits       = (RegfileDepth > 1) ? $clog2(RegfileDepth) : 1;
  localparam integer RegisterBits  =
      (ActivationBits > AccumulatorBits) ? ActivationBits : AccumulatorBits;
  localparam integer ShiftBits     = $clog2(WeightValueBits + ActivationBits + 1);
  localparam integer ReadShiftBits = $clog2(RegisterBits + 1);
  localparam integer IoDataBits    = (SpmatWidthBits > 64) ? SpmatWidthBits : 64;

  reg                      clk, rst_n, io_req, io_we, layer_start, running;
  reg  [2:0]               io_mem;
  reg  [31:0]              io_addr;
  reg  [IoDataBits-1:0]    io_wdata;
  wire [IoDataBits-1:0]    io_rdata;
  reg  [StimulusBits-1:0]  stimulus;
  wire                     full, busy;
  wire [TraceBits-1:0]     trace;

  wire                      push, compute, blocked, pass_start, swap, clear, load, bias_load, store, scan_read;
  wire [ColumnBits-1:0]     column;
  wire [ActivationBits-1:0] activation;
  wire [ShiftBits-1:0]      shift;
  wire [RowBits-1:0]        batch_row, scan_row;
  wire [ActAddrBits-1:0]    batch_addr;
  assign {push, column, activation, compute, blocked, pass_start, swap, clear, shift, load, bias_load, store,
          batch_row, batch_addr, scan_row, scan_read} = stimulus;

  pe #(
    .ActQueueDepth(ActQueueDepth), .WeightBits(WeightBits), .IndexBits(IndexBits),
    .SpmatWidthBits(SpmatWidthBits), .SpmatLines(SpmatLines), .PointerBits(PointerBits),
    .PointerWords(PointerWords), .ActSramWords(ActSramWords), .RegfileDepth(RegfileDepth),
    .ActivationBits(ActivationBits), .WeightValueBits(WeightValueBits),
    .AccumulatorBits(AccumulatorBits), .Bypass(Bypass), .Counters(Counters), .Trace(1),
    .Multiplier(Multiplier)
  ) dut (
    .clk_i(clk), .rst_ni(rst_n), .push_i(push), .column_i(column), .activation_i(activation),
    .full_o(full), .layer_start_i(layer_start), .running_i(running), .compute_i(compute),
    .blocked_i(blocked), .pass_start_i(pass_start), .swap_i(swap), .clear_i(clear),
    .relu_i(1'b0), .read_shift_i({ReadShiftBits{1'b0}}), .shift_i(shift), .table_i(1'b0), .load_i(load),
    .bias_load_i(bias_load), .store_i(store), .batch_row_i(batch_row), .batch_addr_i(batch_addr), .busy_o(busy),
    .scan_row_i(scan_row), .scan_read_i(scan_read), .scan_value_o(),
    .io_req_i(io_req), .io_we_i(io_we), .io_mem_i(io_mem), .io_addr_i(io_addr),
    .io_wdata_i(io_wdata), .io_rdata_o(io_rdata), .trace_o(trace)
  );

  always #1 clk = ~clk;

  integer cycles, count, from_cycle, to_cycle, trace_file, stimulus_file;
  reg     dumping;

  always @(posedge clk) begin
    if (running) begin
      if (trace_file != 0) $fwrite(trace_file, "%b\n", {full, busy, trace});
      cycles = cycles + 1;
      if (dumping && cycles == from_cycle) $dumpon;
      if (dumping && cycles == to_cycle + 1) $dumpoff;
    end
  end

  reg [8*512:1] path;
  integer       script, out, got;
  reg [7:0]     command;
  reg [31:0]    mem, pe, addr;
  reg [IoDataBits-1:0] data;

  initial begin
    clk = 1'b0; rst_n = 1'b0; layer_start = 1'b0; running = 1'b0;
    io_req = 1'b0; io_we = 1'b0; io_mem = 3'd0; io_addr = 32'd0; io_wdata = 0;
    stimulus = 0; cycles = 0; trace_file = 0;
    if (!$value$plusargs("count=%d", count)) count = 0;
    if (!$value$plusargs("from=%d", from_cycle)) from_cycle = -1;
    if (!$value$plusargs("to=%d", to_cycle)) to_cycle = -2;
    if ($value$plusargs("trace=%s", path)) trace_file = $fopen(path, "w");
    dumping = $value$plusargs("vcd=%s", path);
    if (dumping) begin
      $dumpfile(path);
      $dumpvars(0, dut);
      $dumpoff;
    end
    if (!$value$plusargs("stimulus=%s", path)) path = "stimulus.hex";
    stimulus_file = $fopen(path, "r");
    if (!$value$plusargs("out=%s", path)) path = "out.txt";
    out = $fopen(path, "w");
    if (!$value$plusargs("script=%s", path)) path = "script.txt";
    script = $fopen(path, "r");
    if (script == 0 || stimulus_file == 0) begin
      $display("pe_tb: cannot read the script or the stimulus");
      $finish;
    end
    repeat (2) @(negedge clk);
    rst_n = 1'b1;
    got = $fscanf(script, "%s %h %h %h %h", command, mem, pe, addr, data);
    while (got == 5) begin
      if (command == "s") play;
      else access;
      got = $fscanf(script, "%s %h %h %h %h", command, mem, pe, addr, data);
    end
    $fdisplay(out, "end");
    $fclose(out);
    if (trace_file != 0) $fclose(trace_file);
    $finish;
  end

  // Tasks begin and end at a falling edge.
  task access;
    begin
      io_req = 1'b1; io_we = command == "w"; io_mem = mem[2:0]; io_addr = addr; io_wdata = data;
      @(negedge clk);
      if (command == "r") $fdisplay(out, "r %h %h %h %h", mem, pe, addr, io_rdata);
      io_req = 1'b0; io_we = 1'b0;
    end
  endtask

  task play;
    begin
      layer_start = 1'b1;
      got = $fscanf(stimulus_file, "%h", stimulus);
      @(negedge clk);
      layer_start = 1'b0; running = 1'b1;
      if (dumping && from_cycle <= 0) $dumpon;
      repeat (count) begin
        got = $fscanf(stimulus_file, "%h", stimulus);
        @(negedge clk);
      end
      running = 1'b0; stimulus = 0;
      $fdisplay(out, "cycles %0d", cycles);
    end
  endtask

endmodule

`default_nettype wire
