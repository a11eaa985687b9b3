"""Mutants that change nothing anybody can see, each with the reason."""

from __future__ import annotations

from dataclasses import dataclass

from tests.rtl.mutation.operators import Mutant


@dataclass(frozen=True)
class Equivalent:
    """Why the mutants of ``operators`` on one line of a unit cannot be seen.

    Attributes
    ----------
    line : the beginning of the line
    """

    unit: str
    line: str
    operators: tuple[str, ...]
    why: str

    def fits(self, mutant: Mutant) -> bool:
        """Whether this is the reason for a mutant."""
        return (
            mutant.unit == self.unit and mutant.operator in self.operators
            and " ".join(mutant.before.split()).startswith(self.line)
        )


EQUIVALENT: list[Equivalent] = []


def explained(mutant: Mutant) -> str | None:
    """Why a mutant cannot be seen, or None if nobody says so."""
    return next((entry.why for entry in EQUIVALENT if entry.fits(mutant)), None)
