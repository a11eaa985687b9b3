"""What EIE says of a layer beyond its counters: why PEs starve, whose queue is to blame, and which
columns cost most.

Every starved cycle has one cause, from a walk over the entries (`accelsim.machines.eie.fast.walk`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.inside.explain import Details, Explanation, Table, largest_loss
from accelsim.inside.explain import explain as explain_run
from accelsim.machines.base import Machine
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.counters import Counters
from accelsim.machines.eie.fast.walk import CAUSES, walk_pass
from accelsim.machines.eie.job import LayerJob
from accelsim.machines.eie.machine import MACHINE
from accelsim.records import BinaryPoints, CompressedLayer
from accelsim.records.result import RunResult

IntArray = npt.NDArray[np.int64]

STATES = (
    "useful", "padding", "empty columns", "hazard", "starved: blocked by a full queue",
    "starved: scan changes rows", "starved: column empty here", "starved: scan has finished",
    "starved: fill", "start, refill, load", "drain, store",
)
"""What a PE does in a cycle; the states of a PE add up to the layer's cycles."""

_BLOCKED = STATES[4]
_OF_CAUSE = dict(zip(CAUSES, (STATES[8], STATES[6], STATES[5], _BLOCKED, STATES[7]), strict=True))


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


def details(
    machine: Machine, config: EieConfig, work: CompressedLayer, job: LayerJob, result: RunResult,
    columns: int = 5,
) -> Details:
    """Causes of starved cycles, blame, and the costliest columns.

    A variant whose fast telling is not EIE's follows other rules than the walk: nothing is added
    to its counters then.

    Parameters
    ----------
    columns : how many of the costliest columns to name
    """
    if machine.tellings.get("fast") != MACHINE.tellings["fast"]:
        return Details()
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
    states = _states(counters, starved)
    order = np.lexsort((np.arange(n_pe), -counters.issued_entries, -blamed))
    costs = sorted(costs, key=lambda cost: -cost.lost)[:columns]
    return Details(
        states, blamed, order, (_queues(counters, blamed, order[:5]), _columns(costs)),
        _bound(states, blamed),
    )


def _states(counters: Counters, starved: IntArray) -> Mapping[str, IntArray]:
    """(n_pe,) cycles in each of `STATES`; ``starved`` is (n_pe, len(CAUSES))."""
    before = counters.start_cycles + counters.refill_cycles + counters.load_cycles
    before += counters.bias_cycles
    after = counters.drain_cycles + counters.store_cycles
    states = {
        "useful": counters.macs,
        "padding": counters.padding_entries,
        "empty columns": counters.empty_column_cycles,
        "hazard": counters.hazard_stall_cycles,
        **{_OF_CAUSE[cause]: starved[:, i] for i, cause in enumerate(CAUSES)},
        "start, refill, load": np.full(counters.n_pe, before),
        "drain, store": np.full(counters.n_pe, after),
    }
    return {state: states[state] for state in STATES}


def _bound(states: Mapping[str, IntArray], blamed: IntArray) -> str:
    text = largest_loss(states)
    lost = {state: int(cycles.sum()) for state, cycles in states.items() if state != "useful"}
    if not blamed.any() or lost[_BLOCKED] < max(lost.values()):
        return text
    pe = int(np.argmax(blamed))
    return f"{text}; PE {pe}'s queue is to blame for most of it ({blamed[pe] / blamed.sum():.0%})"


def _queues(counters: Counters, blamed: IntArray, worst: IntArray) -> Table:
    return Table(
        "worst_queues", "PEs whose full queue starved others",
        {"pe": "PE", "starved_pe_cycles": "PE-cycles starved", "starved_cycles": "cycles a PE",
         "entries": "its entries", "blocking_cycles": "cycles full while blocked"},
        [{"pe": int(pe), "starved_pe_cycles": int(blamed[pe]),
          "starved_cycles": float(blamed[pe] / len(blamed)),
          "entries": int(counters.issued_entries[pe]),
          "blocking_cycles": int(counters.blocking_cycles[pe])} for pe in worst],
    )


def _columns(costs: list[ColumnCost]) -> Table:
    return Table(
        "worst_columns", "Costliest columns",
        {"column": "column", "cycle": "broadcast in cycle", "heaviest_pe": "heaviest PE",
         "slots": "its slots", "mean_slots": "mean slots", "lost": "cycles lost"},
        [vars(cost) | {"lost": cost.lost} for cost in costs],
    )


@dataclass(frozen=True, eq=False)
class LayerExplanation(Explanation):
    """As version 0.1 gave it: the costliest broadcasts are ``columns``, too."""

    @property
    def columns(self) -> list[ColumnCost]:
        """The costliest broadcasts first."""
        (rows,) = (table.rows for table in self.tables if table.name == "worst_columns")
        names = [f.name for f in fields(ColumnCost)]
        return [ColumnCost(**{name: row[name] for name in names}) for row in rows]


def explain(
    config: EieConfig, packed: CompressedLayer, job: LayerJob, points: BinaryPoints,
    remedies: bool = True, columns: int = 5,
) -> LayerExplanation:
    """Explain one layer, as in version 0.1; `accelsim.inside.explain.explain` takes any machine.

    Parameters
    ----------
    job : what the layer is given to do (`accelsim.api.make_job`, `accelsim.network.job_of_layer`)
    points : not needed any more: the job keeps its integers
    remedies : whether to run the layer again with each change that may help
    columns : how many of the costliest columns to name

    Raises
    ------
    CapacityError, UnsupportedError
        As `accelsim.simulate`.
    """
    found: dict[str, Any] = vars(
        explain_run(MACHINE, config, packed, job, remedies, columns=columns))
    return LayerExplanation(**found)
