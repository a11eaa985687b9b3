// ccu_counters: what the control unit counts. Names, meanings: accelsim/machines/eie/counters.py.
//
// Model: Counters of accelsim/machines/eie/counters.py; the order here is CCU_COUNTERS of
// accelsim/machines/eie/rtl/params.py. Everything is zero after clear_i.
// Timing: an event of cycle t is in the counter from t + 1 on; reading is combinational.
`default_nettype none

module ccu_counters #(
  parameter integer CounterBits = 32      // counters wrap around
) (
  input  wire                   clk_i,
  input  wire                   rst_ni,
  input  wire                   clear_i,
  input  wire                   running_i,
  input  wire                   start_i,
  input  wire                   pass_i,           // the last cycle of a pass
  input  wire                   load_i,
  input  wire                   drain_i,
  input  wire                   store_i,
  input  wire                   broadcast_i,
  input  wire                   row_change_i,
  input  wire                   blocked_i,
  input  wire                   scan_idle_i,
  input  wire                   bias_i,
  input  wire [3:0]             index_i,
  output reg  [CounterBits-1:0] value_o
);

  localparam [CounterBits-1:0] One  = 1;
  localparam [CounterBits-1:0] Zero = 0;

  reg [CounterBits-1:0] cycles, start_cycles, load_cycles, drain_cycles, store_cycles;
  reg [CounterBits-1:0] broadcasts, row_change_cycles, blocked_cycles, scan_idle_cycles;
  reg [CounterBits-1:0] bias_cycles, passes;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      {cycles, start_cycles, load_cycles, drain_cycles, store_cycles} <= {5{Zero}};
      {broadcasts, row_change_cycles, blocked_cycles, scan_idle_cycles} <= {4{Zero}};
      {bias_cycles, passes} <= {2{Zero}};
    end else if (clear_i) begin
      {cycles, start_cycles, load_cycles, drain_cycles, store_cycles} <= {5{Zero}};
      {broadcasts, row_change_cycles, blocked_cycles, scan_idle_cycles} <= {4{Zero}};
      {bias_cycles, passes} <= {2{Zero}};
    end else begin
      if (running_i) cycles <= cycles + One;
      if (start_i) start_cycles <= start_cycles + One;
      if (load_i) load_cycles <= load_cycles + One;
      if (drain_i) drain_cycles <= drain_cycles + One;
      if (store_i) store_cycles <= store_cycles + One;
      if (broadcast_i) broadcasts <= broadcasts + One;
      if (row_change_i) row_change_cycles <= row_change_cycles + One;
      if (blocked_i) blocked_cycles <= blocked_cycles + One;
      if (scan_idle_i) scan_idle_cycles <= scan_idle_cycles + One;
      if (bias_i) bias_cycles <= bias_cycles + One;
      if (pass_i) passes <= passes + One;
    end
  end

  always @* begin
    case (index_i)
      4'd0:    value_o = cycles;
      4'd1:    value_o = passes;
      4'd2:    value_o = start_cycles;
      4'd3:    value_o = load_cycles;
      4'd4:    value_o = drain_cycles;
      4'd5:    value_o = store_cycles;
      4'd6:    value_o = broadcasts;
      4'd7:    value_o = row_change_cycles;
      4'd8:    value_o = blocked_cycles;
      4'd9:    value_o = scan_idle_cycles;
      4'd10:   value_o = bias_cycles;
      default: value_o = Zero;
    endcase
  end

endmodule

`default_nettype wire
