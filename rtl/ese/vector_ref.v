// vector_ref: where a vector of the program lies in this step.
//
// A reference is {kind (2), base}. Kind 0 and 3: at base. 1 and 2: in one of four copies, Copy
// words apart, so that x, y of this step and of the ones before stand side by side: 1, the copy of
// step_i; 2, that of the step before. A read of kind 2 or 3 is of the step before, and zero in the
// first: states begin so.
// Timing: combinational.
`default_nettype none

module vector_ref #(
  parameter integer VectorBits = 10,
  parameter integer Copy       = 64
) (
  input  wire [VectorBits+1:0] ref_i,
  input  wire [1:0]            step_i,      // lowest bits
  input  wire                  first_i,     // the first step
  output wire [VectorBits-1:0] addr_o,
  output wire                  zero_o
);

  localparam [VectorBits-1:0] Apart = Copy[VectorBits-1:0];

  wire [1:0]            kind = ref_i[VectorBits+1:VectorBits];
  wire [1:0]            copy = (kind == 2'd1) ? step_i : (kind == 2'd2) ? step_i - 2'd1 : 2'd0;
  wire [VectorBits-1:0] wide = {{(VectorBits-2){1'b0}}, copy};

  assign addr_o = ref_i[VectorBits-1:0] + wide * Apart;
  assign zero_o = kind[1] && first_i;

endmodule

`default_nettype wire
