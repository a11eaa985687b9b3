"""Phases of a convolution that belong to no single vector, and counters that only they have.

Loads and stores are those of M2 and M3 (contract, README.md); an addition is one of every PE's
adder a cycle, in the register files (W5).
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from accelsim.machines.eie.counters import Counters
from accelsim.records.counters import per_pe, total
from accelsim.records.result import JobResult

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, init=False)
class TransformCounters(Counters):
    """The counters of a run whose activations are transformed on the array."""

    transform_cycles: int = total("cycles in which activations were transformed, row by row")
    transform_additions: IntArray = per_pe("additions of such transforms")

    @property
    def compute_cycles(self) -> int:
        """Cycles of compute phases."""
        return super().compute_cycles - self.transform_cycles


@dataclass(frozen=True)
class Beside:
    """Phases beside a convolution's products.

    Attributes
    ----------
    loads, load_rows : phases that load the source file, and rows of all of them
    store_rows : rows stored
    transform_rows : rows that additions make, or None where nothing is transformed
    """

    loads: int = 0
    load_rows: int = 0
    store_rows: int = 0
    transform_rows: int | None = None

    @property
    def cycles(self) -> int:
        """Of all these phases; a word arrives the cycle after its address (M2)."""
        return self.load_rows + self.loads + self.store_rows + (self.transform_rows or 0)

    def added_to(self, result: JobResult) -> JobResult:
        """A result with these phases counted."""
        counters = result.counters
        if counters is None or self == NOTHING:
            return result
        values = {f.name: vars(counters)[f.name] for f in fields(counters)}
        histogram = values["queue_occupancy_histogram"].copy()
        histogram[:, 0] += self.cycles  # queues are empty
        values |= {
            "cycles": counters.cycles + self.cycles,
            "load_cycles": counters.load_cycles + self.load_rows + self.loads,
            "store_cycles": counters.store_cycles + self.store_rows,
            "act_sram_reads": counters.act_sram_reads + self.load_rows,
            "src_reg_writes": counters.src_reg_writes + self.load_rows,
            "act_sram_writes": counters.act_sram_writes + self.store_rows,
            "dst_reg_reads": counters.dst_reg_reads + self.store_rows,
            "queue_occupancy_histogram": histogram,
        }
        if self.transform_rows is None:
            return replace(result, counters=type(counters)(values))
        additions = np.full(counters.n_pe, self.transform_rows, np.int64)
        return replace(result, counters=TransformCounters(
            {**values, "transform_cycles": self.transform_rows,
             "transform_additions": additions}))


NOTHING = Beside()
