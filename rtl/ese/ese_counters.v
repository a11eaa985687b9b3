// ese_counters: what the machine counts but for single PEs.
//
// Model: EseCounters of accelsim/machines/ese/counters.py; the order here is TOTALS of
// accelsim/machines/ese/rtl/params.py. Everything is zero after clear_i.
// Timing: an event of cycle t is in the counter from t + 1 on; reading is combinational.
`default_nettype none

module ese_counters #(
  parameter integer CounterBits = 32,       // counters wrap around
  parameter integer EventBits   = 12        // of a number of results in a cycle
) (
  input  wire                   clk_i,
  input  wire                   rst_ni,
  input  wire                   clear_i,
  input  wire [14:0]            events_i,   // what is one in a cycle, the first in the lowest bit
  input  wire [5*EventBits-1:0] numbers_i,  // what can be more
  input  wire [4:0]             index_i,
  output wire [CounterBits-1:0] value_o
);

  localparam [CounterBits-1:0] Zero = 0;

  wire [20*CounterBits-1:0] counts;

  genvar i;
  generate
    for (i = 0; i < 20; i = i + 1) begin : g_counter
      reg  [CounterBits-1:0] count_q;
      wire [CounterBits-1:0] more;
      assign counts[i*CounterBits +: CounterBits] = count_q;
      if (i < 15) begin : g_event
        assign more = {{(CounterBits-1){1'b0}}, events_i[i]};
      end else begin : g_number
        assign more = {{(CounterBits-EventBits){1'b0}}, numbers_i[(i-15)*EventBits +: EventBits]};
      end
      always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) count_q <= Zero;
        else count_q <= clear_i ? Zero : count_q + more;
      end
    end
  endgenerate

  assign value_o = (index_i < 5'd20) ? counts[index_i*CounterBits +: CounterBits] : Zero;

endmodule

`default_nettype wire
