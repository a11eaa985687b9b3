// elementwise: an element-wise unit of a channel: elements in, results out after its latency.
//
// Model: accelsim/machines/ese/reference/elementwise.py with elem_mul.py or adder_tree.py; contract
// E1, E2. Results are worked out as elements enter and wait in registers until they are due: a
// synthesis tool that retimes has the whole latency for the arithmetic.
// op_i, from the lowest bits on: product, two, complement, bracket, valid (4), shift_0, shift_1,
// function (2: none, sigmoid, tanh), and the look-up's shift (8, signed); see element_alu and
// sigmoid_tanh. Tables = 0 is the element-wise multiplier, 1 the adder tree.
// Timing: started in cycle T, elements enter from T + 1 on, Lanes a cycle; what enters in t is in
// its vector from t + Latency on. busy_o is a register: it falls in the cycle after the last write.
// The operation's inputs stay until then.
`default_nettype none

module elementwise #(
  parameter integer Lanes      = 2,         // ElementwiseWidth
  parameter integer Latency    = 24,        // ElementwiseLatencyCycles
  parameter integer Tables     = 1,
  parameter integer Width      = 16,        // ActivationBits
  parameter integer FracBits   = 14,        // of a function's value
  parameter integer ShiftBits  = 6,
  parameter integer VectorBits = 10,
  parameter integer LengthBits = 20,        // more than VectorBits
  parameter integer CountBits  = 4,         // at least 3 and log2(2 * Lanes + 1)
  parameter integer WordBits   = 512,
  parameter integer Samples    = 2048,
  parameter integer Linear     = 1,
  parameter integer PartBits   = 16,
  parameter integer LineBits   = 7,
  // Derived; leave it alone
  parameter integer OpBits     = 18 + 2 * ShiftBits
) (
  input  wire                          clk_i,
  input  wire                          rst_ni,
  // An operation
  input  wire                          start_i,
  input  wire [OpBits-1:0]             op_i,
  input  wire [LengthBits-1:0]         length_i,
  input  wire [4*VectorBits-1:0]       sources_i,     // where operands a, b, c, d lie
  input  wire [3:0]                    zeros_i,       // operands that are zero
  input  wire [VectorBits-1:0]         target_i,
  output wire                          busy_o,
  // Vectors: four operands of every lane
  output wire [Lanes*4*VectorBits-1:0] read_addr_o,
  input  wire [Lanes*4*Width-1:0]      read_data_i,
  output wire [Lanes-1:0]              write_o,
  output wire [Lanes*VectorBits-1:0]   write_addr_o,
  output wire [Lanes*Width-1:0]        write_data_o,
  // Lines of the tables
  input  wire                          table_write_i,
  input  wire [LineBits-1:0]           table_line_i,
  input  wire [WordBits-1:0]           table_data_i,
  // Events of this cycle
  output wire                          enter_o,
  output wire [LengthBits-1:0]         element_o,     // the first that enters, or that is next
  output reg  [CountBits-1:0]          results_o,
  output reg  [CountBits-1:0]          look_ups_o,
  output reg  [CountBits-1:0]          saturations_o
);

  localparam [LengthBits-1:0] InCycle = Lanes[LengthBits-1:0];
  localparam [CountBits-1:0]  One     = 1;
  localparam integer          LaneBits = 1 + VectorBits + Width;

  wire [ShiftBits-1:0] shift_0  = op_i[8 +: ShiftBits];
  wire [ShiftBits-1:0] shift_1  = op_i[8+ShiftBits +: ShiftBits];
  wire [1:0]           function_of = op_i[8+2*ShiftBits +: 2];
  wire signed [7:0]    look_shift  = op_i[10+2*ShiftBits +: 8];

  reg                  busy_q;
  reg [LengthBits-1:0] next_q, left_q;

  assign busy_o    = busy_q;
  assign enter_o   = busy_q && left_q != {LengthBits{1'b0}};
  assign element_o = next_q;

  wire [Lanes-1:0]          enters;
  wire [Lanes*Width-1:0]    sums, looked, values;
  wire [Lanes*2-1:0]        saturated;
  wire [Lanes*LaneBits-1:0] made, due;
  wire                      waits;          // something is in the pipeline behind this cycle

  genvar l, o;
  generate
    for (l = 0; l < Lanes; l = l + 1) begin : g_lane
      localparam [LengthBits-1:0] Number = l;
      localparam [VectorBits-1:0] Place  = l;
      wire [4*Width-1:0] operands;
      for (o = 0; o < 4; o = o + 1) begin : g_operand
        assign read_addr_o[(l*4+o)*VectorBits +: VectorBits] =
            sources_i[o*VectorBits +: VectorBits] + next_q[VectorBits-1:0] + Place;
        assign operands[o*Width +: Width] =
            zeros_i[o] ? {Width{1'b0}} : read_data_i[(l*4+o)*Width +: Width];
      end
      element_alu #(
        .Width(Width), .FracBits(FracBits), .ShiftBits(ShiftBits)
      ) u_alu (
        .product_i(op_i[0]), .two_i(op_i[1]), .complement_i(op_i[2]), .bracket_i(op_i[3]),
        .valid_i(op_i[7:4]), .shift_0_i(shift_0), .shift_1_i(shift_1),
        .a_i(operands[0 +: Width]), .b_i(operands[Width +: Width]),
        .c_i(operands[2*Width +: Width]), .d_i(operands[3*Width +: Width]),
        .value_o(sums[l*Width +: Width]), .saturations_o(saturated[l*2 +: 2])
      );
      assign enters[l] = enter_o && Number < left_q;
      assign values[l*Width +: Width] = (function_of == 2'd0) ? sums[l*Width +: Width]
                                                              : looked[l*Width +: Width];
      assign made[l*LaneBits +: LaneBits] = {
        enters[l], target_i + next_q[VectorBits-1:0] + Place, values[l*Width +: Width]
      };
      assign {write_o[l], write_addr_o[l*VectorBits +: VectorBits],
              write_data_o[l*Width +: Width]} = due[l*LaneBits +: LaneBits];
    end

    if (Tables != 0) begin : g_tables
      sigmoid_tanh #(
        .Width(Width), .WordBits(WordBits), .Samples(Samples), .Linear(Linear),
        .PartBits(PartBits), .LineBits(LineBits), .Lanes(Lanes)
      ) u_sigmoid_tanh (
        .clk_i(clk_i), .write_i(table_write_i), .line_i(table_line_i), .data_i(table_data_i),
        .tanh_i(function_of[1]), .shift_i(look_shift), .value_i(sums), .value_o(looked)
      );
    end else begin : g_no_tables
      assign looked = sums;
      wire unused_tables = ^{table_write_i, table_line_i, table_data_i, look_shift};
    end

    // What entered before and is not due
    if (Latency > 1) begin : g_pipeline
      reg  [Latency-2:0]        valid_q;    // by age, the youngest in the lowest bit
      localparam integer        Deep = Latency - 1;
      reg  [Deep*Lanes*LaneBits-1:0]    pipe_q;
      wire [Latency*Lanes*LaneBits-1:0] pipe = {pipe_q, made};
      wire [Latency-1:0]                valid = {valid_q, enter_o};
      always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) valid_q <= {Deep{1'b0}};
        else valid_q <= valid[Latency-2:0];
      end
      always @(posedge clk_i) pipe_q <= pipe[Deep*Lanes*LaneBits-1:0];
      assign due = valid[Latency-1] ? pipe[Deep*Lanes*LaneBits +: Lanes*LaneBits]
                                    : {(Lanes*LaneBits){1'b0}};
      assign waits = |valid[Latency-2:0];
    end else begin : g_direct
      assign due = made;
      assign waits = 1'b0;
    end
  endgenerate

  wire [LengthBits-1:0] left_after = (left_q > InCycle) ? left_q - InCycle : {LengthBits{1'b0}};

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      busy_q <= 1'b0;
      left_q <= {LengthBits{1'b0}};
    end else if (start_i) begin
      busy_q <= 1'b1;
      left_q <= length_i;
    end else begin
      busy_q <= busy_q && (left_after != {LengthBits{1'b0}} || waits);
      left_q <= left_after;
    end
  end

  always @(posedge clk_i) begin
    if (start_i) next_q <= {LengthBits{1'b0}};
    else if (enter_o) next_q <= (left_q > InCycle) ? next_q + InCycle : next_q + left_q;
  end

  integer i;
  always @* begin
    results_o     = {CountBits{1'b0}};
    look_ups_o    = {CountBits{1'b0}};
    saturations_o = {CountBits{1'b0}};
    for (i = 0; i < Lanes; i = i + 1) begin
      if (write_o[i]) results_o = results_o + One;
      if (enters[i]) begin
        saturations_o = saturations_o + {{(CountBits-2){1'b0}}, saturated[i*2 +: 2]};
        if (function_of != 2'd0) look_ups_o = look_ups_o + One;
      end
    end
  end

endmodule

`default_nettype wire
