// spmv_bench: one channel's multiplications: buffers, control and PEs, words and activations given.
`default_nettype none

module spmv_bench #(
  parameter integer NPe = 4, PeBits = 2, ActQueueDepth = 8, CountBits = 4, WeightBits = 12,
  parameter integer IndexBits = 4, PointerBits = 16, ActivationBits = 16, AccumulatorBits = 16,
  parameter integer ColumnBits = 11, Rows = 32, RowBits = 5, ShiftBits = 5, WordBits = 512,
  parameter integer LengthBits = 16, NumberBits = 20, WeightEntries = 2048, PointerEntries = 2048,
  parameter integer StartCycles = 1, WholeMatrix = 0,
  parameter integer EntryBits = WeightBits + IndexBits,
  parameter integer Lanes = (WordBits - 1) / EntryBits + 1,
  parameter integer RouteBits = ColumnBits + Lanes * (1 + PeBits + $clog2(WordBits)),
  parameter integer PeTraceBits = 10 + CountBits + ColumnBits + 2*PointerBits + ActivationBits
                                  + 2*RowBits + 2*AccumulatorBits
) (
  input  wire clk_i, rst_ni, begin_i, file_i, request_i, weight_word_i, weight_half_i,
  input  wire pointer_word_i, pointer_half_i,
  input  wire [ColumnBits-1:0] n_columns_i, request_columns_i, request_empty_i,
  input  wire [LengthBits-1:0] request_words_i, request_pointer_words_i,
  input  wire [WordBits-1:0] weight_data_i, pointer_data_i,
  input  wire [RouteBits-1:0] weight_route_i,
  input  wire [ShiftBits-1:0] shift_i,
  input  wire [ActivationBits-1:0] activation_i,
  output wire broadcast_o, active_o, start_o, compute_o, fetch_wait_o, blocked_o, idle_o, drain_o,
  output wire front_o, pointers_whole_o,
  output wire [ColumnBits-1:0] column_o,
  output wire [NPe-1:0] full_o, padding_o, saturation_o,
  output wire [NPe*8-1:0] written_o,
  output wire [NPe*2*PointerBits-1:0] weights_held_o,
  output wire [NPe*2*ColumnBits-1:0] pointers_held_o,
  output wire [NPe*PeTraceBits-1:0] trace_o
);

  wire [ColumnBits-1:0] arrived;
  wire whole, busy;
  wire [NPe-1:0] pop, issue, empty_unused, mac_unused;
  wire [NPe*ColumnBits-1:0] pop_column;
  wire [NPe*PointerBits-1:0] first, last, entry;
  wire [NPe*EntryBits-1:0] data;
  wire [NPe*AccumulatorBits-1:0] values_unused;
  wire [NPe*CountBits-1:0] count_unused;

  spmv_control #(
    .StartCycles(StartCycles), .WholeMatrix(WholeMatrix), .ColumnBits(ColumnBits)
  ) u_control (
    .clk_i(clk_i), .rst_ni(rst_ni), .begin_i(begin_i), .n_columns_i(n_columns_i),
    .arrived_i(arrived), .whole_i(whole), .full_i(|full_o), .busy_i(busy),
    .broadcast_o(broadcast_o), .column_o(column_o), .active_o(active_o), .start_o(start_o),
    .compute_o(compute_o), .fetch_wait_o(fetch_wait_o), .blocked_o(blocked_o), .idle_o(idle_o),
    .drain_o(drain_o)
  );

  matrix_buffers #(
    .NPe(NPe), .PeBits(PeBits), .WordBits(WordBits), .EntryBits(EntryBits),
    .PointerBits(PointerBits), .ColumnBits(ColumnBits), .LengthBits(LengthBits),
    .NumberBits(NumberBits), .WeightEntries(WeightEntries), .PointerEntries(PointerEntries)
  ) u_buffers (
    .clk_i(clk_i), .rst_ni(rst_ni), .swap_i(begin_i), .front_o(front_o), .request_i(request_i),
    .request_columns_i(request_columns_i), .request_words_i(request_words_i),
    .request_empty_i(request_empty_i), .request_pointer_words_i(request_pointer_words_i),
    .weight_word_i(weight_word_i), .weight_half_i(weight_half_i),
    .weight_data_i(weight_data_i), .weight_route_i(weight_route_i),
    .pointer_word_i(pointer_word_i), .pointer_half_i(pointer_half_i),
    .pointer_data_i(pointer_data_i), .columns_o(arrived), .whole_o(whole),
    .pointers_whole_o(pointers_whole_o), .pop_i(pop), .column_i(pop_column), .begin_o(first),
    .end_o(last), .issue_i(issue), .entry_i(entry), .data_o(data), .written_o(written_o),
    .weights_held_o(weights_held_o), .pointers_held_o(pointers_held_o)
  );

  pe_array #(
    .NPe(NPe), .ActQueueDepth(ActQueueDepth), .CountBits(CountBits), .WeightBits(WeightBits),
    .IndexBits(IndexBits), .PointerBits(PointerBits), .ActivationBits(ActivationBits),
    .AccumulatorBits(AccumulatorBits), .ColumnBits(ColumnBits), .Rows(Rows), .RowBits(RowBits),
    .ShiftBits(ShiftBits), .Trace(1)
  ) u_pes (
    .clk_i(clk_i), .rst_ni(rst_ni), .clear_i(begin_i), .file_i(file_i), .shift_i(shift_i),
    .full_o(full_o), .busy_o(busy), .push_i(broadcast_o), .column_i(column_o),
    .activation_i(activation_i), .pop_o(pop), .column_o(pop_column), .begin_i(first),
    .end_i(last), .issue_o(issue), .entry_o(entry), .data_i(data), .read_file_i(!file_i),
    .read_row_i({RowBits{1'b0}}), .read_value_o(values_unused), .count_o(count_unused),
    .empty_o(empty_unused), .padding_o(padding_o), .mac_o(mac_unused),
    .saturation_o(saturation_o), .trace_o(trace_o)
  );

endmodule

`default_nettype wire
