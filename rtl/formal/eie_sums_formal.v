// eie_sums_formal: when a layer is done, every accumulator is the sum that its memories say, for all
// contents of the memories; and it is done in time. Two layers in a row are two layers apart.
//
// Whole array of one PE, from reset: pointers, sparse matrix, codebook, activations and the shifts
// and ReLU of the program are whatever they are. Assumed: pointers do not fall and runs stay in the
// file, as the host's images are. The layer has one pass: it loads its activations from the SRAM,
// zeroes the accumulators, has no bias and stores nothing, so that it can be started again: in the
// cycle of done, or up to 7 cycles later. The reference adds entry after entry, as the format says,
// without a pipeline. Bounded: two layers of so many columns and entries end within the run.
`default_nettype none

module eie_sums_formal #(
  parameter integer ActQueueDepth = 2,
  parameter integer Bypass        = 1,
  parameter integer Bound         = 14        // cycles of a layer, at most
) (
  input wire        clk_i,
  input wire [2:0]  pause_i,                  // cycles between the layers
  input wire        io_req_i,
  input wire [3:0]  io_mem_i,
  input wire [31:0] io_addr_i,
  input wire [63:0] io_wdata_i
);

  localparam integer Columns = 2, Entries = 3;

  reg       rst_n = 1'b0, loaded = 1'b0, second = 1'b0, over = 1'b0;
  reg [2:0] pause_q, waited = 3'd0;
  reg [5:0] cycles = 6'd0, first_cycles;
  wire      idle, done;
  wire      start = loaded && idle && !over && (!second || waited == pause_q);
  always @(posedge clk_i) begin
    rst_n  <= 1'b1;
    loaded <= rst_n;
    if (!rst_n) pause_q <= pause_i;
    if (start) cycles <= 6'd0;
    else cycles <= cycles + 6'd1;
    if (done && !over) first_cycles <= cycles;
    if (start && second) over <= 1'b1;
    if (start) second <= 1'b1;
    if (second && idle && waited != pause_q) waited <= waited + 3'd1;
  end

  wire [63:0] unused_rdata;

  eie_array #(
    .NPe(1), .ActQueueDepth(ActQueueDepth), .WeightBits(1), .IndexBits(1), .SpmatWidthBits(4),
    .SpmatLines(2), .PointerBits(2), .PointerWords(3), .ActSramWords(2), .RegfileDepth(2),
    .ActivationBits(2), .WeightValueBits(2), .AccumulatorBits(3), .Bypass(Bypass),
    .ProgramDepth(2), .Counters(0), .Trace(0)
  ) dut (
    .clk_i(clk_i), .rst_ni(rst_n), .start_i(start), .idle_o(idle), .done_o(done), .io_req_i(io_req_i && rst_n && !loaded),
    .io_we_i(1'b1), .io_mem_i(io_mem_i), .io_pe_i(1'b0), .io_addr_i(io_addr_i),
    .io_wdata_i(io_wdata_i), .io_rdata_o(unused_rdata)
  );

  // The program: last pass of its layer, files swap, accumulators clear, no bias
  (* hierconn *) wire [5:0] \dut.u_ccu.u_program.flags[0] ;
  (* hierconn *) wire [2:0] \dut.u_ccu.u_program.shift[0] ;
  (* hierconn *) wire [1:0] \dut.u_ccu.u_program.read_shift[0] ;
  (* hierconn *) wire [1:0] \dut.u_ccu.u_program.first_column[0] ;
  (* hierconn *) wire [1:0] \dut.u_ccu.u_program.n_rows[0] , \dut.u_ccu.u_program.load_rows[0] ,
                            \dut.u_ccu.u_program.store_rows[0] ,
                            \dut.u_ccu.u_program.bias_rows[0] ;
  (* hierconn *) wire [0:0] \dut.u_ccu.u_program.load_addr[0] ;
  wire       relu       = \dut.u_ccu.u_program.flags[0] [4];
  wire [2:0] shift      = \dut.u_ccu.u_program.shift[0] ;
  wire [1:0] read_shift = \dut.u_ccu.u_program.read_shift[0] ;

  // The memories
  (* hierconn *) wire [3:0] \dut.g_pe[0].u_pe.u_spmat_read.u_spmat.mem[0] ,
                            \dut.g_pe[0].u_pe.u_spmat_read.u_spmat.mem[1] ;
  (* hierconn *) wire [1:0] \dut.g_pe[0].u_pe.u_ptr_read.u_even.mem[0] ,
                            \dut.g_pe[0].u_pe.u_ptr_read.u_even.mem[1] ,
                            \dut.g_pe[0].u_pe.u_ptr_read.u_odd.mem[0] ;
  (* hierconn *) wire [2:0] \dut.g_pe[0].u_pe.u_act_rw.u_act_sram.mem[0] ,
                            \dut.g_pe[0].u_pe.u_act_rw.u_act_sram.mem[1] ;
  (* hierconn *) wire [1:0] \dut.g_pe[0].u_pe.u_weight_decoder.codebook[1] ;
  (* hierconn *) wire [2:0] \dut.g_pe[0].u_pe.u_act_rw.u_file_0.mem[0] ,
                            \dut.g_pe[0].u_pe.u_act_rw.u_file_0.mem[1] ,
                            \dut.g_pe[0].u_pe.u_act_rw.u_file_1.mem[0] ,
                            \dut.g_pe[0].u_pe.u_act_rw.u_file_1.mem[1] ;
  (* hierconn *) wire [1:0] \dut.g_pe[0].u_pe.u_act_rw.u_file_0.written_q ,
                            \dut.g_pe[0].u_pe.u_act_rw.u_file_1.written_q ;
  (* hierconn *) wire       \dut.g_pe[0].u_pe.u_act_rw.select_q ;

  wire [7:0] matrix  = {\dut.g_pe[0].u_pe.u_spmat_read.u_spmat.mem[1] ,
                        \dut.g_pe[0].u_pe.u_spmat_read.u_spmat.mem[0] };
  wire [5:0] pointer = {\dut.g_pe[0].u_pe.u_ptr_read.u_even.mem[1] ,
                        \dut.g_pe[0].u_pe.u_ptr_read.u_odd.mem[0] ,
                        \dut.g_pe[0].u_pe.u_ptr_read.u_even.mem[0] };
  wire [5:0] words   = {\dut.g_pe[0].u_pe.u_act_rw.u_act_sram.mem[1] ,
                        \dut.g_pe[0].u_pe.u_act_rw.u_act_sram.mem[0] };
  wire       from_1  = !\dut.g_pe[0].u_pe.u_act_rw.select_q ;     // the destination file
  wire [1:0] written = from_1 ? \dut.g_pe[0].u_pe.u_act_rw.u_file_1.written_q
                              : \dut.g_pe[0].u_pe.u_act_rw.u_file_0.written_q ;
  wire [2:0] got_0 = !written[0] ? 3'd0 : from_1 ? \dut.g_pe[0].u_pe.u_act_rw.u_file_1.mem[0]
                                                 : \dut.g_pe[0].u_pe.u_act_rw.u_file_0.mem[0] ;
  wire [2:0] got_1 = !written[1] ? 3'd0 : from_1 ? \dut.g_pe[0].u_pe.u_act_rw.u_file_1.mem[1]
                                                 : \dut.g_pe[0].u_pe.u_act_rw.u_file_0.mem[1] ;

  // A product or a sum: shifted with half of the last place added; kept between bounds
  function signed [7:0] rounded(input signed [7:0] value, input [2:0] by);
    rounded = (value + ((by == 3'd0) ? 8'sd0 : (8'sd1 <<< (by - 3'd1)))) >>> by;
  endfunction
  function signed [7:0] kept(input signed [7:0] value, input signed [7:0] high);
    kept = (value > high) ? high : (value < -high - 8'sd1) ? -high - 8'sd1 : value;
  endfunction

  wire signed [7:0] weight = $signed(\dut.g_pe[0].u_pe.u_weight_decoder.codebook[1] );
  reg  signed [7:0] sum_0, sum_1, word, activation, product;
  reg               fits;                     // every run stays in the file
  reg        [2:0]  row;
  integer           column, entry;

  always @* begin
    {sum_0, sum_1, fits} = {8'sd0, 8'sd0, 1'b1};
    for (column = 0; column < Columns; column = column + 1) begin
      word = $signed(words[3*column +: 3]);
      activation = kept(rounded((relu && word < 0) ? 8'sd0 : word, {1'b0, read_shift}), 8'sd1);
      row = 3'd0;
      product = rounded(weight * activation, shift);
      for (entry = 0; entry < Entries; entry = entry + 1)
        if (activation != 0 && entry >= pointer[2*column +: 2]
            && entry < pointer[2*column + 2 +: 2]) begin
          row = row + matrix[2*entry];                    // its zero run
          fits = fits && row < 3'd2;
          if (matrix[2*entry + 1]) begin                  // code 0 is padding
            if (row == 3'd0) sum_0 = kept(sum_0 + product, 8'sd3);
            else sum_1 = kept(sum_1 + product, 8'sd3);
          end
          row = row + 3'd1;
        end
    end
  end

  always @* begin
    if (loaded) begin
    assume (\dut.u_ccu.u_program.flags[0] [3:0] == 4'b0111 && !\dut.u_ccu.u_program.flags[0] [5]);
    assume (\dut.u_ccu.u_program.n_rows[0] == 2 && \dut.u_ccu.u_program.load_rows[0] == 2);
    assume (\dut.u_ccu.u_program.store_rows[0] == 0 && \dut.u_ccu.u_program.bias_rows[0] == 0);
    assume (\dut.u_ccu.u_program.first_column[0] == 0 && \dut.u_ccu.u_program.load_addr[0] == 0);
    assume (shift <= 3'd4 && read_shift <= 2'd3 && fits);
    assume (pointer[1:0] <= pointer[3:2] && pointer[3:2] <= pointer[5:4]);
    end
    if (rst_n && done) begin
      assert ($signed(got_0) == sum_0);
      assert ($signed(got_1) == sum_1);
      if (over) assert (cycles == first_cycles);          // whatever was between them
    end
    if (rst_n && !idle) assert (cycles < Bound);          // it ends
  end

endmodule

`default_nettype wire
