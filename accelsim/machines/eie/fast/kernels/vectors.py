"""When the columns of many vectors are broadcast and popped, and what depends on it.

Shapes, types and style as in `kernels.time`. `accelsim.machines.eie.fast.vector_time` makes and
checks what these kernels are given. PEs stand in groups of `LANES`, the last of which is filled
up with PEs that have no entries: loops of a known length over few arrays become a handful of
vector instructions, on whole registers where integers have 8 bits. Kernels of another file are
called here, and Numba's cache notices changes of this file only: ``BUILT_ON`` is held to it by
tests/contracts/test_kernel_modes.py.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from accelsim.kernels.jit import kernel, linked
from accelsim.machines.eie.fast.kernels.above import LANES, TOGETHER, count_above

BUILT_ON = "08500a09e2a2f778"  # above.py

STATES = 6   # of a PE: slots left, latest slot with an entry, its row, the row before; bypasses
_FEW = 120   # columns: twice as many bypasses fit 8 bits
at = np.uint64


class Passes(NamedTuple):
    """The passes of every vector, (n_passes,) int64 each: tile, first and last scan row, bias."""

    tile: npt.NDArray[np.int64]
    first_row: npt.NDArray[np.int64]
    end_row: npt.NDArray[np.int64]
    bias: npt.NDArray[np.int64]


class Rules(NamedTuple):
    """What the machine does: PEs, tiles, queue entries, cycles of a row change; the bound of all
    waits, the columns whose waits fit `Memory.above`; whether bypasses are counted, the fields of a
    column in the table, and two of the marks of `formats.column_table` as it has them."""

    n_pe: int
    n_tiles: int
    depth: int
    row_change_cycles: int
    longest: int
    most_columns: int
    bypasses: bool
    fields: int
    empty: int
    only: int


class Memory(NamedTuple):
    """What a vector works on: broadcasts (`TOGETHER` more than there can be) and their PEs.

    The longest waits of four columns fit the type of ``most``, ``wait``, ``floors`` (`LEVELS`,
    broadcasts) and ``state``. ``above`` (lanes / LANES, levels, LANES), of a wider one, is what
    waits have above their floors, and ``known`` (levels,) too much of it; levels are those of a
    queue, filled up to fours, and one for the cycles in which a PE held the broadcast back.
    """

    columns: npt.NDArray[np.int32]
    changes: npt.NDArray[np.int32]
    issue: npt.NDArray[np.int32]
    most: npt.NDArray[np.unsignedinteger]
    wait: npt.NDArray[np.unsignedinteger]
    floors: npt.NDArray[np.unsignedinteger]
    state: npt.NDArray[np.unsignedinteger]
    above: npt.NDArray[np.unsignedinteger]
    known: npt.NDArray[np.int64]


class Added(NamedTuple):
    """What is added to: ``excess`` (depth + 1, n_pe) int64 (`kernels.counters.finish`), and
    (n_pe,) int64 each."""

    excess: npt.NDArray[np.int64]
    blocking: npt.NDArray[np.int64]
    adder: npt.NDArray[np.int64]
    write: npt.NDArray[np.int64]


@kernel
def run_vectors(
    maps, addresses, first, times, width, bias_column, passes, rules, table, memory, added,
):
    """Compute cycles and blocked cycles of the vectors ``first``, ``times`` each.

    ``maps`` (pixels, channels) and ``addresses`` (n_vectors, positions) gather the vectors; a
    position begins ``width`` columns behind the one before it. ``table`` (n_tiles, n_columns,
    lanes / LANES, fields, LANES), in one dimension: slots, and for bypasses entries and rows by
    `Edge`.
    """
    every, every_blocked, held = 0, 0, 0
    memory.above[:] = 0
    memory.known[:] = 0
    for kind in range(len(first)):
        found = 0
        for position in range(addresses.shape[1]):
            pixel, begin = at(addresses[first[kind], position]), position * width
            for channel in range(maps.shape[1]):
                memory.columns[at(found)] = begin + channel
                found += maps[pixel, channel] != 0
        often, more = times[kind], found * rules.n_tiles + (1 + TOGETHER) * len(passes.tile)
        if often > 1 or held + more > rules.most_columns:
            _add_above(memory, rules, 1, added.excess, added.blocking)
            held = 0
        compute, blocked = _run_vector(
            found, bias_column, passes, rules, table, memory, often, added.adder, added.write)
        every += often * compute
        every_blocked += often * blocked
        held += more
        if often > 1:
            _add_above(memory, rules, often, added.excess, added.blocking)
            held = 0
    _add_above(memory, rules, 1, added.excess, added.blocking)
    return every, every_blocked


@linked
def _add_above(memory, rules, often, excess, blocking):
    """Add what has been gathered so many times, and clear it."""
    above, known, levels = memory.above, memory.known, len(memory.known)
    for p in range(rules.n_pe):
        place = (p // LANES * levels) * LANES + p % LANES
        for level in range(rules.depth):
            excess[level, p] += often * (np.int64(above[place + level * LANES]) - known[level])
        last = np.int64(above[place + (levels - 1) * LANES])
        blocking[p] += often * (last - known[levels - 1])
    above[:] = 0
    known[:] = 0


@linked
def _run_vector(found, bias_column, passes, rules, table, memory, often, adder, write):
    """All passes of one vector, whose ``found`` columns are broadcast: its cycles."""
    columns, n_pe, lanes = memory.columns, rules.n_pe, len(memory.state) // STATES
    tile_size = len(table) // rules.n_tiles
    compute, blocked, begin = 0, 0, 0
    for step in range(len(passes.tile)):
        first_row, end_row, bias = passes.first_row[step], passes.end_row[step], passes.bias[step]
        begin = begin if first_row else 0
        end = begin
        while end < found and columns[end] < end_row * n_pe:
            end += 1
        if bias:
            columns[end] = bias_column
        count, changed, trailing = end + bias - begin, 0, 0
        if rules.row_change_cycles:
            changed, reached = _count_row_changes(memory, begin, count, n_pe, first_row)
            trailing = 0 if bias else end_row - reached
        else:
            memory.changes[:count] = 0
        last_slot, held = -1, 0
        if count:
            now, busy = _broadcast(
                table, passes.tile[step] * tile_size, begin, count, rules, lanes, memory, often,
                adder, write,
            )
            last_slot, held = now + busy, now + 1 - count - changed
            count_above(count, rules, lanes // LANES, memory)
        compute += max(count + changed + trailing + held, last_slot + 1)
        blocked += held
        begin = end
    return compute, blocked


@linked
def _count_row_changes(memory, begin, count, n_pe, row):
    """Write the row changes before each broadcast (S3); their sum, and the row reached."""
    boundary, changed = (row + 1) * n_pe, 0
    for k in range(count):
        column, before = memory.columns[at(begin + k)], row
        while column >= boundary:
            row += 1
            boundary += n_pe
        memory.changes[k] = row - before
        changed += row - before
        if column + 1 == boundary:
            row += 1
            boundary += n_pe
    return changed, row


@linked
def _broadcast(table, tile, begin, count, rules, lanes, memory, often, adder, write):
    """As `kernels.passes.broadcast`; the last broadcast, and the latest slot from there on."""
    state, wait, issue, most = memory.state, memory.wait, memory.issue, memory.most
    small, groups = state.dtype.type, lanes // LANES
    state[:] = 0
    if rules.bypasses:
        for p in range(lanes):
            state[2 * lanes + p] = state[3 * lanes + p] = small(rules.empty)
    now = -1
    for k in range(count):
        before = now
        now = now + 1 + memory.changes[k]
        if k >= rules.depth:
            now = max(now, issue[at(k - rules.depth)] + np.int64(most[at(k - rules.depth)]) + 1)
        issue[k] = now
        passed = small(min(now - before, rules.longest))
        longest = small(1)
        for group in range(groups):
            row = tile + (memory.columns[at(begin + k)] * groups + group) * (rules.fields * LANES)
            place, lane = (k * groups + group) * LANES, group * LANES
            longest = max(longest, _pop(table, row, passed, state, lane, wait, place))
            if rules.bypasses:
                _count_bypasses(rules, table, row, passed, state, lane, lanes, wait, place)
        most[k] = longest
        if rules.bypasses and ((k + 1) % _FEW == 0 or k + 1 == count):
            for p in range(rules.n_pe):
                adder[p] += often * np.int64(state[4 * lanes + p])
                write[p] += often * np.int64(state[5 * lanes + p])
            state[4 * lanes :] = 0
    busy = np.int64(0)
    for p in range(rules.n_pe):
        busy = max(busy, np.int64(state[p]))
    return now, busy


@linked
def _pop(table, row, passed, state, lane, wait, place):
    """Write the waits of a column; the longest."""
    small = state.dtype.type
    least, most = small(passed + small(1)), small(1)
    for p in range(LANES):
        start = small(max(state[at(lane + p)], least) - passed)
        wait[at(place + p)] = start
        state[at(lane + p)] = small(start + table[at(row + p)])
        most = max(most, start)
    return most


@linked
def _count_bypasses(rules, table, row, passed, state, lane, lanes, wait, place):
    """As `kernels.counters.count_bypasses`. The latest slot with an entry stands three cycles
    later in ``state``, so that it is never negative."""
    small = state.dtype.type
    ended, row1, row2 = lanes + lane, 2 * lanes + lane, 3 * lanes + lane
    one, two, three, four = small(1), small(2), small(3), small(4)
    empty, only = small(rules.empty), small(rules.only)
    for p in range(LANES):
        start, n = wait[at(place + p)], table[at(row + LANES + p)]
        first, second = table[at(row + 2 * LANES + p)], table[at(row + 3 * LANES + p)]
        before, last = table[at(row + 4 * LANES + p)], table[at(row + 5 * LANES + p)]
        old, near, far = state[at(ended + p)], state[at(row1 + p)], state[at(row2 + p)]
        old = small(max(old, passed) - passed)
        distance = small(min(small(small(start + four) - old), three))
        state[at(ended + p)] = old if n == small(0) else small(small(start + n) + three)
        next_to, same = distance == one, first == near
        again = small(same & (distance == two)) + small((first == far) & (not same) & next_to)
        again = small(again) + small((second == near) & next_to)
        state[at(4 * lanes + lane + p)] += small(same & next_to)
        state[at(5 * lanes + lane + p)] += small(again)
        follows = near if next_to else empty
        kept = follows if before == only else before
        state[at(row2 + p)] = far if before == empty else kept
        state[at(row1 + p)] = near if last == empty else last
