"""Cross bins of RTL traces: situations of several units at once, and the edges of passes."""

from __future__ import annotations

from itertools import product

import numpy as np

FULL = {True: "queue full", False: "queue not full"}
SCAN = {True: "row changes", False: "row stays"}
BANK = {0: "even column popped", 1: "odd column popped"}
HAZARD = {0: "no hazard", 1: "hazard at distance 1", 2: "hazard at distance 2"}
EDGES = [
    "pass: first, files swap and accumulators clear",
    "pass: accumulators clear, files stay",
    "pass: accumulators kept",
    "pass: begins right behind a drain",
    "pass: begins right behind a store",
    "pass: the scan finds nothing",
    "pass: broadcast in the first cycle of the scan",
    "pass: broadcast in the last cycle of the scan",
    "pass: a sum is written in the last cycle of the drain",
    "pass: one row",
]


def names():
    """Every bin, as long as nothing has run."""
    return [
        *(f"cross: {', '.join(words)}" for words in product(
            FULL.values(), SCAN.values(), BANK.values(), HAZARD.values())),
        *(f"columns: {where} of a pass is {what}"
          for where in ("first", "last", "only") for what in ("empty", "not empty")),
        *EDGES,
    ]


def add(hits, config, got):
    """Count the bins that a trace of one layer meets."""
    for pe in range(config.n_pe):
        mine = {name: values[:, pe] for name, values in got.items() if values.ndim == 2}
        _cross(hits, config, got["row_change"], mine)
        _columns(hits, got["start"], mine)
    _edges(hits, got)


def _cross(hits, config, row_change, got):
    full = got["act_queue.count"] == config.act_queue_depth
    hazard = np.where(got["arith_unit.adder_bypass"] == 1, 1,
                      np.where(got["arith_unit.write_bypass"] == 1, 2, 0))
    popped, odd = got["ptr_read.pop"] == 1, got["act_queue.column"] & 1
    for a, b, c, d in product(FULL, SCAN, BANK, HAZARD):
        where = popped & (full == a) & (row_change == b) & (odd == c) & (hazard == d)
        hits[f"cross: {FULL[a]}, {SCAN[b]}, {BANK[c]}, {HAZARD[d]}"] += int(where.sum())


def _columns(hits, start, got):
    """The pointers of a column are there in the cycle behind its pop."""
    pops = np.flatnonzero(got["ptr_read.pop"])
    number = np.cumsum(start)[pops]
    for one in np.unique(number):
        of_pass = pops[number == one]
        ends = {"only": of_pass} if len(of_pass) == 1 else {
            "first": of_pass[:1], "last": of_pass[-1:]}
        for where, at in ends.items():
            empty = got["ptr_read.begin"][at[0] + 1] == got["ptr_read.end"][at[0] + 1]
            hits[f"columns: {where} of a pass is {'empty' if empty else 'not empty'}"] += 1


def _edges(hits, got):
    starts = np.flatnonzero(got["start"])
    for begin, end in zip(starts, [*starts[1:], len(got["start"])], strict=True):
        scans = np.flatnonzero(got["looks"][begin:end] | got["broadcast"][begin:end])
        cast = got["broadcast"][begin:end]
        drains = np.flatnonzero(got["drain"][begin:end])
        met = {
            EDGES[0]: got["swap"][begin] and got["clear"][begin],
            EDGES[1]: got["clear"][begin] and not got["swap"][begin],
            EDGES[2]: not got["clear"][begin],
            EDGES[3]: begin > 0 and got["drain"][begin - 1],
            EDGES[4]: begin > 0 and got["store"][begin - 1],
            EDGES[5]: not cast.any(),
            EDGES[6]: len(scans) and cast[scans[0]],
            EDGES[7]: len(scans) and cast[scans[-1]],
            EDGES[8]: len(drains) and got["arith_unit.write"][begin + drains[-1]].any(),
            EDGES[9]: got["row_change"][begin:end].sum() == 0,
        }
        for name, is_met in met.items():
            hits[name] += int(bool(is_met))
