"""Cycles and counters of a pass. Shapes, types and style as in `kernels.time`.

Columns are taken in blocks, and all is done to a block while it is in the nearest cache: reading
tables and waits again from further away would cost more than counting.

``few`` and ``some`` are sums of a block in a type that holds them: ``block``, a multiple of four,
is chosen so that narrow ones do for what is narrow. `at` marks an index that is not negative, for
which Numba leaves out a test.
"""

import numpy as np

from accelsim.formats.column_table import SPAN_BITS
from accelsim.kernels.jit import kernel

MOST_COLUMNS = 256  # of a block: so many 8-bit counts fit 16 bits
LEVELS = 4          # so many share the loads of a wait

at = np.uint64
SPAN = (1 << SPAN_BITS) - 1


@kernel
def run_pass(
    counts, padding, first_line, spans, columns, row_changes, depth, empty_cycles, longest, block,
    waits_known, issue, wait, few, some, sums, excess,
):
    """The last cycle of any issue slot, and all counters that need no rows.

    ``wait`` has as many rows as columns, or is a ring of whole blocks that holds a queue and two
    blocks. ``waits_known``: ``issue`` and ``wait`` are there already. Without
    ``first_line`` no lines are counted. ``few`` (3, n_pe) and ``some`` (LEVELS, n_pe) are
    memory, ``sums`` the counters of a pass, ``excess`` (depth + 1, n_pe) int64 what
    `_count_excess` says.
    """
    n_columns, n_pe = len(columns), counts.shape[1]
    latest = np.empty(n_columns, np.int64)  # the last PE's pop of each column
    busy = np.zeros(n_pe, wait.dtype)
    end_line = np.zeros(n_pe, first_line.dtype)
    skipped = np.zeros(n_pe, first_line.dtype)
    entries, pads, empty, blocking, lines = sums[0], sums[1], sums[2], sums[4], sums[5]
    floors = np.empty((LEVELS, block), wait.dtype)
    now, counted = -1, 0
    for begin in range(0, n_columns, block):
        end = min(begin + block, n_columns)
        if not waits_known:
            now = _broadcast(
                counts, columns, row_changes, begin, end, depth, empty_cycles, longest, now,
                latest, busy, issue, wait[begin % len(wait) :],
            )
        _count_columns(counts, padding, columns[begin:end], few, entries, pads, empty)
        if len(spans) > 0:
            _count_line_reads(first_line, spans, columns[begin:end], end_line, skipped)
        elif len(first_line) > 0:
            _count_packed_line_reads(first_line, columns[begin:end], end_line, skipped)
        # Floors of a column are known when a queue of others has been broadcast after it.
        while counted < n_columns and (counted + block + depth <= end or end == n_columns):
            rows = wait[counted % len(wait) :]
            _count_excess(
                issue, row_changes, rows, longest, counted, min(block, n_columns - counted), floors,
                some, excess, blocking,
            )
            counted += block
    for p in range(n_pe):
        lines[p] += np.int32(end_line[p]) - np.int32(skipped[p])
    return now + busy.max()


@kernel
def _broadcast(
    counts, columns, row_changes, begin, end, depth, empty_cycles, longest, now, latest, busy,
    issue, wait,
):
    """The cycle of the last broadcast. ``wait`` begins with column ``begin``'s.

    Max-plus recurrence, exact where nothing but full queues stalls (bypass on). ``longest`` is a
    bound of all waits, ``busy`` the last slot of a PE's latest column, in cycles from the latest
    broadcast.
    """
    small = wait.dtype.type
    one, nothing = small(1), small(empty_cycles)
    n_pe = counts.shape[1]
    for column in range(begin, end):
        k, first = at(column), at(max(column - depth, 0))
        before = now
        earliest = now + 1 + row_changes[k]
        now = earliest
        if column >= depth:
            now = max(earliest, latest[first] + 1)
        issue[k] = now
        passed = small(min(now - before, longest))
        here, row = counts[at(columns[k])], wait[at(column - begin)]
        most = one
        for p in range(n_pe):
            start = max(one, small(busy[p] - passed))
            row[p] = start
            busy[p] = small(start + max(small(here[p]), nothing))
            most = max(most, start)
        latest[k] = now + most
    return now


