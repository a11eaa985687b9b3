// pe_counters: what one PE counts. Names, meanings: accelsim/machines/eie/counters.py.
//
// Model: Counters of accelsim/machines/eie/counters.py; the order here is PE_COUNTERS of
// accelsim/machines/eie/rtl/params.py. Everything is zero after clear_i.
// Timing: an event of cycle t is in the counter from t + 1 on; reading is combinational.
`default_nettype none

module pe_counters #(
  parameter integer CountBits   = 4,      // bits of the queue occupancy
  parameter integer CounterBits = 32      // counters wrap around
) (
  input  wire                   clk_i,
  input  wire                   rst_ni,
  input  wire                   clear_i,
  input  wire                   running_i,        // a cycle of the layer
  input  wire                   compute_i,        // a cycle of a compute phase
  input  wire                   blocked_i,        // the CCU could not broadcast
  input  wire                   push_i,
  input  wire                   full_i,
  input  wire [CountBits-1:0]   queue_count_i,
  input  wire                   pop_i,
  input  wire                   issue_i,
  input  wire                   empty_i,
  input  wire                   wait_i,
  input  wire                   line_read_i,
  input  wire                   padding_i,
  input  wire                   mac_i,
  input  wire                   adder_bypass_i,
  input  wire                   write_bypass_i,
  input  wire                   saturation_i,
  input  wire                   write_i,
  input  wire                   scan_read_i,
  input  wire                   load_i,
  input  wire                   load_write_i,
  input  wire                   bias_load_i,
  input  wire                   bias_write_i,
  input  wire                   store_i,
  input  wire [4:0]             index_i,
  output reg  [CounterBits-1:0] value_o
);

  localparam [CounterBits-1:0] One  = 1;
  localparam [CounterBits-1:0] Zero = 0;

  reg [CounterBits-1:0] issued_entries, padding_entries, empty_column_cycles;
  reg [CounterBits-1:0] hazard_stall_cycles, starved_cycles, blocking_cycles;
  reg [CounterBits-1:0] queue_pushes, queue_pops, queue_occupancy_sum, queue_occupancy_max;
  reg [CounterBits-1:0] spmat_line_reads, macs, saturations, adder_bypasses, write_bypasses;
  reg [CounterBits-1:0] src_reg_reads, src_reg_writes, dst_reg_reads, dst_reg_writes;
  reg [CounterBits-1:0] act_sram_reads, act_sram_writes;

  wire [CounterBits-1:0] occupancy = {{(CounterBits-CountBits){1'b0}}, queue_count_i};
  wire                   advances  = issue_i || empty_i;


  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      {issued_entries, padding_entries, empty_column_cycles} <= {3{Zero}};
      {hazard_stall_cycles, starved_cycles, blocking_cycles} <= {3{Zero}};
      {queue_pushes, queue_pops, queue_occupancy_sum, queue_occupancy_max} <= {4{Zero}};
      {spmat_line_reads, macs, saturations, adder_bypasses, write_bypasses} <= {5{Zero}};
      {src_reg_reads, src_reg_writes, dst_reg_reads, dst_reg_writes} <= {4{Zero}};
      {act_sram_reads, act_sram_writes} <= {2{Zero}};
    end else if (clear_i) begin
      {issued_entries, padding_entries, empty_column_cycles} <= {3{Zero}};
      {hazard_stall_cycles, starved_cycles, blocking_cycles} <= {3{Zero}};
      {queue_pushes, queue_pops, queue_occupancy_sum, queue_occupancy_max} <= {4{Zero}};
      {spmat_line_reads, macs, saturations, adder_bypasses, write_bypasses} <= {5{Zero}};
      {src_reg_reads, src_reg_writes, dst_reg_reads, dst_reg_writes} <= {4{Zero}};
      {act_sram_reads, act_sram_writes} <= {2{Zero}};
    end else if (running_i) begin
      if (issue_i) issued_entries <= issued_entries + One;
      if (padding_i) padding_entries <= padding_entries + One;
      if (empty_i) empty_column_cycles <= empty_column_cycles + One;
      if (wait_i && !advances) hazard_stall_cycles <= hazard_stall_cycles + One;
      if (compute_i && !wait_i && !advances) starved_cycles <= starved_cycles + One;
      if (blocked_i && full_i) blocking_cycles <= blocking_cycles + One;
      if (push_i) queue_pushes <= queue_pushes + One;
      if (pop_i) queue_pops <= queue_pops + One;
      queue_occupancy_sum <= queue_occupancy_sum + occupancy;
      if (occupancy > queue_occupancy_max) queue_occupancy_max <= occupancy;
      if (line_read_i) spmat_line_reads <= spmat_line_reads + One;
      if (mac_i) macs <= macs + One;
      if (saturation_i) saturations <= saturations + One;
      if (adder_bypass_i) adder_bypasses <= adder_bypasses + One;
      if (write_bypass_i) write_bypasses <= write_bypasses + One;
      if (scan_read_i) src_reg_reads <= src_reg_reads + One;
      if (load_write_i) src_reg_writes <= src_reg_writes + One;
      if (mac_i || store_i) dst_reg_reads <= dst_reg_reads + One;
      if (write_i || bias_write_i) dst_reg_writes <= dst_reg_writes + One;
      if (load_i || bias_load_i) act_sram_reads <= act_sram_reads + One;
      if (store_i) act_sram_writes <= act_sram_writes + One;
    end
  end

  always @* begin
    case (index_i)
      5'd0:    value_o = issued_entries;
      5'd1:    value_o = padding_entries;
      5'd2:    value_o = empty_column_cycles;
      5'd3:    value_o = hazard_stall_cycles;
      5'd4:    value_o = starved_cycles;
      5'd5:    value_o = blocking_cycles;
      5'd6:    value_o = queue_pushes;
      5'd7:    value_o = queue_pops;
      5'd8:    value_o = queue_occupancy_sum;
      5'd9:    value_o = queue_occupancy_max;
      5'd10:   value_o = queue_pops;          // ptr_reads_even: both banks at each pop
      5'd11:   value_o = queue_pops;          // ptr_reads_odd
      5'd12:   value_o = spmat_line_reads;
      5'd13:   value_o = macs;
      5'd14:   value_o = saturations;
      5'd15:   value_o = adder_bypasses;
      5'd16:   value_o = write_bypasses;
      5'd17:   value_o = src_reg_reads;
      5'd18:   value_o = src_reg_writes;
      5'd19:   value_o = dst_reg_reads;
      5'd20:   value_o = dst_reg_writes;
      5'd21:   value_o = act_sram_reads;
      5'd22:   value_o = act_sram_writes;
      default: value_o = Zero;
    endcase
  end

endmodule

`default_nettype wire
