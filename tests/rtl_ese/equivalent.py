"""Mutants of ESE's units that change nothing anybody can see, each with the reason."""

from __future__ import annotations

from tests.rtl.mutation.equivalent import Equivalent
from tests.rtl.mutation.operators import Mutant

_SET_BEFORE_USE = "the register is set before it is looked at; its reset value shows nowhere"
_RESET = ("0 to 1", "register kept")
_NO_FUNCTION = "the multiplier's program has no function, so that nothing is looked up in it"
_ENABLE = "between operations nobody looks at it, and the next one sets it; saves energy only"
_EQUAL = "where both are equal, both sides of the selection are the same"
_NOTHING_LEFT = "the final slot multiplies nothing, so nothing waits to be collected at the start"
_LOW_BIT = "the lowest bit of a tag tells halves of a matrix only"

EQUIVALENT = [
    Equivalent("assemble", "((AccumulatorBits > ActivationBits)", ("greater or equal",), _EQUAL),
    Equivalent("assemble", "if (takes_o) begin", ("always",), _ENABLE),
    Equivalent("channel", "{{ColumnBits{1'b0}}, source_i} +", ("0 to 1",),
               "these bits lie above the address and are cut off",
               makes="{{ColumnBits{1'b1}}, source_i}"),
    Equivalent("channel", ".write_data_o(mul_data), .table_write_i(1'b0)", ("0 to 1",),
               _NO_FUNCTION),
    Equivalent("channel", ".table_data_i({WordBits{1'b0}}), .enter_o(mul_enter)", ("0 to 1",),
               _NO_FUNCTION),
    Equivalent("channel_array", ".clk_i(clk_i), .rst_ni(rst_ni), .start_i(start_i), .begins_i",
               ("input tied low",), _NOTHING_LEFT, makes=".start_i(0)"),
    Equivalent("elementwise", "if (Tables != 0) begin : g_tables", ("always",), _NO_FUNCTION),
    Equivalent("elementwise", "assign looked = sums;", ("stuck at 0", "stuck at 1"), _NO_FUNCTION),
    Equivalent("elementwise", "wire [LengthBits-1:0] left_after = (left_q > InCycle)",
               ("greater or equal",), _EQUAL),
    Equivalent("elementwise", "left_q <= {LengthBits{1'b0}};", _RESET,
               "looked at only while busy; what starts it sets this too"),
    Equivalent("elementwise", "else if (enter_o) next_q <=", ("greater or equal",), _EQUAL),
    Equivalent("elementwise", "else if (enter_o) next_q <=", ("always",),
               "nothing enters where no element is left, and it moves by what is left"),
    Equivalent("ese_memory", ".ref_i({2'd1, y_place_i})", ("0 to 1",),
               "whether a read is zero is not looked at where results lie"),
    Equivalent("ese_memory", ".a_i(tables_i), .a_addr_i(table_addr_i)", ("0 to 1",), _LOW_BIT),
    Equivalent("ese_memory", ".a_i(tables_i), .a_addr_i(table_addr_i)", ("input tied low",),
               "the tag of tables is zero", makes=".a_tag_i(0)"),
    Equivalent("ese_memory", ".b_tag_i({Vectors, 1'b0}),", ("0 to 1",), _LOW_BIT),
    Equivalent("ese_memory", ".ref_i(vector_ref_i)", ("0 to 1",),
               "whether a read is zero is not looked at where something is written"),
    Equivalent("ese_operands", "multiplied_q <= 1'b0;", _RESET,
               "start_i clears it before a slot looks at it"),
    Equivalent("ese_operands", "if (multiply_i) begin", ("always",),
               "the word stays as long as the slot; of one that does not multiply nothing is "
               "collected"),
    Equivalent("ese_pe_counters", "if (occupancy > occupancy_max)", ("greater or equal",),
               "an equal maximum is the same maximum"),
    Equivalent("ese_operands", "collect_file_q <= 1'b0;", _RESET, _SET_BEFORE_USE),
    Equivalent("ese_top", ".clk_i(clk_i), .rst_ni(rst_ni), .start_i(start_i), .begins_i",
               ("input tied low",), _NOTHING_LEFT, makes=".start_i(0)"),
    Equivalent("ese_totals", "assign value_o = 32'd0;", ("stuck at 0",), "zero in other words"),
    Equivalent("memory_controller", "now = {{(4*RequestBits){1'b0}}, queue_q};", ("0 to 1",),
               "a place behind the last request is written before it is looked at"),
    Equivalent("memory_controller", "queue_q <= {(Depth*RequestBits){1'b0}};", _RESET,
               "a place is written before it is looked at"),
    Equivalent("memory_controller", "tags_q <= {(Depth*ServedBits){1'b0}};", _RESET,
               "a place is written before it is looked at"),
    Equivalent("memory_controller", "tags = {{ServedBits{1'b0}}, tags_q};", ("0 to 1",),
               "a place is written before it is looked at"),
    Equivalent("memory_controller", "if (request_o) tags[served_q", ("always",),
               "a place behind the last request is written again before it is looked at"),
    Equivalent("pointer_route", "wire signed [NumberBits-1:0] ends =", ("greater or equal",),
               _EQUAL),
    Equivalent("sigmoid_tanh", ".value_i(difference * part), .shift_i(left ? 8'd0",
               ("constant plus 1",), "left of it, the part is zero, and so is its share"),
    Equivalent("slot_control", "step_q <= {StepBits{1'b1}};", ("1 to 0", "register kept"),
               "start_i sets it before it is looked at"),
    Equivalent("spmv_control", "start_q <= 7'd0;", ("constant plus 1", "register kept"),
               "looked at only in a multiplication, whose first cycle sets it"),
    *(Equivalent("weight_loader", f"{register} <= {{{bits}Bits{{1'b0}}}};", _RESET,
                 "a request sets it before a multiplication looks at it")
      for bits, name in (("Column", "columns"), ("Length", "left"))
      for register in (f"{name}_0_q", f"{name}_1_q")),
    Equivalent("weight_read", "first_q <= 1'b0;", _RESET,
               "the register is set by the pop before it is looked at"),
    Equivalent("weight_read", "if (issue_o) begin", ("always",),
               "a column that does not advance ends, and an invalid stage is not looked at"),
]


def explained(mutant: Mutant) -> str | None:
    """Why nobody can see it, or None."""
    return next((entry.why for entry in EQUIVALENT if entry.fits(mutant)), None)