@kernel
def _count_columns(counts, padding, columns, few, entries, pads, empty):
    """Add up the entries of ``columns``, their padding and the columns without entries."""
    n_pe, kind = counts.shape[1], few.dtype.type
    few[:] = 0
    few_entries, few_pads, few_empty = few[0], few[1], few[2]
    whole = len(columns) // 4 * 4
    for k in range(0, whole, 4):
        i, j, m, n = at(columns[k]), at(columns[k + 1]), at(columns[k + 2]), at(columns[k + 3])
        a, b, c, d = counts[i], counts[j], counts[m], counts[n]
        e, f, g, h = padding[i], padding[j], padding[m], padding[n]
        for p in range(n_pe):
            four = kind(kind(a[p]) + kind(b[p])) + kind(kind(c[p]) + kind(d[p]))
            few_entries[p] = kind(few_entries[p] + kind(four))
        for p in range(n_pe):
            four = kind(kind(e[p]) + kind(f[p])) + kind(kind(g[p]) + kind(h[p]))
            few_pads[p] = kind(few_pads[p] + kind(four))
        for p in range(n_pe):
            two = kind(kind(a[p] == 0) + kind(b[p] == 0))
            four = two + kind(kind(c[p] == 0) + kind(d[p] == 0))
            few_empty[p] = kind(few_empty[p] + kind(four))
    for k in range(whole, len(columns)):
        row, pad_row = counts[columns[k]], padding[columns[k]]
        for p in range(n_pe):
            few_entries[p] += row[p]
            few_pads[p] += pad_row[p]
            few_empty[p] += row[p] == 0
    for p in range(n_pe):
        entries[p] += few_entries[p]
        pads[p] += few_pads[p]
        empty[p] += few_empty[p]


@kernel
def _count_line_reads(first_line, spans, columns, end, skipped):
    """Lines read (P5), from a `LineTable`.

    Lines are read in ascending order, each once: as many as lie before the ``end`` of what has
    been read, less those that were ``skipped``.
    """
    small = first_line.dtype.type
    for column in columns:
        first, span = first_line[at(column)], spans[at(column)]
        for p in range(len(end)):
            begin = max(first[p], end[p])
            skipped[p] = small(skipped[p] + small(begin - end[p]))
            end[p] = max(begin, small(first[p] + small(span[p])))


@kernel
def _count_packed_line_reads(lines, columns, end, skipped):
    """The same from a table of 16 bits."""
    small = lines.dtype.type
    whole = len(columns) // 4 * 4
    for k in range(0, whole, 4):
        i, j, m, n = at(columns[k]), at(columns[k + 1]), at(columns[k + 2]), at(columns[k + 3])
        a, b, c, d = lines[i], lines[j], lines[m], lines[n]
        for p in range(len(end)):
            first, reached, gap = small(a[p] >> SPAN_BITS), end[p], skipped[p]
            begin = max(first, reached)
            gap = small(gap + small(begin - reached))
            reached = max(begin, small(first + small(a[p] & SPAN)))
            first = small(b[p] >> SPAN_BITS)
            begin = max(first, reached)
            gap = small(gap + small(begin - reached))
            reached = max(begin, small(first + small(b[p] & SPAN)))
            first = small(c[p] >> SPAN_BITS)
            begin = max(first, reached)
            gap = small(gap + small(begin - reached))
            reached = max(begin, small(first + small(c[p] & SPAN)))
            first = small(d[p] >> SPAN_BITS)
            begin = max(first, reached)
            skipped[p] = small(gap + small(begin - reached))
            end[p] = max(begin, small(first + small(d[p] & SPAN)))
    for k in range(whole, len(columns)):
        row = lines[at(columns[k])]
        for p in range(len(end)):
            first = small(row[p] >> SPAN_BITS)
            begin = max(first, end[p])
            skipped[p] = small(skipped[p] + small(begin - end[p]))
            end[p] = max(begin, small(first + small(row[p] & SPAN)))


