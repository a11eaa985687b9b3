// eie_array_tb: the host of an eie_array, driven by a script; no Python while it runs.
//
// +script=FILE  commands, one a line, numbers in hexadecimal:
//     w MEM PE ADDR DATA   I/O write
//     r MEM PE ADDR 0      I/O read; prints "r MEM PE ADDR DATA"
//     s 0 0 0 0            run a layer; prints "cycles N" (decimal), counted here
//     b K WORDS LINES 0    with `BACKDOOR: fill pointers and SpMat lines of all PEs at once,
//                          so many of each PE, from DIR/pointers_K.hex and DIR/spmat_K.hex
// +images=DIR   where these are
// +out=FILE     what the script prints
// +limit=N      cycles that a layer may take; beyond, prints "timeout N" and ends
// +trace=FILE   one binary trace_o a cycle of each layer (parameter Trace = 2)
// +vcd=FILE     waveform of layer cycles +from=N to +to=N
// Inputs change at the falling edge. All parameters are eie_array's.
`timescale 1ns/1ps
`default_nettype none

module eie_array_tb #(
  parameter integer NPe             = 4,
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
  parameter integer ProgramDepth    = 16,
  parameter integer Gather          = 0,
  parameter integer Counters        = 1,
  parameter integer Trace           = 0,
  parameter integer Multiplier      = 0,
  parameter integer StartCycles     = 1,
  parameter integer DecoderTables   = 1,
  parameter integer TraceBits       = 1,    // as eie_array derives them
  parameter integer PeTraceBits     = 1
);

  localparam integer PositionBits = (NPe > 1) ? $clog2(NPe) : 1;
  localparam integer IoDataBits   = (SpmatWidthBits > 64) ? SpmatWidthBits : 64;

  reg                     clk, rst_n, start, io_req, io_we;
  reg  [3:0]              io_mem;
  reg  [PositionBits-1:0] io_pe;
  reg  [31:0]             io_addr;
  reg  [IoDataBits-1:0]   io_wdata;
  wire                    idle, done;
  wire [IoDataBits-1:0]   io_rdata;
  wire [TraceBits-1:0]    trace;

  eie_array #(
    .NPe(NPe), .ActQueueDepth(ActQueueDepth), .WeightBits(WeightBits), .IndexBits(IndexBits),
    .SpmatWidthBits(SpmatWidthBits), .SpmatLines(SpmatLines), .PointerBits(PointerBits),
    .PointerWords(PointerWords), .ActSramWords(ActSramWords), .RegfileDepth(RegfileDepth),
    .ActivationBits(ActivationBits), .WeightValueBits(WeightValueBits),
    .AccumulatorBits(AccumulatorBits), .Bypass(Bypass), .ProgramDepth(ProgramDepth),
    .Gather(Gather), .Counters(Counters), .Trace(Trace), .Multiplier(Multiplier),
    .StartCycles(StartCycles), .DecoderTables(DecoderTables)
  ) dut (
    .clk_i(clk), .rst_ni(rst_n), .start_i(start), .idle_o(idle), .done_o(done),
    .io_req_i(io_req), .io_we_i(io_we), .io_mem_i(io_mem), .io_pe_i(io_pe), .io_addr_i(io_addr),
    .io_wdata_i(io_wdata), .io_rdata_o(io_rdata), .trace_o(trace)
  );

  always #1 clk = ~clk;

  // The layer's cycles, counted without the array's help: from the one after start to the one
  // before done.
  integer cycles, limit, from_cycle, to_cycle, trace_file;
  reg     running, dumping, sampled;

  // One vector of all PEs would be made anew with every change of one of them; so each is sampled
  // by itself.
  genvar p;
  generate
    if (Trace == 2) begin : g_trace
      reg [PeTraceBits-1:0] samples [0:NPe-1];
      reg [TraceBits-1:0]   ccu_sample;
      integer               i;
      for (p = 0; p < NPe; p = p + 1) begin : g_sample
        always @(posedge clk) if (running) samples[p] = dut.g_pe[p].trace;
      end
      always @(posedge clk) ccu_sample = trace;
      always @(negedge clk) begin
        if (sampled) begin
          for (i = NPe - 1; i >= 0; i = i - 1) $fwrite(trace_file, "%b", samples[i]);
          $fwrite(trace_file, "%b\n", ccu_sample[TraceBits-NPe*PeTraceBits-1:0]);
        end
        sampled = 1'b0;
      end
    end
  endgenerate

  always @(posedge clk) begin
    if (running && !done) begin
      if (trace_file != 0) sampled = 1'b1;
      cycles = cycles + 1;
      if (dumping && cycles == from_cycle) $dumpon;
      if (dumping && cycles == to_cycle + 1) $dumpoff;
    end
  end

  reg [8*512:1] path, images;
  integer       script, out, got;
  reg [7:0]     command;
  reg [31:0]    mem, pe, addr;
  reg [IoDataBits-1:0] data;

  initial begin
    clk = 1'b0; rst_n = 1'b0; start = 1'b0; running = 1'b0;
    io_req = 1'b0; io_we = 1'b0; io_mem = 4'd0; io_pe = 0; io_addr = 32'd0; io_wdata = 0;
    trace_file = 0; sampled = 1'b0;
    if (!$value$plusargs("limit=%d", limit)) limit = 1000000;
    if (!$value$plusargs("from=%d", from_cycle)) from_cycle = -1;
    if (!$value$plusargs("to=%d", to_cycle)) to_cycle = -2;
    if ($value$plusargs("trace=%s", path)) trace_file = $fopen(path, "w");
    dumping = $value$plusargs("vcd=%s", path);
    if (dumping) begin
      $dumpfile(path);
      $dumpvars(0, dut);
      $dumpoff;
    end
    if (!$value$plusargs("images=%s", images)) images = ".";
    if (!$value$plusargs("out=%s", path)) path = "out.txt";
    out = $fopen(path, "w");
    if (!$value$plusargs("script=%s", path)) path = "script.txt";
    script = $fopen(path, "r");
    if (script == 0) begin
      $display("eie_array_tb: cannot read the script");
      $finish;
    end
    repeat (2) @(negedge clk);
    rst_n = 1'b1;
    got = $fscanf(script, "%s %h %h %h %h", command, mem, pe, addr, data);
    while (got == 5) begin
      case (command)
        "w", "r": access;
        "s":      run_layer;
        "b":      backdoor;
        default:  $fdisplay(out, "unknown command %s", command);
      endcase
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
      io_req = 1'b1; io_we = command == "w"; io_mem = mem[3:0]; io_pe = pe[PositionBits-1:0];
      io_addr = addr; io_wdata = data;
      @(negedge clk);
      if (command == "r") $fdisplay(out, "r %h %h %h %h", mem, pe, addr, io_rdata);
      io_req = 1'b0; io_we = 1'b0;
    end
  endtask

  task run_layer;
    begin
      start = 1'b1;
      @(negedge clk);
      start = 1'b0; running = 1'b1; cycles = 0;
      if (dumping && from_cycle <= 0) $dumpon;
      while (!done && cycles < limit) @(negedge clk);
      running = 1'b0;
      if (!done) begin
        $fdisplay(out, "timeout %0d", cycles);
        $fclose(out);
        if (trace_file != 0) $fclose(trace_file);
        $finish;
      end
      $fdisplay(out, "cycles %0d", cycles);
    end
  endtask

