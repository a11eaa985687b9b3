"""What broadcasts and pops imply for the counters. Shapes, types and style as in `kernels.time`.

Totals are (n_pe,) int32: enough for one pass.
"""

import numpy as np

from accelsim.formats.jit import kernel


@kernel
def count_entries(counts, columns, entries, empty):
    """Add up the entries of ``columns``, and the columns without entries."""
    n_pe = counts.shape[1]
    whole = len(columns) // 4 * 4
    for k in range(0, whole, 4):
        a, b = counts[columns[k]], counts[columns[k + 1]]
        c, d = counts[columns[k + 2]], counts[columns[k + 3]]
        for p in range(n_pe):
            entries[p] += np.int32(a[p]) + np.int32(b[p]) + np.int32(c[p]) + np.int32(d[p])
        for p in range(n_pe):
            empty[p] += np.int8(
                np.int8(np.int8(a[p] == 0) + np.int8(b[p] == 0))
                + np.int8(np.int8(c[p] == 0) + np.int8(d[p] == 0))
            )
    for k in range(whole, len(columns)):
        row = counts[columns[k]]
        for p in range(n_pe):
            entries[p] += np.int32(row[p])
            empty[p] += np.int8(row[p] == 0)


@kernel
def add_columns(table, columns, total):
    """Add up the rows ``columns`` of ``table`` (n_columns, n_pe)."""
    n_pe = table.shape[1]
    whole = len(columns) // 4 * 4
    for k in range(0, whole, 4):
        a, b = table[columns[k]], table[columns[k + 1]]
        c, d = table[columns[k + 2]], table[columns[k + 3]]
        for p in range(n_pe):
            total[p] += np.int32(a[p]) + np.int32(b[p]) + np.int32(c[p]) + np.int32(d[p])
    for k in range(whole, len(columns)):
        row = table[columns[k]]
        for p in range(n_pe):
            total[p] += np.int32(row[p])


@kernel
def count_line_reads(first_line, end_line, columns, reads):
    """Add up the lines read (P5), from a table of `LineTable`.

    Lines are read in ascending order, each once: as many as lie before the end of what has been
    read, less those that were ``skipped``.
    """
    n_pe = first_line.shape[1]
    small = first_line.dtype.type
    end = np.zeros(n_pe, first_line.dtype)
    skipped = np.zeros(n_pe, first_line.dtype)
    for column in columns:
        first, behind = first_line[column], end_line[column]
        for p in range(n_pe):
            reached = end[p]
            begin = max(first[p], reached)
            skipped[p] = small(skipped[p] + small(begin - reached))
            end[p] = max(begin, behind[p])
    for p in range(n_pe):
        reads[p] += np.int32(end[p]) - np.int32(skipped[p])


@kernel
def count_segment_line_reads(starts, columns, first, entries_per_line, reads):
    """The same for a segment that was refilled: addresses count from ``first`` (n_pe,) on (M4)."""
    n_pe = starts.shape[1]
    held = np.full(n_pe, -1, np.int64)
    for column in columns:
        for p in range(n_pe):
            a, b = starts[column, p] - first[p], starts[column + 1, p] - first[p]
            if b > a:
                low, high = a // entries_per_line, (b - 1) // entries_per_line
                reads[p] += high - low + (low != held[p])
                held[p] = high


@kernel
def sum_above(wait, floor, n_columns, total):
    """Add ``max(wait[k], floor[k])`` over the first ``n_columns`` columns, eight at a time.

    ``wait`` (K, n_pe) and ``floor`` (K,) are of one type, which holds eight of their values.
    """
    n_pe = wait.shape[1]
    small = wait.dtype.type
    whole = n_columns // 8 * 8
    for k in range(0, whole, 8):
        a, b, c, d = wait[k], wait[k + 1], wait[k + 2], wait[k + 3]
        e, f, g, h = wait[k + 4], wait[k + 5], wait[k + 6], wait[k + 7]
        fa, fb, fc, fd = floor[k], floor[k + 1], floor[k + 2], floor[k + 3]
        fe, ff, fg, fh = floor[k + 4], floor[k + 5], floor[k + 6], floor[k + 7]
        for p in range(n_pe):
            four = small(
                small(max(a[p], fa) + max(b[p], fb)) + small(max(c[p], fc) + max(d[p], fd))
            )
            more = small(
                small(max(e[p], fe) + max(f[p], ff)) + small(max(g[p], fg) + max(h[p], fh))
            )
            total[p] += small(four + more)
    for k in range(whole, n_columns):
        row, least = wait[k], floor[k]
        for p in range(n_pe):
            total[p] += max(row[p], least)


