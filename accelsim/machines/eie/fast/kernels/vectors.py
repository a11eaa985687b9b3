"""Time and counters of many vectors through one image, in one call.

Shapes, types and style as in `kernels.time`. `accelsim.machines.eie.fast.pass_time` checks what
these kernels are given. Kernels of other files are called here, and Numba's cache notices
changes of this file only: ``BUILT_ON`` is held to them by tests/contracts/test_kernel_modes.py.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from accelsim.kernels.jit import kernel, linked
from accelsim.machines.eie.fast.kernels.counters import (
    ADDER_BYPASSES,
    BLOCKING_CYCLES,
    SPMAT_LINE_READS,
    WRITE_BYPASSES,
    count_bypasses,
)
from accelsim.machines.eie.fast.kernels.passes import (
    LEVELS,
    Sums,
    at,
    broadcast,
    count_excess,
    count_line_reads,
    count_packed_line_reads,
)
from accelsim.machines.eie.fast.kernels.time import count_row_changes

BUILT_ON = "7e32c83889cd3c8a"  # of counters.py, passes.py and time.py

_FEW = 120  # columns: 8 bits hold their sums


class Steps(NamedTuple):
    """The passes of every vector, (n_passes,) int64 each: tile, first and last scan row, bias."""

    tile: npt.NDArray[np.int64]
    first_row: npt.NDArray[np.int64]
    end_row: npt.NDArray[np.int64]
    bias: npt.NDArray[np.int64]


class Rules(NamedTuple):
    """What the machine does: queue entries, slots of an empty column, cycles of a row change; and
    how waits are held: their bound, and the columns whose sums fit (`kernels.passes`). ``even``:
    every PE has one row, so that each column takes one slot of all, and no queue ever fills.
    ``count_bypass``: whether sums that are forwarded are counted."""

    depth: int
    empty_cycles: int
    row_change_cycles: int
    longest: int
    block: int
    even: bool
    count_bypass: bool


class PassSums(NamedTuple):
    """What is added to: ``counts`` (len(`kernels.counters.PASS_SUMS`), n_pe) int64, and the rest
    as in `kernels.passes.Sums`."""

    counts: npt.NDArray[np.int64]
    excess: npt.NDArray[np.int64]
    few: npt.NDArray[np.signedinteger]
    some: npt.NDArray[np.integer]


@kernel
def run_vectors(
    maps, addresses, times, width, steps, rules, tables, spans, edges, wait, sums, weights,
):
    """Time and counters of all vectors, ``times`` each, but for those of `count_columns`.

    ``maps`` (pixels, channels) and ``addresses`` (n_vectors, positions) gather the vectors; a
    position begins ``width`` columns behind the one before it. ``tables`` are counts, the entries
    that are weights with a row of zeros more, and first lines of all tiles, as a plain tuple;
    ``spans`` belongs to it, but what is None inside of a tuple is compiled. ``edges`` (n_tiles,
    n_columns, 4, n_pe).
    ``wait`` (most columns, n_pe) is memory; ``sums`` are `PassSums` as a plain tuple. Adds to
    ``weights`` (n_columns,) how often each column is broadcast in a tile. Returns the compute
    cycles, row changes, blocked cycles and broadcasts of all vectors.
    """
    one = PassSums(*sums)
    total = one.counts.copy(), one.excess.copy()
    one.counts[:] = 0
    one.excess[:] = 0
    n_positions, bias_column = addresses.shape[1], len(weights) - 1
    columns = np.empty(n_positions * maps.shape[1] + 1, np.int64)
    memory = (
        np.zeros(len(columns), np.int32), np.empty(len(columns), np.int32), wait,
        np.empty(len(columns), np.int64),
        np.empty((LEVELS, rules.block), wait.dtype),
    )
    every = np.zeros(4, np.int64)
    for vector in range(len(addresses)):
        found = 0
        for position in range(n_positions):
            pixel, first = maps[addresses[vector, position]], position * width
            for channel in range(len(pixel)):
                columns[found] = first + channel
                found += pixel[channel] != 0
        often = times[vector]
        for k in range(found):
            weights[columns[k]] += often
        if steps.bias[-1]:
            weights[bias_column] += often
        told = _run_vector(
            columns, found, bias_column, steps, rules, tables, spans, edges, memory, sums)
        for i in range(4):
            every[i] += often * told[i]
        if often > 1 or vector == len(addresses) - 1 or times[vector + 1] > 1:
            _add_times(total[0], one.counts, often)
            _add_times(total[1], one.excess, often)
    one.counts[:] = total[0]
    one.excess[:] = total[1]
    return every[0], every[1], every[2], every[3]


@linked
def _add_times(total, one, often):
    """Add ``one`` so many times, and clear it."""
    for i in range(len(one)):
        for p in range(one.shape[1]):
            total[i, p] += often * one[i, p]
            one[i, p] = 0


@linked
def _run_vector(
    columns, found, bias_column, steps, rules, tables, spans, edges, memory, sums
):
    """All passes of one vector, whose ``found`` columns are broadcast."""
    changes, issue, wait, latest, floors = memory
    counts, real, first_line = tables
    one, n_pe = PassSums(*sums), counts.shape[2]
    compute, row_changes, blocked, broadcasts, begin = 0, 0, 0, 0, 0
    busy, end_line = np.empty(n_pe, wait.dtype), np.empty(n_pe, first_line.dtype)
    skipped = np.empty(n_pe, first_line.dtype)
    for step in range(len(steps.tile)):
        tile, first_column = steps.tile[step], steps.first_row[step] * n_pe
        begin = begin if first_column else 0
        end, last_column = begin, steps.end_row[step] * n_pe
        while end < found and columns[end] < last_column:
            end += 1
        upto = end
        if steps.bias[step]:
            columns[end] = bias_column
            upto = end + 1
        count = upto - begin
        active, changed, trailing = columns[begin:upto], 0, 0
        if rules.row_change_cycles:
            changed, reached = count_row_changes(active, n_pe, first_column, changes)
            if not steps.bias[step]:
                trailing = steps.end_row[step] - reached
        last_slot, held = -1, 0
        if count:
            end_line[:], skipped[:] = 0, 0
            if spans is None:
                count_packed_line_reads(first_line[tile], active, end_line, skipped)
            else:
                count_line_reads(first_line[tile], spans[tile], active, end_line, skipped)
            for p in range(n_pe):
                one.counts[SPMAT_LINE_READS, p] += np.int32(end_line[p]) - np.int32(skipped[p])
            if rules.even:  # pops follow broadcasts by one cycle, slots by two
                last_slot = count + changed + 1
                for p in range(n_pe):
                    one.excess[0, p] += count
                if rules.count_bypass:
                    _count_even_bypasses(
                        real[tile], active, changes, one.counts[ADDER_BYPASSES],
                        one.counts[WRITE_BYPASSES],
                    )
                compute += max(count + changed + trailing, last_slot + 1)
                row_changes += changed + trailing
                broadcasts += count
                begin = end
                continue
            busy[:] = 0
            now = broadcast(
                counts[tile], active, changes, 0, rules.depth, rules.empty_cycles, rules.longest,
                -1, latest, busy, issue, wait,
            )
            last_slot, held = now + busy.max(), now + 1 - count - changed
            for h in range(0, count, rules.block):
                count_excess(
                    issue[:count], changes[:count], wait[h:], rules.longest, h,
                    min(count - h, rules.block), floors,
                    Sums(one.counts[0], one.counts[0], one.counts[0],
                         one.counts[BLOCKING_CYCLES], one.counts[0], one.excess, one.few,
                         one.some),
                )
            if rules.count_bypass:
                count_bypasses(
                    counts[tile], edges[tile], active, issue[:count], wait, rules.longest,
                    one.counts[ADDER_BYPASSES], one.counts[WRITE_BYPASSES],
                )
        compute += max(count + changed + trailing + held, last_slot + 1)
        row_changes += changed + trailing
        blocked += held
        broadcasts += count
        begin = end
    return compute, row_changes, blocked, broadcasts


@linked
def _count_even_bypasses(real, columns, changes, adder, write):
    """As `kernels.counters.count_bypasses`, where every PE has one row and a column one slot:
    entries in slots next to each other, and with one slot between them.

    ``real`` (n_columns + 1, n_pe) is 1 where a column has a weight; its last row has none. One
    array and indices into it, because counting references to rows of it takes as long as all else.
    """
    n_pe, kind, nothing = real.shape[1], real.dtype.type, at(len(real) - 1)
    for begin in range(0, len(columns), _FEW):
        from_adder, from_write = np.zeros(n_pe, real.dtype), np.zeros(n_pe, real.dtype)
        for k in range(begin, min(begin + _FEW, len(columns))):
            here, near, far = at(columns[k]), nothing, nothing
            if k > 0 and changes[k] == 0:
                near = at(columns[k - 1])
                if k > 1 and changes[k - 1] == 0:
                    far = at(columns[k - 2])
            elif k > 0 and changes[k] == 1:
                far = at(columns[k - 1])
            for p in range(n_pe):
                a, b, c = real[here, p], real[near, p], real[far, p]
                from_adder[p] = kind(from_adder[p] + kind(a & b))
                from_write[p] = kind(from_write[p] + kind(kind(a & c) & kind(~b)))
        for p in range(n_pe):
            adder[p] += from_adder[p]
            write[p] += from_write[p]


@kernel
def count_columns(counts, padding, weights, entries, pads, empty):
    """Add the entries, padding entries and empty columns of columns that are broadcast
    ``weights`` times in each tile."""
    for tile in range(len(counts)):
        for column in range(len(weights)):
            often, row, pad_row = weights[column], counts[tile, column], padding[tile, column]
            if often:
                for p in range(len(row)):
                    entries[p] += often * row[p]
                    pads[p] += often * pad_row[p]
                    empty[p] += often * (row[p] == 0)
