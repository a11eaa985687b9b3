// slot_control: the state machine of slots: a program of initial slots, those of a time step, and a
// final one.
//
// Model: _state_machine of accelsim/machines/ese/reference/array.py; contract S1 to S3, S5. The
// lowest bits of a program word say where a slot stands: bit 0, the first of a step; 1, the last of
// a step; 2, the final one; 3, its successor multiplies. Word LoopStart is the first of a step.
// Timing: start_i in cycle t makes t + 1 the first cycle of the first slot. begin_o is in a slot's
// first cycle T; word_o, step_o and what follows from them hold from T to the slot's last cycle.
// A slot ends with the cycle before the first in which all is done after T. done_o is in the
// cycle after the final slot's last.
`default_nettype none

module slot_control #(
  parameter integer ProgramDepth = 16,      // slots
  parameter integer ProgramBits  = 300,     // of a program word
  parameter integer PcBits       = 4,       // at least 1 and log2(ProgramDepth)
  parameter integer StepBits     = 20,      // of a time step's number
  parameter integer LoopStart    = 2
) (
  input  wire                   clk_i,
  input  wire                   rst_ni,
  input  wire                   start_i,
  output wire                   running_o,
  output wire                   done_o,
  // Program and number of steps, while no utterance runs
  input  wire                   write_i,
  input  wire [PcBits-1:0]      write_pc_i,
  input  wire [ProgramBits-1:0] write_word_i,
  input  wire [StepBits-1:0]    n_steps_i,    // at least 1; stays
  // The present slot
  input  wire                   done_i,       // of registers: all that every slot waits for is done
  input  wire                   pointers_i,   // the pointers requested last are whole (bit 3)
  input  wire                   stored_i,     // every result is stored (bit 2)
  output wire                   begin_o,
  output wire [ProgramBits-1:0] word_o,
  output wire [PcBits-1:0]      pc_o,
  output wire [StepBits-1:0]    step_o,       // all ones before the first
  output wire                   fetches_o,    // not the last slot of the last step (S3)
  output wire                   stores_o      // not the first slot of the first step
);

  localparam [PcBits-1:0]   Loop = LoopStart[PcBits-1:0];
  localparam [PcBits-1:0]   Next = 1;
  localparam [StepBits-1:0] One  = 1;

  reg [ProgramBits-1:0] mem [0:ProgramDepth-1];

  reg                   running_q, fresh_q;   // fresh: the first slot begins in this cycle
  reg [PcBits-1:0]      pc_q;
  reg [StepBits-1:0]    step_q;
  reg [ProgramBits-1:0] word_q;

  wire                   is_last = word_q[1], is_final = word_q[2], awaits = word_q[3];
  wire                   ends    = running_q && !fresh_q && done_i && (pointers_i || !awaits)
                                   && (stored_i || !is_final);
  wire                   again   = is_last && step_q + One != n_steps_i;
  wire [PcBits-1:0]      after   = fresh_q ? {PcBits{1'b0}} : again ? Loop : pc_q + Next;
  wire [ProgramBits-1:0] next    = mem[after];
  wire                   counts  = begin_o && (next[0] || next[2]);

  assign begin_o   = (running_q && fresh_q) || (ends && !is_final);
  assign done_o    = ends && is_final;
  assign running_o = running_q && !done_o;
  assign word_o    = begin_o ? next : word_q;
  assign pc_o      = begin_o ? after : pc_q;
  assign step_o    = counts ? step_q + One : step_q;
  assign fetches_o = !(word_o[1] && step_o + One == n_steps_i);
  assign stores_o  = !(word_o[0] && step_o == {StepBits{1'b0}});

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      running_q <= 1'b0;
      fresh_q   <= 1'b0;
      step_q    <= {StepBits{1'b1}};
    end else begin
      running_q <= start_i || running_o;
      fresh_q   <= start_i;
      step_q    <= start_i ? {StepBits{1'b1}} : step_o;
    end
  end

  always @(posedge clk_i) begin
    if (write_i) mem[write_pc_i] <= write_word_i;
    if (begin_o) begin
      pc_q   <= after;
      word_q <= next;
    end
  end

endmodule

`default_nettype wire
