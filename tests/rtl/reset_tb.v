// reset_tb: reset in every cycle of a layer. At once the array must be at rest; after it nothing
// may follow, all counters are zero, and the layer runs as if for the first time.
//
// Prints "faults N" at the end, and the first faults before. Memories keep their words over a
// reset, register files do not.
`timescale 1ns/1ps
`default_nettype none

module reset_tb #(
  parameter integer Bypass    = 1,
  parameter integer TraceBits = 1     // as eie_array derives it
);

  localparam integer NPe = 2, Rows = 3, Columns = 6, RestCycles = 7, PeCounters = 23,
                     CcuCounters = 11;

  reg                  clk, rst_n, start, io_req, io_we, io_pe;
  reg  [3:0]           io_mem;
  reg  [31:0]          io_addr;
  reg  [63:0]          io_wdata;
  wire                 idle, done;
  wire [63:0]          io_rdata;
  wire [TraceBits-1:0] trace;

  eie_array #(
    .NPe(NPe), .ActQueueDepth(2), .SpmatWidthBits(16), .SpmatLines(16), .PointerWords(8),
    .ActSramWords(8), .RegfileDepth(4), .Bypass(Bypass), .ProgramDepth(2), .Trace(1)
  ) dut (
    .clk_i(clk), .rst_ni(rst_n), .start_i(start), .idle_o(idle), .done_o(done),
    .io_req_i(io_req), .io_we_i(io_we), .io_mem_i(io_mem), .io_pe_i(io_pe), .io_addr_i(io_addr),
    .io_wdata_i(io_wdata), .io_rdata_o(io_rdata), .trace_o(trace)
  );

  always #1 clk = ~clk;

  integer faults, at, length, cycles, first_length, p;
  reg [63:0] first_outputs [0:2*Rows-1];

  task fault(input [8*40:1] what);
    begin
      faults = faults + 1;
      if (faults <= 5) $display("reset in cycle %0d: %0s", at, what);
    end
  endtask

  task access(input we, input [3:0] mem, input pe, input [31:0] addr, input [63:0] data);
    begin
      io_req = 1'b1; io_we = we; io_mem = mem; io_pe = pe; io_addr = addr; io_wdata = data;
      @(negedge clk);
    end
  endtask

  task quiet_bus;
    begin
      io_req = 1'b0; io_we = 1'b0;
    end
  endtask

  // Rows 0 and 1 of every column hold an entry in both PEs, so that accumulators are in flight.
  task write_memories;
    integer j;
    begin
      for (p = 0; p < NPe; p = p + 1) begin
        for (j = 0; j <= Columns; j = j + 1) access(1, 0, p[0], j, 2*j);
        for (j = 0; j < Columns; j = j + 1) access(1, 1, p[0], j, {8'h10, 8'h20} + (j << 12));
        for (j = 0; j < 8; j = j + 1) access(1, 3, p[0], j, 64'h100 + j);
      end
      for (j = 0; j < 16; j = j + 1) access(1, 2, 0, j, 64'h80 + j);
      access(1, 8, 0, 0, 64'h7);                       // last, swap, clear
      access(1, 8, 0, 1, 64'h4);
      access(1, 8, 0, 2, 64'h0);
      access(1, 8, 0, 3, 64'h1);
      access(1, 8, 0, 4, 64'h0);
      access(1, 8, 0, 5, Rows);
      access(1, 8, 0, 6, Rows);
      access(1, 8, 0, 7, 64'h1);
      access(1, 8, 0, 8, 64'h2);
      access(1, 8, 0, 9, 64'h5);
      access(1, 8, 0, 10, 64'h2);                      // biases, from words that the vector has too
      access(1, 8, 0, 11, 64'h1);
      quiet_bus;
    end
  endtask

  // A whole layer, its length and outputs beside those of the first
  task run_layer;
    begin
      start = 1'b1;
      @(negedge clk);
      start = 1'b0; cycles = 0;
      while (done !== 1'b1 && cycles < 200) begin
        if (idle !== 1'b0) fault("idle while a layer runs");
        @(negedge clk);
        cycles = cycles + 1;
      end
      if (idle !== 1'b1) fault("not idle behind the layer");
      if (first_length < 0) first_length = cycles;
      else if (cycles != first_length) fault("the layer takes another time");
      for (p = 0; p < NPe; p = p + 1)
        for (length = 0; length < 2; length = length + 1) begin
          access(0, 5, p[0], length, 0);
          if (first_outputs[2*length+p] === 64'bx) first_outputs[2*length+p] = io_rdata;
          else if (io_rdata !== first_outputs[2*length+p]) fault("another output");
          if (^io_rdata === 1'bx) fault("unknown output");
        end
      // The counters are not zero now; what is write only or nothing reads as zero all the same.
      access(0, 2, 0, 0, 0);
      if (io_rdata !== 64'd0) fault("the codebook reads as something");
      access(0, 7, 0, 0, 0);
      if (io_rdata !== 64'd0) fault("memory 7 reads as something");
      quiet_bus;
    end
  endtask

  task expect_rest;
    begin
      if (trace !== {TraceBits{1'b0}}) fault("something goes on");
      if (idle !== 1'b1) fault("not idle");
      if (done !== 1'b0) fault("done");
    end
  endtask

  initial begin
    faults = 0; first_length = -1; at = -1;
    clk = 1'b0; start = 1'b0; rst_n = 1'b0; io_pe = 1'b0; io_mem = 0; io_addr = 0; io_wdata = 0;
    quiet_bus;
    #0.5 expect_rest;
    @(negedge clk);
    rst_n = 1'b1;
    write_memories;
    run_layer;
    for (at = 0; at <= first_length + 1; at = at + 1) begin
      start = 1'b1;
      @(negedge clk);
      start = 1'b0;
      repeat (at) @(negedge clk);
      rst_n = 1'b0;
      #0.5 expect_rest;
      @(negedge clk);
      rst_n = 1'b1;
      repeat (RestCycles) begin
        #0.5 expect_rest;
        @(negedge clk);
      end
      for (length = 0; length < CcuCounters; length = length + 1) begin
        access(0, 9, 0, length, 0);
        if (io_rdata !== 64'd0) fault("a counter of the control unit is not zero");
      end
      for (length = 0; length < PeCounters; length = length + 1) begin
        access(0, 6, 1, length, 0);
        if (io_rdata !== 64'd0) fault("a counter of PE 1 is not zero");
      end
      for (length = 0; length < 4; length = length + 1) begin
        access(0, 4, 0, length, 0);
        if (io_rdata !== 64'd0) fault("a source row is not zero");
        access(0, 5, 0, length, 0);
        if (io_rdata !== 64'd0) fault("a destination row is not zero");
      end
      quiet_bus;
      run_layer;
    end
    $display("faults %0d in %0d cycles", faults, first_length);
    $finish;
  end

endmodule

`default_nettype wire
