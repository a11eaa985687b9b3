// pe_array: the processing elements of one channel.
//
// Model: the PEs of Channel in accelsim/machines/ese/reference/channel.py. PE p has the rows whose
// number mod NPe is p. Flat ports have PE 0 in the lowest bits. Timing: that of ese_pe.
`default_nettype none

module pe_array #(
  parameter integer NPe             = 32,
  parameter integer ActQueueDepth   = 8,
  parameter integer CountBits       = 4,
  parameter integer WeightBits      = 12,
  parameter integer IndexBits       = 4,
  parameter integer PointerBits     = 16,
  parameter integer ActivationBits  = 16,
  parameter integer AccumulatorBits = 16,
  parameter integer ColumnBits      = 11,
  parameter integer Rows            = 32,
  parameter integer RowBits         = 5,
  parameter integer ShiftBits       = 5,
  parameter integer Trace           = 0,
  // Derived; leave them alone
  parameter integer EntryBits       = WeightBits + IndexBits,
  parameter integer PeTraceBits     = 10 + CountBits + ColumnBits + 2*PointerBits
                                      + ActivationBits + 2*RowBits + 2*AccumulatorBits
) (
  input  wire                           clk_i,
  input  wire                           rst_ni,
  input  wire                           clear_i,
  input  wire                           file_i,
  input  wire [ShiftBits-1:0]           shift_i,
  output wire [NPe-1:0]                 full_o,
  output wire                           busy_o,     // some PE holds a column
  // Broadcast
  input  wire                           push_i,
  input  wire [ColumnBits-1:0]          column_i,
  input  wire [ActivationBits-1:0]      activation_i,
  // Buffers
  output wire [NPe-1:0]                 pop_o,
  output wire [NPe*ColumnBits-1:0]      column_o,
  input  wire [NPe*PointerBits-1:0]     begin_i,
  input  wire [NPe*PointerBits-1:0]     end_i,
  output wire [NPe-1:0]                 issue_o,
  output wire [NPe*PointerBits-1:0]     entry_o,
  input  wire [NPe*EntryBits-1:0]       data_i,
  // Assemble
  input  wire                           read_file_i,
  input  wire [RowBits-1:0]             read_row_i,
  output wire [NPe*AccumulatorBits-1:0] read_value_o,
  // Events of this cycle
  output wire [NPe*CountBits-1:0]       count_o,
  output wire [NPe-1:0]                 empty_o,
  output wire [NPe-1:0]                 padding_o,
  output wire [NPe-1:0]                 mac_o,
  output wire [NPe-1:0]                 saturation_o,
  output wire [NPe*PeTraceBits-1:0]     trace_o
);

  wire [NPe-1:0] busy;

  assign busy_o = |busy;

  genvar p;
  generate
    for (p = 0; p < NPe; p = p + 1) begin : g_pe
      ese_pe #(
        .ActQueueDepth(ActQueueDepth), .CountBits(CountBits), .WeightBits(WeightBits),
        .IndexBits(IndexBits), .PointerBits(PointerBits), .ActivationBits(ActivationBits),
        .AccumulatorBits(AccumulatorBits), .ColumnBits(ColumnBits), .Rows(Rows),
        .RowBits(RowBits), .ShiftBits(ShiftBits), .Trace(Trace)
      ) u_pe (
        .clk_i(clk_i), .rst_ni(rst_ni), .clear_i(clear_i), .file_i(file_i), .shift_i(shift_i),
        .full_o(full_o[p]), .busy_o(busy[p]), .push_i(push_i), .column_i(column_i),
        .activation_i(activation_i), .pop_o(pop_o[p]),
        .column_o(column_o[p*ColumnBits +: ColumnBits]),
        .begin_i(begin_i[p*PointerBits +: PointerBits]),
        .end_i(end_i[p*PointerBits +: PointerBits]), .issue_o(issue_o[p]),
        .entry_o(entry_o[p*PointerBits +: PointerBits]),
        .data_i(data_i[p*EntryBits +: EntryBits]), .read_file_i(read_file_i),
        .read_row_i(read_row_i),
        .read_value_o(read_value_o[p*AccumulatorBits +: AccumulatorBits]),
        .count_o(count_o[p*CountBits +: CountBits]), .empty_o(empty_o[p]),
        .padding_o(padding_o[p]), .mac_o(mac_o[p]), .saturation_o(saturation_o[p]),
        .trace_o(trace_o[p*PeTraceBits +: PeTraceBits])
      );
    end
  endgenerate

endmodule

`default_nettype wire
