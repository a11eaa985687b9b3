// assemble: collects the accumulators of a channel's PEs into one vector, a row of PEs a cycle.
//
// Model: accelsim/machines/ese/reference/assemble.py; contract E3, V2.
// Timing: the accumulators of row 0 are taken in the cycle of start_i, in which length_i and base_i
// are seen; a value taken in cycle t is in the vector from t + 1 on. busy_o is a register: it falls
// in the cycle after the last row.
`default_nettype none

module assemble #(
  parameter integer NPe             = 32,
  parameter integer AccumulatorBits = 16,
  parameter integer ActivationBits  = 16,
  parameter integer RowBits         = 5,
  parameter integer VectorBits      = 10,   // address of an element
  parameter integer LengthBits      = 20,   // more than VectorBits
  parameter integer CountBits       = 6     // at least log2(NPe + 1)
) (
  input  wire                           clk_i,
  input  wire                           rst_ni,
  input  wire                           start_i,
  input  wire [LengthBits-1:0]          length_i,     // elements of the vector
  input  wire [VectorBits-1:0]          base_i,       // where it lies
  output wire                           busy_o,
  // Accumulators: row_o of every PE, PE 0 in the lowest bits
  output wire [RowBits-1:0]             row_o,
  input  wire [NPe*AccumulatorBits-1:0] value_i,
  // To the vectors
  output wire [NPe-1:0]                 write_o,
  output wire [NPe*VectorBits-1:0]      write_addr_o,
  output wire [NPe*ActivationBits-1:0]  write_data_o,
  // Events of this cycle
  output wire                           takes_o,
  output reg  [CountBits-1:0]           results_o,
  output reg  [CountBits-1:0]           saturations_o
);

  localparam integer SumBits =
      ((AccumulatorBits > ActivationBits) ? AccumulatorBits : ActivationBits) + 1;
  localparam [LengthBits-1:0] InRow = NPe[LengthBits-1:0];
  localparam [RowBits-1:0]    Row   = 1;
  localparam [VectorBits-1:0] Step  = NPe[VectorBits-1:0];
  localparam [CountBits-1:0]  One   = 1;

  reg                  busy_q;
  reg [RowBits-1:0]    row_q;
  reg [LengthBits-1:0] left_q;              // elements that are not taken
  reg [VectorBits-1:0] base_q;              // address of the row's first

  wire [LengthBits-1:0] left = start_i ? length_i : left_q;
  wire [VectorBits-1:0] base = start_i ? base_i : base_q;
  wire [NPe-1:0]        saturated;

  assign takes_o = start_i || busy_q;
  assign busy_o  = busy_q;
  assign row_o   = start_i ? {RowBits{1'b0}} : row_q;

  genvar p;
  generate
    for (p = 0; p < NPe; p = p + 1) begin : g_pe
      localparam [LengthBits-1:0] Number = p;
      localparam [VectorBits-1:0] Place  = p;
      wire [AccumulatorBits-1:0] value = value_i[p*AccumulatorBits +: AccumulatorBits];
      saturate #(
        .InBits(SumBits), .OutBits(ActivationBits)
      ) u_saturate (
        .value_i({{(SumBits-AccumulatorBits){value[AccumulatorBits-1]}}, value}),
        .value_o(write_data_o[p*ActivationBits +: ActivationBits]), .saturated_o(saturated[p])
      );
      assign write_o[p] = takes_o && Number < left;
      assign write_addr_o[p*VectorBits +: VectorBits] = base + Place;
    end
  endgenerate

  integer i;
  always @* begin
    results_o     = {CountBits{1'b0}};
    saturations_o = {CountBits{1'b0}};
    for (i = 0; i < NPe; i = i + 1) begin
      if (write_o[i]) results_o = results_o + One;
      if (write_o[i] && saturated[i]) saturations_o = saturations_o + One;
    end
  end

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) busy_q <= 1'b0;
    else busy_q <= takes_o && left > InRow;
  end

  always @(posedge clk_i) begin
    if (takes_o) begin
      row_q  <= row_o + Row;
      left_q <= left - InRow;
      base_q <= base + Step;
    end
  end

endmodule

`default_nettype wire
