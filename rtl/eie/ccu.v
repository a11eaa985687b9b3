// ccu: central control unit: runs the passes of a layer, phase by phase.
//
// Model: accelsim/machines/eie/reference/ccu.py; contract, "One pass".
// A layer starts in the cycle after start_i and done_o is high in the cycle after its last one.
// Each pass is, one after the other:
//   start    StartCycles cycles; in the last one (pass_start_o) files swap, accumulators clear,
//            line registers become void, control registers load. Of 0 that is the last cycle of
//            the pass before, or that of start_i
//   load     load_rows + 1 cycles, or none: an SRAM address a cycle; its word is written one later
//   bias     bias_rows + 1 cycles, or none: likewise, into the accumulators
//   compute  until in a cycle the scan has finished and no PE is busy; that cycle is no longer part
//   drain    4 cycles
//   store    store_rows cycles
// Layers in sequence are passes of one program, of which the first ones swap (contract N1).
// A convolution is all passes of each of its vectors in turn (contract V1): loads take their
// addresses from gather, and behind the last pass comes the first until gather has finished. What
// is stored lies behind what was stored before it.
// I/O mode: while idle_o the host writes program and gather, and reads counters.
`default_nettype none

module ccu #(
  parameter integer NPe            = 64,
  parameter integer PositionBits   = 6,   // at least 1 and log2(NPe)
  parameter integer RowBits        = 6,   // at least 1 and log2(RegfileDepth)
  parameter integer RowCountBits   = 7,   // log2(RegfileDepth + 1)
  parameter integer ColumnBits     = 14,
  parameter integer ActivationBits = 16,
  parameter integer ShiftBits      = 6,
  parameter integer ReadShiftBits  = 5,
  parameter integer ActAddrBits    = 10,
  parameter integer ProgramDepth   = 16,  // passes
  parameter integer PassBits       = 4,   // at least 1 and log2(ProgramDepth)
  parameter integer DataBits       = 16,  // of a program field, see ccu_program
  parameter integer CounterBits    = 32,
  parameter integer Counters       = 1,   // 0 leaves the counters out
  parameter integer Gather         = 0,   // 1 runs convolutions
  parameter integer StartCycles    = 1,   // of a pass
  parameter integer TableBits      = 1    // of a codebook's number
) (
  input  wire                      clk_i,
  input  wire                      rst_ni,
  // Host
  input  wire                      start_i,         // only while idle_o
  output wire                      idle_o,
  output wire                      done_o,          // one cycle
  input  wire                      program_write_i, // only while idle_o
  input  wire [PassBits+3:0]       program_addr_i,
  input  wire [DataBits-1:0]       program_data_i,
  input  wire                      gather_write_i,  // only while idle_o; data as of the program
  input  wire [5:0]                gather_addr_i,
  input  wire [3:0]                counter_index_i,
  output wire [CounterBits-1:0]    counter_o,
  // Control of all PEs
  output wire                      layer_start_o,   // counters become zero
  output wire                      running_o,
  output wire                      compute_o,
  output wire                      pass_start_o,
  output wire                      swap_o,
  output wire                      clear_o,
  output wire                      relu_o,
  output wire [ShiftBits-1:0]      shift_o,
  output wire [ReadShiftBits-1:0]  read_shift_o,
  output wire [TableBits-1:0]      table_o,
  output wire                      load_o,
  output wire                      bias_load_o,
  output wire                      store_o,
  output wire [RowBits-1:0]        batch_row_o,
  output wire [ActAddrBits-1:0]    batch_addr_o,
  input  wire                      busy_i,          // some PE has a column or waits
  // Scan
  output wire [RowBits-1:0]        scan_row_o,
  output wire                      scan_read_o,
  output wire [PositionBits-1:0]   position_o,
  input  wire                      found_i,
  input  wire [PositionBits-1:0]   index_i,
  input  wire [ActivationBits-1:0] value_i,
  // Broadcast
  input  wire                      full_i,          // some queue is full
  output wire                      broadcast_o,
  output wire [ColumnBits-1:0]     column_o,
  output wire [ActivationBits-1:0] activation_o,
  output wire                      blocked_o,
  // For the trace
  output wire                      start_o,         // a cycle of a start phase
  output wire                      drain_o,
  output wire                      looks_o,         // the tree's answer is used
  output wire                      row_change_o
);

  localparam [2:0] Idle = 3'd0, Start = 3'd1, Load = 3'd2, Compute = 3'd3, Drain = 3'd4,
                   Store = 3'd5, Bias = 3'd6;
  localparam [RowCountBits-1:0] OneRow  = 1;
  localparam [RowCountBits-1:0] NoRows  = 0;
  localparam [ActAddrBits-1:0]  OneWord = 1;
  localparam [PassBits-1:0]     OnePass = 1;

  reg  [2:0]              state_q;
  reg                     done_q;
  reg  [PassBits-1:0]     pass_q;
  reg  [1:0]              drain_left_q;     // cycles of the drain after this one
  reg  [RowCountBits-1:0] count_q;          // row of a load, bias or store phase
  reg  [ActAddrBits-1:0]  addr_q;
  reg  [ActAddrBits-1:0]  behind_q;         // of a convolution: behind what was stored last

  wire                    last, swap, clear, bias, vectors, gathered;
  wire [ActivationBits-1:0] bias_activation;
  wire [ColumnBits-1:0]   first_column;
  wire [RowCountBits-1:0] n_rows, load_rows, bias_rows, store_rows;
  wire [ActAddrBits-1:0]  load_addr, bias_addr, store_addr, gather_addr;
  // Of the pass that begins
  wire [PassBits-1:0]     begun_pass;
  wire [RowCountBits-1:0] begun_load_rows, begun_bias_rows;
  wire [ActAddrBits-1:0]  begun_bias_addr;
  wire                    finished;

  wire computes   = state_q == Compute && (!finished || busy_i);
  wire drains     = state_q == Drain || (state_q == Compute && !computes);
  wire drain_ends = state_q == Drain && drain_left_q == 2'd0;
  wire stores     = store_rows != NoRows;
  wire store_ends = state_q == Store && count_q + OneRow == store_rows;
  wire pass_ends  = store_ends || (drain_ends && !stores);
  wire loads      = begun_load_rows != NoRows;
  wire biased     = bias_rows != NoRows;
  wire load_ends  = state_q == Load && count_q == load_rows;
  wire bias_ends  = state_q == Bias && count_q == bias_rows;
  wire counts     = state_q == Load || state_q == Bias || state_q == Store;
  wire ends       = last && (!vectors || gathered);

  // The cycle behind which a pass begins, and what it begins with
  wire       begins, start_ends;
  wire [2:0] first_phase = loads ? Load : (begun_bias_rows != NoRows) ? Bias : Compute;
  wire [2:0] next_pass   = (StartCycles == 0) ? first_phase : Start;

  generate
    if (StartCycles == 0) begin : g_no_start
      assign start_ends = 1'b1;
      assign begins     = layer_start_o || (pass_ends && !ends);
      assign begun_pass = (idle_o || last) ? {PassBits{1'b0}} : pass_q + OnePass;
    end else begin : g_start
      if (StartCycles == 1) begin : g_one
        assign start_ends = 1'b1;
      end else begin : g_more
        localparam integer             StartBits = $clog2(StartCycles);
        localparam integer             LastCycle = StartCycles - 1;
        localparam [StartBits-1:0]     Last = LastCycle[StartBits-1:0];
        localparam [StartBits-1:0]     One  = 1;
        reg [StartBits-1:0] start_q;
        assign start_ends = start_q == Last;
        always @(posedge clk_i or negedge rst_ni) begin
          if (!rst_ni) start_q <= {StartBits{1'b0}};
          else if (state_q == Start) start_q <= start_ends ? {StartBits{1'b0}} : start_q + One;
        end
      end
      assign begins     = state_q == Start && start_ends;
      assign begun_pass = pass_q;
    end
  endgenerate

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q      <= Idle;
      done_q       <= 1'b0;
      pass_q       <= {PassBits{1'b0}};
      drain_left_q <= 2'd0;
      count_q      <= NoRows;
      addr_q       <= {ActAddrBits{1'b0}};
    end else begin
      done_q <= pass_ends && ends;
      if (pass_ends) pass_q <= last ? {PassBits{1'b0}} : pass_q + OnePass;
      case (state_q)
        Idle:    if (start_i) state_q <= next_pass;
        Start:   if (start_ends) state_q <= first_phase;
        Load:    if (load_ends) state_q <= biased ? Bias : Compute;
        Bias:    if (bias_ends) state_q <= Compute;
        Compute: if (!computes) state_q <= Drain;
        default: if (pass_ends) state_q <= ends ? Idle : next_pass;
                 else if (drain_ends) state_q <= Store;
      endcase
      if (state_q == Compute) drain_left_q <= 2'd2;
      else if (state_q == Drain) drain_left_q <= drain_left_q - 2'd1;
      if (counts && !load_ends && !bias_ends && !begins) begin
        count_q <= count_q + OneRow;
        addr_q  <= addr_q + OneWord;
      end else begin
        count_q <= NoRows;
        addr_q  <= (begins && loads) ? load_addr : begins ? begun_bias_addr :
                   (state_q == Load) ? bias_addr : vectors ? behind_q : store_addr;
      end
    end
  end

  always @(posedge clk_i) begin
    if (state_q == Idle) behind_q <= store_addr;
    else if (state_q == Store) behind_q <= addr_q + OneWord;
  end

  assign idle_o        = state_q == Idle;
  assign running_o     = state_q != Idle;
  assign done_o        = done_q;
  assign layer_start_o = state_q == Idle && start_i;
  assign pass_start_o  = begins;
  assign swap_o        = begins && swap;
  assign clear_o       = begins && clear;
  assign start_o       = state_q == Start;
  assign compute_o     = computes;
  assign drain_o       = drains;
  assign load_o        = state_q == Load && !load_ends;
  assign bias_load_o   = state_q == Bias && !bias_ends;
  assign store_o       = state_q == Store;
  assign batch_row_o   = count_q[RowBits-1:0];
  assign batch_addr_o  = (vectors && state_q == Load) ? gather_addr : addr_q;

  ccu_program #(
    .ProgramDepth(ProgramDepth), .PassBits(PassBits), .ShiftBits(ShiftBits),
    .ReadShiftBits(ReadShiftBits), .ActivationBits(ActivationBits), .ColumnBits(ColumnBits),
    .RowCountBits(RowCountBits), .ActAddrBits(ActAddrBits), .DataBits(DataBits),
    .TableBits(TableBits)
  ) u_program (
    .clk_i(clk_i), .write_i(program_write_i), .addr_i(program_addr_i), .data_i(program_data_i),
    .pass_i(pass_q), .last_o(last), .bias_o(bias), .relu_o(relu_o), .vectors_o(vectors),
    .shift_o(shift_o), .read_shift_o(read_shift_o), .table_o(table_o),
    .bias_activation_o(bias_activation),
    .load_rows_o(load_rows), .store_rows_o(store_rows), .store_addr_o(store_addr),
    .bias_rows_o(bias_rows), .bias_addr_o(bias_addr), .begun_i(begun_pass),
    .begun_swap_o(swap), .begun_clear_o(clear), .begun_first_column_o(first_column),
    .begun_n_rows_o(n_rows), .begun_load_rows_o(begun_load_rows), .begun_load_addr_o(load_addr),
    .begun_bias_rows_o(begun_bias_rows), .begun_bias_addr_o(begun_bias_addr)
  );

  scan #(
    .NPe(NPe), .PositionBits(PositionBits), .RowBits(RowBits), .RowCountBits(RowCountBits),
    .ColumnBits(ColumnBits), .ActivationBits(ActivationBits)
  ) u_scan (
    .clk_i(clk_i), .rst_ni(rst_ni), .begin_i(pass_start_o), .n_rows_i(n_rows),
    .first_column_i(first_column), .bias_i(bias), .bias_activation_i(bias_activation),
    .scan_i(state_q == Compute), .finished_o(finished), .row_o(scan_row_o),
    .row_read_o(scan_read_o), .position_o(position_o), .found_i(found_i), .index_i(index_i),
    .value_i(value_i), .full_i(full_i), .broadcast_o(broadcast_o), .column_o(column_o), .looks_o(looks_o),
    .activation_o(activation_o), .row_change_o(row_change_o), .blocked_o(blocked_o)
  );

  generate
    if (Gather != 0) begin : g_gather
      gather #(
        .ActAddrBits(ActAddrBits), .LoopBits(ActAddrBits + 2), .DataBits(DataBits)
      ) u_gather (
        .clk_i(clk_i), .write_i(gather_write_i), .addr_i(gather_addr_i),
        .data_i(program_data_i), .begin_i(layer_start_o), .step_i(load_o), .addr_o(gather_addr),
        .finished_o(gathered)
      );
    end else begin : g_no_gather
      assign gather_addr = {ActAddrBits{1'b0}};
      assign gathered    = 1'b1;
      wire unused_gather = ^{gather_write_i, gather_addr_i};
    end
  endgenerate

  generate
    if (Counters != 0) begin : g_counters
      ccu_counters #(
        .CounterBits(CounterBits)
      ) u_counters (
        .clk_i(clk_i), .rst_ni(rst_ni), .clear_i(layer_start_o), .running_i(running_o),
        .start_i(state_q == Start), .pass_i(pass_ends), .load_i(state_q == Load), .drain_i(drains), .store_i(store_o),
        .broadcast_i(broadcast_o), .row_change_i(row_change_o), .blocked_i(blocked_o),
        .scan_idle_i(computes && finished), .bias_i(state_q == Bias), .index_i(counter_index_i), .value_o(counter_o)
      );
    end else begin : g_no_counters
      assign counter_o = {CounterBits{1'b0}};
      wire unused_index = ^counter_index_i;
    end
  endgenerate

endmodule

`default_nettype wire
