// eie_array: NPe processing elements behind one control unit.
//
// Model: accelsim/machines/eie/reference/array.py; EIE (ISCA 2016) sec. IV; contract.
// Row i of the matrix and activation i belong to PE i mod NPe.
// Timing: a layer starts in the cycle after start_i (only while idle_o) and done_o is high in the
// cycle after its last one. The host writes memories and the program while idle_o: io_mem_i 0 to
// 7 are the memories of PE io_pe_i (see pe; 2, the codebook, is that of all PEs), 8 is the program
// (see ccu_program), 9 the CCU's counters (see ccu_counters), 10 the vectors of a convolution (see
// gather). A write takes one cycle. Of a read
// the data are there in the next cycle, in which the request must still stand.
// Host's side of it: no access and no start_i while !idle_o (with `ASSERT_CONTRACT a simulation
// that breaks it says so and ends; the array itself has no gates for it). start_i may come in the
// very cycle of done_o. Reset: rst_ni falls at any time and stays low over at least one rising
// edge of clk_i; it rises away from that edge (synchronised to clk_i, recovery and removal kept),
// and start_i and io_req_i stay low until it has risen. Clock: clk_i may stand, low, in any cycle
// with rst_ni and idle_o high and done_o, start_i and io_req_i low; units hold theirs by clock_gate.
`default_nettype none

module eie_array #(
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
  parameter integer ProgramDepth    = 16,   // passes of a layer
  parameter integer Gather          = 0,    // 1 runs convolutions: vectors gathered from a map
  parameter integer Counters        = 1,    // 0 leaves the counters out: they read as zero
  parameter integer CounterBits     = 32,   // of a counter, 32 at most; it wraps around
  parameter integer Trace           = 0,    // 1 drives trace_o; 2 its part of the CCU only,
                                            // the rest stays in g_pe[].trace
  parameter integer Multiplier      = 0,    // of arith_unit: 0 multiplies, 1 shifts, 2 adds
  parameter integer StartCycles     = 1,    // of a pass
  parameter integer DecoderTables   = 1,    // codebooks of each PE
  // Derived; leave them alone
  parameter integer CountBits     = $clog2(ActQueueDepth + 1),
  parameter integer LineBits      = (SpmatLines > 1) ? $clog2(SpmatLines) : 1,
  parameter integer ColumnBits    = (PointerWords > 2) ? $clog2(PointerWords) : 1,
  parameter integer ActAddrBits   = (ActSramWords > 1) ? $clog2(ActSramWords) : 1,
  parameter integer RowBits       = (RegfileDepth > 1) ? $clog2(RegfileDepth) : 1,
  parameter integer RegisterBits  =
      (ActivationBits > AccumulatorBits) ? ActivationBits : AccumulatorBits,
  parameter integer PositionBits  = (NPe > 1) ? $clog2(NPe) : 1,
  parameter integer PassBits      = (ProgramDepth > 1) ? $clog2(ProgramDepth) : 1,
  parameter integer IoDataBits    = (SpmatWidthBits > 64) ? SpmatWidthBits : 64,
  parameter integer WordBits      =           // of the weight decoder
      (Multiplier == 1) ? $clog2(WeightValueBits) + 2 : WeightValueBits,
  parameter integer PeTraceBits   =
      CountBits + 3*ColumnBits + 2*PointerBits + LineBits + WeightBits + IndexBits
      + WordBits + 3*RowBits + 2*AccumulatorBits + 3*ActivationBits + 2*RegisterBits + 14,
  parameter integer TraceBits     = 16 + 2*RowBits + ActAddrBits + 2*PositionBits + ColumnBits
      + 2*ActivationBits + NPe * PeTraceBits
) (
  input  wire                    clk_i,
  input  wire                    rst_ni,    // asynchronous, active low
  // Host
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
  // What happens in this cycle: control unit, PE 0, PE 1, ... from the lowest bits on;
  // accelsim/machines/eie/rtl/params.py names the fields
  output wire [TraceBits-1:0]    trace_o
);

  localparam integer RowCountBits  = $clog2(RegfileDepth + 1);
  localparam integer ShiftBits     = $clog2(WeightValueBits + ActivationBits + 1);
  localparam integer ReadShiftBits = $clog2(RegisterBits + 1);
  localparam integer TableBits     = (DecoderTables > 1) ? $clog2(DecoderTables) : 1;
  localparam integer DataBits      = 32;
  localparam integer CcuTraceBits  = TraceBits - NPe * PeTraceBits;

  wire layer_start, running, compute, pass_start, swap, clear, relu, load, bias_load, store, drain;
  wire broadcast, blocked, row_change, scan_read, found, looks, start;
  wire [ShiftBits-1:0]          shift;
  wire [ReadShiftBits-1:0]      read_shift;
  wire [TableBits-1:0]          table_number;
  wire [RowBits-1:0]            batch_row, scan_row;
  wire [ActAddrBits-1:0]        batch_addr;
  wire [PositionBits-1:0]       position, found_index;
  wire [ColumnBits-1:0]         column;
  wire [ActivationBits-1:0]     activation, found_value;
  wire [NPe*ActivationBits-1:0] scan_values;
  wire [NPe-1:0]                full, busy;
  wire [CounterBits-1:0]        counter;

  ccu #(
    .NPe(NPe), .PositionBits(PositionBits), .RowBits(RowBits), .RowCountBits(RowCountBits),
    .ColumnBits(ColumnBits), .ActivationBits(ActivationBits), .ShiftBits(ShiftBits),
    .ReadShiftBits(ReadShiftBits), .ActAddrBits(ActAddrBits), .ProgramDepth(ProgramDepth),
    .PassBits(PassBits), .DataBits(DataBits), .CounterBits(CounterBits), .Counters(Counters),
    .Gather(Gather), .StartCycles(StartCycles), .TableBits(TableBits)
  ) u_ccu (
    .clk_i(clk_i), .rst_ni(rst_ni), .start_i(start_i), .idle_o(idle_o), .done_o(done_o),
    .program_write_i(io_req_i && io_we_i && io_mem_i == 4'd8),
    .program_addr_i(io_addr_i[PassBits+3:0]), .program_data_i(io_wdata_i[DataBits-1:0]),
    .gather_write_i(io_req_i && io_we_i && io_mem_i == 4'd10), .gather_addr_i(io_addr_i[5:0]),
    .counter_index_i(io_addr_i[3:0]), .counter_o(counter), .layer_start_o(layer_start),
    .running_o(running), .compute_o(compute), .pass_start_o(pass_start), .swap_o(swap),
    .clear_o(clear), .relu_o(relu), .shift_o(shift), .read_shift_o(read_shift),
    .table_o(table_number), .load_o(load),
    .bias_load_o(bias_load), .store_o(store), .batch_row_o(batch_row), .batch_addr_o(batch_addr), .busy_i(|busy),
    .scan_row_o(scan_row), .scan_read_o(scan_read), .position_o(position), .found_i(found),
    .index_i(found_index), .value_i(found_value), .full_i(|full), .broadcast_o(broadcast),
    .column_o(column), .activation_o(activation), .blocked_o(blocked), .drain_o(drain), .start_o(start),
    .looks_o(looks), .row_change_o(row_change)
  );

  lnzd_tree #(
    .NPe(NPe), .PositionBits(PositionBits), .ActivationBits(ActivationBits)
  ) u_lnzd_tree (
    .values_i(scan_values), .position_i(position), .found_o(found), .index_o(found_index),
    .value_o(found_value)
  );

`ifdef ASSERT_CONTRACT
  always @(posedge clk_i) begin
    if (io_req_i && !idle_o) begin
      $display("contract: the host accesses memory %0d while a layer runs", io_mem_i);
      $finish;
    end
    if (start_i && !idle_o) begin
      $display("contract: the host starts a layer while one runs");
      $finish;
    end
  end
