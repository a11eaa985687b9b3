// channel_array: the channels and what they share: the broadcast, the buffers of a matrix, and what a
// slot has them do.
//
// Model: _begin, _multiply and _broadcast of accelsim/machines/ese/reference/array.py; contract S2,
// F1, Q1. The channels are alike in time: they read the same words in the same cycles, and what one
// says of queues, entries and ends all say, so that the first one stands for all. Flat ports have
// channel 0 and PE 0 in the lowest bits.
// Timing: strobes of the slot are in its first cycle; word_i and step_i hold from then to its last.
// idle_o and collecting_o come from registers alone, pointers_whole_o too. Everything else: as in
// the units.
`default_nettype none

module channel_array #(
  parameter integer NChannels       = 4,
  parameter integer NPe             = 4,
  parameter integer PeBits          = 2,    // at least 1 and log2(NPe)
  parameter integer ActQueueDepth   = 8,
  parameter integer CountBits       = 4,
  parameter integer WeightBits      = 12,
  parameter integer IndexBits       = 4,
  parameter integer ActivationBits  = 16,
  parameter integer AccumulatorBits = 16,
  parameter integer PointerBits     = 16,
  parameter integer StartCycles     = 1,
  parameter integer WholeMatrix     = 0,
  parameter integer DdrWordBits     = 512,
  parameter integer PathLanes       = 1,    // elements that the vector path gives in a cycle
  parameter integer ElementwiseWidth = 2,
  parameter integer ElementwiseLatencyCycles = 24,
  parameter integer TableSamples    = 2048,
  parameter integer Linear          = 1,
  parameter integer WeightEntries   = 2048, // see matrix_buffers
  parameter integer PointerEntries  = 2048,
  parameter integer ColumnBits      = 12,
  parameter integer NumberBits      = 20,
  parameter integer Rows            = 32,   // accumulators of a PE
  parameter integer RowBits         = 5,
  parameter integer ShiftBits       = 5,
  parameter integer OpShiftBits     = 6,
  parameter integer VectorWords     = 1024,
  parameter integer VectorBits      = 10,
  parameter integer VectorCopy      = 64,
  parameter integer PartBits        = 16,   // see sigmoid_tanh
  parameter integer LengthBits      = 20,
  parameter integer StepBits        = 16,
  parameter integer EventBits       = 10,   // of a channel's number of results in a cycle
  parameter integer Trace           = 0,
  // Derived; leave them alone
  parameter integer EntryBits       = WeightBits + IndexBits,
  parameter integer OpBits          = 18 + 2 * OpShiftBits,
  parameter integer OperandBits     = 2 + 3*LengthBits + ColumnBits + ShiftBits
                                      + 12*(VectorBits + 2) + 2*OpBits,
  parameter integer RouteBits       = ColumnBits
      + ((DdrWordBits - 1) / EntryBits + 1) * (1 + PeBits + $clog2(DdrWordBits)),
  parameter integer WordLanes       = DdrWordBits / ActivationBits,
  parameter integer PeTraceBits     = 10 + CountBits + ColumnBits + 2*PointerBits
                                      + ActivationBits + 2*RowBits + 2*AccumulatorBits,
  parameter integer ChannelTraceBits = 8 + RowBits + 2*VectorBits + 3*ActivationBits
) (
  input  wire                           clk_i,
  input  wire                           rst_ni,
  input  wire                           start_i,          // of an utterance
  // The present slot
  input  wire                           begins_i,
  input  wire                           multiply_i,       // it begins and multiplies
  input  wire [OperandBits-1:0]         word_i,           // see ese_operands
  input  wire [StepBits-1:0]            step_i,
  output wire                           collect_o,        // Assemble begins
  output wire                           collecting_o,     // Assemble is not done
  output wire                           idle_o,           // everything of the slot is done
  // A matrix is requested; see matrix_buffers
  input  wire                           matrix_i,
  input  wire [ColumnBits-1:0]          fetch_columns_i,
  input  wire [LengthBits-1:0]          weight_words_i,
  input  wire [ColumnBits-1:0]          weight_empty_i,
  input  wire [LengthBits-1:0]          pointer_words_i,
  output wire                           front_o,
  output wire                           pointers_whole_o,
  // Its words
  input  wire                           weight_word_i,
  input  wire                           weight_half_i,
  input  wire [DdrWordBits-1:0]         weight_data_i,
  input  wire [RouteBits-1:0]           weight_route_i,
  input  wire                           pointer_word_i,
  input  wire                           pointer_half_i,
  input  wire                           table_word_i,
  input  wire [LengthBits-1:0]          table_number_i,   // of the word in the tables
  input  wire [DdrWordBits-1:0]         ddr_2_data_i,     // pointers, tables
  // The channels' vectors: elements that were fetched, results to store
  input  wire [PathLanes-1:0]           path_write_i,
  input  wire [PathLanes*VectorBits-1:0] path_addr_i,
  input  wire [NChannels*PathLanes*ActivationBits-1:0] path_data_i,
  input  wire [WordLanes*VectorBits-1:0] result_addr_i,
  output wire [NChannels*WordLanes*ActivationBits-1:0] result_data_o,
  // Events of this cycle; see ese_totals
  output wire [6:0]                     events_o,         // of the broadcast
  output wire [NPe-1:0]                 full_o,
  output wire [NPe-1:0]                 pop_o,
  output wire [NPe-1:0]                 issue_o,
  output wire [NPe-1:0]                 empty_o,
  output wire [NPe-1:0]                 padding_o,
  output wire [NPe*CountBits-1:0]       queue_count_o,
  output wire [NPe*8-1:0]               written_o,
  output wire [NChannels*NPe-1:0]       mac_o,
  output wire [NChannels*NPe-1:0]       saturation_o,
  output wire [NChannels*EventBits-1:0] assembled_o,
  output wire [NChannels*EventBits-1:0] multiplied_o,
  output wire [NChannels*EventBits-1:0] added_o,
  output wire [NChannels*EventBits-1:0] look_ups_o,
  output wire [NChannels*EventBits-1:0] saturations_o,
  // Of PEs and channels; of the broadcast; of the buffers
  output wire [NChannels*(ChannelTraceBits+NPe*PeTraceBits)-1:0] trace_o,
  output wire [5+ColumnBits:0]          broadcast_trace_o,
  output wire [NPe*2*(PointerBits+ColumnBits):0] buffers_trace_o
);

  localparam integer TableLines = (2 * TableSamples + WordLanes - 1) / WordLanes;
  localparam integer LineBits   = (TableLines > 1) ? $clog2(TableLines) : 1;

  // What this slot does
  wire [ColumnBits-1:0]   columns;
  wire [ShiftBits-1:0]    shift;
  wire [VectorBits-1:0]   source, collect_base, mul_target, add_target;
  wire [4*VectorBits-1:0] mul_sources, add_sources;
  wire [3:0]              mul_zeros, add_zeros;
  wire [OpBits-1:0]       mul_op, add_op;
  wire [LengthBits-1:0]   collect_length, mul_length, add_length;
  wire                    source_zero, file, collect_file, mul_start, add_start;

  ese_operands #(
    .LengthBits(LengthBits), .ColumnBits(ColumnBits), .ShiftBits(ShiftBits), .OpBits(OpBits),
    .StepBits(StepBits), .VectorBits(VectorBits), .VectorCopy(VectorCopy)
  ) u_operands (
    .clk_i(clk_i), .rst_ni(rst_ni), .start_i(start_i), .begins_i(begins_i),
    .multiply_i(multiply_i), .word_i(word_i), .step_i(step_i), .columns_o(columns),
    .shift_o(shift), .source_o(source), .source_zero_o(source_zero), .file_o(file),
    .collect_o(collect_o), .collect_file_o(collect_file), .collect_length_o(collect_length),
    .collect_base_o(collect_base), .mul_start_o(mul_start), .mul_op_o(mul_op),
    .mul_length_o(mul_length), .mul_sources_o(mul_sources), .mul_zeros_o(mul_zeros),
    .mul_target_o(mul_target), .add_start_o(add_start), .add_op_o(add_op),
    .add_length_o(add_length), .add_sources_o(add_sources), .add_zeros_o(add_zeros),
    .add_target_o(add_target)
  );

  // Multiplication
  wire                                 broadcast, active, start, compute, fetch_wait, blocked;
  wire                                 broadcast_idle, drain, whole;
  wire [ColumnBits-1:0]                column, arrived;
  wire [NChannels*NPe-1:0]             full, pop, issue, empty, padding;
  wire [NChannels-1:0]                 busy, idle, collecting;
  wire [NChannels*NPe*ColumnBits-1:0]  pop_column;
  wire [NChannels*NPe*PointerBits-1:0] entry;
  wire [NChannels*NPe*CountBits-1:0]   queue_count;
  wire [NPe*PointerBits-1:0]           first, last;
  wire [NPe*EntryBits-1:0]             data;
  wire [NPe*2*PointerBits-1:0]         weights_held;
  wire [NPe*2*ColumnBits-1:0]          pointers_held;

  spmv_control #(
    .StartCycles(StartCycles), .WholeMatrix(WholeMatrix), .ColumnBits(ColumnBits)
  ) u_spmv_control (
    .clk_i(clk_i), .rst_ni(rst_ni), .begin_i(multiply_i), .n_columns_i(columns),
    .arrived_i(arrived), .whole_i(whole), .full_i(|full[NPe-1:0]), .busy_i(busy[0]),
    .broadcast_o(broadcast), .column_o(column), .active_o(active),
    .start_o(start), .compute_o(compute), .fetch_wait_o(fetch_wait), .blocked_o(blocked),
    .idle_o(broadcast_idle), .drain_o(drain)
  );

  // The channels read the same words in the same cycles: the first one's addresses stand for all.
  matrix_buffers #(
    .NPe(NPe), .PeBits(PeBits), .WordBits(DdrWordBits), .EntryBits(EntryBits),
    .PointerBits(PointerBits), .ColumnBits(ColumnBits), .LengthBits(LengthBits),
    .NumberBits(NumberBits), .WeightEntries(WeightEntries), .PointerEntries(PointerEntries)
  ) u_matrix_buffers (
    .clk_i(clk_i), .rst_ni(rst_ni), .swap_i(multiply_i), .front_o(front_o), .request_i(matrix_i),
    .request_columns_i(fetch_columns_i), .request_words_i(weight_words_i),
    .request_empty_i(weight_empty_i), .request_pointer_words_i(pointer_words_i),
    .weight_word_i(weight_word_i), .weight_half_i(weight_half_i),
    .weight_data_i(weight_data_i), .weight_route_i(weight_route_i),
    .pointer_word_i(pointer_word_i),
    .pointer_half_i(pointer_half_i), .pointer_data_i(ddr_2_data_i), .columns_o(arrived),
    .whole_o(whole), .pointers_whole_o(pointers_whole_o), .pop_i(pop[NPe-1:0]),
    .column_i(pop_column[NPe*ColumnBits-1:0]), .begin_o(first), .end_o(last),
    .issue_i(issue[NPe-1:0]), .entry_i(entry[NPe*PointerBits-1:0]), .data_o(data),
    .written_o(written_o), .weights_held_o(weights_held), .pointers_held_o(pointers_held)
  );

  wire [NChannels*NPe*PeTraceBits-1:0]  pe_trace;
  wire [NChannels*ChannelTraceBits-1:0] channel_trace;

  genvar c;
  generate
    for (c = 0; c < NChannels; c = c + 1) begin : g_channel
      channel #(
        .NPe(NPe), .ActQueueDepth(ActQueueDepth), .CountBits(CountBits), .WeightBits(WeightBits),
        .IndexBits(IndexBits), .PointerBits(PointerBits), .ActivationBits(ActivationBits),
        .AccumulatorBits(AccumulatorBits), .ColumnBits(ColumnBits), .Rows(Rows),
        .RowBits(RowBits), .ShiftBits(ShiftBits), .VectorWords(VectorWords),
        .VectorBits(VectorBits), .LengthBits(LengthBits), .PathLanes(PathLanes),
        .WordBits(DdrWordBits), .Width(ElementwiseWidth), .Latency(ElementwiseLatencyCycles),
        .FracBits(ActivationBits - 2), .OpShiftBits(OpShiftBits), .TableSamples(TableSamples),
        .Linear(Linear), .PartBits(PartBits), .LineBits(LineBits), .EventBits(EventBits),
        .Trace(Trace)
      ) u_channel (
        .clk_i(clk_i), .rst_ni(rst_ni), .clear_i(multiply_i), .file_i(file), .shift_i(shift),
        .full_o(full[c*NPe +: NPe]), .busy_o(busy[c]), .push_i(broadcast), .column_i(column),
        .source_i(source), .source_zero_i(source_zero), .pop_o(pop[c*NPe +: NPe]),
        .column_o(pop_column[c*NPe*ColumnBits +: NPe*ColumnBits]), .begin_i(first),
        .end_i(last), .issue_o(issue[c*NPe +: NPe]),
        .entry_o(entry[c*NPe*PointerBits +: NPe*PointerBits]), .data_i(data),
        .collect_i(collect_o), .read_file_i(collect_file), .collect_length_i(collect_length),
        .collect_base_i(collect_base), .mul_start_i(mul_start), .mul_op_i(mul_op),
        .mul_length_i(mul_length), .mul_sources_i(mul_sources), .mul_zeros_i(mul_zeros),
        .mul_target_i(mul_target), .add_start_i(add_start), .add_op_i(add_op),
        .add_length_i(add_length), .add_sources_i(add_sources), .add_zeros_i(add_zeros),
        .add_target_i(add_target), .idle_o(idle[c]), .collecting_o(collecting[c]),
        .path_write_i(path_write_i), .path_addr_i(path_addr_i),
        .path_data_i(path_data_i[c*PathLanes*ActivationBits +: PathLanes*ActivationBits]),
        .table_write_i(table_word_i), .table_line_i(table_number_i[LineBits-1:0]),
        .table_data_i(ddr_2_data_i), .result_addr_i(result_addr_i),
        .result_data_o(result_data_o[c*WordLanes*ActivationBits +: WordLanes*ActivationBits]),
        .count_o(queue_count[c*NPe*CountBits +: NPe*CountBits]), .empty_o(empty[c*NPe +: NPe]),
        .padding_o(padding[c*NPe +: NPe]), .mac_o(mac_o[c*NPe +: NPe]),
        .saturation_o(saturation_o[c*NPe +: NPe]),
        .assembled_o(assembled_o[c*EventBits +: EventBits]),
        .multiplied_o(multiplied_o[c*EventBits +: EventBits]),
        .added_o(added_o[c*EventBits +: EventBits]),
        .look_ups_o(look_ups_o[c*EventBits +: EventBits]),
        .saturations_o(saturations_o[c*EventBits +: EventBits]),
        .trace_o(pe_trace[c*NPe*PeTraceBits +: NPe*PeTraceBits]),
        .channel_trace_o(channel_trace[c*ChannelTraceBits +: ChannelTraceBits])
      );
    end
  endgenerate

  assign idle_o          = !active && idle[0];
  assign collecting_o    = collecting[0];
  assign full_o          = full[NPe-1:0];
  assign pop_o           = pop[NPe-1:0];
  assign issue_o         = issue[NPe-1:0];
  assign empty_o         = empty[NPe-1:0];
  assign padding_o       = padding[NPe-1:0];
  assign queue_count_o   = queue_count[NPe*CountBits-1:0];
  assign events_o        = {broadcast_idle, blocked, fetch_wait, broadcast, drain, compute, start};
  assign trace_o         = {pe_trace, channel_trace};
  assign buffers_trace_o = {front_o, weights_held, pointers_held};
  assign broadcast_trace_o = {start, fetch_wait, blocked, broadcast, broadcast_idle, drain,
                              broadcast ? column : {ColumnBits{1'b0}}};
  // What the other channels say is what the first says.
  wire unused_alike = ^{full, busy, idle, collecting, pop, pop_column, issue, entry, empty, padding,
                        queue_count};
  wire unused_number = ^table_number_i;

endmodule

`default_nettype wire
