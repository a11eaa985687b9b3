"""What is asked of DRAM, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from accelsim.dram.part import DramPart

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Requests:
    """Runs of bursts that follow each other in memory, in the order in which they are read.

    Attributes
    ----------
    first, count : (n,) int64: a run's first burst, from 0, and how many; none is empty
    bits : that are wanted of all of them
    """

    first: IntArray
    count: IntArray
    bits: int

    @property
    def bursts(self) -> int:
        """Of all runs."""
        return int(self.count.sum())

    def addresses(self) -> Iterator[int]:
        """The number of each burst, in order."""
        for first, count in zip(self.first.tolist(), self.count.tolist(), strict=True):
            yield from range(first, first + count)

    def visits(self, part: DramPart) -> Iterator[tuple[int, int]]:
        """(row, bursts read there), row after row (D3): rows count through all banks."""
        row, bursts = -1, 0
        for burst in self.addresses():
            here = burst // part.bursts_a_row
            if here != row and bursts:
                yield row, bursts
                bursts = 0
            row, bursts = here, bursts + 1
        if bursts:
            yield row, bursts


@dataclass(frozen=True)
class Reading:
    """What reading a list took: clocks of the DRAM until its last data, rows opened, refreshes."""

    clocks: int
    rows: int
    refreshes: int
