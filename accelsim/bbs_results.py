"""What a matrix on the bank-balanced machine gives."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import ConservationError

IntArray = npt.NDArray[np.int64]


def _count(meaning: str, per: str) -> Any:
    return field(metadata={"meaning": meaning, "per": per})


@dataclass(frozen=True, eq=False)
class BbsCounters:
    """Everything that a run counts. Rules: engines/bbs/README.md."""

    cycles: int = _count("clock cycles of the matrix", "layer")
    start_cycles: int = _count("cycles before the first slot", "layer")
    compute_cycles: int = _count("cycles in which a PE had a slot left", "layer")
    drain_cycles: int = _count("cycles in which the pipeline drained", "layer")
    rows: IntArray = _count("rows finished", "PE")
    slots: IntArray = _count("cycles in which all multipliers took a weight or filler", "PE")
    empty_rows: IntArray = _count("slots of rows without weights", "PE")
    idle_cycles: IntArray = _count("compute cycles after the PE's last row", "PE")
    macs: IntArray = _count("multiply-accumulates of weights", "PE")
    filler_macs: IntArray = _count("multiplier slots without a weight", "PE")
    saturations: IntArray = _count("results that saturated", "PE")

    def difference(self, other: BbsCounters) -> str | None:
        """The first counter (and PE) that differs from ``other``, in words, or None."""
        for f in fields(self):
            mine, theirs = np.atleast_1d(getattr(self, f.name)), np.atleast_1d(
                getattr(other, f.name))
            where = np.flatnonzero(mine != theirs)
            if len(where):
                at = int(where[0])
                return f"{f.name}[{at}]: {mine[at]} != {theirs[at]}"
        return None

    def check(self, n_banks: int) -> None:
        """The conservation laws; `ConservationError` names the one that is broken."""
        for law, left, right in (
            ("slots + idle = compute cycles", self.slots + self.idle_cycles,
             np.full(len(self.rows), self.compute_cycles)),
            ("macs + filler = slots * banks", self.macs + self.filler_macs,
             self.slots * n_banks),
            ("phases = cycles", np.array([self.start_cycles + self.compute_cycles
                                          + self.drain_cycles]), np.array([self.cycles])),
        ):
            if not np.array_equal(left, right):
                raise ConservationError(f"{law} broken: {left} != {right}")


@dataclass(frozen=True, eq=False)
class BbsRun:
    """``outputs`` (n_rows,) int64, and counters."""

    outputs: IntArray
    counters: BbsCounters
