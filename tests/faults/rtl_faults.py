"""Faults for the Verilog units: a text to replace, and the unit that the report must name."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One planted bug.

    Attributes
    ----------
    module : file of rtl/eie or rtl/common
    right, wrong : the text there, once, and what replaces it
    unit : which the first difference must name
    """

    module: str
    right: str
    wrong: str
    unit: str


FAULTS = [
    Fault("act_queue", "count_q == Full", "count_q == Full - One", "ccu"),
    Fault("act_queue", "(tail_q == Last)", "(tail_q == Step)", "act_queue"),
    Fault("act_queue", "if (pop_i && !push_i)", "if (pop_i)", "act_queue"),
    Fault("act_queue", "head_q == Last", "head_q == Step", "act_queue"),
    Fault("ptr_read", "pop_o = valid_i && free_i", "pop_o = valid_i", "ptr_read"),
    Fault("ptr_read", "odd_q <= column_i[0]", "odd_q <= 1'b0", "ptr_read"),
    Fault("ptr_read", "column_i[0] ? next_word : column_i;", "column_i;", "ptr_read"),
    Fault("spmat_read", "issue_o && !(line_valid_q && line_q == line)", "issue_o", "spmat_read"),
    Fault("spmat_read", "if (start_i) line_valid_q <= 1'b0;\n      else ", "", "spmat_read"),
    Fault("spmat_read", "busy_q && entry == end_i", "busy_q && 1'b0", "spmat_read"),
    Fault("spmat_read", "s1_slot_q       <= slot_wide[SlotBits-1:0]",
          "s1_slot_q <= slot_wide[SlotBits-1:0] ^ 1'b1", "spmat_read"),
    Fault("spmat_read", "!busy_q || empty_o ||", "!busy_q ||", "spmat_read"),
    Fault("spmat_read", "entry != end_i && !wait_i", "entry != end_i", "spmat_read"),
    Fault("weight_decoder", "{table_i, code_i}", "{table_i, code_i ^ 4'd1}", "weight_decoder"),
    Fault("arith_unit", "first_i ? {RowBits{1'b0}} : after_q", "after_q", "arith_unit"),
    Fault("arith_unit", "after_q <= row + One", "after_q <= row", "arith_unit"),
    Fault("arith_unit", "hit_s3 ? sum : hit_s4", "hit_s4", "arith_unit"),
    Fault("arith_unit", "hit_s4 && !hit_s3", "hit_s4", "arith_unit"),
    Fault("arith_unit", "(s3_valid_q && s3_row_q == row)", "1'b0", "arith_unit"),
    Fault("arith_unit", "leaves && !padding_i;", "leaves;", "arith_unit"),
    Fault("arith_unit", "+ {{(SumBits-1){1'b0}}, carry}", "", "arith_unit"),
    Fault("saturate", "value_o     = saturated_o ?", "value_o = 1'b0 ?", "arith_unit"),
    Fault("round_shift", "doubled >>> shift_i", "doubled >> shift_i", "arith_unit"),
    Fault("regfile", "if (clear_i) written_q <= {Depth{1'b0}};\n      ", "", "act_rw"),
    Fault("act_rw", "select_q <= select_q ^ swap_i", "select_q <= select_q", "act_rw"),
    Fault("act_rw", "src_row   = load_q ? load_row_q", "src_row = load_q ? batch_row_i", "act_rw"),
    Fault("act_rw", "bias_q ? load_row_q : write_row_i", "write_row_i", "act_rw"),
    Fault("act_rw", "bias_q ? sram_data : sum_extended", "sum_extended", "act_rw"),
    Fault("lnzd_node", "found_i[0] ? 2'd0 : found_i[1]", "found_i[1]", "lnzd_tree"),
    Fault("lnzd_tree", "{NPe{1'b1}} << position_i", "{NPe{1'b1}}", "lnzd_tree"),
    Fault("scan", "scanning && found && !full_i", "scanning && found", "ccu"),
    Fault("scan", "last_row && bias_i", "1'b0", "ccu"),
    Fault("scan", "index_i == Last;", "1'b0;", "ccu"),
    Fault("ccu", "drain_left_q <= 2'd2", "drain_left_q <= 2'd1", "ccu"),
    Fault("ccu", "count_q + OneRow == store_rows", "count_q == store_rows", "ccu"),
    Fault("ccu", "(begins && loads) ? load_addr :", "", "ccu"),
    Fault("ccu", "if (load_ends) state_q <= biased ? Bias :", "if (load_ends) state_q <=", "ccu"),
    Fault("ccu", "counts && !load_ends && !bias_ends", "counts && !bias_ends", "ccu"),
    Fault("ccu_program", "load_rows[pass] <= data_i[RowCountBits-1:0]",
          "load_rows[pass] <= data_i[RowCountBits-1:0] - 1'b1", "ccu"),
    Fault("sram_1rw", "rdata_q <= mem[addr_i]", "rdata_q <= mem[addr_i ^ 1'b1]", "act_rw"),
]
