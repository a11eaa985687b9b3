"""All passes of a layer in one call. Shapes, types and style as in `kernels.time`.

For the published units with bypass on. `accelsim.machines.eie.fast.plan_time` makes what these
kernels are given. Kernels of other files are called here, and Numba's cache notices changes of this
file only: ``BUILT_ON`` is held to them by tests/contracts/test_kernel_modes.py.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from accelsim.kernels.jit import kernel, linked
from accelsim.machines.eie.fast.kernels.counters import add_bypasses
from accelsim.machines.eie.fast.kernels.passes import (
    MOST_COLUMNS,
    Sums,
    broadcast,
    count_columns,
    count_excess,
)
from accelsim.machines.eie.fast.kernels.time import row_changes

BUILT_ON = "116294289dc6a5c9"  # counters.py, passes.py, time.py


class Passes(NamedTuple):
    """(passes,) int64 each: tile, the first broadcast and that behind the last among all columns,
    first scan row and that behind the last, whether a bias is behind it, whether the segment was
    refilled."""

    tile: npt.NDArray[np.int64]
    begin: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    first_row: npt.NDArray[np.int64]
    end_row: npt.NDArray[np.int64]
    bias: npt.NDArray[np.int64]
    refilled: npt.NDArray[np.int64]


class Rules(NamedTuple):
    """As in `passes.run_pass`, and the cycles of a row change."""

    depth: int
    empty_cycles: int
    longest: int
    block: int
    row_change_cycles: int


class Memory(NamedTuple):
    """Of the longest pass: int32 ``issue``, ``changes`` and ``latest``; ``wait``, ``busy`` and
    ``floors`` as in `passes.run_pass`."""

    issue: npt.NDArray[np.int32]
    changes: npt.NDArray[np.int32]
    latest: npt.NDArray[np.int32]
    wait: npt.NDArray[np.signedinteger]
    busy: npt.NDArray[np.signedinteger]
    floors: npt.NDArray[np.signedinteger]


@kernel
def time_passes(counts, edges, passes, columns, rules, sums, bypasses, memory, told):
    """Write compute cycles, row changes and blocked cycles of each pass, (3, passes) int64.

    ``counts`` (n_tiles, n_columns, n_pe) and ``edges`` (n_tiles, n_columns, 4, n_pe) are those of
    an image; without ``edges`` no bypasses are counted, with them ``wait`` holds a whole pass.
    ``columns`` are the broadcasts of all vectors. Adds to ``sums.excess``, its blocking cycles, and
    to ``bypasses``, (n_pe,) int64 of the adder and of the write stage.
    """
    passes, rules, sums, memory = Passes(*passes), Rules(*rules), Sums(*sums), Memory(*memory)
    n_pe = counts.shape[2]
    for i in range(len(passes.tile)):
        own = columns[passes.begin[i] : passes.end[i]]
        n, table = len(own), counts[passes.tile[i]]
        changed, trailing = np.int64(0), np.int64(0)
        changes, issue = memory.changes[:n], memory.issue[:n]
        changes[:] = 0
        if rules.row_change_cycles:
            changed, row = row_changes(own, n_pe, passes.first_row[i] * n_pe, changes)
            trailing = np.int64(0) if passes.bias[i] else passes.end_row[i] - row
        slots = scan = np.int64(0)
        if n:
            scan, slots = _time_pass(table, own, changes, rules, issue, memory, sums)
            if edges is not None:
                add_bypasses(table, edges[passes.tile[i]], own, issue, memory.wait[:n],
                             rules.longest, bypasses[0], bypasses[1])
        blocked = max(scan - n - changed, 0)
        told[0, i], told[1, i] = max(scan + trailing, slots), changed + trailing
        told[2, i] = blocked


@linked
def _time_pass(counts, columns, changes, rules, issue, memory, sums):
    """Cycles to the last broadcast, and to the last issue slot."""
    wait, busy, block = memory.wait, memory.busy, rules.block
    n_columns, depth = len(columns), rules.depth
    busy[:] = 0
    now, counted = np.int64(-1), np.int64(0)
    for begin in range(0, n_columns, block):
        end = min(begin + block, n_columns)
        now = broadcast(counts, columns[:end], changes, begin, depth, rules.empty_cycles,
                        rules.longest, now, memory.latest, busy, issue, wait[begin % len(wait) :])
        # Floors of a column are known when a queue of others has been broadcast after it.
        while counted < n_columns and (counted + block + depth <= end or end == n_columns):
            rows, n_rows = wait[counted % len(wait) :], min(block, n_columns - counted)
            count_excess(issue, changes, rows, rules.longest, counted, n_rows, memory.floors, sums)
            counted += block
    return now + 1, now + 1 + np.int64(busy.max())


@kernel
def count_entries(counts, padding, columns, sums):
    """Add what one vector's ``columns`` have in all tiles to ``sums``: entries, padding, columns
    without entries."""
    sums = Sums(*sums)
    for tile in range(len(counts)):
        for begin in range(0, len(columns), MOST_COLUMNS):
            count_columns(counts[tile], padding[tile], columns[begin : begin + MOST_COLUMNS], sums)


@kernel
def count_lines(starts, passes, columns, per_line, shift, held, reads):
    """Add the lines read in each pass (P5); of a refilled segment addresses count from its first
    entry on (M4).

    ``starts`` (n_tiles, n_columns + 1, n_pe) int32. Lines of ``per_line`` entries, ``1 << shift``
    where that is not negative. ``held`` (2, n_pe) int32 is memory.
    """
    passes = Passes(*passes)
    last, base = held[0], held[1]
    for i in range(len(passes.tile)):
        table = starts[passes.tile[i]]
        last[:] = -1
        base[:] = 0
        if passes.refilled[i]:
            base[:] = table[passes.first_row[i] * len(base)]
        for k in range(passes.begin[i], passes.end[i]):
            begin, end = table[columns[k]], table[columns[k] + 1]
            if shift >= 0:
                for p in range(len(last)):
                    low, high = (begin[p] - base[p]) >> shift, (end[p] - base[p] - 1) >> shift
                    there = end[p] > begin[p]
                    reads[p] += high - low + (low != last[p]) if there else 0
                    last[p] = high if there else last[p]
            else:
                for p in range(len(last)):
                    low, high = (begin[p] - base[p]) // per_line, (end[p] - base[p] - 1) // per_line
                    there = end[p] > begin[p]
                    reads[p] += high - low + (low != last[p]) if there else 0
                    last[p] = high if there else last[p]
