"""Mutants of ESE's units that change nothing anybody can see, each with the reason."""

from __future__ import annotations

from tests.rtl.mutation.equivalent import Equivalent
from tests.rtl.mutation.operators import Mutant

EQUIVALENT: list[Equivalent] = []


def explained(mutant: Mutant) -> str | None:
    """Why nobody can see it, or None."""
    return next((entry.why for entry in EQUIVALENT if entry.fits(mutant)), None)
