// ese_operands: what is multiplied, collected and computed in a slot, and where its vectors lie.
//
// Model: _begin and _collect of accelsim/machines/ese/reference/array.py; contract S2, S4. word_i is
// the upper part of a program word, from the lowest bits on: columns, rows, shift, source and target
// of the multiplication; of elem_mul whether it works, its operation, length, four sources and
// target; the same of the adder tree. What a slot multiplies is collected in the next one, from the
// accumulators that this one's multiplication does not write: they change in every slot that
// multiplies.
// Timing: word_i, step_i and what follows from them hold from a slot's first cycle, begins_i, to its
// last. collect_o, mul_start_o and add_start_o are in the first; what is collected then holds.
`default_nettype none

module ese_operands #(
  parameter integer LengthBits  = 20,
  parameter integer ColumnBits  = 12,
  parameter integer ShiftBits   = 5,
  parameter integer OpBits      = 30,
  parameter integer StepBits    = 16,
  parameter integer VectorBits  = 10,
  parameter integer VectorCopy  = 64,
  // Derived; leave them alone
  parameter integer RefBits     = VectorBits + 2,
  parameter integer OperandBits = 2 + 3*LengthBits + ColumnBits + ShiftBits + 12*RefBits + 2*OpBits
) (
  input  wire                    clk_i,
  input  wire                    rst_ni,
  input  wire                    start_i,             // of an utterance
  // The present slot
  input  wire                    begins_i,
  input  wire                    multiply_i,          // it begins and multiplies
  input  wire [OperandBits-1:0]  word_i,
  input  wire [StepBits-1:0]     step_i,
  // Multiplication
  output wire [ColumnBits-1:0]   columns_o,
  output wire [ShiftBits-1:0]    shift_o,
  output wire [VectorBits-1:0]   source_o,
  output wire                    source_zero_o,
  output wire                    file_o,              // accumulators that it adds to
  // Assemble
  output wire                    collect_o,
  output wire                    collect_file_o,
  output wire [LengthBits-1:0]   collect_length_o,
  output wire [VectorBits-1:0]   collect_base_o,
  // Element-wise operations: of elem_mul, of the adder tree
  output wire                    mul_start_o,
  output wire [OpBits-1:0]       mul_op_o,
  output wire [LengthBits-1:0]   mul_length_o,
  output wire [4*VectorBits-1:0] mul_sources_o,
  output wire [3:0]              mul_zeros_o,
  output wire [VectorBits-1:0]   mul_target_o,
  output wire                    add_start_o,
  output wire [OpBits-1:0]       add_op_o,
  output wire [LengthBits-1:0]   add_length_o,
  output wire [4*VectorBits-1:0] add_sources_o,
  output wire [3:0]              add_zeros_o,
  output wire [VectorBits-1:0]   add_target_o
);

  localparam integer Refs = 12;

  wire [LengthBits-1:0] rows;
  wire [RefBits-1:0]    source_ref, product_ref, mul_ref, add_ref;
  wire [4*RefBits-1:0]  mul_refs, add_refs;
  wire                  mul_there, add_there;

  assign {
    add_ref, add_refs, add_length_o, add_op_o, add_there,
    mul_ref, mul_refs, mul_length_o, mul_op_o, mul_there,
    product_ref, source_ref, shift_o, rows, columns_o
  } = word_i;

  assign mul_start_o = begins_i && mul_there;
  assign add_start_o = begins_i && add_there;

  // Where vectors lie in this step
  wire [Refs*RefBits-1:0] refs = {product_ref, source_ref, add_ref, add_refs, mul_ref, mul_refs};
  wire [VectorBits-1:0]   product;
  wire                    product_zero_unused, mul_zero_unused, add_zero_unused;
  wire [Refs*VectorBits-1:0] places;
  wire [Refs-1:0]            zeros;

  genvar r;
  generate
    for (r = 0; r < Refs; r = r + 1) begin : g_ref
      vector_ref #(
        .VectorBits(VectorBits), .Copy(VectorCopy)
      ) u_ref (
        .ref_i(refs[r*RefBits +: RefBits]), .step_i(step_i[1:0]),
        .first_i(step_i == {StepBits{1'b0}}), .addr_o(places[r*VectorBits +: VectorBits]),
        .zero_o(zeros[r])
      );
    end
  endgenerate

  assign {product, source_o, add_target_o, add_sources_o, mul_target_o, mul_sources_o} = places;
  assign {product_zero_unused, source_zero_o, add_zero_unused, add_zeros_o, mul_zero_unused,
          mul_zeros_o} = zeros;
  wire unused_zeros = ^{product_zero_unused, add_zero_unused, mul_zero_unused};

  // What the slot before has multiplied is collected in this one
  reg                  multiplied_q, file_q, collect_file_q;
  reg [LengthBits-1:0] length_q;
  reg [VectorBits-1:0] base_q;

  assign collect_o        = begins_i && multiplied_q;
  assign file_o           = file_q ^ multiply_i;
  assign collect_file_o   = collect_o ? file_q : collect_file_q;
  assign collect_length_o = length_q;
  assign collect_base_o   = base_q;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      multiplied_q   <= 1'b0;
      file_q         <= 1'b0;
      collect_file_q <= 1'b0;
    end else begin
      if (start_i) multiplied_q <= 1'b0;
      else if (begins_i) multiplied_q <= multiply_i;
      file_q         <= file_o;
      collect_file_q <= collect_file_o;
    end
  end

  always @(posedge clk_i) begin
    if (multiply_i) begin
      length_q <= rows;
      base_q   <= product;
    end
  end

endmodule

`default_nettype wire
