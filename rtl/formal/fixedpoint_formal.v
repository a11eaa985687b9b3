// fixedpoint_formal: round_shift and saturate give what accelsim/fixedpoint.py defines, for every
// value and every shift at the published widths. Combinational: one step is the whole proof.
`default_nettype none

module fixedpoint_formal #(
  parameter integer Width   = 32,             // of a product
  parameter integer OutBits = 16
) (
  input wire [Width-1:0] value_i,
  input wire [5:0]       shift_i
);

  wire [Width-1:0]   floor;
  wire               carry, saturated;
  wire [OutBits-1:0] nearest;

  round_shift #(.Width(Width), .ShiftBits(6)) dut_shift (
    .value_i(value_i), .shift_i(shift_i), .floor_o(floor), .carry_o(carry)
  );

  saturate #(.InBits(Width), .OutBits(OutBits)) dut_saturate (
    .value_i(value_i), .value_o(nearest), .saturated_o(saturated)
  );

  // Half of the last place is added before the shift, one bit wider so that nothing is lost.
  wire signed [Width:0] value   = {value_i[Width-1], value_i};
  wire signed [Width:0] half    = (shift_i == 0) ? 0 : 33'sd1 <<< (shift_i - 6'd1);
  wire signed [Width:0] rounded = (value + half) >>> shift_i;
  wire signed [Width:0] got     = {floor[Width-1], floor} + {{Width{1'b0}}, carry};

  wire signed [Width:0] high = (33'sd1 <<< (OutBits - 1)) - 33'sd1;
  wire signed [Width:0] low  = -(33'sd1 <<< (OutBits - 1));
  wire signed [Width:0] kept = (value > high) ? high : (value < low) ? low : value;

  always @* begin
    assume (shift_i <= Width);
    assert (got == rounded);
    assert ($signed(nearest) == kept);
    assert (saturated == (kept != value));
  end

endmodule

`default_nettype wire
