"""What broadcasts and pops imply for the counters. Shapes, types and style as in `kernels.time`.

Totals are (n_pe,) int32: enough for one pass.
"""

import numpy as np

from accelsim.formats.jit import kernel


@kernel
def count_columns(counts, padding, columns, entries, pads, empty):
    """Add up the entries of ``columns``, their padding and the columns without entries."""
    n_pe = counts.shape[1]
    whole = len(columns) // 4 * 4
    for k in range(0, whole, 4):
        i, j, m, n = columns[k], columns[k + 1], columns[k + 2], columns[k + 3]
        a, b, c, d = counts[i], counts[j], counts[m], counts[n]
        e, f, g, h = padding[i], padding[j], padding[m], padding[n]
        for p in range(n_pe):
            entries[p] += np.int32(a[p]) + np.int32(b[p]) + np.int32(c[p]) + np.int32(d[p])
        for p in range(n_pe):
            pads[p] += np.int32(e[p]) + np.int32(f[p]) + np.int32(g[p]) + np.int32(h[p])
        for p in range(n_pe):
            empty[p] += np.int8(
                np.int8(np.int8(a[p] == 0) + np.int8(b[p] == 0))
                + np.int8(np.int8(c[p] == 0) + np.int8(d[p] == 0))
            )
    for k in range(whole, len(columns)):
        row, pad_row = counts[columns[k]], padding[columns[k]]
        for p in range(n_pe):
            entries[p] += np.int32(row[p])
            pads[p] += np.int32(pad_row[p])
            empty[p] += np.int8(row[p] == 0)


@kernel
def count_line_reads(first_line, spans, columns, reads):
    """Add up the lines read (P5), from a `LineTable`.

    Lines are read in ascending order, each once: as many as lie before the end of what has been
    read, less those that were ``skipped``.
    """
    n_pe = first_line.shape[1]
    small = first_line.dtype.type
    end = np.zeros(n_pe, first_line.dtype)
    skipped = np.zeros(n_pe, first_line.dtype)
    for column in columns:
        first, span = first_line[column], spans[column]
        for p in range(n_pe):
            line, reached = first[p], end[p]
            begin = max(line, reached)
            skipped[p] = small(skipped[p] + small(begin - reached))
            end[p] = max(begin, small(line + small(span[p])))
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
    with A[n] the sum over h of max(pop[h], issue[h + n]). That is the sum of issue[h], which
    changes by issue[K - n] from n - 1 to n; of ``waits``, max(wait[h], issue[h + n] - issue[h])
    with the difference cut at ``longest``; and of what was cut. Sums may wrap around at 32 bits;
    the result does not.
    """
    n_columns, n_pe = wait.shape
    floor = np.empty(n_columns, wait.dtype)
    waits = np.empty((2, n_pe), np.int32)
    cut_before = 0
    for n in range(min(at_least.shape[0] - 1, n_columns) + 1):
        cut = _floors(issue, n, longest, floor)
        now, before = waits[n % 2], waits[1 - n % 2]
        now[:] = 0
        sum_above(wait, floor, n_columns - n, now)
        if n > 0:
            known = issue[n_columns - n] + cut_before - cut - issue[n - 1]
            found = np.int64(0)
            for p in range(n_pe):
                difference = np.int64(before[p]) - np.int64(now[p])
                cycles = (known + difference) & 0xFFFFFFFF
                at_least[n, p] += cycles
                found |= cycles
            if found == 0:
                return
        cut_before = cut


@kernel
def _floors(issue, n, longest, floor):
    """Write ``issue[h + n] - issue[h]``, cut at ``longest``; the sum of what was cut."""
    small = floor.dtype.type
    bound, most = np.int32(longest), np.int32(0)
    for h in range(len(issue) - n):
        ahead = np.int32(issue[h + n] - issue[h])
        floor[h] = small(min(ahead, bound))
        most = max(most, ahead)
    cut = np.int64(0)
    if most > bound:
        for h in range(len(issue) - n):
            cut += max(np.int64(issue[h + n] - issue[h]) - longest, 0)
    return cut


_FAR = 3     # slots: too far apart for a bypass
_BLOCK = 32  # columns: at most two write bypasses each, so that 8 bits hold the sums of a block


@kernel
def count_bypasses(counts, edges, columns, issue, wait, longest, adder, write, empty, only):
    """Add up the accumulators taken from stage 3 (``adder``) and stage 4 (``write``) (A3).

    Rows ascend within a column, so only its first two entries can meet the last two entries
    before it. ``row1`` and ``row2`` are the rows in the last slot that had an entry and in the
    slot before that; ``empty`` and ``only`` are marks in ``edges``, and ``empty`` here is no row.
    ``ended`` is the last slot that had an entry, in cycles from the latest broadcast; ``slots``
    lie between it and a column's first.
    """
    n_pe = counts.shape[1]
    small, narrow = wait.dtype.type, edges.dtype.type
    never, far, step = small(-_FAR), small(_FAR), small(1)
    none, single, near = narrow(empty), narrow(only), narrow(1)
    row1 = np.full(n_pe, empty, edges.dtype)
    row2 = np.full(n_pe, empty, edges.dtype)
    ended = np.full(n_pe, -_FAR, wait.dtype)
    slots = np.empty((_BLOCK, n_pe), edges.dtype)
    for begin in range(0, len(columns), _BLOCK):
        end = min(begin + _BLOCK, len(columns))
        # All of a block first: a vector that has just been written in parts is slow to read.
        for k in range(begin, end):
            passed = small(min(issue[k] - issue[max(k - 1, 0)], longest))
            waited, entries, between = wait[k], counts[columns[k]], slots[k - begin]
            for p in range(n_pe):
                start, n, old = waited[p], small(entries[p]), ended[p]
                last_slot, new_slot = max(small(old - passed), never), small(start + n)
                between[p] = narrow(min(small(start + step - last_slot), far))
                ended[p] = last_slot if n == 0 else new_slot
        from_adder = np.zeros(n_pe, edges.dtype)
        from_write = np.zeros(n_pe, edges.dtype)
        for k in range(begin, end):
            between, edge = slots[k - begin], edges[columns[k]]
            first, second, before_last, last = edge[0], edge[1], edge[2], edge[3]
            for p in range(n_pe):
                a, one, d, total = first[p], row1[p], between[p], from_adder[p]
                from_adder[p] = narrow(total + narrow((a == one) & (d == 1)))
            for p in range(n_pe):
                a, b, one, two = first[p], second[p], row1[p], row2[p]
                d, total = between[p], from_write[p]
                again = narrow((a == one) & (d == 2)) + narrow((a == two) & (a != one) & (d == 1))
                again = narrow(again) + narrow((b == one) & (d == 1))
                from_write[p] = narrow(total + narrow(again))
            for p in range(n_pe):
                old1, old2, new1, new2 = row1[p], row2[p], last[p], before_last[p]
                follows = old1 if between[p] == near else none
                kept = follows if new2 == single else new2
                row2[p] = old2 if new2 == none else kept
                row1[p] = old1 if new1 == none else new1
        for p in range(n_pe):
            adder[p] += np.int32(from_adder[p])
            write[p] += np.int32(from_write[p])
