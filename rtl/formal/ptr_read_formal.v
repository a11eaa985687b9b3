// ptr_read_formal: a popped column gets pointer words j and j + 1, one from each bank, and its own
// activation, from the next cycle until the next pop; a pop only while there is a head and room.
//
// Eight words of any content, any columns at any time. Assumed: word j + 1 exists; I/O only before
// the first column. Wires with hierconn are words of the two banks.
`default_nettype none

module ptr_read_formal (
  input wire       clk_i,
  input wire       valid_i,
  input wire [2:0] column_i,
  input wire [1:0] activation_i,
  input wire       free_i,
  input wire       io_i,
  input wire [2:0] io_addr_i,
  input wire [1:0] io_wdata_i
);

  reg rst_n = 1'b0, running = 1'b0;
  always @(posedge clk_i) begin
    rst_n   <= 1'b1;
    running <= running || (rst_n && !io_i);
  end

  wire       pop;
  wire [1:0] first, behind, activation, io_rdata;
  wire [2:0] even_word, odd_word;

  ptr_read #(
    .PointerBits(2), .PointerWords(8), .ColumnBits(3), .ActivationBits(2)
  ) dut (
    .clk_i(clk_i), .rst_ni(rst_n), .valid_i(valid_i && running), .column_i(column_i),
    .activation_i(activation_i), .pop_o(pop), .free_i(free_i), .begin_o(first), .end_o(behind),
    .activation_o(activation), .even_word_o(even_word), .odd_word_o(odd_word), .io_en_i(!running),
    .io_we_i(!running), .io_addr_i(io_addr_i), .io_wdata_i(io_wdata_i), .io_rdata_o(io_rdata)
  );

  (* hierconn *) wire [1:0] \dut.u_even.mem[0] , \dut.u_even.mem[1] ,
                            \dut.u_even.mem[2] , \dut.u_even.mem[3] ;
  (* hierconn *) wire [1:0] \dut.u_odd.mem[0] , \dut.u_odd.mem[1] ,
                            \dut.u_odd.mem[2] , \dut.u_odd.mem[3] ;
  wire [15:0] words = {\dut.u_odd.mem[3] , \dut.u_even.mem[3] , \dut.u_odd.mem[2] ,
                       \dut.u_even.mem[2] , \dut.u_odd.mem[1] , \dut.u_even.mem[1] ,
                       \dut.u_odd.mem[0] , \dut.u_even.mem[0] };

  reg       popped = 1'b0;
  reg [2:0] column;                           // popped last
  reg [1:0] column_activation;
  always @(posedge clk_i)
    if (pop) {popped, column, column_activation} <= {1'b1, column_i, activation_i};

  always @* begin
    assume (column_i != 7);
    if (rst_n) begin
      assert (pop == (valid_i && running && free_i));
      if (pop) assert (!even_word[0] && odd_word[0]);
      if (pop) assert (column_i == (even_word < odd_word ? even_word : odd_word));
      if (popped) begin
        assert (running);
        assert (column != 7);
        assert (first == words[column*2 +: 2]);
        assert (behind == words[(column + 1)*2 +: 2]);
        assert (activation == column_activation);
      end
    end
  end

endmodule

`default_nettype wire
