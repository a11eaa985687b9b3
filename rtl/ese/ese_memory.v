// ese_memory: the requests to both DDR modules, what becomes of their words, and the words of y.
//
// Model: _fetch, _store and what takes their words in accelsim/machines/ese/reference/array.py;
// contract M1 to M5, S5. DDR_1: weights, and y of the step before once it is collected. DDR_2:
// tables, then a vector or x, then pointers. x of a step lies behind that of the one before, y too.
// Words of weights, pointers and tables go to whom they are for past this module, which says when.
// Timing: strobes of the slot are in its first cycle, and the other ports about it hold then. What
// words are is told in the cycle of their transfer. busy_o and stored_o come from registers alone.
`default_nettype none

module ese_memory #(
  parameter integer NChannels      = 4,     // that are built
  parameter integer Batch          = 4,     // whose inputs and outputs a word holds
  parameter integer ActivationBits = 16,
  parameter integer DdrWordBits    = 512,
  parameter integer VectorPathBits = 16,
  parameter integer VectorBits     = 10,
  parameter integer VectorCopy     = 64,
  parameter integer PathWords      = 160,   // words of the longest vector
  parameter integer LengthBits     = 20,    // more than VectorBits
  parameter integer AddrBits       = 24,    // more than LengthBits
  // Derived; leave them alone
  parameter integer PathLanes      = (ActivationBits - 1 + VectorPathBits) / ActivationBits,
  parameter integer WordLanes      = DdrWordBits / ActivationBits
) (
  input  wire                   clk_i,
  input  wire                   rst_ni,
  // Registers of the host
  input  wire                   start_i,
  input  wire [AddrBits-1:0]    x_base_i,
  input  wire [AddrBits-1:0]    y_base_i,
  input  wire [LengthBits-1:0]  y_words_i,            // of a step
  input  wire [VectorBits-1:0]  y_place_i,
  // The slot that begins
  input  wire [1:0]             step_i,               // lowest bits
  input  wire                   tables_i,
  input  wire [AddrBits-1:0]    table_addr_i,
  input  wire [LengthBits-1:0]  table_words_i,
  input  wire                   vector_i,             // the same for all channels
  input  wire                   x_i,                  // of the next step
  input  wire [AddrBits-1:0]    vector_addr_i,        // not of x
  input  wire [LengthBits-1:0]  vector_words_i,
  input  wire [LengthBits-1:0]  vector_length_i,      // elements
  input  wire [VectorBits+1:0]  vector_ref_i,         // where they go to; see vector_ref
  input  wire                   matrix_i,
  input  wire                   back_i,               // the half of the buffers it goes to
  input  wire [AddrBits-1:0]    weight_addr_i,
  input  wire [LengthBits-1:0]  weight_words_i,
  input  wire [AddrBits-1:0]    pointer_addr_i,
  input  wire [LengthBits-1:0]  pointer_words_i,
  input  wire                   store_i,              // y of the step before
  input  wire                   collect_i,            // it is collected from this slot on
  input  wire                   collecting_i,
  // What is not done
  output wire                   busy_o,               // tables or a vector are on their way
  output wire                   stored_o,             // nothing is to be stored
  // DDR_1
  output wire                   ddr_1_request_o,
  output wire                   ddr_1_write_o,
  output wire [AddrBits-1:0]    ddr_1_addr_o,
  output wire [LengthBits-1:0]  ddr_1_words_o,
  input  wire                   ddr_1_transfer_i,
  output wire [DdrWordBits-1:0] ddr_1_data_o,
  // DDR_2
  output wire                   ddr_2_request_o,
  output wire [AddrBits-1:0]    ddr_2_addr_o,
  output wire [LengthBits-1:0]  ddr_2_words_o,
  input  wire                   ddr_2_transfer_i,
  input  wire [DdrWordBits-1:0] ddr_2_data_i,
  // Words for others
  output wire                   weight_word_o,
  output wire                   weight_half_o,        // that it is for
  output wire                   pointer_word_o,
  output wire                   pointer_half_o,
  output wire                   table_word_o,
  output wire [LengthBits-1:0]  table_number_o,       // of the word in the tables
  // The channels' vectors: elements that were fetched, results to store
  output wire [PathLanes-1:0]             path_write_o,
  output wire [PathLanes*VectorBits-1:0]  path_addr_o,
  output wire [NChannels*PathLanes*ActivationBits-1:0] path_data_o,
  output wire [WordLanes*VectorBits-1:0]  result_addr_o,
  input  wire [NChannels*WordLanes*ActivationBits-1:0] result_data_i,
  // What happens in this cycle
  output wire [5:0]             events_o,             // the highest of ese_counters
  output wire [5+VectorBits:0]  trace_o
);

  localparam [LengthBits-1:0] Zero = 0;
  localparam [LengthBits-1:0] One  = 1;
  localparam [1:0] Tables = 2'd0, Vectors = 2'd1, Pointers = 2'd2;

  // DDR_1: y once it is collected, weights
  reg                   store_q;            // waits until its y is collected
  reg  [1:0]            store_copy_q;
  reg  [AddrBits-1:0]   y_addr_q;
  reg  [LengthBits-1:0] results_q;          // words of y that are not stored
  wire                  store_late  = store_q && !collecting_i;
  wire                  store_now   = store_i && !collect_i;
  wire [2:0]            late_tag    = {1'b1, store_copy_q};
  wire [2:0]            now_tag     = {1'b1, step_i - 2'd1};
  wire [2:0]            tag_1, request_tag_1;
  wire [LengthBits-1:0] number_1;
  wire                  result_word = ddr_1_transfer_i && tag_1[2];

  assign weight_word_o = ddr_1_transfer_i && !tag_1[2];
  assign weight_half_o = tag_1[0];
  assign ddr_1_write_o = request_tag_1[2];
  assign stored_o      = !store_q && results_q == Zero;
  wire   unused_tag_1  = ^request_tag_1[1:0];

  memory_controller #(
    .AddrBits(AddrBits), .LengthBits(LengthBits), .TagBits(3)
  ) u_ddr_1 (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .a_i(store_late), .a_addr_i(y_addr_q), .a_words_i(y_words_i), .a_tag_i(late_tag),
    .b_i(matrix_i), .b_addr_i(weight_addr_i), .b_words_i(weight_words_i),
    .b_tag_i({2'b00, back_i}),
    .c_i(store_now), .c_addr_i(y_addr_q), .c_words_i(y_words_i), .c_tag_i(now_tag),
    .request_o(ddr_1_request_o), .addr_o(ddr_1_addr_o), .words_o(ddr_1_words_o),
    .request_tag_o(request_tag_1), .transfer_i(ddr_1_transfer_i), .tag_o(tag_1),
    .number_o(number_1)
  );

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      store_q   <= 1'b0;
      results_q <= Zero;
    end else begin
      if (store_i && collect_i) store_q <= 1'b1;
      else if (store_late) store_q <= 1'b0;
      results_q <= results_q + ((store_late || store_now) ? y_words_i : Zero)
                   - (result_word ? One : Zero);
    end
  end

  always @(posedge clk_i) begin
    if (store_i) store_copy_q <= step_i - 2'd1;
    if (start_i) y_addr_q <= y_base_i;
    else if (store_late || store_now)
      y_addr_q <= y_addr_q + {{(AddrBits-LengthBits){1'b0}}, y_words_i};
  end

  wire [VectorBits-1:0] result_place;
  wire                  result_zero_unused;
  vector_ref #(
    .VectorBits(VectorBits), .Copy(VectorCopy)
  ) u_result_ref (
    .ref_i({2'd1, y_place_i}), .step_i(tag_1[1:0]), .first_i(1'b0), .addr_o(result_place),
    .zero_o(result_zero_unused)
  );

  result_words #(
    .NChannels(NChannels), .Batch(Batch), .Width(ActivationBits), .WordBits(DdrWordBits),
    .VectorBits(VectorBits), .LengthBits(LengthBits)
  ) u_result_words (
    .number_i(number_1), .base_i(result_place), .addr_o(result_addr_o), .data_i(result_data_i),
    .data_o(ddr_1_data_o)
  );

  // DDR_2: tables, then a vector or x, then pointers
  reg  [AddrBits-1:0]   x_addr_q;
  reg  [LengthBits-1:0] tables_q;           // words of the tables that have not come
  wire [2:0]            tag_2, request_tag_2_unused;
  wire                  fetch       = vector_i || x_i;
  wire                  vector_word = ddr_2_transfer_i && tag_2[2:1] == Vectors;

  assign table_word_o   = ddr_2_transfer_i && tag_2[2:1] == Tables;
  assign pointer_word_o = ddr_2_transfer_i && tag_2[2:1] == Pointers;
  assign pointer_half_o = tag_2[0];

  memory_controller #(
    .AddrBits(AddrBits), .LengthBits(LengthBits), .TagBits(3)
  ) u_ddr_2 (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .a_i(tables_i), .a_addr_i(table_addr_i), .a_words_i(table_words_i), .a_tag_i({Tables, 1'b0}),
    .b_i(fetch), .b_addr_i(x_i ? x_addr_q : vector_addr_i), .b_words_i(vector_words_i),
    .b_tag_i({Vectors, 1'b0}),
    .c_i(matrix_i), .c_addr_i(pointer_addr_i), .c_words_i(pointer_words_i),
    .c_tag_i({Pointers, back_i}),
    .request_o(ddr_2_request_o), .addr_o(ddr_2_addr_o), .words_o(ddr_2_words_o),
    .request_tag_o(request_tag_2_unused), .transfer_i(ddr_2_transfer_i), .tag_o(tag_2),
    .number_o(table_number_o)
  );

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) tables_q <= Zero;
    else tables_q <= tables_i ? table_words_i : table_word_o ? tables_q - One : tables_q;
  end

  always @(posedge clk_i) begin
    if (start_i) x_addr_q <= x_base_i;
    else if (x_i) x_addr_q <= x_addr_q + {{(AddrBits-LengthBits){1'b0}}, vector_words_i};
  end

  // Vector path
  wire                  path_busy, path_pass, vector_zero_unused;
  wire [LengthBits-1:0] path_element;
  wire [VectorBits-1:0] vector_place;

  vector_ref #(
    .VectorBits(VectorBits), .Copy(VectorCopy)
  ) u_vector_ref (
    .ref_i(vector_ref_i), .step_i(x_i ? step_i + 2'd1 : step_i), .first_i(1'b0),
    .addr_o(vector_place), .zero_o(vector_zero_unused)
  );

  vector_path #(
    .NChannels(NChannels), .Batch(Batch), .PathBits(VectorPathBits), .WordBits(DdrWordBits),
    .Width(ActivationBits), .Words(PathWords), .VectorBits(VectorBits), .LengthBits(LengthBits)
  ) u_vector_path (
    .clk_i(clk_i), .rst_ni(rst_ni), .start_i(fetch), .shared_i(!x_i),
    .length_i(vector_length_i), .base_i(vector_place), .busy_o(path_busy),
    .word_i(vector_word), .data_i(ddr_2_data_i), .write_o(path_write_o),
    .write_addr_o(path_addr_o), .write_data_o(path_data_o), .pass_o(path_pass),
    .element_o(path_element)
  );

  assign busy_o   = path_busy || tables_q != Zero;
  assign events_o = {path_pass, result_word, table_word_o, vector_word, pointer_word_o,
                     weight_word_o};
  assign trace_o  = {
    ddr_1_transfer_i, result_word, ddr_2_transfer_i, tables_i || tables_q != Zero,
    fetch || path_busy, path_pass,
    (path_busy && !fetch) ? path_element[VectorBits-1:0] : {VectorBits{1'b0}}
  };
  wire unused = ^{request_tag_2_unused, result_zero_unused, vector_zero_unused,
                  path_element[LengthBits-1:VectorBits]};

endmodule

`default_nettype wire