`ifdef BACKDOOR
  reg [PointerBits-1:0]    pointers [0:NPe*PointerWords-1];
  reg [SpmatWidthBits-1:0] lines    [0:NPe*SpmatLines-1];
  integer                  words_used, lines_used;
  event                    fill;

  task backdoor;
    begin
      words_used = pe;
      lines_used = addr;
      $sformat(path, "%0s/pointers_%0d.hex", images, mem);
      $readmemh(path, pointers, 0, NPe*words_used-1);
      $sformat(path, "%0s/spmat_%0d.hex", images, mem);
      $readmemh(path, lines, 0, NPe*lines_used-1);
      -> fill;
      @(negedge clk);
    end
  endtask

  generate
    for (p = 0; p < NPe; p = p + 1) begin : g_fill
      integer i;
      always @(fill) begin
        for (i = 0; i < words_used; i = i + 1)
          if (i % 2 == 0) dut.g_pe[p].u_pe.u_ptr_read.u_even.mem[i/2] = pointers[p*words_used+i];
          else            dut.g_pe[p].u_pe.u_ptr_read.u_odd.mem[i/2] = pointers[p*words_used+i];
        for (i = 0; i < lines_used; i = i + 1)
          dut.g_pe[p].u_pe.u_spmat_read.u_spmat.mem[i] = lines[p*lines_used+i];
      end
    end
  endgenerate
`else
  task backdoor;
    $fdisplay(out, "unknown command b");
  endtask
`endif

endmodule

`default_nettype wire
