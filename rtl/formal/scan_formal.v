// scan_formal: scan and lnzd_tree emit every non-zero activation of a pass exactly once, in
// ascending order, with its value, then the bias; and nothing else. No broadcast while a queue is
// full.
//
// Any activations, any number of rows up to Rows, any back-pressure, any number of passes. Any
// one element is followed; as it may be each one, the proof holds for all. Wires with hierconn are
// registers of scan.
`default_nettype none

module scan_formal #(
  parameter integer NPe          = 4,
  parameter integer PositionBits = 2,         // at least 1 and log2(NPe)
  parameter integer ColumnBits   = 4,         // at least log2(Rows * NPe + 1)
  parameter integer Rows         = 3          // at most 3
) (
  input wire                  clk_i,
  input wire                  begin_i,
  input wire                  scan_i,
  input wire                  full_i,
  input wire                  bias_i,
  input wire [1:0]            n_rows_i,
  input wire [ColumnBits-1:0] first_column_i,
  input wire [Rows*NPe*2-1:0] activations_i
);

  (* anyconst *) wire [ColumnBits-1:0] followed;  // an element's index, below Rows * NPe

  // Constant during a pass
  reg                  rst_n = 1'b0, bias, active = 1'b0;
  reg [1:0]            n_rows;
  reg [ColumnBits-1:0]    first_column;
  reg [Rows*NPe*2-1:0] activations;

  wire                    finished, row_read, found, broadcast, row_change, blocked;
  wire [1:0]              row, found_value, activation;
  wire [PositionBits-1:0] position, found_index;
  wire [ColumnBits-1:0]      column;
  wire                    begins = begin_i && rst_n && (!active || finished);
  wire                    scans  = scan_i && rst_n && active;

  always @(posedge clk_i) begin
    rst_n <= 1'b1;
    if (begins) begin
      active <= 1'b1;
      {bias, n_rows, first_column} <= {bias_i, n_rows_i, first_column_i};
      activations <= activations_i;
    end
  end

  scan #(
    .NPe(NPe), .PositionBits(PositionBits), .RowBits(2), .RowCountBits(2), .ColumnBits(ColumnBits),
    .ActivationBits(2)
  ) dut (
    .clk_i(clk_i), .rst_ni(rst_n), .begin_i(begins), .n_rows_i(n_rows_i),
    .first_column_i(first_column_i), .bias_i(bias), .bias_activation_i(2'd1), .scan_i(scans),
    .finished_o(finished), .row_o(row), .row_read_o(row_read), .position_o(position),
    .found_i(found), .index_i(found_index), .value_i(found_value), .full_i(full_i),
    .broadcast_o(broadcast), .column_o(column), .activation_o(activation),
    .row_change_o(row_change), .blocked_o(blocked)
  );

  lnzd_tree #(
    .NPe(NPe), .PositionBits(PositionBits), .ActivationBits(2)
  ) tree (
    .values_i(activations[row*NPe*2 +: NPe*2]), .position_i(position), .found_o(found),
    .index_o(found_index), .value_o(found_value)
  );

  (* hierconn *) wire               \dut.bias_row_q , \dut.fresh_q ;
  (* hierconn *) wire [1:0]         \dut.rows_left_q ;
  (* hierconn *) wire [ColumnBits-1:0] \dut.row_column_q ;

  // Element number of a broadcast; the bias comes behind the last row
  wire [ColumnBits-1:0] n_elements = n_rows * NPe;
  wire [ColumnBits-1:0] element    = column - first_column;
  // Everything before this element has been looked at
  wire [ColumnBits-1:0] at =
      finished || \dut.bias_row_q ? n_elements : row * NPe + position;
  wire [ColumnBits-1:0] row_column = first_column + (\dut.bias_row_q ? n_elements : row * NPe);
  wire [1:0]         value = activations[followed*2 +: 2];
  wire               in_pass = followed < n_elements;

  reg [2:0]         emitted = 0;              // times that the followed element was broadcast
  reg               any = 1'b0;
  reg [ColumnBits-1:0] last;                     // element broadcast last
  reg [2:0]         bias_emitted = 0;

  always @(posedge clk_i) begin
    if (begins) begin
      {emitted, bias_emitted, any} <= 0;
    end else if (broadcast) begin
      any  <= 1'b1;
      last <= element;
      if (element == followed && emitted != 7) emitted <= emitted + 1'b1;
      if (element == n_elements && bias_emitted != 7) bias_emitted <= bias_emitted + 1'b1;
    end
  end

  always @* begin
    assume (followed < Rows * NPe);
    if (begins) assume (n_rows_i != 0 && n_rows_i <= Rows);
    if (rst_n) begin
      assert (!(broadcast && full_i));
      assert (broadcast + row_change + blocked == (scans && !finished));
      assert (!blocked || full_i);
    end
    if (rst_n && active) begin
      if (broadcast) begin
        assert (element <= n_elements);
        if (element == n_elements) assert (bias && activation == 2'd1);
        if (element == followed && in_pass) assert (value != 0 && activation == value);
        if (any) assert (element > last);     // ascending
      end
      if (in_pass) assert (emitted <= 1);
      if (finished) begin
        if (in_pass) assert (emitted == (value != 0));
        assert (bias_emitted == bias);
      end

      // What makes it inductive
      assert (n_rows != 0 && n_rows <= Rows);
      if (!finished) begin
        assert (row < n_rows);
        assert (position < NPe);
        assert (\dut.rows_left_q == n_rows - row);
        assert (\dut.row_column_q == row_column);
        if (\dut.bias_row_q ) assert (bias && row == n_rows - 1 && position == 0);
        assert (bias_emitted == 0);
        if (\dut.fresh_q ) assert (position == 0);
      end
      if (in_pass) assert (emitted == (value != 0 && followed < at));
      if (any && !finished) assert (last < at);
    end
    if (rst_n && !active) assert (finished);
  end

endmodule

`default_nettype wire
