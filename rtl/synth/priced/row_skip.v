// row_skip: the first row from row_i on that holds a non-zero, of flags that say which do. What
// row_change_cycles = 0 would need, between the row register and the files: measured in rtl/synth,
// not part of the array. The flags are those of a pass: ReLU and shift of reading decide them, so a
// walk over the rows has to set them before the scan begins.
`default_nettype none

module row_skip #(
  parameter integer Rows    = 64,
  parameter integer RowBits = 6
) (
  input  wire               clk_i,
  input  wire               rst_ni,
  input  wire               write_i,      // of the walk
  input  wire [RowBits-1:0] write_row_i,
  input  wire               non_zero_i,
  input  wire [RowBits-1:0] row_i,
  output reg  [RowBits-1:0] row_o,
  output wire               none_o
);

  reg  [Rows-1:0] flags_q;
  wire [Rows-1:0] ahead = flags_q & ({Rows{1'b1}} << row_i);
  assign none_o = ahead == {Rows{1'b0}};

  integer n;
  always @* begin
    row_o = {RowBits{1'b0}};
    for (n = Rows - 1; n >= 0; n = n - 1) if (ahead[n]) row_o = n[RowBits-1:0];
  end

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) flags_q <= {Rows{1'b0}};
    else if (write_i) flags_q[write_row_i] <= non_zero_i;
  end

endmodule

`default_nettype wire
