// memory_controller: the requests of one DDR module, and whose each transferred word is.
//
// Model: accelsim/machines/ese/reference/memory_controller.py; contract M1 to M3, M5. Latency and
// gaps are the module's own (ddr_model.v). Up to three requests are made in a cycle, a
// before b before c; one a cycle goes out, the first in the cycle in which it is made, the others
// behind it: the module serves them in order, a word a cycle, so that none comes later for it.
// Requests of no words are none. Tags say what a request is for; they are not looked at.
// Timing: transfer_i is in the cycle of a word; tag_o and number_o belong to that word.
`default_nettype none

module memory_controller #(
  parameter integer AddrBits   = 32,
  parameter integer LengthBits = 20,
  parameter integer TagBits    = 3
) (
  input  wire                  clk_i,
  input  wire                  rst_ni,
  // Requests
  input  wire                  a_i,
  input  wire [AddrBits-1:0]   a_addr_i,
  input  wire [LengthBits-1:0] a_words_i,
  input  wire [TagBits-1:0]    a_tag_i,
  input  wire                  b_i,
  input  wire [AddrBits-1:0]   b_addr_i,
  input  wire [LengthBits-1:0] b_words_i,
  input  wire [TagBits-1:0]    b_tag_i,
  input  wire                  c_i,
  input  wire [AddrBits-1:0]   c_addr_i,
  input  wire [LengthBits-1:0] c_words_i,
  input  wire [TagBits-1:0]    c_tag_i,
  // To the module
  output wire                  request_o,
  output wire [AddrBits-1:0]   addr_o,
  output wire [LengthBits-1:0] words_o,
  output wire [TagBits-1:0]    request_tag_o,
  // Its words
  input  wire                  transfer_i,
  output wire [TagBits-1:0]    tag_o,
  output wire [LengthBits-1:0] number_o     // of the word in its request
);

  localparam integer RequestBits = TagBits + AddrBits + LengthBits;
  localparam integer Depth       = 8;       // requests that wait or are served; rtl/ese/README.md
  localparam [LengthBits-1:0] One = 1;

  // Requests that have not gone out: those that wait, then this cycle's
  reg  [2:0]                     wait_q;
  reg  [Depth*RequestBits-1:0]   queue_q;
  reg  [3:0]                     wait_now;
  reg  [(Depth+4)*RequestBits-1:0] now;
  wire a = a_i && a_words_i != {LengthBits{1'b0}};
  wire b = b_i && b_words_i != {LengthBits{1'b0}};
  wire c = c_i && c_words_i != {LengthBits{1'b0}};

  always @* begin
    now      = {{(4*RequestBits){1'b0}}, queue_q};
    wait_now = {1'b0, wait_q};
    if (a) begin
      now[wait_now*RequestBits +: RequestBits] = {a_tag_i, a_addr_i, a_words_i};
      wait_now = wait_now + 4'd1;
    end
    if (b) begin
      now[wait_now*RequestBits +: RequestBits] = {b_tag_i, b_addr_i, b_words_i};
      wait_now = wait_now + 4'd1;
    end
    if (c) begin
      now[wait_now*RequestBits +: RequestBits] = {c_tag_i, c_addr_i, c_words_i};
      wait_now = wait_now + 4'd1;
    end
  end

  wire [3:0] wait_after = wait_now - 4'd1;
  wire [(Depth+4)*RequestBits-1:0] after = now >> RequestBits;
  wire unused_after = ^{wait_after[3], after[(Depth+4)*RequestBits-1:Depth*RequestBits]};

  assign request_o = wait_now != 4'd0;
  assign {request_tag_o, addr_o, words_o} = now[RequestBits-1:0];

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      wait_q  <= 3'd0;
      queue_q <= {(Depth*RequestBits){1'b0}};
    end else begin
      wait_q  <= request_o ? wait_after[2:0] : 3'd0;
      queue_q <= after[Depth*RequestBits-1:0];
    end
  end

  // Requests that have gone out, the one that is served first in the lowest bits
  localparam integer ServedBits = TagBits + LengthBits;
  reg  [3:0]                    served_q;
  reg  [Depth*ServedBits-1:0]   tags_q;
  reg  [LengthBits-1:0]         number_q;
  reg  [(Depth+1)*ServedBits-1:0] tags;
  wire [LengthBits-1:0] length = tags_q[LengthBits-1:0];
  wire ends = transfer_i && number_q + One == length;

  always @* begin
    tags = {{ServedBits{1'b0}}, tags_q};
    if (request_o) tags[served_q*ServedBits +: ServedBits] = {request_tag_o, words_o};
    if (ends) tags = tags >> ServedBits;
  end
  wire unused_tags = ^tags[(Depth+1)*ServedBits-1:Depth*ServedBits];

  assign tag_o    = tags_q[ServedBits-1:LengthBits];
  assign number_o = number_q;

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      served_q <= 4'd0;
      number_q <= {LengthBits{1'b0}};
      tags_q   <= {(Depth*ServedBits){1'b0}};
    end else begin
      tags_q   <= tags[Depth*ServedBits-1:0];
      served_q <= served_q + {3'd0, request_o} - {3'd0, ends};
      if (transfer_i) number_q <= ends ? {LengthBits{1'b0}} : number_q + One;
    end
  end

endmodule

`default_nettype wire
