"""Mutants of ESE's units that change nothing anybody can see, each with the reason."""

from __future__ import annotations

from tests.rtl.mutation.equivalent import Equivalent
from tests.rtl.mutation.operators import Mutant

EQUIVALENT = [
    Equivalent("channel_array", ".clk_i(clk_i), .rst_ni(rst_ni), .start_i(start_i), .begins_i",
               ("input tied low",),
               "the final slot multiplies nothing, so nothing waits to be collected at the start",
               makes=".start_i(0)"),
    Equivalent("slot_control", "step_q <= {StepBits{1'b1}};", ("1 to 0", "register kept"),
               "start_i sets it before it is looked at"),
    Equivalent("spmv_control", "start_q <= 7'd0;", ("constant plus 1", "register kept"),
               "looked at only in a multiplication, whose first cycle sets it"),
    Equivalent("weight_loader", "left_0_q <= {LengthBits{1'b0}};", ("0 to 1", "register kept"),
               "a request sets it before a multiplication looks at it"),
    Equivalent("weight_read", "first_q <= 1'b0;", ("0 to 1", "register kept"),
               "the register is set by the pop before it is looked at"),
]


def explained(mutant: Mutant) -> str | None:
    """Why nobody can see it, or None."""
    return next((entry.why for entry in EQUIVALENT if entry.fits(mutant)), None)
