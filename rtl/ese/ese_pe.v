// ese_pe: one processing element of a channel: act_queue -> ese_ptr_read -> weight_read ->
// arith_unit -> accumulators.
//
// Model: EsePe of accelsim/machines/ese/reference/pe.py; contract Q2 to Q4, E3.
// The pointer and the weight buffer are outside: all channels share them, and read the same words
// in the same cycles. Accumulators are two files: the one of a multiplication is cleared when it
// begins (clear_i), the other keeps the sums of the one before for Assemble.
// Timing: a broadcast of cycle t is popped in t + 1, in weight_read in t + 2, in stage 1 in t + 3
// and in the accumulator from t + 7 on, if nothing waits.
// trace_o, from the highest bits on: the fields of PE_FIELDS in accelsim/machines/ese/rtl/params.py;
// what means nothing is zero.
`default_nettype none

module ese_pe #(
  parameter integer ActQueueDepth   = 8,
  parameter integer CountBits       = 4,    // at least log2(ActQueueDepth + 1)
  parameter integer WeightBits      = 12,
  parameter integer IndexBits       = 4,
  parameter integer PointerBits     = 16,
  parameter integer ActivationBits  = 16,
  parameter integer AccumulatorBits = 16,
  parameter integer ColumnBits      = 11,
  parameter integer Rows            = 32,   // accumulators
  parameter integer RowBits         = 5,    // at least 1 and log2(Rows)
  parameter integer ShiftBits       = 5,
  parameter integer Trace           = 0,
  // Derived; leave it alone
  parameter integer TraceBits       = 10 + CountBits + ColumnBits + 2*PointerBits
                                      + ActivationBits + 2*RowBits + 2*AccumulatorBits
) (
  input  wire                            clk_i,
  input  wire                            rst_ni,
  // Control of a multiplication
  input  wire                            clear_i,     // one begins
  input  wire                            file_i,      // accumulators that it uses
  input  wire [ShiftBits-1:0]            shift_i,     // 0 to product bits
  output wire                            full_o,
  output wire                            busy_o,      // holds a column
  // Broadcast
  input  wire                            push_i,
  input  wire [ColumnBits-1:0]           column_i,
  input  wire [ActivationBits-1:0]       activation_i,
  // Pointer buffer
  output wire                            pop_o,       // read pointers column_o and behind it
  output wire [ColumnBits-1:0]           column_o,
  input  wire [PointerBits-1:0]          begin_i,
  input  wire [PointerBits-1:0]          end_i,
  // Weight buffer
  output wire                            issue_o,
  output wire [PointerBits-1:0]          entry_o,
  input  wire [WeightBits+IndexBits-1:0] data_i,      // {weight, zero run}
  // Assemble
  input  wire                            read_file_i,
  input  wire [RowBits-1:0]              read_row_i,
  output wire [AccumulatorBits-1:0]      read_value_o,
  // Events of this cycle
  output wire [CountBits-1:0]            count_o,     // of the queue
  output wire                            empty_o,
  output wire                            padding_o,
  output wire                            mac_o,
  output wire                            saturation_o,
  output wire [TraceBits-1:0]            trace_o
);

  wire                       valid, free, holds;
  wire [ColumnBits-1:0]      head_column;
  wire [ActivationBits-1:0]  head_activation, activation;
  wire                       s1_valid, s1_first, wait_unused, near, far, write;
  wire [ActivationBits-1:0]  s1_activation;
  wire [WeightBits-1:0]      weight = data_i[WeightBits+IndexBits-1:IndexBits];
  wire [RowBits-1:0]         arith_row, write_row;
  wire [AccumulatorBits-1:0] sum, value, value_0, value_1;

  act_queue #(
    .Depth(ActQueueDepth), .Width(ColumnBits + ActivationBits), .CountBits(CountBits)
  ) u_act_queue (
    .clk_i(clk_i), .rst_ni(rst_ni), .push_i(push_i), .data_i({column_i, activation_i}),
    .full_o(full_o), .valid_o(valid), .data_o({head_column, head_activation}), .pop_i(pop_o),
    .count_o(count_o)
  );

  ese_ptr_read #(
    .ActivationBits(ActivationBits)
  ) u_ptr_read (
    .clk_i(clk_i), .valid_i(valid), .activation_i(head_activation), .free_i(free),
    .pop_o(pop_o), .activation_o(activation)
  );

  weight_read #(
    .PointerBits(PointerBits), .ActivationBits(ActivationBits)
  ) u_weight_read (
    .clk_i(clk_i), .rst_ni(rst_ni), .pop_i(pop_o), .begin_i(begin_i), .end_i(end_i),
    .activation_i(activation), .free_o(free), .issue_o(issue_o), .entry_o(entry_o),
    .valid_o(s1_valid), .first_o(s1_first), .activation_o(s1_activation), .busy_o(holds),
    .empty_o(empty_o)
  );

  arith_unit #(
    .IndexBits(IndexBits), .RowBits(RowBits), .ActivationBits(ActivationBits),
    .WeightValueBits(WeightBits), .AccumulatorBits(AccumulatorBits), .ShiftBits(ShiftBits),
    .Bypass(1), .Multiplier(0)
  ) u_arith_unit (
    .clk_i(clk_i), .rst_ni(rst_ni), .shift_i(shift_i), .valid_i(s1_valid), .first_i(s1_first),
    .padding_i(weight == {WeightBits{1'b0}}), .run_i(data_i[IndexBits-1:0]), .weight_i(weight),
    .activation_i(s1_activation), .wait_o(wait_unused), .read_row_o(arith_row),
    .read_value_i(value), .write_o(write), .write_row_o(write_row), .write_value_o(sum),
    .padding_o(padding_o), .mac_o(mac_o), .adder_bypass_o(near), .write_bypass_o(far),
    .saturation_o(saturation_o)
  );

  // Of a file that does not belong to the multiplication, Assemble reads.
  regfile #(
    .Depth(Rows), .Width(AccumulatorBits), .RowBits(RowBits)
  ) u_file_0 (
    .clk_i(clk_i), .rst_ni(rst_ni), .clear_i(clear_i && !file_i),
    .read_row_i(mac_o && !file_i ? arith_row : read_row_i), .read_value_o(value_0),
    .write_i(write && !file_i), .write_row_i(write_row), .write_value_i(sum)
  );

  regfile #(
    .Depth(Rows), .Width(AccumulatorBits), .RowBits(RowBits)
  ) u_file_1 (
    .clk_i(clk_i), .rst_ni(rst_ni), .clear_i(clear_i && file_i),
    .read_row_i(mac_o && file_i ? arith_row : read_row_i), .read_value_o(value_1),
    .write_i(write && file_i), .write_row_i(write_row), .write_value_i(sum)
  );

  assign value        = file_i ? value_1 : value_0;
  assign read_value_o = read_file_i ? value_1 : value_0;
  assign column_o     = head_column;
  assign busy_o       = valid || holds;

  generate
    if (Trace != 0) begin : g_trace
      assign trace_o = {
        count_o, pop_o, pop_o ? head_column : {ColumnBits{1'b0}},
        holds, holds ? entry_o : {PointerBits{1'b0}}, holds ? end_i : {PointerBits{1'b0}},
        issue_o, empty_o, s1_valid ? s1_activation : {ActivationBits{1'b0}}, padding_o,
        mac_o, mac_o ? arith_row : {RowBits{1'b0}}, mac_o ? value : {AccumulatorBits{1'b0}},
        near, far, saturation_o, write, write ? write_row : {RowBits{1'b0}},
        write ? sum : {AccumulatorBits{1'b0}}
      };
    end else begin : g_no_trace
      assign trace_o = {TraceBits{1'b0}};
      wire unused_trace = ^{near, far};
    end
  endgenerate

  wire unused_wait = wait_unused;

endmodule

`default_nettype wire
