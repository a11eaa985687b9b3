"""When columns are broadcast and popped: the closed forms of machines/eie/README.md.

Shapes: ``counts`` (n_columns, n_pe) and ``edges`` (n_columns, 4, n_pe) are one tile of an image's;
``columns`` (K,) int64 and ``row_changes`` (K,) int32 for K broadcasts. Results: ``issue`` (K,)
int32, the cycle of each broadcast from the first compute cycle on; ``wait`` (K, n_pe) int16 or
int32, cycles from there to the column's pop.

Inner loops run over PEs, load before they select, and touch few arrays: so they become vector
instructions, the wider the smaller the integers are. `accelsim.machines.eie.fast.run` and
`pass_time` check what these kernels are given.
"""

import numpy as np

from accelsim.formats.edges import BEFORE_LAST, FIRST, LAST, SECOND
from accelsim.kernels.jit import kernel, linked


@kernel
def find_active(activations, columns):
    """Write where activations are not zero; how many there are."""
    found = 0
    for column in range(len(activations)):
        columns[found] = column
        found += activations[column] != 0
    return found


@kernel
def count_row_changes(columns, n_pe, first, changes):
    """Write the row changes before each broadcast (S3); their sum, and the row reached at the end.

    The scan starts at position ``first``; a row is ``n_pe`` positions.
    """
    return row_changes(columns, n_pe, first, changes)


@linked
def row_changes(columns, n_pe, first, changes):
    """`count_row_changes` for kernels."""
    row = first // n_pe
    boundary, changed = (row + 1) * n_pe, 0
    for k in range(len(columns)):
        column, before = columns[k], row
        while column >= boundary:
            row += 1
            boundary += n_pe
        changes[k] = row - before
        changed += row - before
        if column + 1 == boundary:
            row += 1
            boundary += n_pe
    return changed, row


@kernel
def broadcast_with_hazards(
    counts, edges, columns, row_changes, depth, empty_cycles, issue, wait, hazards
):
    """Broadcasts and pops with bypass off (A4): the cycle from which on no stage waits.

    Adds the cycles in which stage 1 waited to ``hazards`` (n_pe,) int64. ``depth`` entries of a
    queue, ``empty_cycles`` of a column without entries.

    Rows ascend within a column, so only a column's first two entries can select an accumulator in
    flight, and only one of the last two entries before them. ``row1``, ``leave1`` are the latest
    entry's accumulator and the cycle in which it leaves stage 1, ``row2``, ``leave2`` those of
    the entry before it; an entry may leave three cycles after one of the same accumulator.
    """
    n_pe = counts.shape[1]
    latest = np.empty(len(columns), np.int64)
    free = np.full(n_pe, -1, np.int64)
    row1 = np.full(n_pe, -1, np.int64)
    row2 = np.full(n_pe, -1, np.int64)
    leave1 = np.full(n_pe, -1, np.int64)
    leave2 = np.full(n_pe, -1, np.int64)
    now = -1
    for k in range(len(columns)):
        earliest = now + 1 + row_changes[k]
        now = earliest
        if k >= depth:
            now = max(earliest, latest[k - depth] + 1)
        issue[k] = now
        column = columns[k]
        latest[k] = 0
        for p in range(n_pe):
            start = max(now + 1, free[p])
            wait[k, p] = start - now
            latest[k] = max(latest[k], start)
            n = np.int64(counts[column, p])
            if n == 0:
                free[p] = start + empty_cycles
                # An empty column's slot in a cycle of waiting is not a stall.
                if empty_cycles and start + 1 < leave1[p]:
                    hazards[p] -= 1
                continue
            first, second = edges[column, FIRST, p], edges[column, SECOND, p]
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
            after = leave + 1
            if second >= 0 and second == row1[p]:
                after = max(after, leave1[p] + 3)
            hazards[p] += after - leave - 1
            row1[p], row2[p] = edges[column, LAST, p], edges[column, BEFORE_LAST, p]
            if n == 2:
                leave2[p], leave1[p] = leave, after
                free[p] = leave
            else:
                free[p] = after + n - 3
                leave2[p], leave1[p] = free[p], free[p] + 1
    return max(free.max(), leave1.max() - 1)
