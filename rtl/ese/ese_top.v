// ese_top: ESE: channels that share one stream of weights, a state machine of slots, two memory
// controllers.
//
// Model: Ese of accelsim/machines/ese/reference/array.py; contract accelsim/machines/ese/README.md.
// The DDR modules are outside; see ddr_model.v for what they do. A word of DDR_1 has its route
// beside it (weight_loader.v).
// Host, while no utterance runs: io_mem_i 0 writes word io_addr_i of the program (its fields: word
// below, from the lowest bits on, the highest of them in ese_operands); 1 writes a register: 0 the
// number of steps, 1 and 2 where x of the first step and y lie in DDR_2 and DDR_1, 3 the words of a
// step's y, 4 where y lies in a channel, 5 how many channels have an input, the first ones (the
// others run too, on zeros, and are not counted); 2 reads counter io_addr_i of the machine, 3 that of PE
// number io_pe_i.
// Timing: start_i in cycle t makes t + 1 the first cycle; done_o is in the cycle after the last.
// trace_o, from the lowest bits on: the machine and its channels, then PE by PE, channel by channel;
// accelsim/machines/ese/rtl/params.py names the fields.
`default_nettype none

module ese_top #(
  parameter integer NChannels       = 4,    // that are built
  parameter integer Batch           = 4,    // NChannels of the configuration: those without an input
                                            // of their own need not be built
  parameter integer NPe             = 4,
  parameter integer ActQueueDepth   = 8,
  parameter integer WeightBits      = 12,
  parameter integer IndexBits       = 4,
  parameter integer ActivationBits  = 16,
  parameter integer AccumulatorBits = 16,
  parameter integer PointerBits     = 16,
  parameter integer StartCycles     = 1,
  parameter integer WholeMatrix     = 0,    // WeightsReady is "matrix"
  parameter integer DdrWordBits     = 512,
  parameter integer VectorPathBits  = 16,
  parameter integer ElementwiseWidth = 2,
  parameter integer ElementwiseLatencyCycles = 24,
  parameter integer TableSamples    = 2048,
  parameter integer Linear          = 1,    // TableInterpolation is "linear"
  // Sizes
  parameter integer WeightEntries   = 2048, // of half of a PE's weight buffer
  parameter integer PointerEntries  = 2048, // of half of a PE's pointer buffer
  parameter integer ColumnBits      = 12,   // at least log2(columns + 2)
  parameter integer NumberBits      = 20,   // see pointer_route
  parameter integer Rows            = 32,   // accumulators of a PE
  parameter integer VectorWords     = 1024, // elements that a channel holds
  parameter integer VectorBits      = 10,   // log2 of that
  parameter integer VectorCopy      = 64,   // elements of x and y together, of a step
  parameter integer PathWords       = 160,  // words of the longest vector that is fetched
  parameter integer PartBits        = 16,   // see sigmoid_tanh
  parameter integer LengthBits      = 20,   // of numbers of elements and words
  parameter integer AddrBits        = 24,   // of a DDR word
  parameter integer StepBits        = 16,
  parameter integer ProgramDepth    = 16,   // slots: initial ones, those of a step, the final one
  parameter integer Counters        = 1,
  parameter integer Trace           = 0,
  // Derived; leave them alone
  parameter integer PeBits          = (NPe > 1) ? $clog2(NPe) : 1,
  parameter integer CountBits       = $clog2(ActQueueDepth + 1),
  parameter integer RowBits         = (Rows > 1) ? $clog2(Rows) : 1,
  parameter integer ShiftBits       = $clog2(WeightBits + ActivationBits + 1),
  parameter integer OpShiftBits     = $clog2(2 * ActivationBits + 2),
  parameter integer OpBits          = 18 + 2 * OpShiftBits,
  parameter integer RefBits         = VectorBits + 2,
  parameter integer PcBits          = (ProgramDepth > 1) ? $clog2(ProgramDepth) : 1,
  parameter integer EntryBits       = WeightBits + IndexBits,
  parameter integer RouteBits       = ColumnBits
      + ((DdrWordBits - 1) / EntryBits + 1) * (1 + PeBits + $clog2(DdrWordBits)),
  parameter integer ProgramBits     = 12 + 4*AddrBits + 8*LengthBits + 3*ColumnBits + ShiftBits
                                      + 13*RefBits + 2*OpBits,
  parameter integer PeTraceBits     = 10 + CountBits + ColumnBits + 2*PointerBits
                                      + ActivationBits + 2*RowBits + 2*AccumulatorBits,
  parameter integer ChannelTraceBits = 8 + RowBits + 2*VectorBits + 3*ActivationBits,
  parameter integer TopTraceBits    = 15 + PcBits + StepBits + ColumnBits + VectorBits
                                      + NPe*(2*PointerBits + 2*ColumnBits),
  parameter integer TraceBits       = TopTraceBits + NChannels*(ChannelTraceBits + NPe*PeTraceBits)
) (
  input  wire                             clk_i,
  input  wire                             rst_ni,     // asynchronous, active low
  // Host
  input  wire                             start_i,
  output wire                             idle_o,
  output wire                             done_o,
  input  wire                             io_req_i,
  input  wire                             io_we_i,
  input  wire [3:0]                       io_mem_i,
  input  wire [PeBits-1:0]                io_pe_i,
  input  wire [31:0]                      io_addr_i,
  input  wire [ProgramBits-1:0]           io_wdata_i,
  output wire [31:0]                      io_rdata_o,
  // DDR_1: weights and results
  output wire                             ddr_1_request_o,
  output wire                             ddr_1_write_o,
  output wire [AddrBits-1:0]              ddr_1_addr_o,
  output wire [LengthBits-1:0]            ddr_1_words_o,
  input  wire                             ddr_1_transfer_i,
  input  wire [RouteBits+DdrWordBits-1:0] ddr_1_data_i,
  output wire [DdrWordBits-1:0]           ddr_1_data_o,
  // DDR_2: tables, inputs, vectors, pointers
  output wire                             ddr_2_request_o,
  output wire [AddrBits-1:0]              ddr_2_addr_o,
  output wire [LengthBits-1:0]            ddr_2_words_o,
  input  wire                             ddr_2_transfer_i,
  input  wire [DdrWordBits-1:0]           ddr_2_data_i,
  // What happens in this cycle
  output wire [TraceBits-1:0]             trace_o
);

  localparam integer PathLanes = (ActivationBits - 1 + VectorPathBits) / ActivationBits;
  localparam integer WordLanes = DdrWordBits / ActivationBits;
  localparam integer UsedBits  = $clog2(NChannels + 1);
  localparam integer EventBits = $clog2(NPe + 1) + 4 + $clog2(2 * ElementwiseWidth + 1);
  localparam integer OperandBits = 2 + 3*LengthBits + ColumnBits + ShiftBits + 12*RefBits
                                   + 2*OpBits;

  // Registers of the host
  reg [StepBits-1:0]   n_steps_q;
  reg [AddrBits-1:0]   x_base_q, y_base_q;
  reg [LengthBits-1:0] y_words_q;
  reg [VectorBits-1:0] y_place_q;
  reg [UsedBits-1:0]   used_q;

  wire io_write = io_req_i && io_we_i;
  wire io_register = io_write && io_mem_i == 4'd1;
  always @(posedge clk_i) begin
    if (io_register && io_addr_i[2:0] == 3'd0) n_steps_q <= io_wdata_i[StepBits-1:0];
    if (io_register && io_addr_i[2:0] == 3'd1) x_base_q <= io_wdata_i[AddrBits-1:0];
    if (io_register && io_addr_i[2:0] == 3'd2) y_base_q <= io_wdata_i[AddrBits-1:0];
    if (io_register && io_addr_i[2:0] == 3'd3) y_words_q <= io_wdata_i[LengthBits-1:0];
    if (io_register && io_addr_i[2:0] == 3'd4) y_place_q <= io_wdata_i[VectorBits-1:0];
    if (io_register && io_addr_i[2:0] == 3'd5) used_q <= io_wdata_i[UsedBits-1:0];
  end

  wire [NChannels-1:0] used;
  genvar c;
  generate
    for (c = 0; c < NChannels; c = c + 1) begin : g_used
      localparam [UsedBits-1:0] Before = c;
      assign used[c] = Before < used_q;
    end
  endgenerate

  // State machine
  wire                   begins, running, fetches, stores_y, pointers_whole, stored;
  wire                   array_idle, memory_busy;
  wire [ProgramBits-1:0] word;
  wire [PcBits-1:0]      pc;
  wire [StepBits-1:0]    step;

  slot_control #(
    .ProgramDepth(ProgramDepth), .ProgramBits(ProgramBits), .PcBits(PcBits), .StepBits(StepBits),
    .LoopStart(2)
  ) u_slot_control (
    .clk_i(clk_i), .rst_ni(rst_ni), .start_i(start_i), .running_o(running), .done_o(done_o),
    .write_i(io_write && io_mem_i == 4'd0), .write_pc_i(io_addr_i[PcBits-1:0]),
    .write_word_i(io_wdata_i), .n_steps_i(n_steps_q), .done_i(array_idle && !memory_busy),
    .pointers_i(pointers_whole), .stored_i(stored), .begin_o(begins), .word_o(word), .pc_o(pc),
    .step_o(step), .fetches_o(fetches), .stores_o(stores_y)
  );

  assign idle_o = !running && !done_o;

  // Fields of the program word
  wire [9:0]             flags;             // see slot_control; store, tables, vector, x, matrix, multiply
  wire [AddrBits-1:0]    table_addr, vector_addr, weight_addr, pointer_addr;
  wire [LengthBits-1:0]  table_words, vector_words, vector_length, weight_words, pointer_words;
  wire [ColumnBits-1:0]  weight_empty, fetch_columns;
  wire [RefBits-1:0]     vector_ref;
  wire [OperandBits-1:0] operands;          // see ese_operands

  assign {
    operands, fetch_columns, pointer_words, pointer_addr, weight_empty, weight_words, weight_addr,
    vector_ref, vector_length, vector_words, vector_addr, table_words, table_addr, flags
  } = word;

  wire multiply = begins && flags[9];
  wire matrix   = begins && flags[8] && fetches;
  wire unused_flags = ^flags[3:0];

  // DDR modules
  wire                          front, collect, collecting, weight_word, weight_half;
  wire                          pointer_word, pointer_half, table_word;
  wire [LengthBits-1:0]         table_number;
  wire [PathLanes-1:0]          path_write;
  wire [PathLanes*VectorBits-1:0] path_addr;
  wire [NChannels*PathLanes*ActivationBits-1:0] path_data;
  wire [WordLanes*VectorBits-1:0] result_addr;
  wire [NChannels*WordLanes*ActivationBits-1:0] result_data;
  wire [5:0]                    memory_events;
  wire [5+VectorBits:0]         memory_trace;

  ese_memory #(
    .NChannels(NChannels), .Batch(Batch), .ActivationBits(ActivationBits),
    .DdrWordBits(DdrWordBits), .VectorPathBits(VectorPathBits), .VectorBits(VectorBits),
    .VectorCopy(VectorCopy), .PathWords(PathWords), .LengthBits(LengthBits), .AddrBits(AddrBits)
  ) u_memory (
    .clk_i(clk_i), .rst_ni(rst_ni), .start_i(start_i), .x_base_i(x_base_q), .y_base_i(y_base_q),
    .y_words_i(y_words_q), .y_place_i(y_place_q), .step_i(step[1:0]),
    .tables_i(begins && flags[5]), .table_addr_i(table_addr), .table_words_i(table_words),
    .vector_i(begins && flags[6]), .x_i(begins && flags[7] && fetches),
    .vector_addr_i(vector_addr), .vector_words_i(vector_words), .vector_length_i(vector_length),
    .vector_ref_i(vector_ref), .matrix_i(matrix), .back_i(!front), .weight_addr_i(weight_addr),
    .weight_words_i(weight_words), .pointer_addr_i(pointer_addr),
    .pointer_words_i(pointer_words), .store_i(begins && flags[4] && stores_y),
    .collect_i(collect), .collecting_i(collecting), .busy_o(memory_busy), .stored_o(stored),
    .ddr_1_request_o(ddr_1_request_o), .ddr_1_write_o(ddr_1_write_o),
    .ddr_1_addr_o(ddr_1_addr_o), .ddr_1_words_o(ddr_1_words_o),
    .ddr_1_transfer_i(ddr_1_transfer_i), .ddr_1_data_o(ddr_1_data_o),
    .ddr_2_request_o(ddr_2_request_o), .ddr_2_addr_o(ddr_2_addr_o),
    .ddr_2_words_o(ddr_2_words_o), .ddr_2_transfer_i(ddr_2_transfer_i),
    .ddr_2_data_i(ddr_2_data_i), .weight_word_o(weight_word), .weight_half_o(weight_half),
    .pointer_word_o(pointer_word), .pointer_half_o(pointer_half), .table_word_o(table_word),
    .table_number_o(table_number), .path_write_o(path_write), .path_addr_o(path_addr),
    .path_data_o(path_data), .result_addr_o(result_addr), .result_data_i(result_data),
    .events_o(memory_events), .trace_o(memory_trace)
  );

  // Channels
  wire [6:0]                     broadcast_events;
  wire [NPe-1:0]                 full, pop, issue, empty, padding;
  wire [NPe*CountBits-1:0]       queue_count;
  wire [NPe*8-1:0]               written;
  wire [NChannels*NPe-1:0]       mac, saturation;
  wire [NChannels*EventBits-1:0] assembled, multiplied, added, look_ups, saturations;
  wire [TraceBits-TopTraceBits-1:0] channels_trace;
  wire [5+ColumnBits:0]          broadcast_trace;
  wire [NPe*2*(PointerBits+ColumnBits):0] buffers_trace;

  channel_array #(
    .NChannels(NChannels), .NPe(NPe), .PeBits(PeBits), .ActQueueDepth(ActQueueDepth),
    .CountBits(CountBits), .WeightBits(WeightBits), .IndexBits(IndexBits),
    .ActivationBits(ActivationBits), .AccumulatorBits(AccumulatorBits),
    .PointerBits(PointerBits), .StartCycles(StartCycles), .WholeMatrix(WholeMatrix),
    .DdrWordBits(DdrWordBits), .PathLanes(PathLanes), .ElementwiseWidth(ElementwiseWidth),
    .ElementwiseLatencyCycles(ElementwiseLatencyCycles), .TableSamples(TableSamples),
    .Linear(Linear), .WeightEntries(WeightEntries), .PointerEntries(PointerEntries),
    .ColumnBits(ColumnBits), .NumberBits(NumberBits), .Rows(Rows), .RowBits(RowBits),
    .ShiftBits(ShiftBits), .OpShiftBits(OpShiftBits), .VectorWords(VectorWords),
    .VectorBits(VectorBits), .VectorCopy(VectorCopy), .PartBits(PartBits),
    .LengthBits(LengthBits), .StepBits(StepBits), .EventBits(EventBits), .Trace(Trace)
  ) u_channels (
    .clk_i(clk_i), .rst_ni(rst_ni), .start_i(start_i), .begins_i(begins),
    .multiply_i(multiply), .word_i(operands), .step_i(step), .collect_o(collect),
    .collecting_o(collecting), .idle_o(array_idle), .matrix_i(matrix),
    .fetch_columns_i(fetch_columns), .weight_words_i(weight_words),
    .weight_empty_i(weight_empty), .pointer_words_i(pointer_words), .front_o(front),
    .pointers_whole_o(pointers_whole), .weight_word_i(weight_word),
    .weight_half_i(weight_half), .weight_data_i(ddr_1_data_i[DdrWordBits-1:0]),
    .weight_route_i(ddr_1_data_i[DdrWordBits +: RouteBits]), .pointer_word_i(pointer_word),
    .pointer_half_i(pointer_half), .table_word_i(table_word), .table_number_i(table_number),
    .ddr_2_data_i(ddr_2_data_i), .path_write_i(path_write), .path_addr_i(path_addr),
    .path_data_i(path_data), .result_addr_i(result_addr), .result_data_o(result_data),
    .events_o(broadcast_events), .full_o(full), .pop_o(pop), .issue_o(issue), .empty_o(empty),
    .padding_o(padding), .queue_count_o(queue_count), .written_o(written), .mac_o(mac),
    .saturation_o(saturation), .assembled_o(assembled), .multiplied_o(multiplied),
    .added_o(added), .look_ups_o(look_ups), .saturations_o(saturations),
    .trace_o(channels_trace), .broadcast_trace_o(broadcast_trace),
    .buffers_trace_o(buffers_trace)
  );

  ese_totals #(
    .Counters(Counters), .NChannels(NChannels), .NPe(NPe), .PeBits(PeBits),
    .CountBits(CountBits), .EventBits(EventBits)
  ) u_totals (
    .clk_i(clk_i), .rst_ni(rst_ni), .clear_i(start_i), .used_i(used),
    .events_i({memory_events, broadcast_events, begins, running}), .full_i(full), .pop_i(pop),
    .issue_i(issue), .empty_i(empty), .padding_i(padding), .queue_count_i(queue_count),
    .written_i(written), .mac_i(mac), .saturation_i(saturation), .assembled_i(assembled),
    .multiplied_i(multiplied), .added_i(added), .look_ups_i(look_ups),
    .saturations_i(saturations), .of_machine_i(io_mem_i == 4'd2), .pe_i(io_pe_i),
    .index_i(io_addr_i[4:0]), .value_o(io_rdata_o)
  );

  generate
    if (Trace != 0) begin : g_trace
      assign trace_o = {channels_trace, running, begins, pc, step, broadcast_trace, memory_trace,
                        buffers_trace};
    end else begin : g_no_trace
      assign trace_o = {TraceBits{1'b0}};
      wire unused_trace = ^{channels_trace, pc, broadcast_trace, memory_trace, buffers_trace};
    end
  endgenerate

  wire unused_io = ^{io_addr_i, io_wdata_i};

endmodule

`default_nettype wire
