// spmat_read_formal: every entry of a column reaches stage 1 exactly once and in order, with its
// column's activation, and stays there while it waits; an empty column takes one cycle.
//
// Assumed: a column arrives only while free_o, with begin_i <= end_i that stay until the next;
// wait_i only while valid_o; I/O only before the first column. Any columns, any memory content; 8
// entries in all. Wires with hierconn are registers of spmat_read and words of its SRAM.
`default_nettype none

module spmat_read_formal #(
  parameter integer PerLine = 2               // entries of a line: 2 divides, 3 does not
) (
  input wire       clk_i,
  input wire       start_i,
  input wire       pop_i,
  input wire [2:0] begin_i,
  input wire [2:0] end_i,
  input wire [1:0] activation_i,
  input wire       wait_i,
  input wire       io_i,
  input wire [1:0] io_addr_i,
  input wire [2*PerLine-1:0] io_wdata_i
);

  reg rst_n = 1'b0, running = 1'b0;
  always @(posedge clk_i) begin
    rst_n   <= 1'b1;
    running <= running || (rst_n && !io_i);
  end

  wire       free, valid, first, busy, issue, empty, line_read;
  wire [0:0] code, run;
  wire [1:0] activation, line;
  wire       pop   = pop_i && free && running;
  wire       waits = wait_i && valid;
  reg  [2:0] begin_q, end_q;                  // what ptr_read holds
  reg  [1:0] activation_q;
  wire [2*PerLine-1:0] unused_rdata;

  spmat_read #(
    .WeightBits(1), .IndexBits(1), .SpmatWidthBits(2*PerLine), .SpmatLines(4), .LineBits(2),
    .PointerBits(3), .ActivationBits(2)
  ) dut (
    .clk_i(clk_i), .rst_ni(rst_n), .start_i(start_i), .pop_i(pop), .begin_i(begin_q),
    .end_i(end_q), .activation_i(activation_q), .free_o(free), .valid_o(valid), .first_o(first),
    .code_o(code), .run_o(run), .activation_o(activation), .wait_i(waits), .busy_o(busy),
    .issue_o(issue), .empty_o(empty), .line_read_o(line_read), .line_o(line), .io_en_i(!running),
    .io_we_i(!running), .io_addr_i(io_addr_i), .io_wdata_i(io_wdata_i), .io_rdata_o(unused_rdata)
  );

  (* hierconn *) wire [2*PerLine-1:0] \dut.u_spmat.mem[0] , \dut.u_spmat.mem[1] ,
                                      \dut.u_spmat.mem[2] , \dut.u_spmat.mem[3] ;
  (* hierconn *) wire                 \dut.first_q , \dut.line_valid_q ;
  (* hierconn *) wire [1:0]           \dut.line_q ;
  (* hierconn *) wire [2:0]           \dut.next_q ;
  (* hierconn *) wire [2*PerLine-1:0] \dut.line_data ;
  wire [8*PerLine-1:0] memory = {\dut.u_spmat.mem[3] , \dut.u_spmat.mem[2] ,
                                 \dut.u_spmat.mem[1] , \dut.u_spmat.mem[0] };

  // The reference: the column at hand, the entries that have not left, and what is in stage 1
  reg       holds = 1'b0, fresh, in1 = 1'b0, first1, line_known = 1'b0;
  reg [2:0] at, address1;
  reg [1:0] activation1, line_last;
  wire      ends = holds && at == end_q;
  wire      advances = holds && !ends && !waits;
  wire      leaves = ends || (advances && at + 3'd1 == end_q);

  always @(posedge clk_i) begin
    if (pop) {begin_q, end_q, activation_q} <= {begin_i, end_i, activation_i};
    if (pop) at <= begin_i;
    else if (advances) at <= at + 3'd1;
    if (pop) fresh <= 1'b1;
    else if (advances) fresh <= 1'b0;
    holds <= pop || (holds && !leaves);
    if (!waits) in1 <= advances;
    if (advances) {address1, first1, activation1} <= {at, fresh, activation_q};
    if (start_i) line_known <= 1'b0;
    else if (advances) line_known <= 1'b1;
    if (advances) line_last <= at / PerLine;
  end

  always @* begin
    if (pop) assume (begin_i <= end_i);
    if (rst_n) begin
      assert (busy == holds);
      assert (free == (!holds || leaves));
      assert (issue == advances);               // each once, one after the other
      assert (empty == ends);
      assert (valid == in1);
      if (in1) assert (first == first1 && activation == activation1);
      if (in1) assert ({code, run} == memory[address1*2 +: 2]);
      assert (line_read == (advances && !(line_known && line_last == at / PerLine)));
      if (line_read) assert (line == at / PerLine);

      // What makes it inductive
      if (holds || in1 || line_known) assert (running);
      if (holds) assert (at <= end_q && begin_q <= end_q);
      if (holds) assert (\dut.first_q == fresh);
      if (holds) assert (at == (fresh ? begin_q : \dut.next_q ));
      assert (\dut.line_valid_q == line_known);
      if (line_known) assert (\dut.line_q == line_last);
      if (line_known || in1)
        assert (\dut.line_data == memory[line_last*2*PerLine +: 2*PerLine]);
      if (in1) assert (line_last == address1 / PerLine);
    end
  end

endmodule

`default_nettype wire
