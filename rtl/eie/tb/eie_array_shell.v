// eie_array_shell: an eie_array whose host is a C++ program; see eie_array_host.cpp.
//
// Inputs are taken at the rising edge of take_i, reset aside, and stand until the next: so that
// nothing that depends on them is worked out again in the cycles of a layer, in which none changes.
`default_nettype none

module eie_array_shell #(
  parameter integer NPe             = 64,
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
  parameter integer CounterBits     = 32,
  parameter integer Trace           = 0,
  parameter integer Multiplier      = 0,
  parameter integer StartCycles     = 1,
  parameter integer DecoderTables   = 1,
  parameter integer TraceBits       = 1,    // as eie_array derives it
  // Derived; leave them alone
  parameter integer PositionBits    = (NPe > 1) ? $clog2(NPe) : 1,
  parameter integer IoDataBits      = (SpmatWidthBits > 64) ? SpmatWidthBits : 64
) (
  input  wire                    clk_i,
  input  wire                    take_i,
  input  wire                    rst_ni,
  input  wire                    start_i,
  output wire                    idle_o,
  output wire                    done_o,
  input  wire                    io_req_i,
  input  wire                    io_we_i,
  input  wire [3:0]              io_mem_i,
  input  wire [PositionBits-1:0] io_pe_i,
  input  wire [31:0]             io_addr_i,
  input  wire [IoDataBits-1:0]   io_wdata_i,
  output wire [IoDataBits-1:0]   io_rdata_o,
  output wire [TraceBits-1:0]    trace_o
);

  reg                    start_q, io_req_q, io_we_q;
  reg [3:0]              io_mem_q;
  reg [PositionBits-1:0] io_pe_q;
  reg [31:0]             io_addr_q;
  reg [IoDataBits-1:0]   io_wdata_q;

  always @(posedge take_i) begin
    start_q    <= start_i;
    io_req_q   <= io_req_i;
    io_we_q    <= io_we_i;
    io_mem_q   <= io_mem_i;
    io_pe_q    <= io_pe_i;
    io_addr_q  <= io_addr_i;
    io_wdata_q <= io_wdata_i;
  end

  eie_array #(
    .NPe(NPe), .ActQueueDepth(ActQueueDepth), .WeightBits(WeightBits), .IndexBits(IndexBits),
    .SpmatWidthBits(SpmatWidthBits), .SpmatLines(SpmatLines), .PointerBits(PointerBits),
    .PointerWords(PointerWords), .ActSramWords(ActSramWords), .RegfileDepth(RegfileDepth),
    .ActivationBits(ActivationBits), .WeightValueBits(WeightValueBits),
    .AccumulatorBits(AccumulatorBits), .Bypass(Bypass), .ProgramDepth(ProgramDepth),
    .Gather(Gather), .Counters(Counters), .CounterBits(CounterBits), .Trace(Trace),
    .Multiplier(Multiplier), .StartCycles(StartCycles), .DecoderTables(DecoderTables)
  ) dut (
    .clk_i(clk_i), .rst_ni(rst_ni), .start_i(start_q), .idle_o(idle_o), .done_o(done_o),
    .io_req_i(io_req_q), .io_we_i(io_we_q), .io_mem_i(io_mem_q), .io_pe_i(io_pe_q),
    .io_addr_i(io_addr_q), .io_wdata_i(io_wdata_q), .io_rdata_o(io_rdata_o), .trace_o(trace_o)
  );

endmodule

`default_nettype wire
