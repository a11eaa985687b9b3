"""When columns are broadcast and popped: the closed forms of engines/README.md.

Shapes: ``starts`` (n_columns + 1, n_pe), ``edges`` (n_columns, 4, n_pe), ``columns`` and
``row_changes`` and ``issue`` (K,) for K broadcasts, ``pop`` (K, n_pe), all int32. Cycles count
from the first of the compute phase.
"""

import numpy as np

from accelsim.formats.jit import kernel


@kernel
def broadcast(starts, columns, row_changes, depth, empty_cycles, issue, pop, blocking):
    """Fill ``issue`` and ``pop``, add to ``blocking`` (n_pe,); the last cycle of any issue slot.

    Max-plus recurrence, exact where nothing but full queues stalls (bypass on).
    """
    n_pe = starts.shape[1]
    n_columns = len(columns)
    latest = np.empty(n_columns, np.int32)  # the last PE's pop of each column
    free = np.full(n_pe, -1, np.int32)      # last slot of the column before, on each PE
    now = np.int32(-1)
    for k in range(n_columns):
        earliest = np.int32(now + 1 + row_changes[k])
        now = earliest
        if k >= depth and latest[k - depth] >= earliest:
            now = np.int32(latest[k - depth] + 1)
            for p in range(n_pe):
                blocking[p] += max(np.int32(pop[k - depth, p] + 1 - earliest), np.int32(0))
        issue[k] = now
        column = columns[k]
        visible = np.int32(now + 1)
        top = np.int32(0)
        for p in range(n_pe):
            start = max(visible, free[p])
            work = max(np.int32(starts[column + 1, p] - starts[column, p]), empty_cycles)
            pop[k, p] = start
            free[p] = np.int32(start + work)
            top = max(top, start)
        latest[k] = top
    return free.max()


@kernel
def broadcast_with_hazards(
    starts, edges, columns, row_changes, depth, empty_cycles, issue, pop, blocking, hazards
):
    """The same with bypass off (A4); adds to ``hazards`` (n_pe,).

    Rows ascend within a column, so only a column's first two entries can select an accumulator in
    flight, and only one of the last two entries before them. ``row1``, ``leave1`` are the latest
    entry's accumulator and the cycle in which it leaves stage 1, ``row2``, ``leave2`` those of
    the entry before it; an entry may leave three cycles after one of the same accumulator.
    """
    n_pe = starts.shape[1]
    n_columns = len(columns)
    latest = np.empty(n_columns, np.int32)
    free = np.full(n_pe, -1, np.int32)
    row1 = np.full(n_pe, -1, np.int32)
    row2 = np.full(n_pe, -1, np.int32)
    leave1 = np.full(n_pe, -1, np.int32)
    leave2 = np.full(n_pe, -1, np.int32)
    now = np.int32(-1)
    for k in range(n_columns):
        earliest = np.int32(now + 1 + row_changes[k])
        now = earliest
        if k >= depth and latest[k - depth] >= earliest:
            now = np.int32(latest[k - depth] + 1)
            for p in range(n_pe):
                blocking[p] += max(np.int32(pop[k - depth, p] + 1 - earliest), np.int32(0))
        issue[k] = now
        column = columns[k]
        top = np.int32(0)
        for p in range(n_pe):
            start = max(np.int32(now + 1), free[p])
            pop[k, p] = start
            top = max(top, start)
            n = starts[column + 1, p] - starts[column, p]
            if n == 0:
                free[p] = start + empty_cycles
                # An empty column's slot in a cycle of waiting is not a stall.
                if empty_cycles and start + 1 < leave1[p]:
                    hazards[p] -= 1
                continue
            first, second = edges[column, 0, p], edges[column, 1, p]
            advance = max(start + 1, leave1[p])
            leave = advance + 1
            if first >= 0:
                if first == row1[p]:
                    leave = max(leave, leave1[p] + 3)
                if first == row2[p]:
                    leave = max(leave, leave2[p] + 3)
            hazards[p] += leave - advance - 1
            if n == 1:
                row2[p], leave2[p] = row1[p], leave1[p]
                row1[p], leave1[p] = first, leave
                free[p] = advance
                continue
            advance = leave
            after = advance + 1
            if second >= 0 and second == row1[p]:
                after = max(after, leave1[p] + 3)
            hazards[p] += after - advance - 1
            row1[p], row2[p] = edges[column, 3, p], edges[column, 2, p]
            if n == 2:
                leave2[p], leave1[p] = leave, after
                free[p] = advance
            else:
                free[p] = after + n - 3
                leave2[p], leave1[p] = free[p], free[p] + 1
        latest[k] = top
    last = free.max()
    for p in range(n_pe):
        last = max(last, leave1[p] - 1)
    return last
