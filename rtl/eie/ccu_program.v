// ccu_program: the passes of a layer, written by the host, read by the CCU.
//
// Model: accelsim/machines/eie/plan.py, Pass; the fields are PROGRAM_FIELDS of
// accelsim/machines/eie/rtl/images.py. Timing: reading is combinational; a write of cycle t counts
// from t + 1 on, and only writes need the clock. The pass that begins is another than the one at
// hand where no start cycle lies between them. A field is written at address {pass, field}:
//   0  flags: bit 0 last pass of the program, 1 swap, 2 clear, 3 bias, 4 relu, 5 a convolution:
//      passes of each of its vectors, loads by gather
//   1  shift of the products              5  register rows to scan, at least 1
//   2  read_shift of the activations      6  rows to load first, 0 for none
//   3  1.0, the bias activation           7  activation SRAM address of the first of them
//   4  pointer address of the first       8  rows to store after, 0 for none
//      column                             9  activation SRAM address of the first of them
//  10  rows of biases, 0 for none         11  activation SRAM address of the first of them
//  12  number of the codebook
`default_nettype none

module ccu_program #(
  parameter integer ProgramDepth   = 16,  // passes
  parameter integer PassBits       = 4,   // at least 1 and log2(ProgramDepth)
  parameter integer ShiftBits      = 6,
  parameter integer ReadShiftBits  = 5,
  parameter integer ActivationBits = 16,
  parameter integer ColumnBits     = 14,
  parameter integer RowCountBits   = 7,
  parameter integer ActAddrBits    = 10,
  parameter integer TableBits      = 1,
  parameter integer DataBits       = 16   // at least 6 and each width above but PassBits
) (
  input  wire                      clk_i,
  // Host
  input  wire                      write_i,
  input  wire [PassBits+3:0]       addr_i,
  input  wire [DataBits-1:0]       data_i,
  // The pass at hand
  input  wire [PassBits-1:0]       pass_i,
  output wire                      last_o,
  output wire                      bias_o,
  output wire                      relu_o,
  output wire                      vectors_o,
  output wire [ShiftBits-1:0]      shift_o,
  output wire [ReadShiftBits-1:0]  read_shift_o,
  output wire [TableBits-1:0]      table_o,
  output wire [ActivationBits-1:0] bias_activation_o,
  output wire [RowCountBits-1:0]   load_rows_o,
  output wire [RowCountBits-1:0]   store_rows_o,
  output wire [ActAddrBits-1:0]    store_addr_o,
  output wire [RowCountBits-1:0]   bias_rows_o,
  output wire [ActAddrBits-1:0]    bias_addr_o,
  // The pass that begins
  input  wire [PassBits-1:0]       begun_i,
  output wire                      begun_swap_o,
  output wire                      begun_clear_o,
  output wire [ColumnBits-1:0]     begun_first_column_o,
  output wire [RowCountBits-1:0]   begun_n_rows_o,
  output wire [RowCountBits-1:0]   begun_load_rows_o,
  output wire [ActAddrBits-1:0]    begun_load_addr_o,
  output wire [RowCountBits-1:0]   begun_bias_rows_o,
  output wire [ActAddrBits-1:0]    begun_bias_addr_o
);

  reg [5:0]                flags           [0:ProgramDepth-1];
  reg [ShiftBits-1:0]      shift           [0:ProgramDepth-1];
  reg [ReadShiftBits-1:0]  read_shift      [0:ProgramDepth-1];
  reg [ActivationBits-1:0] bias_activation [0:ProgramDepth-1];
  reg [ColumnBits-1:0]     first_column    [0:ProgramDepth-1];
  reg [RowCountBits-1:0]   n_rows          [0:ProgramDepth-1];
  reg [RowCountBits-1:0]   load_rows       [0:ProgramDepth-1];
  reg [ActAddrBits-1:0]    load_addr       [0:ProgramDepth-1];
  reg [RowCountBits-1:0]   store_rows      [0:ProgramDepth-1];
  reg [ActAddrBits-1:0]    store_addr      [0:ProgramDepth-1];
  reg [RowCountBits-1:0]   bias_rows       [0:ProgramDepth-1];
  reg [ActAddrBits-1:0]    bias_addr       [0:ProgramDepth-1];
  reg [TableBits-1:0]      table_number    [0:ProgramDepth-1];

  wire [PassBits-1:0] pass  = addr_i[PassBits+3:4];
  wire [3:0]          field = addr_i[3:0];

  wire clk;

  clock_gate u_clock_gate (.clk_i(clk_i), .en_i(write_i), .clk_o(clk));

  always @(posedge clk) begin
    if (write_i && field == 4'd0) flags[pass] <= data_i[5:0];
    if (write_i && field == 4'd1) shift[pass] <= data_i[ShiftBits-1:0];
    if (write_i && field == 4'd2) read_shift[pass] <= data_i[ReadShiftBits-1:0];
    if (write_i && field == 4'd3) bias_activation[pass] <= data_i[ActivationBits-1:0];
    if (write_i && field == 4'd4) first_column[pass] <= data_i[ColumnBits-1:0];
    if (write_i && field == 4'd5) n_rows[pass] <= data_i[RowCountBits-1:0];
    if (write_i && field == 4'd6) load_rows[pass] <= data_i[RowCountBits-1:0];
    if (write_i && field == 4'd7) load_addr[pass] <= data_i[ActAddrBits-1:0];
    if (write_i && field == 4'd8) store_rows[pass] <= data_i[RowCountBits-1:0];
    if (write_i && field == 4'd9) store_addr[pass] <= data_i[ActAddrBits-1:0];
    if (write_i && field == 4'd10) bias_rows[pass] <= data_i[RowCountBits-1:0];
    if (write_i && field == 4'd11) bias_addr[pass] <= data_i[ActAddrBits-1:0];
    if (write_i && field == 4'd12) table_number[pass] <= data_i[TableBits-1:0];
  end

  wire [5:0] flags_here  = flags[pass_i];
  wire [5:0] flags_begun = flags[begun_i];
  wire       unused_flags = ^{flags_here[2:1], flags_begun[5:3], flags_begun[0]};

  assign {vectors_o, relu_o, bias_o} = flags_here[5:3];
  assign last_o            = flags_here[0];
  assign shift_o           = shift[pass_i];
  assign read_shift_o      = read_shift[pass_i];
  assign table_o           = table_number[pass_i];
  assign bias_activation_o = bias_activation[pass_i];
  assign load_rows_o       = load_rows[pass_i];
  assign store_rows_o      = store_rows[pass_i];
  assign store_addr_o      = store_addr[pass_i];
  assign bias_rows_o       = bias_rows[pass_i];
  assign bias_addr_o       = bias_addr[pass_i];

  assign {begun_clear_o, begun_swap_o} = flags_begun[2:1];
  assign begun_first_column_o = first_column[begun_i];
  assign begun_n_rows_o       = n_rows[begun_i];
  assign begun_load_rows_o    = load_rows[begun_i];
  assign begun_load_addr_o    = load_addr[begun_i];
  assign begun_bias_rows_o    = bias_rows[begun_i];
  assign begun_bias_addr_o    = bias_addr[begun_i];

  wire unused_data = ^data_i;

endmodule

`default_nettype wire
