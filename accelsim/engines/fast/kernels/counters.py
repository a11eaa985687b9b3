"""What broadcasts and pops imply for the counters. Shapes and types as in `kernels.time`."""

import numpy as np

from accelsim.formats.jit import kernel


@kernel
def count_entries(starts, padding, columns, entries, pads, empty):
    """Add up entries, padding entries and columns without entries, each (n_pe,) int64."""
    n_pe = starts.shape[1]
    for column in columns:
        for p in range(n_pe):
            n = starts[column + 1, p] - starts[column, p]
            entries[p] += n
            pads[p] += padding[column, p]
            empty[p] += n == 0


@kernel
def count_line_reads(starts, columns, first, entries_per_line, reads):
    """Add the lines read (P5); ``first`` (n_pe,) is the address that line 0 begins with."""
    n_pe = starts.shape[1]
    held = np.full(n_pe, -1, np.int64)
    for column in columns:
        for p in range(n_pe):
            a = starts[column, p] - first[p]
            b = starts[column + 1, p] - first[p]
            if b > a:
                low = a // entries_per_line
                high = (b - 1) // entries_per_line
                reads[p] += high - low + (low != held[p])
                held[p] = high


@kernel
def count_occupancy(issue, pop, at_least, total):
    """Add to ``at_least`` (depth + 1, n_pe), row n: cycles that began with n entries or more.

    ``total`` (n_pe,) gets the entries summed over all cycles. While column h is at the head, from
    the pop before it to its own, there are n entries from the push of column h + n - 1 on.
    """
    n_columns, n_pe = pop.shape
    depth = at_least.shape[0] - 1
    since = np.full(n_pe, -1, np.int32)
    for h in range(n_columns):
        latest = pop[h].max()
        for p in range(n_pe):
            total[p] += pop[h, p] - issue[h]
        for n in range(1, min(depth, n_columns - h) + 1):
            push = issue[h + n - 1]
            if push >= latest:
                break
            for p in range(n_pe):
                held = np.int32(pop[h, p] - max(since[p], push))
                at_least[n, p] += max(held, np.int32(0))
        since[:] = pop[h]


@kernel
def count_bypasses(starts, edges, columns, pop, empty_cycles, adder, write):
    """Add the accumulators taken from stage 3 (``adder``) and stage 4 (``write``) (A3).

    ``row1`` and ``row2`` are the accumulators selected one and two slots before the next column's
    first; only its first two entries can meet them, because rows ascend within a column.
    """
    n_pe = starts.shape[1]
    row1 = np.full(n_pe, -1, np.int32)
    row2 = np.full(n_pe, -1, np.int32)
    free = np.full(n_pe, -1, np.int32)
    for k in range(len(columns)):
        column = columns[k]
        for p in range(n_pe):
            gap = pop[k, p] - free[p]
            if gap == 1:
                row2[p] = row1[p]
                row1[p] = -1
            elif gap > 1:
                row1[p] = row2[p] = -1
            n = starts[column + 1, p] - starts[column, p]
            if n == 0:
                free[p] = pop[k, p] + empty_cycles
                if empty_cycles:
                    row2[p] = row1[p]
                    row1[p] = -1
                continue
            free[p] = pop[k, p] + n
            first, second = edges[column, 0, p], edges[column, 1, p]
            if first >= 0:
                if first == row1[p]:
                    adder[p] += 1
                elif first == row2[p]:
                    write[p] += 1
            if n == 1:
                row2[p] = row1[p]
                row1[p] = first
            else:
                if second >= 0 and second == row1[p]:
                    write[p] += 1
                row2[p] = edges[column, 2, p]
                row1[p] = edges[column, 3, p]
