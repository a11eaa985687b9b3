"""What EIE says of a layer beyond its counters: why PEs starve, whose queue is to blame, and which
columns cost most.

Every starved cycle has one cause, from a walk over the entries (`accelsim.machines.eie.fast.walk`).
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.inside.explain import Details, Explanation, Table, largest_loss
from accelsim.inside.explain import explain as explain_run
from accelsim.machines.base import Machine
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.convolution import ConvJob
from accelsim.machines.eie.explain_memory import memory
from accelsim.machines.eie.explain_states import STATES, bound, phases, queues, states_of
from accelsim.machines.eie.explain_vectors import vector_details
from accelsim.machines.eie.fast.walk import CAUSES, walk_pass
from accelsim.machines.eie.job import LayerJob
from accelsim.machines.eie.machine import MACHINE
from accelsim.machines.eie.slots import slots_of
from accelsim.records import BinaryPoints, CompressedConv, CompressedLayer
from accelsim.records.result import RunResult

__all__ = ["STATES", "ColumnCost", "LayerExplanation", "details", "explain"]

IntArray = npt.NDArray[np.int64]

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
    machine: Machine, config: EieConfig, work: CompressedLayer | CompressedConv,
    job: LayerJob | ConvJob, result: RunResult, columns: int = 5, walk: bool = True,
) -> Details:
    """Causes of starved cycles, blame, and the costliest columns; of a convolution over all of its
    vectors.

    A variant whose fast telling is not EIE's follows other rules than the walk: nothing is added
    to its counters then.

    Parameters
    ----------
    columns : how many of the costliest columns to name
    walk : whether to look for the causes of starved cycles, entry by entry; without, the counters
        of the phases are told alone
    """
    if machine.tellings.get("fast") != MACHINE.tellings["fast"]:
        return Details()
    counters, n_pe = result.timed, config.n_pe
    if not walk:
        told = phases(counters)
        return Details(told, bound=largest_loss(told))
    if not isinstance(job, LayerJob):
        found = vector_details(config, job, counters, columns)
        return replace(found, tables=(*found.tables, *memory(config, counters)))
    starved = np.zeros((n_pe, len(CAUSES)), np.int64)
    blamed, beside = np.zeros((2, n_pe), np.int64)
    costs: list[ColumnCost] = []
    for index, step in enumerate(job.plan):
        walked = walk_pass(config, job, step)
        starved += walked.starved
        blamed += walked.charged
        beside += walked.beside
        slots = slots_of(config, job.image).work[step.tile, walked.columns]
        mean = np.maximum(slots, config.empty_column_cycles).mean(axis=1)
        worst = np.argsort(mean - walked.fullest, kind="stable")[:columns]
        costs += [
            ColumnCost(int(walked.columns[k]), index, int(walked.issue[k]), int(walked.heaviest[k]),
                       int(walked.fullest[k]), float(mean[k])) for k in worst
        ]
    states = states_of(counters, starved, beside)
    order = np.lexsort((np.arange(n_pe), -counters.issued_entries, -blamed))
    costs = sorted(costs, key=lambda cost: -cost.lost)[:columns]
    return Details(
        states, blamed, order,
        (queues(counters, blamed, order[:5]), _columns(costs), *memory(config, counters)),
        bound(states, blamed),
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
