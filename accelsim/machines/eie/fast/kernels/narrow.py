"""Passes of vectors whose waits fit bytes: 64 PEs in a register, all that is counted in others.

For queues of at most `LEVELS` entries. Style and types as in `kernels.vectors`, whose counts these
are; `accelsim.machines.eie.fast.narrow_time` makes and checks what these kernels are given. Kernels
of another file are called here: ``BUILT_ON`` as there.

A column that waits is followed through the queue: ``r0`` is the wait of the column broadcast last,
``r1`` what is left of the wait of the column before it, and so on. These are the cycles in which
the queue holds a column and so many others behind it. Where the last of a full queue still waits,
the next broadcast is held back; how long is known a queue ahead, so that nothing waits for it here.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from accelsim.kernels.jit import kernel, linked, part
from accelsim.kernels.lanes import (
    LANES,
    add_to,
    any_beyond,
    choose,
    equal,
    larger,
    largest,
    less,
    load,
    plus,
    plus_kept,
    splat,
)

BUILT_ON = "004d4d79e348a98a"  # lanes.py

LEVELS = 8               # entries of the longest queue
BLOCKING, ADDER, WRITE = 8, 9, 10
TALLIES = 11             # rows that are counted: levels, and those above
_TIMES = 128             # so often twice a byte fits 16 bits
NONE, NO_ENTRY, KEPT = 253, 254, 255
"""Rows in a table: a slot without an accumulator; what equals no slot; that of the slot before."""
FIRST, SECOND, BEFORE_LAST, LAST, FIELDS = 1, 2, 3, 4, 5
at, byte = np.uint64, np.uint8


class Lists(NamedTuple):
    """The channels of each pixel that are not zero: ``starts`` (pixels + 1,), the ``channels``, and
    the row changes before each (S3), from the one before it in the pixel or from its first row."""

    starts: npt.NDArray[np.int64]
    channels: npt.NDArray[np.int32]
    changes: npt.NDArray[np.int32]


class Machine(NamedTuple):
    """PEs, entries of a queue, whether row changes take cycles, the bound of all waits, whether
    bypasses are counted; the column of the bias, columns between two kernel positions, and bytes
    of a tile's table."""

    n_pe: int
    depth: int
    row_changes: int
    longest: int
    bypasses: int
    bias_column: int
    width: int
    tile_bytes: int


class Work(NamedTuple):
    """What a vector works on: its broadcasts, one more than there can be, their row changes and,
    a queue later, their last pops;
    (`TALLIES` * LANES,) sums of 16 and of 64 bits; (1,) how often the former were added to.
    """

    columns: npt.NDArray[np.int32]
    changes: npt.NDArray[np.int32]
    latest: npt.NDArray[np.int64]
    sums: npt.NDArray[np.uint16]
    tallies: npt.NDArray[np.int64]
    times: npt.NDArray[np.int64]


