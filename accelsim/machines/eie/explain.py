"""Where the cycles of a layer went, who is to blame, and what would help.

Everything is counted or run, nothing estimated: the states of each PE add up to the layer's
cycles, every starved cycle has one cause, and each remedy's gain comes from a run with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.machines import EieConfig
from accelsim.machines.eie.fast.walk import CAUSES, walk_pass
from accelsim.machines.eie.job import LayerJob
from accelsim.machines.eie.machine import MACHINE
from accelsim.machines.eie.remedies import Remedy, tried
from accelsim.records import BinaryPoints, CompressedLayer
from accelsim.records.result import RunResult

IntArray = npt.NDArray[np.int64]

STATES = (
    "useful", "padding", "empty columns", "hazard", "starved: blocked by a full queue",
    "starved: scan changes rows", "starved: column empty here", "starved: scan has finished",
    "starved: fill", "start, refill, load", "drain, store",
)
"""What a PE does in a cycle; the states of a PE add up to the layer's cycles."""

_OF_CAUSE = dict(zip(CAUSES, (STATES[8], STATES[6], STATES[5], STATES[4], STATES[7]), strict=True))


@dataclass(frozen=True)
class ColumnCost:
    """One broadcast: the PE with most issue slots for it, beside the mean of all PEs."""

    column: int
    pass_index: int
    cycle: int
    heaviest_pe: int
    slots: int
    mean_slots: float

    @property
    def lost(self) -> float:
        """Cycles by which the heaviest PE falls behind the mean."""
        return self.slots - self.mean_slots


@dataclass(frozen=True, eq=False)
class Explanation:
    """Where the cycles of one layer went.

    Attributes
    ----------
    states : (n_pe,) cycles for each of `STATES`
    blamed : (n_pe,) starved cycles of all PEs for which this PE's full queue is to blame
    columns : the costliest broadcasts first
    """

    result: RunResult
    states: dict[str, IntArray]
    blamed: IntArray
    columns: list[ColumnCost]
    remedies: list[Remedy] = field(default_factory=list)

    def shares(self) -> dict[str, float]:
        """Share of all PE-cycles in each state."""
        total = self.result.cycles * self.result.timed.n_pe
        return {state: float(cycles.sum() / total) for state, cycles in self.states.items()}

    def worst_pes(self, count: int = 5) -> list[int]:
        """PEs in the order of their blame, then of their work."""
        busy = self.result.timed.issued_entries
        order = np.lexsort((np.arange(len(busy)), -busy, -self.blamed))
        return [int(pe) for pe in order[:count]]

    def saved(self, remedy: Remedy) -> int | None:
        """Cycles that a remedy saves; below 0 it costs some."""
        return None if remedy.cycles is None else self.result.cycles - remedy.cycles

    def as_dict(self) -> dict[str, Any]:
        """Plain values for ``--json``."""
        return {
            "layer": self.result.name,
            "cycles": self.result.cycles,
            "n_pe": self.result.timed.n_pe,
            "shares": self.shares(),
            "states": {state: cycles.tolist() for state, cycles in self.states.items()},
            "blamed": self.blamed.tolist(),
            "worst_pes": self.worst_pes(),
            "worst_columns": [vars(column) | {"lost": column.lost} for column in self.columns],
            "remedies": [vars(r) | {"saved": self.saved(r)} for r in self.remedies],
        }


def explain(
    config: EieConfig, packed: CompressedLayer, job: LayerJob, points: BinaryPoints,
    remedies: bool = True, columns: int = 5,
) -> Explanation:
    """Explain one layer.

    Parameters
    ----------
    job : what the layer is given to do (`accelsim.api.make_job`, `accelsim.network.job_of_layer`)
    remedies : whether to run the layer again with each change that may help
    columns : how many of the costliest columns to name

    Raises
    ------
    CapacityError, UnsupportedError
        As `accelsim.simulate`.
    """
    result = MACHINE.finish(config, job, "fast", outputs=False)
    counters, n_pe = result.timed, config.n_pe
    starved = np.zeros((n_pe, len(CAUSES)), np.int64)
    blamed = np.zeros(n_pe, np.int64)
    costs: list[ColumnCost] = []
    for index, step in enumerate(job.plan):
        walk = walk_pass(config, job, step)
        starved += walk.starved
        blamed += walk.charged
        entries = np.diff(job.image.pointers[:, step.tile], axis=1)[:, walk.columns]
        mean = np.maximum(entries, config.empty_column_cycles).mean(axis=0)
        worst = np.argsort(mean - walk.fullest, kind="stable")[:columns]
        costs += [
            ColumnCost(int(walk.columns[k]), index, int(walk.issue[k]), int(walk.heaviest[k]),
                       int(walk.fullest[k]), float(mean[k])) for k in worst
        ]
    before = counters.start_cycles + counters.refill_cycles + counters.load_cycles
    states = {
        "useful": counters.macs,
        "padding": counters.padding_entries,
        "empty columns": counters.empty_column_cycles,
        "hazard": counters.hazard_stall_cycles,
        **{_OF_CAUSE[cause]: starved[:, i] for i, cause in enumerate(CAUSES)},
        "start, refill, load": np.full(n_pe, before),
        "drain, store": np.full(n_pe, counters.drain_cycles + counters.store_cycles),
    }
    costs = sorted(costs, key=lambda cost: -cost.lost)[:columns]
    found = Explanation(result, {state: states[state] for state in STATES}, blamed, costs)
    if remedies:
        found = replace(found, remedies=list(
            tried(config, packed, job, points, found.states, counters.row_change_cycles)))
    return found
