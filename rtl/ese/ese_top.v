// ese_top: ESE: channels that share one stream of weights, a state machine of slots, two memory
// controllers.
//
// Model: Ese of accelsim/machines/ese/reference/array.py; contract accelsim/machines/ese/README.md.
// The DDR modules are outside; see ddr_model.v for what they do. A word of DDR_1 has its route
// beside it (weight_loader.v).
// Host, while no utterance runs: io_mem_i 0 writes word io_addr_i of the program (its fields: word
// below, from the lowest bits on); 1 writes a register: 0 the number of steps, 1 and 2 where x of
// the first step and y lie in DDR_2 and DDR_1, 3 the words of a step's y, 4 where y lies in a
// channel; 2 reads counter io_addr_i of the machine, 3 that of PE number io_pe_i.
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

  localparam integer WordLanes  = DdrWordBits / ActivationBits;
  localparam integer PathLanes  = (ActivationBits - 1 + VectorPathBits) / ActivationBits;
  localparam integer TableLines = (2 * TableSamples + WordLanes - 1) / WordLanes;
  localparam integer LineBits   = (TableLines > 1) ? $clog2(TableLines) : 1;
  localparam integer EventBits  = $clog2(NPe + 1) + 4 + $clog2(2 * ElementwiseWidth + 1);
  localparam integer TotalBits  = EventBits + $clog2(NChannels + 1);
  localparam [LengthBits-1:0] Zero = 0;
  localparam [LengthBits-1:0] One  = 1;

  genvar c, p, r;

  // Registers of the host
  reg [StepBits-1:0]   n_steps_q;
  reg [AddrBits-1:0]   x_base_q, y_base_q;
  reg [LengthBits-1:0] y_words_q;
  reg [VectorBits-1:0] y_place_q;

  wire io_write = io_req_i && io_we_i;
  wire io_register = io_write && io_mem_i == 4'd1;
  always @(posedge clk_i) begin
    if (io_register && io_addr_i[2:0] == 3'd0) n_steps_q <= io_wdata_i[StepBits-1:0];
    if (io_register && io_addr_i[2:0] == 3'd1) x_base_q <= io_wdata_i[AddrBits-1:0];
    if (io_register && io_addr_i[2:0] == 3'd2) y_base_q <= io_wdata_i[AddrBits-1:0];
    if (io_register && io_addr_i[2:0] == 3'd3) y_words_q <= io_wdata_i[LengthBits-1:0];
    if (io_register && io_addr_i[2:0] == 3'd4) y_place_q <= io_wdata_i[VectorBits-1:0];
  end

  // State machine
  wire                   begins, running, fetches, stores_y, slot_done, pointers_whole, stored;
  wire [ProgramBits-1:0] word;
  wire [PcBits-1:0]      pc;
  wire [StepBits-1:0]    step;

  slot_control #(
    .ProgramDepth(ProgramDepth), .ProgramBits(ProgramBits), .PcBits(PcBits), .StepBits(StepBits),
    .LoopStart(2)
  ) u_slot_control (
    .clk_i(clk_i), .rst_ni(rst_ni), .start_i(start_i), .running_o(running), .done_o(done_o),
    .write_i(io_write && io_mem_i == 4'd0), .write_pc_i(io_addr_i[PcBits-1:0]),
    .write_word_i(io_wdata_i), .n_steps_i(n_steps_q), .done_i(slot_done),
    .pointers_i(pointers_whole), .stored_i(stored), .begin_o(begins), .word_o(word), .pc_o(pc),
    .step_o(step), .fetches_o(fetches), .stores_o(stores_y)
  );

  assign idle_o = !running && !done_o;

  // Fields of the program word
  wire [9:0]            flags;              // see slot_control; store, tables, vector, x, matrix, multiply
  wire [AddrBits-1:0]   table_addr, vector_addr, weight_addr, pointer_addr;
  wire [LengthBits-1:0] table_words, vector_words, vector_length, weight_words, pointer_words, rows;
  wire [LengthBits-1:0] mul_length, add_length;
  wire [ColumnBits-1:0] weight_empty, fetch_columns, columns;
  wire [ShiftBits-1:0]  shift;
  wire [RefBits-1:0]    vector_ref, source_ref, product_ref, mul_ref, add_ref;
  wire [4*RefBits-1:0]  mul_refs, add_refs;
  wire [OpBits-1:0]     mul_op, add_op;
  wire                  mul_there, add_there;

  assign {
    add_ref, add_refs, add_length, add_op, add_there,
    mul_ref, mul_refs, mul_length, mul_op, mul_there,
    product_ref, source_ref, shift, rows, columns,
    fetch_columns, pointer_words, pointer_addr, weight_empty, weight_words, weight_addr,
    vector_ref, vector_length, vector_words, vector_addr, table_words, table_addr, flags
  } = word;

  wire multiply = begins && flags[9];
  wire matrix   = begins && flags[8] && fetches;
  wire next_x   = begins && flags[7] && fetches;
  wire vector   = begins && flags[6];
  wire tables   = begins && flags[5];
  wire store    = begins && flags[4] && stores_y;
  wire unused_flags = ^flags[3:0];

  // Where vectors lie in this step: mul and add operands and targets, source, product, fetched
  localparam integer Refs = 13;
  wire [Refs*RefBits-1:0]    refs = {vector_ref, product_ref, source_ref, add_ref, add_refs,
                                     mul_ref, mul_refs};
  wire [Refs*VectorBits-1:0] places;
  wire [Refs-1:0]            zeros;
  wire [1:0]                 ahead = flags[7] ? 2'd1 : 2'd0;        // x is the next step's

  generate
    for (r = 0; r < Refs; r = r + 1) begin : g_ref
      vector_ref #(
        .VectorBits(VectorBits), .Copy(VectorCopy)
      ) u_ref (
        .ref_i(refs[r*RefBits +: RefBits]),
        .step_i((r == Refs - 1) ? step[1:0] + ahead : step[1:0]),
        .first_i(step == {StepBits{1'b0}}), .addr_o(places[r*VectorBits +: VectorBits]),
        .zero_o(zeros[r])
      );
    end
  endgenerate

  wire [VectorBits-1:0] source_place  = places[10*VectorBits +: VectorBits];
  wire [VectorBits-1:0] product_place = places[11*VectorBits +: VectorBits];
  wire unused_zeros = ^{zeros[12:11], zeros[9], zeros[4]};

  // What the slot before has multiplied is collected in this one
  reg                  multiplied_q, file_q, collect_file_q;
  reg [LengthBits-1:0] product_length_q;
  reg [VectorBits-1:0] product_place_q;
  wire                 collect      = begins && multiplied_q;
  wire                 file         = file_q ^ multiply;
  wire                 collect_file = collect ? file_q : collect_file_q;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      multiplied_q   <= 1'b0;
      file_q         <= 1'b0;
      collect_file_q <= 1'b0;
    end else begin
      if (start_i) multiplied_q <= 1'b0;
      else if (begins) multiplied_q <= multiply;
      file_q         <= file;
      collect_file_q <= collect_file;
    end
  end

  always @(posedge clk_i) begin
    if (multiply) begin
      product_length_q <= rows;
      product_place_q  <= product_place;
    end
  end

  // DDR_1: weights, and y once it is collected
  wire                  front, back, collecting, all_idle;
  reg                   store_q;            // waits until its y is collected
  reg  [1:0]            store_copy_q;
  reg  [AddrBits-1:0]   y_addr_q;
  reg  [LengthBits-1:0] results_q;          // words of y that are not stored
  wire                  store_late = store_q && !collecting;
  wire                  store_now  = store && !collect;
  wire [2:0]            late_tag   = {1'b1, store_copy_q};
  wire [2:0]            now_tag    = {1'b1, step[1:0] - 2'd1};
  wire [2:0]            tag_1, request_tag_1;
  wire [LengthBits-1:0] number_1;
  wire                  result_word = ddr_1_transfer_i && tag_1[2];
  wire                  weight_word = ddr_1_transfer_i && !tag_1[2];

  assign back          = !front;
  assign ddr_1_write_o = request_tag_1[2];
  wire   unused_tag_1  = ^request_tag_1[1:0];

  memory_controller #(
    .AddrBits(AddrBits), .LengthBits(LengthBits), .TagBits(3)
  ) u_ddr_1 (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .a_i(store_late), .a_addr_i(y_addr_q), .a_words_i(y_words_q), .a_tag_i(late_tag),
    .b_i(matrix), .b_addr_i(weight_addr), .b_words_i(weight_words), .b_tag_i({2'b00, back}),
    .c_i(store_now), .c_addr_i(y_addr_q), .c_words_i(y_words_q), .c_tag_i(now_tag),
    .request_o(ddr_1_request_o), .addr_o(ddr_1_addr_o), .words_o(ddr_1_words_o),
    .request_tag_o(request_tag_1), .transfer_i(ddr_1_transfer_i), .tag_o(tag_1),
    .number_o(number_1)
  );

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      store_q   <= 1'b0;
      results_q <= Zero;
    end else begin
      if (store && collect) store_q <= 1'b1;
      else if (store_late) store_q <= 1'b0;
      results_q <= results_q + ((store_late || store_now) ? y_words_q : Zero)
                   - (result_word ? One : Zero);
    end
  end

  always @(posedge clk_i) begin
    if (store) store_copy_q <= step[1:0] - 2'd1;
    if (start_i) y_addr_q <= y_base_q;
    else if (store_late || store_now)
      y_addr_q <= y_addr_q + {{(AddrBits-LengthBits){1'b0}}, y_words_q};
  end

  assign stored = !store_q && results_q == Zero;

  wire [VectorBits-1:0] result_place;
  wire                  result_zero_unused;
  vector_ref #(
    .VectorBits(VectorBits), .Copy(VectorCopy)
  ) u_result_ref (
    .ref_i({2'd1, y_place_q}), .step_i(tag_1[1:0]), .first_i(1'b0), .addr_o(result_place),
    .zero_o(result_zero_unused)
  );

  // DDR_2: tables, then a vector or x, then pointers
  localparam [1:0] Tables = 2'd0, Vectors = 2'd1, Pointers = 2'd2;
  reg  [AddrBits-1:0]   x_addr_q;
  reg  [LengthBits-1:0] tables_q;           // words of the tables that have not come
  wire [2:0]            tag_2, request_tag_2_unused;
  wire [LengthBits-1:0] number_2;
  wire                  table_word   = ddr_2_transfer_i && tag_2[2:1] == Tables;
  wire                  vector_word  = ddr_2_transfer_i && tag_2[2:1] == Vectors;
  wire                  pointer_word = ddr_2_transfer_i && tag_2[2:1] == Pointers;

  memory_controller #(
    .AddrBits(AddrBits), .LengthBits(LengthBits), .TagBits(3)
  ) u_ddr_2 (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .a_i(tables), .a_addr_i(table_addr), .a_words_i(table_words), .a_tag_i({Tables, 1'b0}),
    .b_i(vector || next_x), .b_addr_i(next_x ? x_addr_q : vector_addr),
    .b_words_i(vector_words), .b_tag_i({Vectors, 1'b0}),
    .c_i(matrix), .c_addr_i(pointer_addr), .c_words_i(pointer_words), .c_tag_i({Pointers, back}),
    .request_o(ddr_2_request_o), .addr_o(ddr_2_addr_o), .words_o(ddr_2_words_o),
    .request_tag_o(request_tag_2_unused), .transfer_i(ddr_2_transfer_i), .tag_o(tag_2),
    .number_o(number_2)
  );
  wire unused_ddr_2 = ^{request_tag_2_unused, number_2, result_zero_unused};

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) tables_q <= Zero;
    else tables_q <= tables ? table_words : table_word ? tables_q - One : tables_q;
  end

  always @(posedge clk_i) begin
    if (start_i) x_addr_q <= x_base_q;
    else if (next_x) x_addr_q <= x_addr_q + {{(AddrBits-LengthBits){1'b0}}, vector_words};
  end

  // Vector path
  wire                                          path_busy, path_pass;
  wire [LengthBits-1:0]                         path_element;
  wire [PathLanes-1:0]                          path_write;
  wire [PathLanes*VectorBits-1:0]               path_addr;
  wire [NChannels*PathLanes*ActivationBits-1:0] path_data;

  vector_path #(
    .NChannels(NChannels), .Batch(Batch), .PathBits(VectorPathBits), .WordBits(DdrWordBits),
    .Width(ActivationBits), .Words(PathWords), .VectorBits(VectorBits), .LengthBits(LengthBits)
  ) u_vector_path (
    .clk_i(clk_i), .rst_ni(rst_ni), .start_i(vector || next_x), .shared_i(!next_x),
    .length_i(vector_length), .base_i(places[12*VectorBits +: VectorBits]), .busy_o(path_busy),
    .word_i(vector_word), .data_i(ddr_2_data_i), .write_o(path_write),
    .write_addr_o(path_addr), .write_data_o(path_data), .pass_o(path_pass),
    .element_o(path_element)
  );

  // Multiplication
  wire                          broadcast, control_active, control_start, compute, fetch_wait;
  wire                          blocked, broadcast_idle, drain, whole;
  wire [ColumnBits-1:0]         column, arrived;
  wire [NChannels*NPe-1:0]      full, pop, issue, empty, padding, mac, saturation;
  wire [NChannels-1:0]          busy, idle, channel_collecting;
  wire [NChannels*NPe*ColumnBits-1:0]  pop_column;
  wire [NChannels*NPe*PointerBits-1:0] entry;
  wire [NChannels*NPe*CountBits-1:0]   queue_count;
  wire [NPe*PointerBits-1:0]    first, last;
  wire [NPe*EntryBits-1:0]      data;
  wire [NPe*8-1:0]              written;
  wire [NPe*2*PointerBits-1:0]  weights_held;
  wire [NPe*2*ColumnBits-1:0]   pointers_held;

  spmv_control #(
    .StartCycles(StartCycles), .WholeMatrix(WholeMatrix), .ColumnBits(ColumnBits)
  ) u_spmv_control (
    .clk_i(clk_i), .rst_ni(rst_ni), .begin_i(multiply), .n_columns_i(columns),
    .arrived_i(arrived), .whole_i(whole), .full_i(|full[NPe-1:0]), .busy_i(busy[0]),
    .broadcast_o(broadcast), .column_o(column), .active_o(control_active),
    .start_o(control_start), .compute_o(compute), .fetch_wait_o(fetch_wait), .blocked_o(blocked),
    .idle_o(broadcast_idle), .drain_o(drain)
  );

  // The channels read the same words in the same cycles: the first one's addresses stand for all.
  matrix_buffers #(
    .NPe(NPe), .PeBits(PeBits), .WordBits(DdrWordBits), .EntryBits(EntryBits),
    .PointerBits(PointerBits), .ColumnBits(ColumnBits), .LengthBits(LengthBits),
    .NumberBits(NumberBits), .WeightEntries(WeightEntries), .PointerEntries(PointerEntries)
  ) u_matrix_buffers (
    .clk_i(clk_i), .rst_ni(rst_ni), .swap_i(multiply), .front_o(front), .request_i(matrix),
    .request_columns_i(fetch_columns), .request_words_i(weight_words),
    .request_empty_i(weight_empty), .request_pointer_words_i(pointer_words),
    .weight_word_i(weight_word), .weight_half_i(tag_1[0]),
    .weight_data_i(ddr_1_data_i[DdrWordBits-1:0]),
    .weight_route_i(ddr_1_data_i[DdrWordBits +: RouteBits]), .pointer_word_i(pointer_word),
    .pointer_half_i(tag_2[0]), .pointer_data_i(ddr_2_data_i), .columns_o(arrived),
    .whole_o(whole), .pointers_whole_o(pointers_whole), .pop_i(pop[NPe-1:0]),
    .column_i(pop_column[NPe*ColumnBits-1:0]), .begin_o(first), .end_o(last),
    .issue_i(issue[NPe-1:0]), .entry_i(entry[NPe*PointerBits-1:0]), .data_o(data),
    .written_o(written), .weights_held_o(weights_held), .pointers_held_o(pointers_held)
  );

  wire [WordLanes*VectorBits-1:0]               result_addr;
  wire [NChannels*WordLanes*ActivationBits-1:0] result_data;

  result_words #(
    .NChannels(NChannels), .Batch(Batch), .Width(ActivationBits), .WordBits(DdrWordBits),
    .VectorBits(VectorBits), .LengthBits(LengthBits)
  ) u_result_words (
    .number_i(number_1), .base_i(result_place), .addr_o(result_addr), .data_i(result_data),
    .data_o(ddr_1_data_o)
  );

  wire [NChannels*EventBits-1:0]        assembled, multiplied, added, look_ups, saturations;
  wire [NChannels*NPe*PeTraceBits-1:0]  pe_trace;
  wire [NChannels*ChannelTraceBits-1:0] channel_trace;

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
        .clk_i(clk_i), .rst_ni(rst_ni), .clear_i(multiply), .file_i(file), .shift_i(shift),
        .full_o(full[c*NPe +: NPe]), .busy_o(busy[c]), .push_i(broadcast), .column_i(column),
        .source_i(source_place), .source_zero_i(zeros[10]), .pop_o(pop[c*NPe +: NPe]),
        .column_o(pop_column[c*NPe*ColumnBits +: NPe*ColumnBits]), .begin_i(first),
        .end_i(last), .issue_o(issue[c*NPe +: NPe]),
        .entry_o(entry[c*NPe*PointerBits +: NPe*PointerBits]), .data_i(data),
        .collect_i(collect), .read_file_i(collect_file), .collect_length_i(product_length_q),
        .collect_base_i(product_place_q), .mul_start_i(begins && mul_there), .mul_op_i(mul_op),
        .mul_length_i(mul_length), .mul_sources_i(places[0 +: 4*VectorBits]),
        .mul_zeros_i(zeros[3:0]), .mul_target_i(places[4*VectorBits +: VectorBits]),
        .add_start_i(begins && add_there), .add_op_i(add_op), .add_length_i(add_length),
        .add_sources_i(places[5*VectorBits +: 4*VectorBits]), .add_zeros_i(zeros[8:5]),
        .add_target_i(places[9*VectorBits +: VectorBits]), .idle_o(idle[c]),
        .collecting_o(channel_collecting[c]), .path_write_i(path_write),
        .path_addr_i(path_addr),
        .path_data_i(path_data[c*PathLanes*ActivationBits +: PathLanes*ActivationBits]),
        .table_write_i(table_word), .table_line_i(number_2[LineBits-1:0]),
        .table_data_i(ddr_2_data_i), .result_addr_i(result_addr),
        .result_data_o(result_data[c*WordLanes*ActivationBits +: WordLanes*ActivationBits]),
        .count_o(queue_count[c*NPe*CountBits +: NPe*CountBits]), .empty_o(empty[c*NPe +: NPe]),
        .padding_o(padding[c*NPe +: NPe]), .mac_o(mac[c*NPe +: NPe]),
        .saturation_o(saturation[c*NPe +: NPe]),
        .assembled_o(assembled[c*EventBits +: EventBits]),
        .multiplied_o(multiplied[c*EventBits +: EventBits]),
        .added_o(added[c*EventBits +: EventBits]),
        .look_ups_o(look_ups[c*EventBits +: EventBits]),
        .saturations_o(saturations[c*EventBits +: EventBits]),
        .trace_o(pe_trace[c*NPe*PeTraceBits +: NPe*PeTraceBits]),
        .channel_trace_o(channel_trace[c*ChannelTraceBits +: ChannelTraceBits])
      );
    end
  endgenerate

  assign collecting = channel_collecting[0];
  assign all_idle   = idle[0];
  assign slot_done  = !control_active && !path_busy && tables_q == Zero && all_idle;

  generate
    if (Counters != 0) begin : g_counters
      // Results of all channels in this cycle
      reg [TotalBits-1:0] all_assembled, all_multiplied, all_added, all_look_ups, all_saturations;
      integer n;
      always @* begin
        all_assembled   = {TotalBits{1'b0}};
        all_multiplied  = {TotalBits{1'b0}};
        all_added       = {TotalBits{1'b0}};
        all_look_ups    = {TotalBits{1'b0}};
        all_saturations = {TotalBits{1'b0}};
        for (n = 0; n < NChannels; n = n + 1) begin
          all_assembled = all_assembled
              + {{(TotalBits-EventBits){1'b0}}, assembled[n*EventBits +: EventBits]};
          all_multiplied = all_multiplied
              + {{(TotalBits-EventBits){1'b0}}, multiplied[n*EventBits +: EventBits]};
          all_added = all_added
              + {{(TotalBits-EventBits){1'b0}}, added[n*EventBits +: EventBits]};
          all_look_ups = all_look_ups
              + {{(TotalBits-EventBits){1'b0}}, look_ups[n*EventBits +: EventBits]};
          all_saturations = all_saturations
              + {{(TotalBits-EventBits){1'b0}}, saturations[n*EventBits +: EventBits]};
        end
      end

      wire [31:0]     total;
      wire [32*NPe-1:0] of_pe;
      ese_counters #(
        .CounterBits(32), .EventBits(TotalBits)
      ) u_counters (
        .clk_i(clk_i), .rst_ni(rst_ni), .clear_i(start_i),
        .events_i({path_pass, result_word, table_word, vector_word, pointer_word, weight_word,
                   broadcast_idle, blocked, fetch_wait, broadcast, drain, compute,
                   control_start, begins, running}),
        .numbers_i({all_saturations, all_look_ups, all_added, all_multiplied, all_assembled}),
        .index_i(io_addr_i[4:0]), .value_o(total)
      );
      for (p = 0; p < NPe; p = p + 1) begin : g_pe
        wire [NChannels-1:0] macs, saturates;
        for (c = 0; c < NChannels; c = c + 1) begin : g_channel
          assign macs[c]      = mac[c*NPe+p];
          assign saturates[c] = saturation[c*NPe+p];
        end
        ese_pe_counters #(
          .NChannels(NChannels), .CountBits(CountBits), .CounterBits(32)
        ) u_counters (
          .clk_i(clk_i), .rst_ni(rst_ni), .clear_i(start_i), .compute_i(compute),
          .blocked_i(blocked), .full_i(full[p]), .push_i(broadcast), .pop_i(pop[p]),
          .issue_i(issue[p]), .empty_i(empty[p]), .padding_i(padding[p]),
          .queue_count_i(queue_count[p*CountBits +: CountBits]),
          .written_i(written[p*8 +: 8]), .mac_i(macs), .saturation_i(saturates),
          .index_i(io_addr_i[3:0]), .value_o(of_pe[p*32 +: 32])
        );
      end
      assign io_rdata_o = (io_mem_i == 4'd2) ? total : of_pe[{27'd0, io_pe_i}*32 +: 32];
    end else begin : g_no_counters
      assign io_rdata_o = 32'd0;
      wire unused_events = ^{assembled, multiplied, added, look_ups, saturations, empty, padding,
                             mac, saturation, queue_count, written, path_pass, control_start,
                             compute, blocked, fetch_wait, broadcast_idle, drain, io_pe_i};
    end

    if (Trace != 0) begin : g_trace
      assign trace_o = {
        pe_trace, channel_trace,
        running, begins, pc, step, control_start, fetch_wait, blocked, broadcast,
        broadcast_idle, drain, broadcast ? column : {ColumnBits{1'b0}}, ddr_1_transfer_i,
        result_word, ddr_2_transfer_i, tables || tables_q != Zero,
        vector || next_x || path_busy, path_pass,
        (path_busy && !(vector || next_x)) ? path_element[VectorBits-1:0] : {VectorBits{1'b0}},
        front, weights_held, pointers_held
      };
      wire unused_element = ^path_element[LengthBits-1:VectorBits];
    end else begin : g_no_trace
      assign trace_o = {TraceBits{1'b0}};
      wire unused_trace = ^{pe_trace, channel_trace, weights_held, pointers_held, path_element, pc};
    end
  endgenerate

  wire unused_io = ^{io_addr_i, io_wdata_i};
  // All channels are alike in time: what the others say is what the first says.
  wire unused_alike = ^{full, busy, idle, channel_collecting, pop, pop_column, issue, entry, empty,
                        padding, queue_count};

endmodule

`default_nettype wire
