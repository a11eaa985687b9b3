// skip_queue: an activation queue that drops empty columns, any number in a cycle.
//
// What empty_column_cycles = 0 would need in the place of act_queue: measured in rtl/synth, tested
// alone, not part of the array. Model: contract P4, with 0. Pointers are read when a column is
// pushed, a pair a cycle as ever, and wait beside its activation; so all that are in the queue can be
// looked at at once.
// Timing: push_i in cycle t asks the pointer banks for the column; their words are here in t + 1, in
// which the column can be popped. pop_i drops all empty columns at the head and the first one behind
// them that has entries, which is at the outputs while valid_o.
`default_nettype none

module skip_queue #(
  parameter integer Depth          = 8,
  parameter integer PointerBits    = 16,
  parameter integer ActivationBits = 16,
  parameter integer CountBits      = 4    // at least log2(Depth + 1)
) (
  input  wire                      clk_i,
  input  wire                      rst_ni,
  input  wire                      push_i,        // only while !full_o
  input  wire [ActivationBits-1:0] activation_i,
  output wire                      full_o,
  // From the banks, of the column pushed in the cycle before
  input  wire [PointerBits-1:0]    begin_i,
  input  wire [PointerBits-1:0]    end_i,
  // To the sparse-matrix read unit
  input  wire                      pop_i,
  output wire                      valid_o,
  output wire [PointerBits-1:0]    begin_o,
  output wire [PointerBits-1:0]    end_o,
  output wire [ActivationBits-1:0] activation_o,
  output wire [CountBits-1:0]      popped_o       // columns that pop_i takes off
);

  localparam integer         SlotBits = (Depth > 1) ? $clog2(Depth) : 1;
  localparam integer         LastSlot = Depth - 1;
  localparam [CountBits-1:0] Full     = Depth[CountBits-1:0];
  localparam [CountBits-1:0] One      = 1;
  localparam [SlotBits-1:0]  Last     = LastSlot[SlotBits-1:0];
  localparam [SlotBits-1:0]  Step     = 1;

  reg [2*PointerBits-1:0]  pointers    [0:Depth-1];
  reg [ActivationBits-1:0] activations [0:Depth-1];
  reg [Depth-1:0]          empty_q;
  reg [CountBits-1:0]      count_q;
  reg [SlotBits-1:0]       head_q, tail_q, fresh_slot_q;
  reg                      fresh_q;               // pushed in the cycle before

  wire [Depth-1:0] fresh = fresh_q ? {{(Depth-1){1'b0}}, 1'b1} << fresh_slot_q : {Depth{1'b0}};
  wire [Depth-1:0] empty = (begin_i == end_i) ? empty_q | fresh : empty_q & ~fresh;

  // The first column with entries, and how many lie before it
  reg [SlotBits-1:0]  slot, first;
  reg [CountBits-1:0] skipped;
  reg                 found;
  integer             n;
  always @* begin
    slot    = head_q;
    first   = head_q;
    skipped = count_q;
    found   = 1'b0;
    for (n = 0; n < Depth; n = n + 1) begin
      if (!found && n[CountBits-1:0] < count_q && !empty[slot]) begin
        found   = 1'b1;
        first   = slot;
        skipped = n[CountBits-1:0];
      end
      slot = (slot == Last) ? {SlotBits{1'b0}} : slot + Step;
    end
  end

  wire                 is_fresh = fresh_q && first == fresh_slot_q;
  wire [CountBits-1:0] leaves   = pop_i ? popped_o : {CountBits{1'b0}};
  wire [SlotBits:0]    moved    = {1'b0, head_q} + {{(SlotBits+1-CountBits){1'b0}}, leaves};
  wire [SlotBits:0]    wrapped  = (moved > {1'b0, Last}) ? moved - Depth[SlotBits:0] : moved;
  wire                 unused_carry = wrapped[SlotBits];

  assign full_o       = count_q == Full;
  assign valid_o      = found;
  assign popped_o     = found ? skipped + One : count_q;
  assign {begin_o, end_o} = is_fresh ? {begin_i, end_i} : pointers[first];
  assign activation_o = activations[first];

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      count_q <= {CountBits{1'b0}};
      head_q  <= {SlotBits{1'b0}};
      tail_q  <= {SlotBits{1'b0}};
      fresh_q <= 1'b0;
      empty_q <= {Depth{1'b0}};
    end else begin
      count_q <= count_q - leaves + (push_i ? One : {CountBits{1'b0}});
      head_q  <= wrapped[SlotBits-1:0];
      if (push_i) tail_q <= (tail_q == Last) ? {SlotBits{1'b0}} : tail_q + Step;
      fresh_q <= push_i;
      empty_q <= empty;
    end
  end

  always @(posedge clk_i) begin
    fresh_slot_q <= tail_q;
    if (push_i) activations[tail_q] <= activation_i;
    if (fresh_q) pointers[fresh_slot_q] <= {begin_i, end_i};
  end

endmodule

`default_nettype wire
