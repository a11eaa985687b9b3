// array_harness: the array between shift registers, so that place and route sees registers on all
// sides and five pins. Only for rtl/synth: the clock frequency of the array, whose longest way goes
// from the scan through register files, LNZD tree and scan back to every queue.
//
// Timing: as of pe_harness. Counters and trace are left out.
`default_nettype none

module array_harness #(
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
  parameter integer ProgramDepth    = 16
) (
  input  wire clk_i,
  input  wire rst_ni,
  input  wire shift_i,
  input  wire capture_i,
  output wire shift_o
);

  // As eie_array derives them
  localparam integer PositionBits = (NPe > 1) ? $clog2(NPe) : 1;
  localparam integer IoDataBits   = (SpmatWidthBits > 64) ? SpmatWidthBits : 64;
  localparam integer ColumnBits   = $clog2(PointerWords);
  localparam integer RowBits      = $clog2(RegfileDepth);
  localparam integer RegisterBits =
      (ActivationBits > AccumulatorBits) ? ActivationBits : AccumulatorBits;
  localparam integer PeTraceBits  =
      $clog2(ActQueueDepth + 1) + 3*ColumnBits + 2*PointerBits + $clog2(SpmatLines) + WeightBits
      + IndexBits + WeightValueBits + 3*RowBits + 2*AccumulatorBits + 3*ActivationBits
      + 2*RegisterBits + 14;
  localparam integer TraceBits    = 16 + 2*RowBits + $clog2(ActSramWords) + 2*PositionBits
      + ColumnBits + 2*ActivationBits + NPe * PeTraceBits;

  localparam integer InBits  = 3 + 4 + PositionBits + 32 + IoDataBits;
  localparam integer OutBits = 2 + IoDataBits;

  reg  [InBits-1:0]  in_q;
  reg  [OutBits-1:0] out_q;
  wire [OutBits-1:0] out;

  always @(posedge clk_i) begin
    in_q  <= {in_q[InBits-2:0], shift_i};
    out_q <= capture_i ? out : {out_q[OutBits-2:0], 1'b0};
  end

  assign shift_o = out_q[OutBits-1];

  wire                    start, io_req, io_we;
  wire [3:0]              io_mem;
  wire [PositionBits-1:0] io_pe;
  wire [31:0]             io_addr;
  wire [IoDataBits-1:0]   io_wdata;
  wire [TraceBits-1:0]    trace;

  assign {start, io_req, io_we, io_mem, io_pe, io_addr, io_wdata} = in_q;

  eie_array #(
    .NPe(NPe), .ActQueueDepth(ActQueueDepth), .WeightBits(WeightBits), .IndexBits(IndexBits),
    .SpmatWidthBits(SpmatWidthBits), .SpmatLines(SpmatLines), .PointerBits(PointerBits),
    .PointerWords(PointerWords), .ActSramWords(ActSramWords), .RegfileDepth(RegfileDepth),
    .ActivationBits(ActivationBits), .WeightValueBits(WeightValueBits),
    .AccumulatorBits(AccumulatorBits), .Bypass(Bypass), .ProgramDepth(ProgramDepth),
    .Counters(0), .Trace(0)
  ) u_array (
    .clk_i(clk_i), .rst_ni(rst_ni), .start_i(start), .idle_o(out[0]), .done_o(out[1]),
    .io_req_i(io_req), .io_we_i(io_we), .io_mem_i(io_mem), .io_pe_i(io_pe), .io_addr_i(io_addr),
    .io_wdata_i(io_wdata), .io_rdata_o(out[2 +: IoDataBits]), .trace_o(trace)
  );

  wire unused_trace = ^trace;

endmodule

`default_nettype wire