@kernel
def list_channels(maps, n_pe, row_changes, starts, channels, changes):
    """Write `Lists` of ``maps`` (pixels, channels); arrays hold one more than there are."""
    found = 0
    for pixel in range(len(maps)):
        starts[pixel] = found
        reached = 0
        for row in range((maps.shape[1] + n_pe - 1) // n_pe):
            end = (row + 1) * n_pe
            for channel in range(row * n_pe, min(end, maps.shape[1])):
                channels[at(found)] = channel  # written in vain where it is zero: no branch
                changes[at(found)] = (row - reached) * row_changes
                here = maps[pixel, channel] != 0
                found += here
                reached = row + (channel + 1 == end) if here else reached
    starts[len(maps)] = found


@kernel
def run_narrow(lists, addresses, first, times, passes, machine, table, work):
    """Compute cycles and blocked cycles of the vectors ``first``, ``times`` each; adds to
    `Work.tallies`.

    ``addresses`` (n_vectors, positions) gathers the vectors. ``table`` (n_tiles, n_columns, fields,
    LANES), in one dimension: slots, and where bypasses are counted the rows by `FIELDS`.
    """
    compute, blocked, kept = 0, 0, 1
    _clear(work)
    for kind in range(len(first)):
        found = _gather(lists, addresses[first[kind]], machine, work)
        if times[kind] != kept:
            _drain(work, kept)
            kept = times[kind]
        cycles, held = _run_vector(found, passes, machine, table, work, kept)
        compute += kept * cycles
        blocked += kept * held
    _drain(work, kept)
    return compute, blocked


@kernel
def run_narrow_pass(tile, machine, table, work):
    """The last cycle of any issue slot and that of the last broadcast of one pass; adds as above.

    It broadcasts all of `Work.columns`, before each of which the row changes so often.
    """
    _clear(work)
    scan, slots, _ = _broadcast(
        table, tile * machine.tile_bytes, 0, len(work.columns), machine, work, 1)
    _drain(work, 1)
    return slots - 1, scan - 1


@linked
def _gather(lists, pixels, machine, work):
    """Write a vector's broadcasts and their row changes; how many."""
    found, reached, n_pe = 0, 0, machine.n_pe
    for position in range(len(pixels)):
        begin, end = lists.starts[pixels[position]], lists.starts[pixels[position] + 1]
        if begin == end:
            continue
        first = position * machine.width
        for i in range(end - begin):
            work.columns[at(found + i)] = first + lists.channels[at(begin + i)]
            work.changes[at(found + i)] = lists.changes[at(begin + i)]
        if machine.row_changes:
            work.changes[found] = np.int64(work.columns[found]) // n_pe - reached
        found += end - begin
        reached = (np.int64(work.columns[found - 1]) + 1) // n_pe
    return found


@linked
def _run_vector(found, passes, machine, table, work, often):
    """All passes of one vector, whose ``found`` columns are broadcast: its cycles."""
    columns, changes, n_pe = work.columns, work.changes, machine.n_pe
    compute, blocked, begin = 0, 0, 0
    for step in range(len(passes.tile)):
        first_row, end_row, bias = passes.first_row[step], passes.end_row[step], passes.bias[step]
        begin = begin if first_row else 0
        end = found if step + 1 == len(passes.tile) else begin
        while end < found and columns[end] < end_row * n_pe:
            end += 1
        row = (np.int64(columns[end - 1]) + 1) // n_pe if end > begin else first_row
        if bias:
            columns[end] = machine.bias_column
            changes[end] = (machine.bias_column // n_pe - row) * machine.row_changes
        kept, trailing = changes[begin], 0
        if end > begin:
            changes[begin] = (np.int64(columns[begin]) // n_pe - first_row) * machine.row_changes
        if not bias:
            trailing = (end_row - row) * machine.row_changes
        scan, slots, held = _broadcast(
            table, passes.tile[step] * machine.tile_bytes, begin, end + bias, machine, work, often)
        changes[begin] = kept
        compute += max(scan + trailing, slots)
        blocked += held
        begin = end
    return compute, blocked


@linked
def _broadcast(table, tile, begin, end, machine, work, often):
    """Broadcast columns: cycles of the scan, cycles until the last slot, and those held back."""
    columns, changes, bypasses = work.columns, work.changes, machine.bypasses
    row_bytes, last, latest = LANES * (FIELDS if bypasses else 1), machine.depth - 1, work.latest
    zero, one, none, kept = splat(byte(0)), splat(byte(1)), splat(byte(NONE)), splat(byte(KEPT))
    most = splat(byte(254))
    near = far = none
    busy = r0 = r1 = zero
    r2 = r3 = r4 = zero
    r5 = r6 = r7 = zero
    a0 = a1 = a2 = zero
    a3 = a4 = a5 = zero
    a6 = a7 = held = zero
    adder = write = other = zero
    latest[: machine.depth] = -1
    now = np.int64(-1)
    for k in range(begin, end):
        full = r7
        if last < 7:
            if last > 3:
                full = r6 if last == 6 else r5 if last == 5 else r4
            else:
                full = r3 if last == 3 else r2 if last == 2 else r1 if last else r0
        change, before = np.int64(changes[at(k)]), now
        if change:
            full = less(full, splat(byte(min(change, 255))))
        now = max(now + 1 + change, latest[at(k - begin)] + 1)
        step = splat(byte(min(now - before, 255)))
        r7, r6 = less(r6, step), less(r5, step)
        r5, r4 = less(r4, step), less(r3, step)
        r3, r2 = less(r2, step), less(r1, step)
        r1 = less(r0, step)
        left = less(busy, step)
        r0 = larger(left, one)
        latest[at(k - begin + machine.depth)] = now + np.int64(largest(r0))
        if any_beyond(plus_kept(a0, r0), most):  # no other sum is larger
            _sum_up(work, often, a0, a1, a2, a3, a4, a5, a6, a7, held)
            a0 = a1 = a2 = zero
            a3 = a4 = a5 = zero
            a6 = a7 = held = zero
            if bypasses:
                _sum_up_bypasses(work, adder, write, other)
                adder = write = other = zero
        held = plus(held, full)
        a0, a1 = plus(a0, r0), plus(a1, r1)
        a2, a3 = plus(a2, r2), plus(a3, r3)
        a4, a5 = plus(a4, r4), plus(a5, r5)
        a6, a7 = plus(a6, r6), plus(a7, r7)
        row = at(tile + np.int64(columns[at(k)]) * row_bytes)
        if bypasses:
            # Nothing stands between this slot and the one before, or one slot without entry.
            far = choose(left, one, far, choose(busy, step, near, none))
            near = choose(left, one, near, none)
            entry = load(table, row + at(FIRST * LANES))
            again = equal(entry, near)
            adder = plus(adder, again)
            write = plus(write, less(equal(entry, far), again))
            other = plus(other, equal(load(table, row + at(SECOND * LANES)), near))
            entry = load(table, row + at(BEFORE_LAST * LANES))
            far = choose(entry, kept, near, entry)
            near = load(table, row + at(LAST * LANES))
        busy = plus(r0, load(table, row))
    _sum_up(work, often, a0, a1, a2, a3, a4, a5, a6, a7, held)
    if bypasses:
        _sum_up_bypasses(work, adder, write, other)
    changed = np.int64(0)
    for k in range(begin, end):
        changed += changes[at(k)]
    return now + 1, now + 1 + np.int64(largest(busy)), now + 1 - (end - begin) - changed


@part
def _sum_up(work, often, a0, a1, a2, a3, a4, a5, a6, a7, held):
    """Add bytes to the sums of 16 bits, which hold so many of them."""
    if work.times[0] == _TIMES:
        _drain(work, often)
    work.times[0] += 1
    sums = work.sums
    add_to(sums, at(0), a0)
    add_to(sums, at(LANES), a1)
    add_to(sums, at(2 * LANES), a2)
    add_to(sums, at(3 * LANES), a3)
    add_to(sums, at(4 * LANES), a4)
    add_to(sums, at(5 * LANES), a5)
    add_to(sums, at(6 * LANES), a6)
    add_to(sums, at(7 * LANES), a7)
    add_to(sums, at(BLOCKING * LANES), held)


@part
def _sum_up_bypasses(work, adder, write, other):
    add_to(work.sums, at(ADDER * LANES), adder)
    add_to(work.sums, at(WRITE * LANES), write)
    add_to(work.sums, at(WRITE * LANES), other)


@linked
def _clear(work):
    work.sums[:] = 0
    work.times[0] = 0


@linked
def _drain(work, often):
    """Add so often what has been summed up, and clear it."""
    for i in range(len(work.sums)):
        work.tallies[i] += often * np.int64(work.sums[i])
    _clear(work)
