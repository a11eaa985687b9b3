"""States of EIE's PEs as explanations tell them, and the words for what bounds a run."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from accelsim.inside.explain import Table, largest_loss
from accelsim.machines.eie.beside import TransformCounters
from accelsim.machines.eie.counters import Counters
from accelsim.machines.eie.fast.walk import CAUSES

IntArray = npt.NDArray[np.int64]

STATES = (
    "useful", "padding", "empty columns", "hazard", "starved: blocked by a full queue",
    "starved: scan changes rows", "starved: column empty here", "starved: scan has finished",
    "starved: fill", "start, refill, load", "drain, store",
)
"""What a PE does in a cycle, and "bitmaps" where some are read, `BESIDE` where queues are shared;
the states of a PE add up to the
layer's cycles."""

BESIDE = "starved: PE beside it works"

_BLOCKED = STATES[4]
_OF_CAUSE = dict(zip(CAUSES, (STATES[8], STATES[6], STATES[5], _BLOCKED, STATES[7]), strict=True))


def phases(counters: Counters) -> dict[str, IntArray]:
    """(n_pe,) cycles in each state that the counters tell apart; "starved" is one of them,
    "transforms" one of runs that have some."""
    before = counters.start_cycles + counters.refill_cycles + counters.load_cycles
    before += counters.bias_cycles
    after = counters.drain_cycles + counters.store_cycles
    transforms = {}
    if isinstance(counters, TransformCounters):
        transforms["transforms"] = np.full(counters.n_pe, counters.transform_cycles)
    return {
        "useful": counters.macs - counters.macs_beside,
        "padding": counters.padding_entries - counters.padding_beside,
        **({"bitmaps": counters.index_cycles} if np.any(counters.index_cycles) else {}),
        "empty columns": counters.empty_column_cycles,
        "hazard": counters.hazard_stall_cycles,
        "starved": counters.starved_cycles,
        "start, refill, load": np.full(counters.n_pe, before),
        "drain, store": np.full(counters.n_pe, after),
        **transforms,
    }


def states_of(counters: Counters, starved: IntArray, beside: IntArray) -> Mapping[str, IntArray]:
    """(n_pe,) cycles in each of `STATES`, and in others where a machine has them.

    Parameters
    ----------
    starved : (n_pe, len(CAUSES)) cycles
    beside : (n_pe,) starved cycles in which another PE of the queue was at work
    """
    states = phases(counters) | {
        _OF_CAUSE[cause]: starved[:, i] for i, cause in enumerate(CAUSES)}
    others = {state: cycles for state, cycles in states.items() if state == "bitmaps"}
    if beside.any():
        others[BESIDE] = beside
    return {state: states[state] for state in STATES} | others


def bound(states: Mapping[str, IntArray], blamed: IntArray) -> str:
    """The largest loss, and whose queue it is, as a clause."""
    text = largest_loss(states)
    lost = {state: int(cycles.sum()) for state, cycles in states.items() if state != "useful"}
    if not blamed.any() or lost[_BLOCKED] < max(lost.values()):
        return text
    pe = int(np.argmax(blamed))
    return f"{text}; PE {pe}'s queue is to blame for most of it ({blamed[pe] / blamed.sum():.0%})"


def queues(counters: Counters, blamed: IntArray, worst: IntArray) -> Table:
    """The PEs to blame first."""
    return Table(
        "worst_queues", "PEs whose full queue starved others",
        {"pe": "PE", "starved_pe_cycles": "PE-cycles starved", "starved_cycles": "cycles a PE",
         "entries": "its entries", "blocking_cycles": "cycles full while blocked"},
        [{"pe": int(pe), "starved_pe_cycles": int(blamed[pe]),
          "starved_cycles": float(blamed[pe] / len(blamed)),
          "entries": int(counters.issued_entries[pe]),
          "blocking_cycles": int(counters.blocking_cycles[pe])} for pe in worst],
    )
