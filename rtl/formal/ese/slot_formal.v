// slot_formal: what a slot does by itself always ends, and then the slot does.
//
// slot_control with Assemble and an element-wise unit, as channel_array has them: both begin with a
// slot or not, with any length. Assumed: a vector has a first element. `since` counts the cycles of
// the slot: each unit is done after a number of them that follows from its length, whatever it is;
// and in the cycle in which all is done the next slot begins, or the utterance is over. What comes
// from DRAM (tables, vectors, pointers, results) is waited for: pointers_i and stored_i.
`default_nettype none

module slot_formal #(
  parameter integer Lanes   = 1,              // of the element-wise unit
  parameter integer Latency = 3,
  parameter integer NPe     = 2
) (
  input wire       clk_i,
  input wire       start_i,
  input wire       collect_i,
  input wire       compute_i,
  input wire [3:0] length_i,                  // of either
  input wire       pointers_i,
  input wire       stored_i,
  input wire [1:0] write_pc_i,
  input wire [3:0] write_word_i
);

  reg rst_n = 1'b0;
  always @(posedge clk_i) rst_n <= 1'b1;

  (* anyconst *) wire [1:0] n_steps;
  wire [3:0] word;
  wire       running, done, begins, fetches_unused, stores_unused, asm_busy, unit_busy;
  wire [1:0] pc_unused, step_unused;
  reg        idle_q = 1'b1;                   // no utterance
  wire       starts = start_i && rst_n && idle_q;

  always @(posedge clk_i) idle_q <= !starts && (idle_q || done);

  // Any program, written while no utterance runs
  slot_control #(
    .ProgramDepth(4), .ProgramBits(4), .PcBits(2), .StepBits(2), .LoopStart(1)
  ) u_control (
    .clk_i(clk_i), .rst_ni(rst_n), .start_i(starts), .running_o(running), .done_o(done),
    .write_i(idle_q && !starts), .write_pc_i(write_pc_i), .write_word_i(write_word_i), .n_steps_i(n_steps),
    .done_i(!asm_busy && !unit_busy), .pointers_i(pointers_i), .stored_i(stored_i),
    .begin_o(begins), .word_o(word), .pc_o(pc_unused), .step_o(step_unused),
    .fetches_o(fetches_unused), .stores_o(stores_unused)
  );

  localparam integer AsmBits = 2;
  wire               takes_unused, enter_unused;
  wire [1:0]         row_unused;
  wire [NPe-1:0]     asm_write_unused;
  wire [NPe*3-1:0]   asm_addr_unused;
  wire [NPe*2-1:0]   asm_data_unused;
  wire [AsmBits-1:0] results_unused, saturations_unused;
  wire               collects = begins && collect_i;
  wire               computes = begins && compute_i;

  assemble #(
    .NPe(NPe), .AccumulatorBits(2), .ActivationBits(2), .RowBits(2), .VectorBits(3),
    .LengthBits(4), .CountBits(AsmBits)
  ) u_assemble (
    .clk_i(clk_i), .rst_ni(rst_n), .start_i(collects), .length_i(length_i), .base_i(3'd0),
    .busy_o(asm_busy), .row_o(row_unused), .value_i({(NPe*2){1'b0}}), .write_o(asm_write_unused),
    .write_addr_o(asm_addr_unused), .write_data_o(asm_data_unused), .takes_o(takes_unused),
    .results_o(results_unused), .saturations_o(saturations_unused)
  );

  wire [Lanes*4*3-1:0] read_unused;
  wire [Lanes-1:0]     write_unused;
  wire [Lanes*3-1:0]   addr_unused;
  wire [Lanes*2-1:0]   data_unused;
  wire [3:0]           element_unused;
  wire [2:0]           made_unused, looks_unused, wide_unused;

  elementwise #(
    .Lanes(Lanes), .Latency(Latency), .Tables(0), .Width(2), .FracBits(0), .ShiftBits(3),
    .VectorBits(3), .LengthBits(4), .CountBits(3), .WordBits(4), .Samples(2), .PartBits(2),
    .LineBits(1)
  ) u_unit (
    .clk_i(clk_i), .rst_ni(rst_n), .start_i(computes), .op_i(24'd0), .length_i(length_i),
    .sources_i(12'd0), .zeros_i(4'd0), .target_i(3'd0), .busy_o(unit_busy),
    .read_addr_o(read_unused), .read_data_i({(Lanes*8){1'b0}}), .write_o(write_unused),
    .write_addr_o(addr_unused), .write_data_o(data_unused), .table_write_i(1'b0),
    .table_line_i(1'b0), .table_data_i(4'd0), .enter_o(enter_unused), .element_o(element_unused),
    .results_o(made_unused), .look_ups_o(looks_unused), .saturations_o(wide_unused)
  );

  (* hierconn *) wire [3:0] \u_assemble.left_q , \u_unit.left_q ;
  (* hierconn *) wire [Latency-2:0] \u_unit.g_pipeline.valid_q ;
  (* hierconn *) wire [0:0] \u_control.fresh_q , \u_control.running_q ;

  // The slot's age, and what began with it; age 0 in the first cycle
  reg [5:0] since = 6'd0;
  reg [3:0] length;
  always @(posedge clk_i) begin
    since <= begins ? 6'd1 : (since == 6'd63) ? since : since + 6'd1;
    if (begins) length <= length_i;
  end
  wire [5:0] rows = ({2'd0, length} + NPe - 6'd1) / NPe;
  wire [5:0] groups = ({2'd0, length} + Lanes - 6'd1) / Lanes;
  wire [9:0] gone_unit = ({4'd0, since} - 10'd1) * Lanes;
  wire [9:0] gone_asm  = {4'd0, since} * NPe;

  integer i;
  always @* begin
    assume (n_steps != 2'd0);
    assume (length_i != 4'd0);
    if (rst_n) begin
      if (asm_busy) assert (since < rows);
      if (unit_busy) assert (since <= groups + Latency);
      // All is done: the next slot begins in this very cycle, or the utterance is over
      if (running && !begins) assert (asm_busy || unit_busy || !pointers_i || !stored_i);

      // What makes it inductive
      if (asm_busy) assert ({6'd0, \u_assemble.left_q } + gone_asm == {6'd0, length}
                            && since != 6'd0 && \u_assemble.left_q != 4'd0);
      if (\u_unit.left_q != 4'd0)
        assert (unit_busy && {6'd0, \u_unit.left_q } + gone_unit == {6'd0, length}
                && since != 6'd0);
      for (i = 0; i < Latency - 1; i = i + 1)
        if (\u_unit.g_pipeline.valid_q [i])
          assert (unit_busy && since >= i + 2 && since <= groups + i + 2);
      if (\u_control.fresh_q ) assert (\u_control.running_q && !asm_busy && !unit_busy);
      if (idle_q) assert (!\u_control.running_q && !asm_busy && !unit_busy);
      if (!\u_control.running_q ) assert (!\u_control.fresh_q );
    end
  end

endmodule

`default_nettype wire
