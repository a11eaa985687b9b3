// ese_top_tb: the host of an ese_top and its two DDR modules, driven by a script.
//
// +script=FILE  commands, one a line, numbers in hexadecimal:
//     w MEM PE ADDR DATA   a write: memories 0 and 1 of ese_top, 4 and 5 of DDR_1 and DDR_2
//     r MEM PE ADDR 0      a read: 2 and 3 of ese_top; 8: number ADDR of the results, counted in
//                          activations from where they begin; prints "r MEM PE ADDR DATA"
//     s 0 0 0 0            run an utterance; prints "cycles N" (decimal), counted here
//     b K N1 N2 0          fill N1 words of DDR_1 and N2 of DDR_2 from DIR/ddr_1_K.hex, ddr_2_K.hex
// +images=DIR   where these are
// +out=FILE     what the script prints
// +limit=N      cycles that an utterance may take; beyond, prints "timeout N" and ends
// +trace=FILE   one binary trace_o a cycle of each utterance (parameter Trace = 2)
// +vcd=FILE     waveform of cycles +from=N to +to=N
// Inputs change at the falling edge. Parameters are ese_top's, and those of ddr_model.
`timescale 1ns/1ps
`default_nettype none

module ese_top_tb #(
  parameter integer NChannels       = 4,
  parameter integer Batch           = 4,
  parameter integer NPe             = 4,
  parameter integer ActQueueDepth   = 8,
  parameter integer WeightBits      = 12,
  parameter integer IndexBits       = 4,
  parameter integer ActivationBits  = 16,
  parameter integer AccumulatorBits = 16,
  parameter integer PointerBits     = 16,
  parameter integer StartCycles     = 1,
  parameter integer WholeMatrix     = 0,
  parameter integer DdrWordBits     = 512,
  parameter integer VectorPathBits  = 16,
  parameter integer ElementwiseWidth = 2,
  parameter integer ElementwiseLatencyCycles = 24,
  parameter integer TableSamples    = 2048,
  parameter integer Linear          = 1,
  parameter integer WeightEntries   = 2048,
  parameter integer PointerEntries  = 2048,
  parameter integer ColumnBits      = 12,
  parameter integer NumberBits      = 20,
  parameter integer Rows            = 32,
  parameter integer VectorWords     = 1024,
  parameter integer VectorBits      = 10,
  parameter integer VectorCopy      = 64,
  parameter integer PathWords       = 160,
  parameter integer PartBits        = 16,
  parameter integer ProgramDepth    = 16,
  parameter integer Ddr1Words       = 1024,
  parameter integer Ddr2Words       = 1024,
  parameter integer DdrLatencyCycles = 47,
  parameter integer DdrBurstWords   = 64,
  parameter integer DdrBurstGapCycles = 0,
  parameter integer Counters        = 1,
  parameter integer Trace           = 0,
  parameter integer TraceBits       = 1,    // as ese_top derives it
  parameter integer PeTraceBits     = 1     // of no use here
);

  localparam integer LengthBits = 20;
  localparam integer AddrBits   = 24;
  localparam integer PeBits     = (NPe > 1) ? $clog2(NPe) : 1;
  localparam integer RouteBits  = ColumnBits
      + ((DdrWordBits - 1) / (WeightBits + IndexBits) + 1) * (1 + PeBits + $clog2(DdrWordBits));
  localparam integer WideBits   = RouteBits + DdrWordBits;
  localparam integer ProgramBits = 12 + 4*AddrBits + 8*LengthBits + 3*ColumnBits
      + $clog2(WeightBits + ActivationBits + 1) + 13*(VectorBits + 2)
      + 2*(18 + 2*$clog2(2 * ActivationBits + 2));
  localparam integer DataBits   = (WideBits > ProgramBits) ? WideBits : ProgramBits;
  localparam integer InWord     = DdrWordBits / ActivationBits;
  localparam integer TopTraceBits = (TraceBits > 1) ? TraceBits : 1;

  reg                    clk, rst_n, start, io_req, io_we;
  reg  [3:0]             io_mem;
  reg  [PeBits-1:0]      io_pe;
  reg  [31:0]            io_addr;
  reg  [ProgramBits-1:0] io_wdata;
  wire                   idle, done, request_1, write_1, transfer_1, request_2, transfer_2;
  wire [31:0]            io_rdata;
  wire [AddrBits-1:0]    addr_1, addr_2;
  wire [LengthBits-1:0]  words_1, words_2;
  wire [WideBits-1:0]    data_1;
  wire [DdrWordBits-1:0] result, data_2;

  ddr_model #(
    .Width(WideBits), .Words(Ddr1Words), .Latency(DdrLatencyCycles), .BurstWords(DdrBurstWords),
    .GapCycles(DdrBurstGapCycles), .AddrBits(AddrBits), .LengthBits(LengthBits)
  ) ddr_1 (
    .clk_i(clk), .rst_ni(rst_n), .request_i(request_1), .write_i(write_1), .addr_i(addr_1),
    .words_i(words_1), .transfer_o(transfer_1), .data_o(data_1),
    .data_i({{RouteBits{1'b0}}, result})
  );

  ddr_model #(
    .Width(DdrWordBits), .Words(Ddr2Words), .Latency(DdrLatencyCycles),
    .BurstWords(DdrBurstWords), .GapCycles(DdrBurstGapCycles), .AddrBits(AddrBits),
    .LengthBits(LengthBits)
  ) ddr_2 (
    .clk_i(clk), .rst_ni(rst_n), .request_i(request_2), .write_i(1'b0), .addr_i(addr_2),
    .words_i(words_2), .transfer_o(transfer_2), .data_o(data_2), .data_i({DdrWordBits{1'b0}})
  );

  generate
    if (Trace != 0) begin : g_dut
      wire [TopTraceBits-1:0] trace;
      ese_top #(
        .NChannels(NChannels), .Batch(Batch), .NPe(NPe), .ActQueueDepth(ActQueueDepth),
        .WeightBits(WeightBits), .IndexBits(IndexBits), .ActivationBits(ActivationBits),
        .AccumulatorBits(AccumulatorBits), .PointerBits(PointerBits), .StartCycles(StartCycles),
        .WholeMatrix(WholeMatrix), .DdrWordBits(DdrWordBits), .VectorPathBits(VectorPathBits),
        .ElementwiseWidth(ElementwiseWidth),
        .ElementwiseLatencyCycles(ElementwiseLatencyCycles), .TableSamples(TableSamples),
        .Linear(Linear), .WeightEntries(WeightEntries), .PointerEntries(PointerEntries),
        .ColumnBits(ColumnBits), .NumberBits(NumberBits), .Rows(Rows), .VectorWords(VectorWords),
        .VectorBits(VectorBits), .VectorCopy(VectorCopy), .PathWords(PathWords),
        .PartBits(PartBits), .ProgramDepth(ProgramDepth), .Counters(Counters), .Trace(1)
      ) dut (
        .clk_i(clk), .rst_ni(rst_n), .start_i(start), .idle_o(idle), .done_o(done),
        .io_req_i(io_req), .io_we_i(io_we), .io_mem_i(io_mem), .io_pe_i(io_pe),
        .io_addr_i(io_addr), .io_wdata_i(io_wdata), .io_rdata_o(io_rdata),
        .ddr_1_request_o(request_1), .ddr_1_write_o(write_1), .ddr_1_addr_o(addr_1),
        .ddr_1_words_o(words_1), .ddr_1_transfer_i(transfer_1), .ddr_1_data_i(data_1),
        .ddr_1_data_o(result), .ddr_2_request_o(request_2), .ddr_2_addr_o(addr_2),
        .ddr_2_words_o(words_2), .ddr_2_transfer_i(transfer_2), .ddr_2_data_i(data_2),
        .trace_o(trace)
      );
      always @(posedge clk) if (running && !done && trace_file != 0) $fwrite(trace_file, "%b\n", trace);
    end else begin : g_dut
      ese_top #(
        .NChannels(NChannels), .Batch(Batch), .NPe(NPe), .ActQueueDepth(ActQueueDepth),
        .WeightBits(WeightBits), .IndexBits(IndexBits), .ActivationBits(ActivationBits),
        .AccumulatorBits(AccumulatorBits), .PointerBits(PointerBits), .StartCycles(StartCycles),
        .WholeMatrix(WholeMatrix), .DdrWordBits(DdrWordBits), .VectorPathBits(VectorPathBits),
        .ElementwiseWidth(ElementwiseWidth),
        .ElementwiseLatencyCycles(ElementwiseLatencyCycles), .TableSamples(TableSamples),
        .Linear(Linear), .WeightEntries(WeightEntries), .PointerEntries(PointerEntries),
        .ColumnBits(ColumnBits), .NumberBits(NumberBits), .Rows(Rows), .VectorWords(VectorWords),
        .VectorBits(VectorBits), .VectorCopy(VectorCopy), .PathWords(PathWords),
        .PartBits(PartBits), .ProgramDepth(ProgramDepth), .Counters(Counters), .Trace(0)
      ) dut (
        .clk_i(clk), .rst_ni(rst_n), .start_i(start), .idle_o(idle), .done_o(done),
        .io_req_i(io_req), .io_we_i(io_we), .io_mem_i(io_mem), .io_pe_i(io_pe),
        .io_addr_i(io_addr), .io_wdata_i(io_wdata), .io_rdata_o(io_rdata),
        .ddr_1_request_o(request_1), .ddr_1_write_o(write_1), .ddr_1_addr_o(addr_1),
        .ddr_1_words_o(words_1), .ddr_1_transfer_i(transfer_1), .ddr_1_data_i(data_1),
        .ddr_1_data_o(result), .ddr_2_request_o(request_2), .ddr_2_addr_o(addr_2),
        .ddr_2_words_o(words_2), .ddr_2_transfer_i(transfer_2), .ddr_2_data_i(data_2),
        .trace_o()
      );
    end
  endgenerate

  always #1 clk = ~clk;

  // Cycles counted without the machine's help: from the one after start to the one before done.
  integer cycles, limit, from_cycle, to_cycle, trace_file, y_first;
  reg     running, dumping;

  always @(posedge clk) begin
    if (running && !done) begin
      cycles = cycles + 1;
      if (dumping && cycles == from_cycle) $dumpon;
      if (dumping && cycles == to_cycle + 1) $dumpoff;
    end
  end

  reg [8*512:1] path, images;
  integer       script, out, got;
  reg [7:0]     command;
  reg [31:0]    mem, pe, addr;
  reg [DataBits-1:0] data;
  reg [DdrWordBits-1:0] word;

  initial begin
    clk = 1'b0; rst_n = 1'b0; start = 1'b0; running = 1'b0; y_first = 0;
    io_req = 1'b0; io_we = 1'b0; io_mem = 4'd0; io_pe = 0; io_addr = 32'd0; io_wdata = 0;
    trace_file = 0;
    if (!$value$plusargs("limit=%d", limit)) limit = 1000000;
    if (!$value$plusargs("from=%d", from_cycle)) from_cycle = -1;
    if (!$value$plusargs("to=%d", to_cycle)) to_cycle = -2;
    if ($value$plusargs("trace=%s", path)) trace_file = $fopen(path, "w");
    dumping = $value$plusargs("vcd=%s", path);
    if (dumping) begin
      $dumpfile(path);
      $dumpvars(0, ese_top_tb);
      $dumpoff;
    end
    if (!$value$plusargs("images=%s", images)) images = ".";
    if (!$value$plusargs("out=%s", path)) path = "out.txt";
    out = $fopen(path, "w");
    if (!$value$plusargs("script=%s", path)) path = "script.txt";
    script = $fopen(path, "r");
    if (script == 0) begin
      $display("ese_top_tb: cannot read the script");
      $finish;
    end
    repeat (2) @(negedge clk);
    rst_n = 1'b1;
    got = $fscanf(script, "%s %h %h %h %h", command, mem, pe, addr, data);
    while (got == 5) begin
      case (command)
        "w":     write;
        "r":     read;
        "s":     run_utterance;
        "b":     fill;
        default: $fdisplay(out, "unknown command %s", command);
      endcase
      got = $fscanf(script, "%s %h %h %h %h", command, mem, pe, addr, data);
    end
    $fdisplay(out, "end");
    $fclose(out);
    if (trace_file != 0) $fclose(trace_file);
    $finish;
  end

  // Tasks begin and end at a falling edge.
  task write;
    begin
      if (mem == 4) ddr_1.mem[addr] = data[WideBits-1:0];
      else if (mem == 5) ddr_2.mem[addr] = data[DdrWordBits-1:0];
      else begin
        if (mem == 1 && addr == 2) y_first = data;
        io_req = 1'b1; io_we = 1'b1; io_mem = mem[3:0]; io_addr = addr; io_wdata = data;
        @(negedge clk);
        io_req = 1'b0; io_we = 1'b0;
      end
    end
  endtask

  task read;
    begin
      if (mem == 8) begin
        word = ddr_1.mem[y_first + addr / InWord];
        $fdisplay(out, "r %h %h %h %h", mem, pe, addr,
                  word[(addr % InWord)*ActivationBits +: ActivationBits]);
      end else begin
        io_req = 1'b1; io_mem = mem[3:0]; io_pe = pe; io_addr = addr;
        @(negedge clk);
        $fdisplay(out, "r %h %h %h %h", mem, pe, addr, io_rdata);
        io_req = 1'b0;
      end
    end
  endtask

  task run_utterance;
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
      @(negedge clk);
    end
  endtask

  task fill;
    begin
      $sformat(path, "%0s/ddr_1_%0d.hex", images, mem);
      if (pe != 0) $readmemh(path, ddr_1.mem, 0, pe - 1);
      $sformat(path, "%0s/ddr_2_%0d.hex", images, mem);
      if (addr != 0) $readmemh(path, ddr_2.mem, 0, addr - 1);
    end
  endtask

endmodule

`default_nettype wire
