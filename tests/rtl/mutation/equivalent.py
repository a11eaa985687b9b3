"""Mutants that change nothing anybody can see, each with the reason."""

from __future__ import annotations

from dataclasses import dataclass

from tests.rtl.mutation.operators import Mutant


@dataclass(frozen=True)
class Equivalent:
    """Why the mutants of ``operators`` on a line of a unit cannot be seen.

    Attributes
    ----------
    line : the beginning of the line
    occurrence : of the line in the file; a reset comes first
    makes : what the changed line must hold
    """

    unit: str
    line: str
    operators: tuple[str, ...]
    why: str
    occurrence: int = 1
    makes: str = ""

    def fits(self, mutant: Mutant) -> bool:
        """Whether this is the reason for a mutant."""
        return (
            mutant.unit == self.unit and mutant.operator in self.operators
            and mutant.occurrence == self.occurrence and self.makes in mutant.after
            and " ".join(mutant.before.split()).startswith(self.line)
        )


_SET_BEFORE_USE = "the register is set before it is looked at; its reset value shows nowhere"
_ENABLE = "the data behind an invalid stage are not looked at; the enable saves energy only"
_RESET = ("0 to 1", "register kept")

EQUIVALENT = [
    Equivalent("act_rw", "select_q <= 1'b0;", ("0 to 1",),
               "the two files are alike, and both are empty after reset"),
    Equivalent("act_rw", "if (load_i || bias_load_i) load_row_q <=", ("always",),
               "the row is looked at only in the cycle after a load, or that of a bias"),
    Equivalent("arith_unit", "wire [NextBits-1:0] after_wide", ("0 to 1",),
               "these bits lie above the row and are cut off", makes="{(NextBits-RowBits){1'b1}}"),
    Equivalent("arith_unit", "end else if (Multiplier == 2) begin : g_sign", ("never",),
               "a multiplier gives the product of a sign too, which datapath_formal.v proves"),
    Equivalent("arith_unit", "if (leaves && !padding_i) begin", ("and to or", "always"), _ENABLE),
    Equivalent("arith_unit", "if (s2_valid_q) begin", ("always",), _ENABLE),
    Equivalent("arith_unit", "if (s3_valid_q) begin", ("always",), _ENABLE),
    Equivalent("ccu", "Store = 3'd5, Bias = 3'd6;", ("constant plus 1",),
               "another name for the same state", makes="Bias = 3'd7"),
    Equivalent("ccu", "drain_left_q <= 2'd0;", ("constant plus 1", "register kept"),
               _SET_BEFORE_USE),
    Equivalent("ccu", "assign start_ends = 1'b1;", ("1 to 0", "stuck at 0"),
               "without start cycles there is no start phase that ends"),
    Equivalent("ccu", "count_q <= NoRows;", ("register kept",), _SET_BEFORE_USE),
    Equivalent("ccu", "addr_q <= {ActAddrBits{1'b0}};", _RESET, _SET_BEFORE_USE),
    Equivalent("ccu", "else if (state_q == Drain) drain_left_q", ("always",),
               "set again in every compute cycle, looked at only while draining"),
    Equivalent("ccu", "else if (state_q == Drain) drain_left_q", ("minus to plus",),
               "2, 3, 0 are as many cycles as 2, 1, 0"),
    Equivalent("ccu", "assign gather_addr =", ("0 to 1", "stuck at 1"),
               "an array without gather runs no convolution, and nothing else looks at it"),
    Equivalent("ccu", "assign gathered = 1'b1;", ("1 to 0", "stuck at 0"),
               "an array without gather runs no convolution, and nothing else looks at it"),
    Equivalent("eie_array", ".io_mem_i(io_here ?", ("constant plus 1",),
               "a PE that is not asked looks at no other wire of the bus"),
    Equivalent("eie_array", ".io_wdata_i(io_here ?", ("0 to 1",),
               "a PE that is not asked looks at no other wire of the bus"),
    Equivalent("lnzd_tree", "assign index = {Nodes{1'b0}};", ("0 to 1", "stuck at 1"),
               "the placeholder bit is cut off at the root"),
    Equivalent("lnzd_tree", "{{(4*Width){1'b0}},", ("0 to 1",),
               "the index of a filler, which never finds anything"),
    Equivalent("lnzd_tree", "{{(4*ActivationBits){1'b0}},", ("0 to 1",),
               "the value of a filler, which never finds anything"),
    Equivalent("pe_counters", "end else if (running_i) begin", ("always",),
               "nothing that is counted happens while no layer runs"),
    Equivalent("pe_counters", "if (occupancy > queue_occupancy_max)", ("greater or equal",),
               "an equal maximum is the same maximum"),
    Equivalent("ptr_read", ".Depth(PointerWords - PointerWords / 2)", ("minus to plus",),
               "a larger bank, whose further words nobody addresses"),
    Equivalent("ptr_read", "if (!rst_ni) odd_q <= 1'b0;", _RESET, _SET_BEFORE_USE),
    Equivalent("scan", "finished_q <= 1'b1;", ("1 to 0", "register kept"), _SET_BEFORE_USE),
    *(Equivalent("scan", text, _RESET, _SET_BEFORE_USE) for text in (
        "bias_row_q <= 1'b0;", "fresh_q <= 1'b0;", "row_q <= {RowBits{1'b0}};",
        "rows_left_q <= {RowCountBits{1'b0}};", "position_q <= {PositionBits{1'b0}};",
        "row_column_q <= {ColumnBits{1'b0}};")),
    Equivalent("scan", "position_q <= {PositionBits{1'b0}};", ("register kept",),
               "every row, the last of a pass too, ends with position 0", occurrence=2),
    Equivalent("spmat_read", "if (EntriesPerLine == (1 << SlotBits))", ("never",),
               "dividing by a power of two gives what cutting bits gives"),
    Equivalent("spmat_read", "first_q <= 1'b0;", _RESET, _SET_BEFORE_USE),
    Equivalent("spmat_read", "line_valid_q <= 1'b0;", _RESET,
               "every pass starts by making it zero"),
]


def explained(mutant: Mutant) -> str | None:
    """Why a mutant cannot be seen, or None if nobody says so."""
    return next((entry.why for entry in EQUIVALENT if entry.fits(mutant)), None)