`endif

  genvar p;
  generate
    for (p = 0; p < NPe; p = p + 1) begin : g_pe
      localparam [PositionBits-1:0] Index = p[PositionBits-1:0];
      wire [PeTraceBits-1:0] trace;
      wire [IoDataBits-1:0]  io_rdata, io_merged;
      wire                   io_here = io_req_i && !io_mem_i[3]
                                       && (io_pe_i == Index || io_mem_i == 4'd2);
      pe #(
        .ActQueueDepth(ActQueueDepth), .WeightBits(WeightBits), .IndexBits(IndexBits),
        .SpmatWidthBits(SpmatWidthBits), .SpmatLines(SpmatLines), .PointerBits(PointerBits),
        .PointerWords(PointerWords), .ActSramWords(ActSramWords), .RegfileDepth(RegfileDepth),
        .ActivationBits(ActivationBits), .WeightValueBits(WeightValueBits),
        .AccumulatorBits(AccumulatorBits), .Bypass(Bypass), .Counters(Counters), .Trace(Trace),
        .Multiplier(Multiplier), .DecoderTables(DecoderTables), .CounterBits(CounterBits)
      ) u_pe (
        .clk_i(clk_i), .rst_ni(rst_ni), .push_i(broadcast), .column_i(column),
        .activation_i(activation), .full_o(full[p]), .layer_start_i(layer_start),
        .running_i(running), .compute_i(compute), .blocked_i(blocked),
        .pass_start_i(pass_start), .swap_i(swap), .clear_i(clear), .relu_i(relu),
        .read_shift_i(read_shift), .shift_i(shift), .table_i(table_number), .load_i(load), .bias_load_i(bias_load),
        .store_i(store),
        .batch_row_i(batch_row), .batch_addr_i(batch_addr), .busy_o(busy[p]),
        .scan_row_i(scan_row), .scan_read_i(scan_read),
        .scan_value_o(scan_values[p*ActivationBits +: ActivationBits]),
        // A PE that is not asked sees a quiet bus.
        .io_req_i(io_here), .io_we_i(io_here && io_we_i),
        .io_mem_i(io_here ? io_mem_i[2:0] : 3'd0), .io_addr_i(io_here ? io_addr_i : 32'd0),
        .io_wdata_i(io_here ? io_wdata_i : {IoDataBits{1'b0}}),
        .io_rdata_o(io_rdata), .trace_o(trace)
      );
      if (p == 0) begin : g_first
        assign io_merged = io_rdata;
      end else begin : g_next
        assign io_merged = io_rdata | g_pe[p-1].io_merged;
      end
    end
  endgenerate

  assign io_rdata_o = io_mem_i[3] ? {{(IoDataBits-CounterBits){1'b0}}, counter}
                                  : g_pe[NPe-1].io_merged;

  generate
    if (Trace != 0) begin : g_trace
      assign trace_o[CcuTraceBits-1:0] = {
        running, start, pass_start, swap, clear, load, bias_load, compute, drain, store,
        (load || bias_load || store) ? batch_row : {RowBits{1'b0}},
        (load || bias_load || store) ? batch_addr : {ActAddrBits{1'b0}}, looks, scan_read,
        looks ? scan_row : {RowBits{1'b0}}, looks ? position : {PositionBits{1'b0}},
        looks && found,
        (looks && found) ? found_index : {PositionBits{1'b0}},
        (looks && found) ? found_value : {ActivationBits{1'b0}}, blocked, row_change, broadcast,
        broadcast ? column : {ColumnBits{1'b0}},
        broadcast ? activation : {ActivationBits{1'b0}}
      };
    end else begin : g_no_trace
      assign trace_o[CcuTraceBits-1:0] = {CcuTraceBits{1'b0}};
      wire unused_states = drain ^ row_change ^ looks ^ start;
    end
    for (p = 0; p < NPe; p = p + 1) begin : g_trace_pe
      if (Trace == 1) begin : g_here
        assign trace_o[CcuTraceBits + p*PeTraceBits +: PeTraceBits] = g_pe[p].trace;
      end else begin : g_zero
        assign trace_o[CcuTraceBits + p*PeTraceBits +: PeTraceBits] = {PeTraceBits{1'b0}};
        wire unused_trace = ^g_pe[p].trace;
      end
    end
  endgenerate

endmodule

`default_nettype wire
