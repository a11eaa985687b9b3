// pe_harness: one PE between shift registers, so that place and route sees registers on all sides
// and five pins. Only for rtl/synth: the clock frequency of the PE itself.
//
// Timing: shift_i goes through every input of the PE; what the PE gives is captured while capture_i
// and shifted out to shift_o. Counters and trace are left out.
`default_nettype none

module pe_harness #(
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
  parameter integer Bypass          = 1
) (
  input  wire clk_i,
  input  wire rst_ni,
  input  wire shift_i,
  input  wire capture_i,
  output wire shift_o
);

  // As pe derives them
  localparam integer ColumnBits    = $clog2(PointerWords);
  localparam integer ActAddrBits   = $clog2(ActSramWords);
  localparam integer RowBits       = $clog2(RegfileDepth);
  localparam integer RegisterBits  =
      (ActivationBits > AccumulatorBits) ? ActivationBits : AccumulatorBits;
  localparam integer ShiftBits     = $clog2(WeightValueBits + ActivationBits + 1);
  localparam integer ReadShiftBits = $clog2(RegisterBits + 1);
  localparam integer IoDataBits    = (SpmatWidthBits > 64) ? SpmatWidthBits : 64;

  localparam integer InBits  = ColumnBits + ActivationBits + ReadShiftBits + ShiftBits + 2*RowBits
                               + ActAddrBits + 32 + IoDataBits + 18;
  localparam integer OutBits = ActivationBits + IoDataBits + 2;

  reg  [InBits-1:0]  in_q;
  reg  [OutBits-1:0] out_q;
  wire [OutBits-1:0] out;

  always @(posedge clk_i) begin
    in_q  <= {in_q[InBits-2:0], shift_i};
    out_q <= capture_i ? out : {out_q[OutBits-2:0], 1'b0};
  end

  assign shift_o = out_q[OutBits-1];

  wire                      push, layer_start, running, compute, blocked, pass_start, swap, clear;
  wire                      relu, load, bias_load, store, scan_read, io_req, io_we;
  wire [ColumnBits-1:0]     column;
  wire [ActivationBits-1:0] activation;
  wire [ReadShiftBits-1:0]  read_shift;
  wire [ShiftBits-1:0]      shift;
  wire [RowBits-1:0]        batch_row, scan_row;
  wire [ActAddrBits-1:0]    batch_addr;
  wire [2:0]                io_mem;
  wire [31:0]               io_addr;
  wire [IoDataBits-1:0]     io_wdata;
  wire                      unused_trace;

  assign {push, layer_start, running, compute, blocked, pass_start, swap, clear, relu, load,
          bias_load, store, scan_read, io_req, io_we, column, activation, read_shift, shift, batch_row, scan_row,
          batch_addr, io_mem, io_addr, io_wdata} = in_q;

  pe #(
    .ActQueueDepth(ActQueueDepth), .WeightBits(WeightBits), .IndexBits(IndexBits),
    .SpmatWidthBits(SpmatWidthBits), .SpmatLines(SpmatLines), .PointerBits(PointerBits),
    .PointerWords(PointerWords), .ActSramWords(ActSramWords), .RegfileDepth(RegfileDepth),
    .ActivationBits(ActivationBits), .WeightValueBits(WeightValueBits),
    .AccumulatorBits(AccumulatorBits), .Bypass(Bypass), .Counters(0), .Trace(0), .PeTraceBits(1)
  ) u_pe (
    .clk_i(clk_i), .rst_ni(rst_ni), .push_i(push), .column_i(column), .activation_i(activation),
    .full_o(out[0]), .layer_start_i(layer_start), .running_i(running), .compute_i(compute),
    .blocked_i(blocked), .pass_start_i(pass_start), .swap_i(swap), .clear_i(clear),
    .relu_i(relu), .read_shift_i(read_shift), .shift_i(shift), .table_i(1'b0), .load_i(load),
    .bias_load_i(bias_load), .store_i(store), .batch_row_i(batch_row), .batch_addr_i(batch_addr), .busy_o(out[1]), .scan_row_i(scan_row),
    .scan_read_i(scan_read), .scan_value_o(out[2 +: ActivationBits]), .io_req_i(io_req),
    .io_we_i(io_we), .io_mem_i(io_mem), .io_addr_i(io_addr), .io_wdata_i(io_wdata),
    .io_rdata_o(out[2 + ActivationBits +: IoDataBits]),
    .trace_o(unused_trace)
  );

endmodule

`default_nettype wire
