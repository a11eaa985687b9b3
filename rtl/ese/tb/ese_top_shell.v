// ese_top_shell: an ese_top and its two DDR modules, whose host is a C++ program; see
// ese_top_host.cpp.
//
// Inputs are taken at the rising edge of take_i, reset aside, and stand until the next: so that
// nothing that depends on them is worked out again in the cycles of an utterance.
`default_nettype none

module ese_top_shell #(
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
  // Derived; leave them alone
  parameter integer PeBits          = (NPe > 1) ? $clog2(NPe) : 1,
  parameter integer ProgramBits     = 12 + 4*24 + 8*20 + 3*ColumnBits
      + $clog2(WeightBits + ActivationBits + 1) + 13*(VectorBits + 2)
      + 2*(18 + 2*$clog2(2 * ActivationBits + 2))
) (
  input  wire                   clk_i,
  input  wire                   take_i,
  input  wire                   rst_ni,
  input  wire                   start_i,
  output wire                   idle_o,
  output wire                   done_o,
  input  wire                   io_req_i,
  input  wire                   io_we_i,
  input  wire [3:0]             io_mem_i,
  input  wire [PeBits-1:0]      io_pe_i,
  input  wire [31:0]            io_addr_i,
  input  wire [ProgramBits-1:0] io_wdata_i,
  output wire [31:0]            io_rdata_o,
  output wire [TraceBits-1:0]   trace_o,
  // For the host
  output wire [31:0]            word_bits_o,
  output wire [31:0]            activation_bits_o
);

  localparam integer LengthBits = 20;
  localparam integer AddrBits   = 24;
  localparam integer RouteBits  = ColumnBits
      + ((DdrWordBits - 1) / (WeightBits + IndexBits) + 1) * (1 + PeBits + $clog2(DdrWordBits));
  localparam integer WideBits   = RouteBits + DdrWordBits;

  reg                    start_q, io_req_q, io_we_q;
  reg  [3:0]             io_mem_q;
  reg  [PeBits-1:0]      io_pe_q;
  reg  [31:0]            io_addr_q;
  reg  [ProgramBits-1:0] io_wdata_q;
  wire                   request_1, write_1, transfer_1, request_2, transfer_2;
  wire [AddrBits-1:0]    addr_1, addr_2;
  wire [LengthBits-1:0]  words_1, words_2;
  wire [WideBits-1:0]    data_1;
  wire [DdrWordBits-1:0] result, data_2;

  assign word_bits_o       = DdrWordBits;
  assign activation_bits_o = ActivationBits;

  always @(posedge take_i) begin
    start_q    <= start_i;
    io_req_q   <= io_req_i;
    io_we_q    <= io_we_i;
    io_mem_q   <= io_mem_i;
    io_pe_q    <= io_pe_i;
    io_addr_q  <= io_addr_i;
    io_wdata_q <= io_wdata_i;
  end

  ddr_model #(
    .Width(WideBits), .Words(Ddr1Words), .Latency(DdrLatencyCycles), .BurstWords(DdrBurstWords),
    .GapCycles(DdrBurstGapCycles), .AddrBits(AddrBits), .LengthBits(LengthBits)
  ) u_ddr_1 (
    .clk_i(clk_i), .rst_ni(rst_ni), .request_i(request_1), .write_i(write_1), .addr_i(addr_1),
    .words_i(words_1), .transfer_o(transfer_1), .data_o(data_1),
    .data_i({{RouteBits{1'b0}}, result})
  );

  ddr_model #(
    .Width(DdrWordBits), .Words(Ddr2Words), .Latency(DdrLatencyCycles),
    .BurstWords(DdrBurstWords), .GapCycles(DdrBurstGapCycles), .AddrBits(AddrBits),
    .LengthBits(LengthBits)
  ) u_ddr_2 (
    .clk_i(clk_i), .rst_ni(rst_ni), .request_i(request_2), .write_i(1'b0), .addr_i(addr_2),
    .words_i(words_2), .transfer_o(transfer_2), .data_o(data_2), .data_i({DdrWordBits{1'b0}})
  );

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
    .PartBits(PartBits), .ProgramDepth(ProgramDepth), .Counters(Counters), .Trace(Trace)
  ) u_dut (
    .clk_i(clk_i), .rst_ni(rst_ni), .start_i(start_q), .idle_o(idle_o), .done_o(done_o),
    .io_req_i(io_req_q), .io_we_i(io_we_q), .io_mem_i(io_mem_q), .io_pe_i(io_pe_q),
    .io_addr_i(io_addr_q), .io_wdata_i(io_wdata_q), .io_rdata_o(io_rdata_o),
    .ddr_1_request_o(request_1), .ddr_1_write_o(write_1), .ddr_1_addr_o(addr_1),
    .ddr_1_words_o(words_1), .ddr_1_transfer_i(transfer_1), .ddr_1_data_i(data_1),
    .ddr_1_data_o(result), .ddr_2_request_o(request_2), .ddr_2_addr_o(addr_2),
    .ddr_2_words_o(words_2), .ddr_2_transfer_i(transfer_2), .ddr_2_data_i(data_2),
    .trace_o(trace_o)
  );

endmodule

`default_nettype wire
