"""What EIE says of a convolution beyond its counters: the causes of starved cycles over all
vectors, which of the gathered columns cost most, and what gathering itself takes.

When a vector is done depends on which of its activations are zero, not on their values, so one
vector of each pattern of zeros is walked and counts as often as its pattern occurs.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from accelsim.inside.explain import Details, Table, largest_loss
from accelsim.lowering.im2col import pixel_width
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.convolution import ConvJob
from accelsim.machines.eie.counters import Counters
from accelsim.machines.eie.explain_states import bound, phases, queues, states_of
from accelsim.machines.eie.fast.walk import CAUSES, walk_pass
from accelsim.machines.eie.slots import slots_of

IntArray = npt.NDArray[np.int64]

MOST_WALKED = 4096
"""Patterns of zeros, each of which is walked entry by entry (1 to 10 ms on the nine layers)."""


def vector_details(config: EieConfig, job: ConvJob, counters: Counters, columns: int) -> Details:
    """As `accelsim.machines.eie.explain.details`, of all vectors together.

    With more than `MOST_WALKED` patterns of zeros, and of lowerings other than im2col, starved
    cycles are one state, and no PE is blamed.
    """
    if job.lowering != "im2col" or not isinstance(job, ConvJob):
        states = phases(counters)
        return Details(states, bound=largest_loss(states))
    first, times = _patterns(job)
    if len(first) > MOST_WALKED:
        states = phases(counters)
        told = (f"{largest_loss(states)}; {len(first):,} different vectors, of which no causes of "
                f"starved cycles were looked for")
        return Details(states, tables=(_gathering(config, job, counters),), bound=told)
    n_pe, n_columns = config.n_pe, job.one.image.n_columns
    starved = np.zeros((n_pe, len(CAUSES)), np.int64)
    blamed, beside = np.zeros((2, n_pe), np.int64)
    lost, sent = np.zeros(n_columns), np.zeros(n_columns, np.int64)
    for vector, count in zip(first.tolist(), times.tolist(), strict=True):
        one = job.vector_job(vector)
        for step in one.plan:
            walk = walk_pass(config, one, step)
            starved += walk.starved * count
            blamed += walk.charged * count
            beside += walk.beside * count
            slots = slots_of(config, one.image).work[step.tile, walk.columns]
            mean = np.maximum(slots, config.empty_column_cycles).mean(axis=1)
            lost[walk.columns] += (walk.fullest - mean) * count
            if step.tile == 0:
                sent[walk.columns] += count
    causes = states_of(counters, starved, beside)
    order = np.lexsort((np.arange(n_pe), -counters.issued_entries, -blamed))
    tables = [_gathering(config, job, counters)]
    if blamed.any():
        tables.append(queues(counters, blamed, order[:5]))
    if lost.any():
        tables.append(_columns(config, job, lost, sent, columns))
    told = bound(causes, blamed)
    if (rows := job.one.image.n_outputs) < n_pe:
        told += f"; its {rows} rows leave {n_pe - rows} of {n_pe} PEs without one"
    return Details(causes, blamed if blamed.any() else None, order, tuple(tables), told)


def _patterns(job: ConvJob) -> tuple[IntArray, IntArray]:
    """One vector of each pattern of zeros, and how many are like it."""
    bits = np.packbits(job.pixels.maps != 0, axis=1)
    gathered = bits[job.pixels.addresses].reshape(job.n_vectors, -1)
    _, first, times = np.unique(gathered, axis=0, return_index=True, return_counts=True)
    return first.astype(np.int64), times.astype(np.int64)


def _gathering(config: EieConfig, job: ConvJob, counters: Counters) -> Table:
    """Cycles of each phase over all vectors, and register rows that were read for nothing."""
    n, nothing = job.n_vectors, len(job.pixels.maps) - 1
    rows = pixel_width(job.geometry, config.n_pe) // config.n_pe
    # Each batch of outputs loads all rows of a vector once.
    loads = sum(step.load_rows for step in job.one.plan) // (rows * job.geometry.n_positions)
    padded = int((job.pixels.addresses == nothing).sum()) * rows * loads
    told = {
        "start": counters.start_cycles, "refill": counters.refill_cycles,
        "load": counters.load_cycles, "of which zeros of the padding": padded,
        "biases": counters.bias_cycles, "compute": counters.compute_cycles,
        "of which row changes of the scan": counters.row_change_cycles,
        "of which blocked by a full queue": counters.blocked_cycles,
        "of which behind the scan's end": counters.scan_idle_cycles,
        "drain": counters.drain_cycles, "store": counters.store_cycles,
    }
    return Table(
        "phases", f"Cycles of {n:,} vectors by phase",
        {"phase": "phase", "cycles": "cycles", "a_vector": "a vector", "percent": "%"},
        [{"phase": phase, "cycles": int(cycles), "a_vector": round(cycles / n, 2),
          "percent": round(100 * cycles / counters.cycles, 2)}
         for phase, cycles in told.items() if cycles],
    )


def _columns(
    config: EieConfig, job: ConvJob, lost: npt.NDArray[np.float64], sent: IntArray, count: int
) -> Table:
    """Columns by the cycles that the heaviest PE falls behind the mean for them."""
    width, kernel = pixel_width(job.geometry, config.n_pe), job.geometry.kernel
    rows = []
    for column in np.argsort(-lost, kind="stable")[:count].tolist():
        if lost[column] <= 0:
            continue
        position, channel = divmod(column, width)
        bias = column >= job.one.image.n_inputs
        rows.append({
            "column": column, "channel": None if bias else channel,
            "kernel_position": "bias" if bias else "{}, {}".format(*divmod(position, kernel[1])),
            "vectors": int(sent[column]), "lost": float(lost[column])})
    return Table(
        "worst_columns", "Costliest columns",
        {"column": "column", "channel": "channel", "kernel_position": "kernel row, column",
         "vectors": "vectors that send it", "lost": "cycles lost"}, rows)