@kernel
def _count_excess(
    issue, row_changes, wait, longest, first, n_rows, floors, some, excess, blocking
):
    """Add what the waits of columns ``first`` to ``first + n_rows`` have above their floors.

    Level n's floor is issue[h + n] - issue[h], the cycles until n more columns are in the queue:
    for as many cycles as column h waits longer there are n columns behind it. Added to
    ``excess[n]``, level 0 the waits themselves; `finish` makes the histogram of it. The last
    level's is ``blocking``, the cycles in which a full queue held a broadcast back (S5).
    """
    n_pe, n_columns, depth = wait.shape[1], len(issue), excess.shape[0] - 1
    for level in range(0, depth, LEVELS):
        for i in range(LEVELS):
            n = level + i
            there = min(max(n_columns - first - n, 0), n_rows) if n < depth else 0
            _floors(issue[first : first + there], issue[first + n :], longest, floors[i])
            floors[i, there:n_rows] = longest
        _add_above(wait, floors, n_rows, some)
        found = np.int64(0)
        for i in range(min(LEVELS, depth - level)):
            floor, total, known = floors[i], excess[level + i], np.int64(0)
            for h in range(n_rows):
                known += floor[h]
            found = np.int64(0)
            for p in range(n_pe):
                above = np.int64(some[i, p]) - known
                total[p] += above
                found |= above
            if level + i == depth - 1 and found != 0:
                for p in range(n_pe):
                    blocking[p] += np.int64(some[i, p]) - known
                _excuse(row_changes, wait, floor, longest, first + depth, n_rows, blocking)
        # What never waited for the last of these levels did not for higher ones.
        if found == 0:
            return


@kernel
def _excuse(row_changes, wait, floor, longest, first, n_rows, blocking):
    """Take off the cycles in which nothing would have been broadcast: row changes, and the end.

    ``first`` is the broadcast that had to wait for the first of the columns.
    """
    small = floor.dtype.type
    for h in range(n_rows):
        more = row_changes[first + h] if first + h < len(row_changes) else longest
        if more > 0:
            old, row = floor[h], wait[h]
            new = small(min(old + more, longest))
            for p in range(len(blocking)):
                blocking[p] -= max(row[p], old) - old - max(row[p], new) + new


@kernel
def _floors(issue, later, longest, floor):
    small, bound = floor.dtype.type, np.int32(longest)
    for h in range(len(issue)):
        floor[h] = small(min(np.int32(later[h] - issue[h]), bound))


@kernel
def _add_above(wait, floors, n_rows, some):
    """Write the sums of ``max(wait, floor)`` over ``n_rows`` columns, a row for each floor."""
    some[:] = 0
    whole = n_rows // 4 * 4
    _add_four(
        wait, floors[0], floors[1], floors[2], floors[3], whole, some[0], some[1], some[2], some[3]
    )
    for i in range(LEVELS):
        for h in range(whole, n_rows):
            for p in range(wait.shape[1]):
                some[i, p] += max(wait[h, p], floors[i, h])


@kernel
def _add_four(wait, floor0, floor1, floor2, floor3, n_rows, sum0, sum1, sum2, sum3):
    """Four columns and four floors at a time: loads and loops cost more than the sums."""
    n_pe, small = wait.shape[1], sum0.dtype.type
    for k in range(0, n_rows, 4):
        h, i, j, m = at(k), at(k + 1), at(k + 2), at(k + 3)
        row0, row1, row2, row3 = wait[h], wait[i], wait[j], wait[m]
        a0, a1, a2, a3 = floor0[h], floor0[i], floor0[j], floor0[m]
        b0, b1, b2, b3 = floor1[h], floor1[i], floor1[j], floor1[m]
        c0, c1, c2, c3 = floor2[h], floor2[i], floor2[j], floor2[m]
        d0, d1, d2, d3 = floor3[h], floor3[i], floor3[j], floor3[m]
        for p in range(n_pe):
            w0, w1, w2, w3 = row0[p], row1[p], row2[p], row3[p]
            low, high = small(max(w0, a0) + max(w1, a1)), small(max(w2, a2) + max(w3, a3))
            sum0[p] = small(sum0[p] + small(low + high))
            low, high = small(max(w0, b0) + max(w1, b1)), small(max(w2, b2) + max(w3, b3))
            sum1[p] = small(sum1[p] + small(low + high))
            low, high = small(max(w0, c0) + max(w1, c1)), small(max(w2, c2) + max(w3, c3))
            sum2[p] = small(sum2[p] + small(low + high))
            low, high = small(max(w0, d0) + max(w1, d1)), small(max(w2, d2) + max(w3, d3))
            sum3[p] = small(sum3[p] + small(low + high))
