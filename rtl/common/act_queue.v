// act_queue: FIFO of (column, activation) pairs between the broadcast bus and one PE.
//
// Model: accelsim/units/act_queue.py; contract Q1, Q2.
// Timing: a push in cycle t is at the output from t + 1 on, if the queue was empty. full_o and
// valid_o come from registers only, so a slot freed by a pop in t is offered from t + 1 on.
`default_nettype none

module act_queue #(
  parameter integer Depth     = 8,        // entries (ActQueueDepth), at least 1
  parameter integer Width     = 30,       // bits of a (column, activation) pair
  parameter integer CountBits = 4         // at least log2(Depth + 1)
) (
  input  wire                 clk_i,
  input  wire                 rst_ni,     // asynchronous, active low
  // From the broadcast bus
  input  wire                 push_i,     // only while !full_o
  input  wire [Width-1:0]     data_i,
  output wire                 full_o,
  // To the pointer read unit
  output wire                 valid_o,    // data_o holds the head
  output wire [Width-1:0]     data_o,
  input  wire                 pop_i,      // only while valid_o
  // To the counters
  output wire [CountBits-1:0] count_o     // entries at the start of the cycle
);

  localparam integer         SlotBits = (Depth > 1) ? $clog2(Depth) : 1;
  localparam integer         LastSlot = Depth - 1;
  localparam [CountBits-1:0] Full     = Depth[CountBits-1:0];
  localparam [CountBits-1:0] One      = 1;
  localparam [SlotBits-1:0]  Last     = LastSlot[SlotBits-1:0];
  localparam [SlotBits-1:0]  Step     = 1;

  reg [Width-1:0]     mem [0:Depth-1];
  reg [CountBits-1:0] count_q;
  reg [SlotBits-1:0]  head_q;             // slot of the oldest entry
  reg [SlotBits-1:0]  tail_q;             // slot of the next push

  assign full_o  = count_q == Full;
  assign valid_o = count_q != {CountBits{1'b0}};
  assign data_o  = mem[head_q];
  assign count_o = count_q;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      count_q <= {CountBits{1'b0}};
      head_q  <= {SlotBits{1'b0}};
      tail_q  <= {SlotBits{1'b0}};
    end else begin
      if (push_i && !pop_i) count_q <= count_q + One;
      if (pop_i && !push_i) count_q <= count_q - One;
      if (push_i) tail_q <= (tail_q == Last) ? {SlotBits{1'b0}} : tail_q + Step;
      if (pop_i) head_q <= (head_q == Last) ? {SlotBits{1'b0}} : head_q + Step;
    end
  end

  always @(posedge clk_i) begin
    if (push_i) mem[tail_q] <= data_i;
  end

endmodule

`default_nettype wire
