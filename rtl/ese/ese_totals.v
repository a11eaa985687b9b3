// ese_totals: what the host reads of the counters: of the machine and of every PE number, summed over
// the channels.
//
// Model: EseCounters of accelsim/machines/ese/counters.py. Flat ports have channel 0 and PE 0 in the
// lowest bits. The channels are alike in time: events of queues and entries are those of the first
// channel; multiplications, saturations and results are those of all channels that have an input.
// Timing: an event of cycle t is in the counter from t + 1 on; reading is combinational. Everything
// is zero after clear_i. With Counters 0 there are none, and what is read is zero.
`default_nettype none

module ese_totals #(
  parameter integer Counters  = 1,
  parameter integer NChannels = 4,
  parameter integer NPe       = 4,
  parameter integer PeBits    = 2,          // at least 1 and log2(NPe)
  parameter integer CountBits = 4,          // bits of the queue occupancy
  parameter integer EventBits = 8           // of a channel's number of results in a cycle
) (
  input  wire                           clk_i,
  input  wire                           rst_ni,
  input  wire                           clear_i,
  input  wire [NChannels-1:0]           used_i,       // channels that have an input
  // Events of this cycle
  input  wire [14:0]                    events_i,     // of the machine; see ese_counters
  input  wire [NPe-1:0]                 full_i,
  input  wire [NPe-1:0]                 pop_i,
  input  wire [NPe-1:0]                 issue_i,
  input  wire [NPe-1:0]                 empty_i,
  input  wire [NPe-1:0]                 padding_i,
  input  wire [NPe*CountBits-1:0]       queue_count_i,
  input  wire [NPe*8-1:0]               written_i,    // entries written to the weight buffers
  input  wire [NChannels*NPe-1:0]       mac_i,
  input  wire [NChannels*NPe-1:0]       saturation_i,
  // Numbers of results, of every channel
  input  wire [NChannels*EventBits-1:0] assembled_i,
  input  wire [NChannels*EventBits-1:0] multiplied_i,
  input  wire [NChannels*EventBits-1:0] added_i,
  input  wire [NChannels*EventBits-1:0] look_ups_i,
  input  wire [NChannels*EventBits-1:0] saturations_i,
  // Host
  input  wire                           of_machine_i, // reads the machine's, otherwise a PE's
  input  wire [PeBits-1:0]              pe_i,
  input  wire [4:0]                     index_i,
  output wire [31:0]                    value_o
);

  localparam integer TotalBits = EventBits + $clog2(NChannels + 1);

  genvar c, p;
  generate
    if (Counters != 0) begin : g_counters
      // Results of all channels in this cycle
      reg [TotalBits-1:0] assembled, multiplied, added, look_ups, saturations;
      integer n;
      always @* begin
        assembled   = {TotalBits{1'b0}};
        multiplied  = {TotalBits{1'b0}};
        added       = {TotalBits{1'b0}};
        look_ups    = {TotalBits{1'b0}};
        saturations = {TotalBits{1'b0}};
        for (n = 0; n < NChannels; n = n + 1) if (used_i[n]) begin
          assembled = assembled
              + {{(TotalBits-EventBits){1'b0}}, assembled_i[n*EventBits +: EventBits]};
          multiplied = multiplied
              + {{(TotalBits-EventBits){1'b0}}, multiplied_i[n*EventBits +: EventBits]};
          added = added
              + {{(TotalBits-EventBits){1'b0}}, added_i[n*EventBits +: EventBits]};
          look_ups = look_ups
              + {{(TotalBits-EventBits){1'b0}}, look_ups_i[n*EventBits +: EventBits]};
          saturations = saturations
              + {{(TotalBits-EventBits){1'b0}}, saturations_i[n*EventBits +: EventBits]};
        end
      end

      wire              compute = events_i[3], push = events_i[5], blocked = events_i[7];
      wire [31:0]       of_machine;
      wire [32*NPe-1:0] of_pe;
      ese_counters #(
        .CounterBits(32), .EventBits(TotalBits)
      ) u_counters (
        .clk_i(clk_i), .rst_ni(rst_ni), .clear_i(clear_i), .events_i(events_i),
        .numbers_i({saturations, look_ups, added, multiplied, assembled}), .index_i(index_i),
        .value_o(of_machine)
      );
      for (p = 0; p < NPe; p = p + 1) begin : g_pe
        wire [NChannels-1:0] macs, saturates;
        for (c = 0; c < NChannels; c = c + 1) begin : g_channel
          assign macs[c]      = mac_i[c*NPe+p] && used_i[c];
          assign saturates[c] = saturation_i[c*NPe+p] && used_i[c];
        end
        ese_pe_counters #(
          .NChannels(NChannels), .CountBits(CountBits), .CounterBits(32)
        ) u_counters (
          .clk_i(clk_i), .rst_ni(rst_ni), .clear_i(clear_i), .compute_i(compute),
          .blocked_i(blocked), .full_i(full_i[p]), .push_i(push), .pop_i(pop_i[p]),
          .issue_i(issue_i[p]), .empty_i(empty_i[p]), .padding_i(padding_i[p]),
          .queue_count_i(queue_count_i[p*CountBits +: CountBits]),
          .written_i(written_i[p*8 +: 8]), .mac_i(macs), .saturation_i(saturates),
          .index_i(index_i[3:0]), .value_o(of_pe[p*32 +: 32])
        );
      end
      assign value_o = of_machine_i ? of_machine : of_pe[{27'd0, pe_i}*32 +: 32];
    end else begin : g_no_counters
      assign value_o = 32'd0;
      wire unused_events = ^{clk_i, rst_ni, clear_i, used_i, events_i, full_i, pop_i, issue_i, empty_i,
                             padding_i, queue_count_i, written_i, mac_i, saturation_i, assembled_i,
                             multiplied_i, added_i, look_ups_i, saturations_i, of_machine_i, pe_i,
                             index_i};
    end
  endgenerate

endmodule

`default_nettype wire
