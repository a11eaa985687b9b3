"""Everything that a run on the bank-balanced machine counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.records.counters import CounterSet, Law, per_pe, total

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class BbsCounters(CounterSet):
    """Rules: machines/bbs/README.md. ``saturations`` are not counted of an LSTM, whose values are
    not told.
    """

    cycles: int = total("clock cycles of all vectors")
    vectors: int = total("vectors worked on, one after the other")
    start_cycles: int = total("cycles before a matrix's first slot")
    compute_cycles: int = total("cycles in which a PE had a slot left")
    drain_cycles: int = total("cycles in which the pipeline drained")
    elementwise_cycles: int = total("cycles in which only element-wise units worked")
    vector_writes: int = total("elements written to the vector buffer of every PE")
    elementwise_products: int = total("products of element-wise units")
    elementwise_sums: int = total("sums of element-wise units")
    table_lookups: int = total("sigmoid and tanh look-ups")
    rows: IntArray = per_pe("rows finished")
    slots: IntArray = per_pe("cycles in which all multipliers took a weight or filler")
    empty_rows: IntArray = per_pe("slots of rows without weights")
    idle_cycles: IntArray = per_pe("compute cycles after the PE's last row")
    macs: IntArray = per_pe("multiply-accumulates of weights")
    filler_macs: IntArray = per_pe("multiplier slots without a weight")
    bias_reads: IntArray = per_pe("rows whose accumulator started from a bias")
    saturations: IntArray = per_pe("results that saturated")

    def states(self) -> dict[str, IntArray]:
        """What each PE did: a slot with a weight is useful, however many of its banks had none."""
        between = self.start_cycles + self.drain_cycles + self.elementwise_cycles
        return {
            "useful": self.slots - self.empty_rows,
            "empty rows": self.empty_rows,
            "idle": self.idle_cycles,
            "overhead": np.full(self.n_pe, between),
        }

    def laws(self, config: Any = None, job: Any = None) -> list[Law]:
        """The conservation laws: README.md, counters."""
        compute = np.full(self.n_pe, self.compute_cycles)
        phases = (self.start_cycles + self.compute_cycles + self.drain_cycles
                  + self.elementwise_cycles)
        weights = job.operations["macs"] // job.n_vectors
        return [
            ("slots + idle = compute cycles", self.slots + self.idle_cycles, compute),
            ("macs + filler = slots * banks", self.macs + self.filler_macs,
             self.slots * config.n_banks),
            ("macs = weights * vectors", np.array([self.macs.sum()]),
             np.array([weights * self.vectors])),
            ("phases = cycles", np.array([phases]), np.array([self.cycles])),
        ]
