// act_rw: the activations of one PE: two register files and the activation SRAM.
//
// Model: accelsim/machines/eie/reference/act_rw.py; contract R1, M2, M3, M6, C1; accelsim/fixedpoint.py
// The source file feeds the scan, the destination file holds the accumulators. swap_i lets them
// change roles at the end of its cycle; nothing is copied. clear_i zeroes what is the destination
// file after that cycle.
// Timing: scan, accumulator and store reads are combinational. Writes count from the next cycle on.
//   load   load_i in cycle t reads the SRAM; the word is written to the source file in t + 1
//   bias   bias_load_i likewise, to the destination file; write_i is low in t + 1
//   store  store_i in cycle t writes the destination row to the SRAM
// Reading an activation: ReLU, shift right with rounding, saturate to ActivationBits.
`default_nettype none

module act_rw #(
  parameter integer RegfileDepth    = 64,
  parameter integer RowBits         = 6,      // at least 1 and log2(RegfileDepth)
  parameter integer ActSramWords    = 1024,
  parameter integer ActAddrBits     = 10,     // at least 1 and log2(ActSramWords)
  parameter integer ActivationBits  = 16,
  parameter integer AccumulatorBits = 16,
  parameter integer RegisterBits    = 16,     // the larger of the two
  parameter integer ReadShiftBits   = 5       // at least log2(RegisterBits + 1)
) (
  input  wire                       clk_i,
  input  wire                       rst_ni,
  // Control, one pass ahead of its use
  input  wire                       swap_i,
  input  wire                       clear_i,
  input  wire                       relu_i,         // of the layer that wrote the source file
  input  wire [ReadShiftBits-1:0]   read_shift_i,   // 0 to RegisterBits
  // Scan
  input  wire [RowBits-1:0]         scan_row_i,
  output wire [ActivationBits-1:0]  scan_value_o,
  // ArithmUnit
  input  wire [RowBits-1:0]         read_row_i,
  output wire [AccumulatorBits-1:0] read_value_o,
  input  wire                       write_i,
  input  wire [RowBits-1:0]         write_row_i,
  input  wire [AccumulatorBits-1:0] write_value_i,
  // Batches
  input  wire                       load_i,
  input  wire                       bias_load_i,
  input  wire                       store_i,
  input  wire [RowBits-1:0]         batch_row_i,
  input  wire [ActAddrBits-1:0]     batch_addr_i,
  output wire                       load_write_o,   // the word of a load is being written
  output wire                       bias_write_o,   // that of a bias
  // For the trace
  output wire                       dst_write_o,    // the destination file is written
  output wire [RowBits-1:0]         dst_row_o,      // there
  output wire [RegisterBits-1:0]    dst_value_o,    // with this
  output wire [RegisterBits-1:0]    sram_value_o,   // what the SRAM would write
  // I/O mode, while no layer runs. SRAM reads as in sram_1rw; register reads are combinational.
  input  wire                       io_sram_i,
  input  wire                       io_source_i,
  input  wire                       io_destination_i,
  input  wire                       io_we_i,
  input  wire [ActAddrBits-1:0]     io_addr_i,
  input  wire [RowBits-1:0]         io_row_i,
  input  wire [RegisterBits-1:0]    io_wdata_i,
  output wire [RegisterBits-1:0]    io_sram_rdata_o,
  output wire [RegisterBits-1:0]    io_source_rdata_o,
  output wire [RegisterBits-1:0]    io_destination_rdata_o
);

  reg                     select_q;           // the file that is the source
  reg                     load_q;
  reg                     bias_q;
  reg  [RowBits-1:0]      load_row_q;
  wire [RegisterBits-1:0] sram_data;
  wire [RegisterBits-1:0] value_0, value_1;

  wire [RegisterBits-1:0] source_value      = select_q ? value_1 : value_0;
  wire [RegisterBits-1:0] destination_value = select_q ? value_0 : value_1;

  // Ports of the source and destination roles
  wire               io_source_write = io_source_i && io_we_i;
  wire               src_write = load_q || io_source_write;
  wire [RowBits-1:0] src_row   = load_q ? load_row_q : io_row_i;
  wire [RegisterBits-1:0] src_value = load_q ? sram_data : io_wdata_i;
  wire [RowBits-1:0] src_read_row = io_source_i ? io_row_i : scan_row_i;

  wire               io_destination_write = io_destination_i && io_we_i;
  wire               dst_write = write_i || bias_q || io_destination_write;
  wire [RowBits-1:0] dst_row   =
      io_destination_write ? io_row_i : bias_q ? load_row_q : write_row_i;
  wire [RegisterBits-1:0] sum_extended;
  wire [RegisterBits-1:0] dst_value =
      io_destination_write ? io_wdata_i : bias_q ? sram_data : sum_extended;
  wire [RowBits-1:0] dst_read_row =
      io_destination_i ? io_row_i : store_i ? batch_row_i : read_row_i;

  // After a swap the source file of this cycle is the destination.
  wire clear_1 = clear_i && (select_q == swap_i);
  wire clear_0 = clear_i && (select_q != swap_i);

  regfile #(
    .Depth(RegfileDepth), .Width(RegisterBits), .RowBits(RowBits)
  ) u_file_0 (
    .clk_i(clk_i), .rst_ni(rst_ni), .clear_i(clear_0),
    .read_row_i(select_q ? dst_read_row : src_read_row), .read_value_o(value_0),
    .write_i(select_q ? dst_write : src_write),
    .write_row_i(select_q ? dst_row : src_row),
    .write_value_i(select_q ? dst_value : src_value)
  );

  regfile #(
    .Depth(RegfileDepth), .Width(RegisterBits), .RowBits(RowBits)
  ) u_file_1 (
    .clk_i(clk_i), .rst_ni(rst_ni), .clear_i(clear_1),
    .read_row_i(select_q ? src_read_row : dst_read_row), .read_value_o(value_1),
    .write_i(select_q ? src_write : dst_write),
    .write_row_i(select_q ? src_row : dst_row),
    .write_value_i(select_q ? src_value : dst_value)
  );

  wire [RegisterBits-1:0] sram_value = io_sram_i ? io_wdata_i : destination_value;

  sram_1rw #(
    .Depth(ActSramWords), .Width(RegisterBits), .AddrBits(ActAddrBits)
  ) u_act_sram (
    .clk_i(clk_i),
    .en_i(load_i || bias_load_i || store_i || io_sram_i),
    .we_i(store_i || (io_sram_i && io_we_i)),
    .addr_i(io_sram_i ? io_addr_i : batch_addr_i),
    .wdata_i(sram_value),
    .rdata_o(sram_data)
  );

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      select_q <= 1'b0;
      load_q   <= 1'b0;
      bias_q   <= 1'b0;
    end else begin
      select_q <= select_q ^ swap_i;
      load_q   <= load_i;
      bias_q   <= bias_load_i;
    end
  end

  always @(posedge clk_i) begin
    if (load_i || bias_load_i) load_row_q <= batch_row_i;
  end

  // Reading an activation
  wire [RegisterBits-1:0] rectified =
      (relu_i && source_value[RegisterBits-1]) ? {RegisterBits{1'b0}} : source_value;
  wire [RegisterBits-1:0] floor;
  wire                    carry;
  wire                    unused_saturated;

  round_shift #(
    .Width(RegisterBits), .ShiftBits(ReadShiftBits)
  ) u_round_shift (
    .value_i(rectified), .shift_i(read_shift_i), .floor_o(floor), .carry_o(carry)
  );

  saturate #(
    .InBits(RegisterBits + 1), .OutBits(ActivationBits)
  ) u_saturate (
    .value_i({floor[RegisterBits-1], floor} + {{RegisterBits{1'b0}}, carry}),
    .value_o(scan_value_o),
    .saturated_o(unused_saturated)
  );

  generate
    if (RegisterBits > AccumulatorBits) begin : g_extend
      assign sum_extended = {
        {(RegisterBits-AccumulatorBits){write_value_i[AccumulatorBits-1]}}, write_value_i
      };
      wire unused_top = ^destination_value[RegisterBits-1:AccumulatorBits];
    end else begin : g_same
      assign sum_extended = write_value_i;
    end
  endgenerate

  assign read_value_o           = destination_value[AccumulatorBits-1:0];
  assign load_write_o           = load_q;
  assign bias_write_o           = bias_q;
  assign dst_write_o            = dst_write;
  assign dst_row_o              = dst_row;
  assign dst_value_o            = dst_value;
  assign sram_value_o           = sram_value;
  assign io_sram_rdata_o        = sram_data;
  assign io_source_rdata_o      = source_value;
  assign io_destination_rdata_o = destination_value;

endmodule

`default_nettype wire