@kernel
def count_blocking(wait, full, blocking):
    """Add up the cycles in which each PE's full queue held a broadcast back (S5)."""
    sum_above(wait, full, len(full), blocking)
    known = np.int64(0)
    for k in range(len(full)):
        known += full[k]
    for p in range(len(blocking)):
        blocking[p] -= known


@kernel
def count_occupancy(issue, wait, longest, at_least):
    """Add to ``at_least[n]`` (depth + 1, n_pe) int64 the cycles that begin with n entries or more.

    While column h is at the head there are n entries from the push of column h + n - 1 on: for
    max(0, pop[h] - max(pop[h - 1], issue[h + n - 1])) cycles, which is max(pop[h], issue[h + n
    - 1]) - max(pop[h - 1], issue[h + n - 1]). So the sum over h is A[n - 1] - A[n] - issue[n - 1]
    with A[n] the sum over h of max(pop[h], issue[h + n]); here counted as ``known``, the same on
    all PEs, and ``waits``, the sum of max(wait[h], issue[h + n] - issue[h]) with the difference
    cut at ``longest``. Sums may wrap around at 32 bits; the result does not.
    """
    n_columns, n_pe = wait.shape
    floor = np.empty(n_columns, wait.dtype)
    before = np.zeros(n_pe, np.int32)
    known_before = 0
    for n in range(min(at_least.shape[0] - 1, n_columns) + 1):
        known = 0
        for h in range(n_columns - n):
            ahead = np.int64(issue[h + n] - issue[h])
            floor[h] = min(ahead, longest)
            known += issue[h] + max(ahead - longest, 0)
        waits = np.zeros(n_pe, np.int32)
        sum_above(wait, floor, n_columns - n, waits)
        if n > 0:
            known_before -= known + issue[n - 1]
            found = np.int64(0)
            for p in range(n_pe):
                difference = np.int64(before[p]) - np.int64(waits[p])
                cycles = (known_before + difference) & 0xFFFFFFFF
                at_least[n, p] += cycles
                found |= cycles
            if found == 0:
                return
        known_before = known
        before[:] = waits


@kernel
def count_bypasses(counts, edges, columns, issue, wait, adder, write, empty, only):
    """Add up the accumulators taken from stage 3 (``adder``) and stage 4 (``write``) (A3).

    Rows ascend within a column, so only its first two entries can meet the last two entries
    before it. ``last1`` and ``last2`` are the rows of those, however long ago; the few columns
    that begin with one of them are looked at again with their times. ``empty`` and ``only`` are
    marks in ``edges``.
    """
    n_pe = counts.shape[1]
    small = edges.dtype.type
    last1 = np.full(n_pe, empty, edges.dtype)
    last2 = np.full(n_pe, empty, edges.dtype)
    for k in range(len(columns)):
        column = columns[k]
        if _meet(edges[column, 0], edges[column, 1], last1, last2):
            for p in range(n_pe):
                first, second = edges[column, 0, p], edges[column, 1, p]
                if first == last1[p] or first == last2[p]:
                    distance = _slots_to(counts, edges, columns, issue, wait, k, p, first)
                    adder[p] += distance == 1
                    write[p] += distance == 2
                if second == last1[p]:
                    distance = _slots_to(counts, edges, columns, issue, wait, k, p, second)
                    write[p] += distance == 1
        _remember(edges[column, 2], edges[column, 3], last1, last2, small(empty), small(only))


@kernel
def _meet(first, second, last1, last2):
    """Whether an entry may meet an earlier one on any PE."""
    meets = False
    for p in range(len(first)):
        one, two, row1, row2 = first[p], second[p], last1[p], last2[p]
        meets |= (one == row1) | (one == row2) | (two == row1)
    return meets


@kernel
def _remember(before_last, last, last1, last2, empty, only):
    """The last two rows after one more column."""
    for p in range(len(last)):
        row1, row2, new1, new2 = last1[p], last2[p], last[p], before_last[p]
        kept = row1 if new2 == only else new2
        last2[p] = row2 if new2 == empty else kept
        last1[p] = row1 if new1 == empty else new1


@kernel
def _slots_to(counts, edges, columns, issue, wait, k, p, row):
    """Slots from the last entry before column k that selects ``row`` to column k's first, or 3."""
    slot = issue[k] + wait[k, p] + 1
    for earlier in range(k - 1, -1, -1):
        n = counts[columns[earlier], p]
        if n == 0:
            continue
        away = slot - (issue[earlier] + wait[earlier, p] + n)
        if away > 2:
            return 3
        if edges[columns[earlier], 3, p] == row:
            return away
        if n > 1:
            near = away == 1 and edges[columns[earlier], 2, p] == row
            return 2 if near else 3
    return 3
