"""The waits of columns, 64 PEs in a register, and what is counted of them: for `kernels.narrow`.

What a column still waits when so many others have followed it are the cycles in which the queue
holds that many behind it; what the last of a full queue still waits holds back the next broadcast.
All waits are told first: each is known a queue before it can hold anything back. They are counted
when many vectors have told theirs, four of a PE side by side.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from accelsim.kernels.fours import (
    mixed,
    mixed_pairs,
    mixed_pairs_upper,
    mixed_upper,
    plus_fours,
    repeat_four,
)
from accelsim.kernels.jit import linked, part
from accelsim.kernels.lanes import (
    LANES,
    add_to,
    choose,
    equal,
    larger,
    largest,
    less,
    load,
    plus,
    splat,
    store,
)

BUILT_ON = "f4301da3ce05e384"  # fours.py

LEVELS = 8               # entries of the longest queue
BLOCKING, ADDER, WRITE = 8, 9, 10
TALLIES = 11             # rows that are counted: levels, and those above
FLOORS = BLOCKING + 1
APART = 256             # cycles from one pass to the next: no wait is as long
_FEW = 120               # columns: twice as many bypasses fit a byte
NONE, NO_ENTRY, KEPT = 253, 254, 255
"""Rows in a table: a slot without an accumulator; what equals no slot; that of the slot before."""
FIRST, SECOND, BEFORE_LAST, LAST, FIELDS = 1, 2, 3, 4, 5
at, byte = np.uint64, np.uint8


class Machine(NamedTuple):
    """PEs, entries of a queue, whether row changes take cycles, the bound of all waits, whether
    bypasses are counted; the column of the bias, columns between two kernel positions, and bytes
    of a tile's table and of a column's."""

    n_pe: int
    depth: int
    row_changes: int
    longest: int
    bypasses: int
    bias_column: int
    width: int
    tile_bytes: int
    column_bytes: int


class Work(NamedTuple):
    """What vectors work on.

    Columns and row changes of one vector, the former by where they stand in the table but of a
    single pass. Of those broadcast that are not counted yet, of one
    vector after the other: where they stand in the table, row changes, a queue later their last
    pops, their cycles, and those in which nothing but a full queue would hold them back; their
    waits, `LANES` each, and their floors, `FLOORS` rows. Of passes the end among these, and cycles
    of the scan behind it. Sums (`TALLIES` * LANES,) of vectors of as many times, and of all.
    """

    columns: npt.NDArray[np.int32]
    changes: npt.NDArray[np.int32]
    places: npt.NDArray[np.int32]
    before: npt.NDArray[np.int32]
    latest: npt.NDArray[np.int64]
    issue: npt.NDArray[np.int32]
    early: npt.NDArray[np.int32]
    waits: npt.NDArray[np.uint8]
    floors: npt.NDArray[np.uint8]
    ends: npt.NDArray[np.int64]
    trailing: npt.NDArray[np.int64]
    sums: npt.NDArray[np.int64]
    tallies: npt.NDArray[np.int64]


@linked
def walk(table, n_passes, rows, machine, work):
    """Broadcast what is listed, and count it: cycles of the scans, and until the last slots.

    A pass begins so long after the one before it that nothing of that is left: to the loop, and to
    what counts waits, all passes are one.
    """
    places, before, latest = work.places, work.before, work.latest
    issue, early, waits, sums = work.issue, work.early, work.waits, work.sums
    bypasses, depth, few = machine.bypasses, machine.depth, _FEW
    one, none, kept = splat(byte(1)), splat(byte(NONE)), splat(byte(KEPT))
    busy = adder = write = splat(byte(0))
    near = far = none
    latest[:depth] = -1
    now, i, scans, slots = np.int64(-1 - APART), 0, 0, 0
    for step in range(n_passes):
        start, end = now + 1 + APART, work.ends[step]
        if i == end:
            slots += work.trailing[step]
            continue
        while i < end:
            soonest, last = now + 1 + before[at(i)], now
            now = max(soonest, latest[at(i)] + 1)
            issue[at(i)], early[at(i)] = now, soonest
            passed = splat(byte(min(now - last, 255)))
            left = less(busy, passed)
            wait = larger(left, one)
            store(waits, at(i * LANES), wait)
            latest[at(i + depth)] = now + np.int64(largest(wait))
            row = at(places[at(i)])
            if bypasses:
                # Nothing stands between this slot and the one before, or one slot without entry.
                far = choose(left, one, far, choose(busy, passed, near, none))
                near = choose(left, one, near, none)
                entry = load(table, row + at(FIRST * LANES))
                again = equal(entry, near)
                adder = plus(adder, again)
                write = plus(write, less(equal(entry, far), again))
                write = plus(write, equal(load(table, row + at(SECOND * LANES)), near))
                entry = load(table, row + at(BEFORE_LAST * LANES))
                far = choose(entry, kept, near, entry)
                near = load(table, row + at(LAST * LANES))
                few -= 1
                if few == 0:
                    few = _FEW
                    add_to(sums, at(ADDER * LANES), adder)
                    add_to(sums, at(WRITE * LANES), write)
                    adder = write = splat(byte(0))
            busy = plus(wait, load(table, row))
            i += 1
        scan = now + 1 - start
        scans += scan
        slots += scan + max(work.trailing[step], np.int64(largest(busy)))
    add_to(sums, at(ADDER * LANES), adder)
    add_to(sums, at(WRITE * LANES), write)
    if rows:
        _find_floors(rows, depth, issue, early, work.floors)
        waits[rows * LANES : (rows + 3) * LANES] = 0
        _count_half(0, rows, waits, work.floors, sums)
        _count_half(1, rows, waits, work.floors, sums)
    return scans, slots


@linked
def _find_floors(rows, depth, issue, early, floors):
    """Write the cycles until so many columns more are in the queue, or until the next one would
    be broadcast if it were not full, for each: what a column waits beyond them is counted."""
    most, room = np.int32(255), len(floors) // FLOORS
    issue[rows : rows + LEVELS] = early[rows : rows + LEVELS] = issue[rows - 1] + 256
    for level in range(1, LEVELS):
        for k in range(rows):
            passed = np.int32(issue[at(k + level)] - issue[at(k)])
            floors[at(level * room + k)] = byte(min(passed, most))
    for k in range(rows):
        passed = np.int32(early[at(k + depth)] - issue[at(k)])
        floors[at(BLOCKING * room + k)] = byte(min(np.int32(passed - np.int32(1)), most))


@part
def _count_half(upper, rows, waits, floors, sums):
    """Add what waits have above their floors, of half of the PEs: four of one PE side by side."""
    room = len(floors) // FLOORS
    a0 = b0 = a1 = b1 = a2 = b2 = splat(np.int32(0))
    a3 = b3 = a4 = b4 = a5 = b5 = splat(np.int32(0))
    a6 = b6 = a7 = b7 = a8 = b8 = splat(np.int32(0))
    for k in range(0, rows, 4):
        place = at(k * LANES)
        first, second = load(waits, place), load(waits, place + at(LANES))
        third, fourth = load(waits, place + at(2 * LANES)), load(waits, place + at(3 * LANES))
        if upper:
            first, third = mixed_upper(first, second), mixed_upper(third, fourth)
        else:
            first, third = mixed(first, second), mixed(third, fourth)
        a, b = mixed_pairs(first, third), mixed_pairs_upper(first, third)
        a0, b0 = plus_fours(a0, a), plus_fours(b0, b)
        floor = repeat_four(floors, at(room + k))
        a1, b1 = plus_fours(a1, less(a, floor)), plus_fours(b1, less(b, floor))
        floor = repeat_four(floors, at(2 * room + k))
        a2, b2 = plus_fours(a2, less(a, floor)), plus_fours(b2, less(b, floor))
        floor = repeat_four(floors, at(3 * room + k))
        a3, b3 = plus_fours(a3, less(a, floor)), plus_fours(b3, less(b, floor))
        floor = repeat_four(floors, at(4 * room + k))
        a4, b4 = plus_fours(a4, less(a, floor)), plus_fours(b4, less(b, floor))
        floor = repeat_four(floors, at(5 * room + k))
        a5, b5 = plus_fours(a5, less(a, floor)), plus_fours(b5, less(b, floor))
        floor = repeat_four(floors, at(6 * room + k))
        a6, b6 = plus_fours(a6, less(a, floor)), plus_fours(b6, less(b, floor))
        floor = repeat_four(floors, at(7 * room + k))
        a7, b7 = plus_fours(a7, less(a, floor)), plus_fours(b7, less(b, floor))
        floor = repeat_four(floors, at(8 * room + k))
        a8, b8 = plus_fours(a8, less(a, floor)), plus_fours(b8, less(b, floor))
    place = at(2 * upper * (LANES // 4))
    add_to(sums, place, a0)
    add_to(sums, place + at(LANES // 4), b0)
    add_to(sums, place + at(LANES), a1)
    add_to(sums, place + at(LANES + LANES // 4), b1)
    add_to(sums, place + at(2 * LANES), a2)
    add_to(sums, place + at(2 * LANES + LANES // 4), b2)
    add_to(sums, place + at(3 * LANES), a3)
    add_to(sums, place + at(3 * LANES + LANES // 4), b3)
    add_to(sums, place + at(4 * LANES), a4)
    add_to(sums, place + at(4 * LANES + LANES // 4), b4)
    add_to(sums, place + at(5 * LANES), a5)
    add_to(sums, place + at(5 * LANES + LANES // 4), b5)
    add_to(sums, place + at(6 * LANES), a6)
    add_to(sums, place + at(6 * LANES + LANES // 4), b6)
    add_to(sums, place + at(7 * LANES), a7)
    add_to(sums, place + at(7 * LANES + LANES // 4), b7)
    add_to(sums, place + at(8 * LANES), a8)
    add_to(sums, place + at(8 * LANES + LANES // 4), b8)


@linked
def drain(often, sums, tallies):
    """Add so often what has been summed up, and clear it. `_count_half` leaves PEs in the order in
    which they are mixed: four by four of each 16."""
    for row in range(TALLIES):
        for p in range(LANES):
            place = p % 16 // 4 * 16 + p // 16 * 4 + p % 4 if row <= BLOCKING else p
            tallies[row * LANES + p] += often * sums[row * LANES + place]
    sums[:] = 0
