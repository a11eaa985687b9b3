// channel: one voice vector's part of the machine: its PEs, Assemble, element-wise multiplier, adder
// tree with look-up, and its vectors.
//
// Model: accelsim/machines/ese/reference/channel.py. Everything that all channels have alike comes
// from outside: addresses, operations, entries, pointers. Flat ports have PE or lane 0 in the lowest
// bits.
// Timing: that of its units.
`default_nettype none

module channel #(
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
  parameter integer VectorWords     = 1024,
  parameter integer VectorBits      = 10,
  parameter integer LengthBits      = 20,
  parameter integer PathLanes       = 1,    // elements that the vector path gives in a cycle
  parameter integer WordBits        = 512,
  parameter integer Width           = 2,    // ElementwiseWidth
  parameter integer Latency         = 24,
  parameter integer FracBits        = 14,
  parameter integer OpShiftBits     = 6,
  parameter integer TableSamples    = 2048,
  parameter integer Linear          = 1,
  parameter integer PartBits        = 16,
  parameter integer LineBits        = 7,
  parameter integer EventBits       = 8,    // of a number of results in a cycle
  parameter integer Trace           = 0,
  // Derived; leave them alone
  parameter integer EntryBits       = WeightBits + IndexBits,
  parameter integer OpBits          = 18 + 2 * OpShiftBits,
  parameter integer WordLanes       = WordBits / ActivationBits,
  parameter integer PeTraceBits     = 10 + CountBits + ColumnBits + 2*PointerBits
                                      + ActivationBits + 2*RowBits + 2*AccumulatorBits,
  parameter integer ChannelTraceBits = 8 + RowBits + 2*VectorBits + 3*ActivationBits
) (
  input  wire                             clk_i,
  input  wire                             rst_ni,
  // Multiplication
  input  wire                             clear_i,
  input  wire                             file_i,
  input  wire [ShiftBits-1:0]             shift_i,
  output wire [NPe-1:0]                   full_o,
  output wire                             busy_o,
  input  wire                             push_i,
  input  wire [ColumnBits-1:0]            column_i,
  input  wire [VectorBits-1:0]            source_i,     // where the multiplied vector lies
  input  wire                             source_zero_i,
  output wire [NPe-1:0]                   pop_o,
  output wire [NPe*ColumnBits-1:0]        column_o,
  input  wire [NPe*PointerBits-1:0]       begin_i,
  input  wire [NPe*PointerBits-1:0]       end_i,
  output wire [NPe-1:0]                   issue_o,
  output wire [NPe*PointerBits-1:0]       entry_o,
  input  wire [NPe*EntryBits-1:0]         data_i,
  // Assemble
  input  wire                             collect_i,
  input  wire                             read_file_i,
  input  wire [LengthBits-1:0]            collect_length_i,
  input  wire [VectorBits-1:0]            collect_base_i,
  // Element-wise operations: of elem_mul, of the adder tree
  input  wire                             mul_start_i,
  input  wire [OpBits-1:0]                mul_op_i,
  input  wire [LengthBits-1:0]            mul_length_i,
  input  wire [4*VectorBits-1:0]          mul_sources_i,
  input  wire [3:0]                       mul_zeros_i,
  input  wire [VectorBits-1:0]            mul_target_i,
  input  wire                             add_start_i,
  input  wire [OpBits-1:0]                add_op_i,
  input  wire [LengthBits-1:0]            add_length_i,
  input  wire [4*VectorBits-1:0]          add_sources_i,
  input  wire [3:0]                       add_zeros_i,
  input  wire [VectorBits-1:0]            add_target_i,
  output wire                             idle_o,       // of registers: these three are done
  output wire                             collecting_o, // of a register: Assemble is not
  // Vector path
  input  wire [PathLanes-1:0]             path_write_i,
  input  wire [PathLanes*VectorBits-1:0]  path_addr_i,
  input  wire [PathLanes*ActivationBits-1:0] path_data_i,
  // Lines of the tables
  input  wire                             table_write_i,
  input  wire [LineBits-1:0]              table_line_i,
  input  wire [WordBits-1:0]              table_data_i,
  // Results for DRAM
  input  wire [WordLanes*VectorBits-1:0]  result_addr_i,
  output wire [WordLanes*ActivationBits-1:0] result_data_o,
  // Events of this cycle
  output wire [NPe*CountBits-1:0]         count_o,
  output wire [NPe-1:0]                   empty_o,
  output wire [NPe-1:0]                   padding_o,
  output wire [NPe-1:0]                   mac_o,
  output wire [NPe-1:0]                   saturation_o,
  output wire [EventBits-1:0]             assembled_o,
  output wire [EventBits-1:0]             multiplied_o,
  output wire [EventBits-1:0]             added_o,
  output wire [EventBits-1:0]             look_ups_o,
  output wire [EventBits-1:0]             saturations_o,
  output wire [NPe*PeTraceBits-1:0]       trace_o,
  output wire [ChannelTraceBits-1:0]      channel_trace_o
);

  localparam integer AssembleBits = $clog2(NPe + 1);
  localparam integer UnitBits     = (Width > 1) ? $clog2(2 * Width + 1) : 3;
  localparam integer Operands     = 4 * Width;
  localparam integer ReadPorts    = 1 + 2 * Operands + WordLanes;
  localparam integer WritePorts   = PathLanes + NPe + 2 * Width;

  wire [NPe*AccumulatorBits-1:0]    sums;
  wire [RowBits-1:0]                row;
  wire [NPe-1:0]                    asm_write;
  wire [NPe*VectorBits-1:0]         asm_addr;
  wire [NPe*ActivationBits-1:0]     asm_data;
  wire                              asm_busy, asm_takes, mul_busy, add_busy, mul_enter, add_enter;
  wire [AssembleBits-1:0]           asm_results, asm_saturations;
  wire [Operands*VectorBits-1:0]    mul_addr, add_addr;
  wire [Operands*ActivationBits-1:0] mul_operands, add_operands;
  wire [Width-1:0]                  mul_write, add_write;
  wire [Width*VectorBits-1:0]       mul_to, add_to;
  wire [Width*ActivationBits-1:0]   mul_data, add_data;
  wire [LengthBits-1:0]             mul_element, add_element;
  wire [UnitBits-1:0]               mul_results, mul_saturations, mul_look_ups;
  wire [UnitBits-1:0]               add_results, add_saturations, add_look_ups;
  wire [ActivationBits-1:0]         source;
  wire [VectorBits+ColumnBits-1:0]  source_addr =
      {{ColumnBits{1'b0}}, source_i} + {{VectorBits{1'b0}}, column_i};
  wire                              unused_addr = ^source_addr[VectorBits+ColumnBits-1:VectorBits];
  wire [ActivationBits-1:0]         activation = source_zero_i ? {ActivationBits{1'b0}} : source;

  pe_array #(
    .NPe(NPe), .ActQueueDepth(ActQueueDepth), .CountBits(CountBits), .WeightBits(WeightBits),
    .IndexBits(IndexBits), .PointerBits(PointerBits), .ActivationBits(ActivationBits),
    .AccumulatorBits(AccumulatorBits), .ColumnBits(ColumnBits), .Rows(Rows), .RowBits(RowBits),
    .ShiftBits(ShiftBits), .Trace(Trace)
  ) u_pes (
    .clk_i(clk_i), .rst_ni(rst_ni), .clear_i(clear_i), .file_i(file_i), .shift_i(shift_i),
    .full_o(full_o), .busy_o(busy_o), .push_i(push_i), .column_i(column_i),
    .activation_i(activation), .pop_o(pop_o), .column_o(column_o), .begin_i(begin_i),
    .end_i(end_i), .issue_o(issue_o), .entry_o(entry_o), .data_i(data_i),
    .read_file_i(read_file_i), .read_row_i(row), .read_value_o(sums), .count_o(count_o),
    .empty_o(empty_o), .padding_o(padding_o), .mac_o(mac_o), .saturation_o(saturation_o),
    .trace_o(trace_o)
  );

  assemble #(
    .NPe(NPe), .AccumulatorBits(AccumulatorBits), .ActivationBits(ActivationBits),
    .RowBits(RowBits), .VectorBits(VectorBits), .LengthBits(LengthBits), .CountBits(AssembleBits)
  ) u_assemble (
    .clk_i(clk_i), .rst_ni(rst_ni), .start_i(collect_i), .length_i(collect_length_i),
    .base_i(collect_base_i), .busy_o(asm_busy), .row_o(row), .value_i(sums),
    .write_o(asm_write), .write_addr_o(asm_addr), .write_data_o(asm_data), .takes_o(asm_takes),
    .results_o(asm_results), .saturations_o(asm_saturations)
  );

  elementwise #(
    .Lanes(Width), .Latency(Latency), .Tables(0), .Width(ActivationBits), .FracBits(FracBits),
    .ShiftBits(OpShiftBits), .VectorBits(VectorBits), .LengthBits(LengthBits),
    .CountBits(UnitBits), .WordBits(WordBits), .Samples(TableSamples), .Linear(Linear),
    .PartBits(PartBits), .LineBits(LineBits)
  ) u_elem_mul (
    .clk_i(clk_i), .rst_ni(rst_ni), .start_i(mul_start_i), .op_i(mul_op_i),
    .length_i(mul_length_i), .sources_i(mul_sources_i), .zeros_i(mul_zeros_i),
    .target_i(mul_target_i), .busy_o(mul_busy), .read_addr_o(mul_addr),
    .read_data_i(mul_operands), .write_o(mul_write), .write_addr_o(mul_to),
    .write_data_o(mul_data), .table_write_i(1'b0), .table_line_i({LineBits{1'b0}}),
    .table_data_i({WordBits{1'b0}}), .enter_o(mul_enter), .element_o(mul_element),
    .results_o(mul_results), .look_ups_o(mul_look_ups), .saturations_o(mul_saturations)
  );

  elementwise #(
    .Lanes(Width), .Latency(Latency), .Tables(1), .Width(ActivationBits), .FracBits(FracBits),
    .ShiftBits(OpShiftBits), .VectorBits(VectorBits), .LengthBits(LengthBits),
    .CountBits(UnitBits), .WordBits(WordBits), .Samples(TableSamples), .Linear(Linear),
    .PartBits(PartBits), .LineBits(LineBits)
  ) u_adder_tree (
    .clk_i(clk_i), .rst_ni(rst_ni), .start_i(add_start_i), .op_i(add_op_i),
    .length_i(add_length_i), .sources_i(add_sources_i), .zeros_i(add_zeros_i),
    .target_i(add_target_i), .busy_o(add_busy), .read_addr_o(add_addr),
    .read_data_i(add_operands), .write_o(add_write), .write_addr_o(add_to),
    .write_data_o(add_data), .table_write_i(table_write_i), .table_line_i(table_line_i),
    .table_data_i(table_data_i), .enter_o(add_enter), .element_o(add_element),
    .results_o(add_results), .look_ups_o(add_look_ups), .saturations_o(add_saturations)
  );

  vector_store #(
    .Words(VectorWords), .Width(ActivationBits), .AddrBits(VectorBits), .ReadPorts(ReadPorts),
    .WritePorts(WritePorts)
  ) u_vectors (
    .clk_i(clk_i),
    .read_addr_i({result_addr_i, add_addr, mul_addr, source_addr[VectorBits-1:0]}),
    .read_data_o({result_data_o, add_operands, mul_operands, source}),
    .write_i({add_write, mul_write, asm_write, path_write_i}),
    .write_addr_i({add_to, mul_to, asm_addr, path_addr_i}),
    .write_data_i({add_data, mul_data, asm_data, path_data_i})
  );

  assign collecting_o = asm_busy;
  assign idle_o       = !asm_busy && !mul_busy && !add_busy;
  assign assembled_o  = {{(EventBits-AssembleBits){1'b0}}, asm_results};
  assign multiplied_o = {{(EventBits-UnitBits){1'b0}}, mul_results};
  assign added_o      = {{(EventBits-UnitBits){1'b0}}, add_results};
  assign look_ups_o   = {{(EventBits-UnitBits){1'b0}}, add_look_ups};
  assign saturations_o = {{(EventBits-AssembleBits){1'b0}}, asm_saturations}
      + {{(EventBits-UnitBits){1'b0}}, mul_saturations}
      + {{(EventBits-UnitBits){1'b0}}, add_saturations};
  wire unused_look_ups = ^mul_look_ups;

  generate
    if (Trace != 0) begin : g_trace
      assign channel_trace_o = {
        push_i ? activation : {ActivationBits{1'b0}},
        asm_takes, asm_takes ? row : {RowBits{1'b0}},
        mul_start_i || mul_busy, mul_enter,
        (mul_busy && !mul_start_i) ? mul_element[VectorBits-1:0] : {VectorBits{1'b0}},
        mul_write[0], mul_write[0] ? mul_data[ActivationBits-1:0] : {ActivationBits{1'b0}},
        add_start_i || add_busy, add_enter,
        (add_busy && !add_start_i) ? add_element[VectorBits-1:0] : {VectorBits{1'b0}},
        add_write[0], add_write[0] ? add_data[ActivationBits-1:0] : {ActivationBits{1'b0}},
        |asm_write
      };
      wire unused_element = ^{mul_element[LengthBits-1:VectorBits],
                              add_element[LengthBits-1:VectorBits]};
    end else begin : g_no_trace
      assign channel_trace_o = {ChannelTraceBits{1'b0}};
      wire unused_events = ^{asm_takes, mul_enter, add_enter, mul_element, add_element};
    end
  endgenerate

endmodule

`default_nettype wire
