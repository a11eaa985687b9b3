// weight_read: walks through the entries of a column, one a cycle.
//
// Model: WeightRead of accelsim/machines/ese/reference/pe.py; contract Q3.
// Timing: a column popped in cycle t is here from t + 1 on. An entry that advances in cycle t
// (issue_o; its address is out) is in stage 1 of the ArithmUnit in t + 1: the buffer's output. An
// empty column takes one cycle. A new column follows in the cycle after the last entry advances
// (free_o).
`default_nettype none

module weight_read #(
  parameter integer PointerBits    = 16,
  parameter integer ActivationBits = 16
) (
  input  wire                      clk_i,
  input  wire                      rst_ni,
  // From the pointer read unit and its buffer
  input  wire                      pop_i,         // a column arrives in the next cycle
  input  wire [PointerBits-1:0]    begin_i,       // stable while the column is here
  input  wire [PointerBits-1:0]    end_i,
  input  wire [ActivationBits-1:0] activation_i,
  output wire                      free_o,
  // To the weight buffer
  output wire                      issue_o,       // an entry advances: read it
  output wire [PointerBits-1:0]    entry_o,       // its address; of a column, the next one's
  // To stage 1 of the ArithmUnit, beside the buffer's output
  output wire                      valid_o,
  output wire                      first_o,       // first entry of its column
  output wire [ActivationBits-1:0] activation_o,
  // States of this cycle
  output wire                      busy_o,        // holds a column
  output wire                      empty_o        // an empty column takes its slot
);

  localparam [PointerBits-1:0] One = 1;

  reg                      busy_q;
  reg                      first_q;         // nothing of the column has advanced
  reg [PointerBits-1:0]    next_q;          // entry address, unless first_q
  reg                      s1_valid_q;
  reg                      s1_first_q;
  reg [ActivationBits-1:0] s1_activation_q;

  wire [PointerBits-1:0] entry      = first_q ? begin_i : next_q;
  wire [PointerBits-1:0] entry_next = entry + One;

  assign empty_o = busy_q && entry == end_i;
  assign issue_o = busy_q && entry != end_i;
  assign free_o  = !busy_q || empty_o || entry_next == end_i;
  assign busy_o  = busy_q;
  assign entry_o = entry;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      busy_q     <= 1'b0;
      first_q    <= 1'b0;
      s1_valid_q <= 1'b0;
    end else begin
      busy_q     <= pop_i || !free_o;
      s1_valid_q <= issue_o;
      if (pop_i) first_q <= 1'b1;
      else if (issue_o) first_q <= 1'b0;
    end
  end

  always @(posedge clk_i) begin
    if (issue_o) begin
      next_q          <= entry_next;
      s1_first_q      <= first_q;
      s1_activation_q <= activation_i;
    end
  end

  assign valid_o      = s1_valid_q;
  assign first_o      = s1_first_q;
  assign activation_o = s1_activation_q;

endmodule

`default_nettype wire
