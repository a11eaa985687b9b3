"""Passes of vectors whose waits fit bytes: 64 PEs in a register, all that is counted in others.

For queues of at most `LEVELS` entries. Style and types as in `kernels.vectors`, whose counts these
are; `accelsim.machines.eie.fast.narrow_time` makes and checks what these kernels are given. Kernels
of another file are called here: ``BUILT_ON`` as there.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from accelsim.kernels.jit import kernel, linked, part
from accelsim.kernels.lanes import load, plus, splat, store
from accelsim.machines.eie.fast.kernels.waits import APART, drain, walk

BUILT_ON = "1b44b265fd98dee2"  # waits.py

ROOM = 16  # entries of a list that are copied at once
at = np.uint64


class Lists(NamedTuple):
    """The channels of each pixel that are not zero: ``starts`` (pixels + 1,), where the channels
    stand in a table's first position, the row changes before each (S3), from the one before it in
    the pixel or from its first row, and ``reached`` (pixels,), the row behind the last."""

    starts: npt.NDArray[np.int64]
    places: npt.NDArray[np.int32]
    changes: npt.NDArray[np.int32]
    reached: npt.NDArray[np.int32]


@kernel
def list_channels(maps, n_pe, row_changes, column_bytes, lists):
    """Write `Lists` of ``maps`` (pixels, channels); arrays hold `ROOM` more than there are."""
    starts, places, changes, ends = lists
    found = 0
    for pixel in range(len(maps)):
        starts[pixel] = found
        reached = 0
        for row in range((maps.shape[1] + n_pe - 1) // n_pe):
            end = (row + 1) * n_pe
            for channel in range(row * n_pe, min(end, maps.shape[1])):
                # Written in vain where it is zero: no branch.
                places[at(found)] = channel * column_bytes
                changes[at(found)] = (row - reached) * row_changes
                here = maps[pixel, channel] != 0
                found += here
                reached = row + (channel + 1 == end) if here else reached
        ends[pixel] = reached
    starts[len(maps)] = found


@kernel
def run_narrow(lists, addresses, first, times, passes, machine, table, work):
    """Compute cycles and blocked cycles of the vectors ``first``, ``times`` each; adds to
    `Work.tallies`.

    ``addresses`` (n_vectors, positions) gathers the vectors. ``table`` (n_tiles, n_columns, fields,
    LANES), in one dimension: slots, and where bypasses are counted the rows by `waits.FIELDS`.
    """
    compute, blocked, kind = 0, 0, 0
    work.sums[:] = 0
    while kind < len(first):
        often = times[kind]
        kind, n_passes, rows, changed = _list_vectors(
            kind, lists, addresses, first, times, passes, machine, work)
        scan, slots = walk(table, n_passes, rows, machine, work)
        compute += often * slots
        blocked += often * (scan - rows - changed)
        if kind == len(first) or times[kind] != often:
            drain(often, work.sums, work.tallies)
    return compute, blocked


@kernel
def run_narrow_pass(tile, machine, table, work):
    """The last cycle of any issue slot and that of the last broadcast of one pass; adds as above.

    It broadcasts all of `Work.columns`, before each of which the row changes so often.
    """
    rows = len(work.columns)
    work.sums[:] = 0
    for k in range(rows):
        work.places[at(k)] = tile * machine.tile_bytes + work.columns[at(k)] * machine.column_bytes
        work.before[at(k)] = work.changes[at(k)]
    work.before[0] += APART
    work.ends[0], work.trailing[0] = rows, 0
    scan, slots = walk(table, 1, rows, machine, work)
    drain(1, work.sums, work.tallies)
    return slots - 1, scan - 1


@linked
def _list_vectors(kind, lists, addresses, first, times, passes, machine, work):
    """List the broadcasts of vectors, as many as are of as many times and have room: the next
    vector, passes, broadcasts and their row changes."""
    often, n_passes, rows, apart = times[kind], 0, 0, 0
    steps, changes = len(passes.tile), machine.row_changes
    room = len(work.places) - ROOM - len(work.columns) * steps
    alone = steps == 1 and machine.width == machine.n_pe  # each position is one row
    if alone:
        work.before[:] = 0
    while (kind < len(first) and times[kind] == often and rows <= room
            and n_passes + steps <= len(work.ends)):
        pixels, begin = addresses[first[kind]], rows
        if steps == 1:
            tile, bias = passes.tile[0] * machine.tile_bytes, passes.bias[0]
            rows, row = _gather(lists, pixels, machine, tile, alone, work.places, work.before,
                                rows)
            rows += _list_bias(bias, row, tile, machine, work, rows)
            work.before[begin] += APART
            apart += rows > begin
            work.ends[n_passes] = rows
            work.trailing[n_passes] = 0 if bias else (passes.end_row[0] - row) * changes
            n_passes += 1
        else:
            found = _gather(lists, pixels, machine, 0, False, work.columns, work.changes, 0)[0]
            end = 0
            for step in range(steps):
                begin, place = rows, end if passes.first_row[step] else 0
                tile, bias = passes.tile[step] * machine.tile_bytes, passes.bias[step]
                rows, end, row = _list_pass(
                    place, found, passes.first_row[step], passes.end_row[step], tile, machine, work,
                    rows)
                rows += _list_bias(bias, row, tile, machine, work, rows)
                work.before[begin] += APART
                apart += rows > begin
                work.ends[n_passes] = rows
                work.trailing[n_passes] = 0 if bias else (passes.end_row[step] - row) * changes
                n_passes += 1
        kind += 1
    changed = np.int64(0)
    for k in range(rows):
        changed += work.before[at(k)]
    return kind, n_passes, rows, changed - apart * APART


@part
def _list_bias(bias, row, tile, machine, work, rows):
    """List the bias where there is one, behind a scan that has reached the row; how many."""
    if bias:
        change = (machine.bias_column // machine.n_pe - row) * machine.row_changes
        work.places[rows] = tile + machine.bias_column * machine.column_bytes
        work.before[rows] = change
    return bias


@linked
def _list_pass(k, found, row, end_row, tile, machine, work, rows):
    """List a pass that begins with column ``k`` of so many and scans rows ``row`` to ``end_row``:
    how many are listed then, the column behind it, and the row that is reached."""
    row_bytes = machine.n_pe * machine.column_bytes
    last, begin = end_row * row_bytes, rows
    while k < found and work.columns[k] < last:
        work.places[rows], work.before[rows] = tile + work.columns[k], work.changes[k]
        k, rows = k + 1, rows + 1
    if rows > begin:
        first = np.int64(work.places[begin]) - tile
        work.before[begin] = (first // row_bytes - row) * machine.row_changes
        row = (np.int64(work.columns[k - 1]) + machine.column_bytes) // row_bytes
    return rows, k, row


@part
def _gather(lists, pixels, machine, base, alone, places, before, found):
    """Write a vector's broadcasts and their row changes behind so many, more than there are: how
    many there are then, and the row reached. Where positions are rows ``alone``, row changes are
    zeros that stand there."""
    starts, listed, changes, ends = lists
    reached, rows = 0, machine.width // machine.n_pe
    for position in range(len(pixels)):
        pixel = at(pixels[position])
        begin, end, first_row = starts[pixel], starts[pixel + at(1)], position * rows
        if begin < end:
            first = splat(np.int32(base + first_row * machine.n_pe * machine.column_bytes))
            for i in range(0, end - begin, ROOM):
                store(places, at(found + i), plus(load(listed, at(begin + i)), first))
                if not alone:
                    store(before, at(found + i), load(changes, at(begin + i)))
            if machine.row_changes:
                before[found] += first_row - reached
            found += end - begin
            reached = first_row + ends[pixel]
    return found, reached


