"""What broadcasts and pops imply for the counters. Shapes, types and style as in `kernels.time`.

Totals are (n_pe,) int32: enough for one pass.
"""

import numpy as np

from accelsim.formats.jit import kernel

_FOURS = 64  # sums of so many times four bytes fit 16 bits


@kernel
def count_columns(counts, padding, columns, some, entries, pads, empty):
    """Add up the entries of ``columns``, their padding and the columns without entries.

    ``some`` (3, n_pe) are narrow sums, wide enough for `_FOURS` times four columns.
    """
    n_pe = counts.shape[1]
    kind = some.dtype.type
    for begin in range(0, len(columns), 4 * _FOURS):
        end = min(begin + 4 * _FOURS, len(columns))
        some[:] = 0
        some_entries, some_pads, some_empty = some[0], some[1], some[2]
        whole = begin + (end - begin) // 4 * 4
        for k in range(begin, whole, 4):
            i, j, m, n = columns[k], columns[k + 1], columns[k + 2], columns[k + 3]
            a, b, c, d = counts[i], counts[j], counts[m], counts[n]
            e, f, g, h = padding[i], padding[j], padding[m], padding[n]
            for p in range(n_pe):
                four = kind(kind(a[p]) + kind(b[p])) + kind(kind(c[p]) + kind(d[p]))
                some_entries[p] = kind(some_entries[p] + kind(four))
            for p in range(n_pe):
                four = kind(kind(e[p]) + kind(f[p])) + kind(kind(g[p]) + kind(h[p]))
                some_pads[p] = kind(some_pads[p] + kind(four))
            for p in range(n_pe):
                two = kind(kind(a[p] == 0) + kind(b[p] == 0))
                four = two + kind(kind(c[p] == 0) + kind(d[p] == 0))
                some_empty[p] = kind(some_empty[p] + kind(four))
        for k in range(whole, end):
            row, pad_row = counts[columns[k]], padding[columns[k]]
            for p in range(n_pe):
                some_entries[p] += row[p]
                some_pads[p] += pad_row[p]
                some_empty[p] += row[p] == 0
        for p in range(n_pe):
            entries[p] += some_entries[p]
            pads[p] += some_pads[p]
            empty[p] += some_empty[p]


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
    whole = len(columns) // 4 * 4
    for k in range(0, whole, 4):
        i, j, m, n = columns[k], columns[k + 1], columns[k + 2], columns[k + 3]
        a, b, c, d = first_line[i], first_line[j], first_line[m], first_line[n]
        e, f, g, h = spans[i], spans[j], spans[m], spans[n]
        for p in range(n_pe):
            reached, gap = end[p], skipped[p]
            begin = max(a[p], reached)
            gap = small(gap + small(begin - reached))
            reached = max(begin, small(a[p] + small(e[p])))
            begin = max(b[p], reached)
            gap = small(gap + small(begin - reached))
            reached = max(begin, small(b[p] + small(f[p])))
            begin = max(c[p], reached)
            gap = small(gap + small(begin - reached))
            reached = max(begin, small(c[p] + small(g[p])))
            begin = max(d[p], reached)
            skipped[p] = small(gap + small(begin - reached))
            end[p] = max(begin, small(d[p] + small(h[p])))
    for k in range(whole, len(columns)):
        first, span = first_line[columns[k]], spans[columns[k]]
        for p in range(n_pe):
            begin = max(first[p], end[p])
            skipped[p] = small(skipped[p] + small(begin - end[p]))
            end[p] = max(begin, small(first[p] + small(span[p])))
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
