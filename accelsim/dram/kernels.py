"""The recurrence of `rows`, compiled."""

from typing import NamedTuple

import numpy as np

from accelsim.kernels.jit import kernel, linked


class Times(NamedTuple):
    """Those of a `DramPart`; ``data``: from a read to the end of its data."""

    rcd: int
    rp: int
    data: int
    ras: int
    rtp: int
    ccd: int
    rrd: int
    faw: int
    refi: int
    rfc: int


@kernel
def read_rows(first, count, bursts_a_row, times, free, opened, ends):
    """Clocks until the last data, rows opened and refreshes.

    ``first`` and ``count`` (n,) int64 are runs of bursts. ``times`` are `Times`, as a plain tuple.
    ``free`` (banks,) int64: from when on each bank may be activated; ``opened`` (4,) int64: the
    latest activates; both are memory. ``ends`` (bursts,) int64 is given when the data of each burst
    are there, or is empty.
    """
    return _read(first, count, bursts_a_row, times, free, opened, ends)


@kernel
def read_lists(starts, first, count, bursts_a_row, times, free, opened, told):
    """`read_rows` of many lists: list i has the runs ``starts[i]`` to ``starts[i + 1]``; a column
    of ``told`` (3, lists) int64 is written for each."""
    ends = np.empty(0, np.int64)
    for i in range(told.shape[1]):
        begin, end = starts[i], starts[i + 1]
        told[0, i], told[1, i], told[2, i] = _read(
            first[begin:end], count[begin:end], bursts_a_row, times, free, opened, ends)


@linked
def _read(first, count, bursts_a_row, times, free, opened, ends):
    """All banks are closed at the start. The oldest activate is at position ``rows % 4``."""
    times = Times(*times)
    free[:] = 0
    opened[:] = -(1 << 40)
    rows, refreshes, due = 0, 0, times.refi
    told = 0
    read, row = np.int64(-(1 << 40)), np.int64(-1)
    for run in range(len(first)):
        burst, end = first[run], first[run] + count[run]
        while burst < end:
            here = burst // bursts_a_row
            taken = min(end, (here + 1) * bursts_a_row) - burst
            bank = here % len(free)
            if here == row:  # the row is open still
                read += taken * times.ccd
            else:
                start = max(free[bank], opened[rows % 4] + times.faw,
                            opened[(rows + 3) % 4] + times.rrd)
                while start >= due:
                    done = max(due, free.max()) + times.rfc
                    free[:] = done
                    start = max(start, done)
                    refreshes += 1
                    due += times.refi
                opened[rows % 4] = start
                rows += 1
                row = here
                read = max(start + times.rcd, read + times.ccd) + (taken - 1) * times.ccd
            if len(ends):
                for place in range(taken):
                    ends[told + place] = read - (taken - 1 - place) * times.ccd + times.data
                told += taken
            closes = max(opened[(rows + 3) % 4] + times.ras, read + times.rtp)
            free[bank] = closes + times.rp
            burst += taken
    return (read + times.data if rows else 0), rows, refreshes
