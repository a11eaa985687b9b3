// ese_pe_counters: what is counted of one PE number: of the first channel's, as the channels work in
// lock step; multiplications and saturations of all.
//
// Model: EseCounters of accelsim/machines/ese/counters.py; the order here is PE_COUNTERS of
// accelsim/machines/ese/rtl/params.py. Everything is zero after clear_i.
// Timing: an event of cycle t is in the counter from t + 1 on; reading is combinational.
`default_nettype none

module ese_pe_counters #(
  parameter integer NChannels   = 32,
  parameter integer CountBits   = 4,        // bits of the queue occupancy
  parameter integer CounterBits = 32        // counters wrap around
) (
  input  wire                   clk_i,
  input  wire                   rst_ni,
  input  wire                   clear_i,
  input  wire                   compute_i,  // a compute cycle
  input  wire                   blocked_i,
  input  wire                   full_i,
  input  wire                   push_i,
  input  wire                   pop_i,
  input  wire                   issue_i,
  input  wire                   empty_i,
  input  wire                   padding_i,
  input  wire [CountBits-1:0]   queue_count_i,
  input  wire [7:0]             written_i,  // entries written to the weight buffer
  input  wire [NChannels-1:0]   mac_i,
  input  wire [NChannels-1:0]   saturation_i,
  input  wire [3:0]             index_i,
  output reg  [CounterBits-1:0] value_o
);

  localparam [CounterBits-1:0] One  = 1;
  localparam [CounterBits-1:0] Zero = 0;

  reg [CounterBits-1:0] issued, padding, empty_columns, starved, blocking, pushes, pops;
  reg [CounterBits-1:0] occupancy_sum, occupancy_max, writes, macs, saturations;

  wire [CounterBits-1:0] occupancy = {{(CounterBits-CountBits){1'b0}}, queue_count_i};

  integer c;
  reg [CounterBits-1:0] macs_now, saturations_now;
  always @* begin
    macs_now        = Zero;
    saturations_now = Zero;
    for (c = 0; c < NChannels; c = c + 1) begin
      if (mac_i[c]) macs_now = macs_now + One;
      if (saturation_i[c]) saturations_now = saturations_now + One;
    end
  end

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      {issued, padding, empty_columns, starved, blocking, pushes, pops} <= {7{Zero}};
      {occupancy_sum, occupancy_max, writes, macs, saturations} <= {5{Zero}};
    end else if (clear_i) begin
      {issued, padding, empty_columns, starved, blocking, pushes, pops} <= {7{Zero}};
      {occupancy_sum, occupancy_max, writes, macs, saturations} <= {5{Zero}};
    end else begin
      if (issue_i) issued <= issued + One;
      if (padding_i) padding <= padding + One;
      if (empty_i) empty_columns <= empty_columns + One;
      if (compute_i && !issue_i && !empty_i) starved <= starved + One;
      if (blocked_i && full_i) blocking <= blocking + One;
      if (push_i) pushes <= pushes + One;
      if (pop_i) pops <= pops + One;
      occupancy_sum <= occupancy_sum + occupancy;
      if (occupancy > occupancy_max) occupancy_max <= occupancy;
      writes      <= writes + {{(CounterBits-8){1'b0}}, written_i};
      macs        <= macs + macs_now;
      saturations <= saturations + saturations_now;
    end
  end

  always @* begin
    case (index_i)
      4'd0:    value_o = issued;
      4'd1:    value_o = padding;
      4'd2:    value_o = empty_columns;
      4'd3:    value_o = starved;
      4'd4:    value_o = blocking;
      4'd5:    value_o = pushes;
      4'd6:    value_o = pops;
      4'd7:    value_o = occupancy_sum;
      4'd8:    value_o = occupancy_max;
      4'd9:    value_o = writes;
      4'd10:   value_o = macs;
      4'd11:   value_o = saturations;
      default: value_o = Zero;
    endcase
  end

endmodule

`default_nettype wire
