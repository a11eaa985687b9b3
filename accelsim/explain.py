"""Where the cycles of a layer went, who is to blame, and what would help.

Everything is counted or run, nothing estimated: the states of each PE add up to the layer's
cycles, every starved cycle has one cause, and each remedy's gain comes from a run with it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.api import finish, image_for
from accelsim.arch import EieConfig, load_config
from accelsim.arch.plan import make_plan
from accelsim.compression.permute import original_order, permute_rows
from accelsim.compression.prune import largest
from accelsim.engines.fast.walk import CAUSES, walk_pass
from accelsim.engines.job import LayerJob
from accelsim.errors import AccelsimError
from accelsim.network import calibrated, simulate_network
from accelsim.records import BinaryPoints, CompressedLayer, CscMatrix
from accelsim.results import RunResult

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


@dataclass(frozen=True)
class Remedy:
    """A change, and the cycles of a run with it; ``problem`` says why there is none."""

    name: str
    cycles: int | None
    problem: str | None = None


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
    result = finish(config, packed, job, "fast", points, False)
    counters, n_pe = result.timed, config.n_pe
    starved = np.zeros((n_pe, len(CAUSES)), np.int64)
    blamed = np.zeros(n_pe, np.int64)
    costs: list[ColumnCost] = []
    for index, step in enumerate(make_plan(config, job.image)):
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
        found = replace(found, remedies=list(_remedies(config, packed, job, points, found)))
    return found


def _remedies(
    config: EieConfig, packed: CompressedLayer, job: LayerJob, points: BinaryPoints,
    found: Explanation,
) -> Iterator[Remedy]:
    """Run the layer with one change after the other."""

    def run(name: str, changed: dict[str, Any], layer: CompressedLayer = packed) -> Remedy:
        try:
            machine = type(config).model_validate(config.model_dump() | changed)
            its_job = replace(job, image=image_for(machine, layer))
            return Remedy(name, finish(machine, layer, its_job, "fast", points, False).cycles)
        except AccelsimError as problem:
            return Remedy(name, None, str(problem))

    depth = config.act_queue_depth
    for factor in (2, 4):
        if depth * factor <= 4096:
            yield run(f"queues of {depth * factor} entries instead of {depth}",
                      {"act_queue_depth": depth * factor})
    order = f"rows in an order balanced for {config.n_pe} PEs (--permute-rows)"
    if packed.row_order is None:
        yield run(order, {}, permute_rows(packed, config.n_pe))
    else:
        again = permute_rows(original_order(packed), config.n_pe)
        if again.digest() != packed.digest():
            yield run(order, {}, again)
    balanced = balanced_pruning(packed, config.n_pe)
    dropped = packed.matrix.nnz - balanced.matrix.nnz
    if dropped:
        yield run(f"balanced pruning: no PE keeps more than the mean; {dropped:,} weights "
                  f"({100 * dropped / packed.matrix.nnz:.2f} %) fewer", {}, balanced)
    states = found.states
    if states["padding"].any() and config.index_bits < 8:
        yield run(f"zero runs of {config.index_bits + 1} bits instead of {config.index_bits}",
                  {"index_bits": config.index_bits + 1})
    if not config.bypass:
        yield run("sums forwarded (bypass = true)", {"bypass": True})
    if states["empty columns"].any():
        yield run("empty columns take no cycle (empty_column_cycles = 0)",
                  {"empty_column_cycles": 0})
    if config.row_change_cycles and found.result.timed.row_change_cycles:
        yield run("row changes take no cycle (row_change_cycles = 0)", {"row_change_cycles": 0})


def row_order_gain(
    packed: list[CompressedLayer], n_pe: int, vector: npt.NDArray[Any] | None
) -> list[dict[str, Any]]:
    """What the rows' order is worth, a row a layer: the fullest PE's non-zeros over the mean, and
    with an input vector of the first layer the cycles, before and after."""
    rows: list[dict[str, Any]] = []
    plain = [original_order(layer) for layer in packed]
    for before, after in zip(plain, packed, strict=True):
        rows.append({"layer": after.name, "fullest_over_mean": _fullest(before, n_pe),
                     "fullest_over_mean_permuted": _fullest(after, n_pe)})
    if vector is not None:
        config = load_config("eie", n_pe=n_pe, capacity="ignore", index_bits=packed[0].index_bits,
                             weight_bits=packed[0].weight_bits)
        runs = (simulate_network(config, calibrated(own, vector), vector)[0]
                for own in (plain, packed))
        for row, old, new in zip(rows, *runs, strict=True):
            row |= {"cycles": old.cycles, "cycles_permuted": new.cycles,
                    "saved": old.cycles - new.cycles}
    return rows


def _fullest(packed: CompressedLayer, n_pe: int) -> float:
    work = np.bincount(packed.matrix.rows % n_pe, minlength=n_pe)
    return float(work.max() / work.mean()) if work.any() else 1.0


def balanced_pruning(packed: CompressedLayer, n_pe: int) -> CompressedLayer:
    """The layer without the smallest weights of the PEs that have more than the mean.

    The pattern is ESE's load-balance-aware pruning (`accelsim.compression.patterns`) at the
    density that the layer has, without a dense matrix in between; biases stay.
    """
    matrix, n_inputs = packed.matrix, packed.n_inputs
    weights = int(matrix.column_starts[n_inputs])
    magnitudes = np.abs(packed.codebook)[matrix.values[:weights]]
    rows = matrix.rows[:weights].astype(np.int64)
    column = np.repeat(np.arange(n_inputs), np.diff(matrix.column_starts[: n_inputs + 1]))
    density = np.count_nonzero(magnitudes) / (packed.n_outputs * n_inputs)
    stays = np.ones(matrix.nnz, dtype=bool)
    by_pe = np.argsort(rows % n_pe, kind="stable")
    ends = np.searchsorted((rows % n_pe)[by_pe], np.arange(n_pe + 1))
    for pe in range(min(n_pe, packed.n_outputs)):
        own = by_pe[ends[pe] : ends[pe + 1]]
        shape = (-((pe - packed.n_outputs) // n_pe), n_inputs)
        part = CscMatrix(
            shape, np.searchsorted(column[own], np.arange(n_inputs + 1)).astype(np.int64),
            (rows[own] // n_pe).astype(np.int32), magnitudes[own],
        )
        kept = math.floor(density * shape[0] * n_inputs + 0.5)
        stays[own] = largest(magnitudes[own], kept, part)
    stored = np.concatenate([[0], np.cumsum(stays)])
    pruned = CscMatrix(
        matrix.shape, stored[matrix.column_starts], matrix.rows[stays], matrix.values[stays]
    )
    return replace(packed, matrix=pruned)
