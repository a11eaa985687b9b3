"""Cycles and counters of a pass. Shapes, types and style as in `kernels.time`.

`accelsim.machines.eie.fast.pass_time.PassTimer` makes what `run_pass` is given. All is done to a
block of columns while it is in the nearest cache: reading tables and waits again from further away
would cost more than counting. `at` marks an index that is not negative: Numba leaves out a test.
A statement gives values to three names at most: of four Python makes a tuple, which Numba and LLVM
take long to take apart again.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from accelsim.formats.column_table import SPAN_BITS
from accelsim.kernels.jit import kernel, linked, part

MOST_COLUMNS = 256  # of a block: so many 8-bit counts fit 16 bits
LEVELS = 4          # so many share the loads of a wait
at = np.uint64
SPAN = (1 << SPAN_BITS) - 1


class Sums(NamedTuple):
    """What a pass adds to, (n_pe,) int64 each but the last three.

    ``excess`` (depth + 1, n_pe) int64 is what `count_excess` says. ``few`` (3, n_pe) and ``some``
    (LEVELS, n_pe) are memory for sums of a block, of a type as narrow as the block allows.
    """

    issued_entries: npt.NDArray[np.int64]
    padding_entries: npt.NDArray[np.int64]
    empty_columns: npt.NDArray[np.int64]
    blocking_cycles: npt.NDArray[np.int64]
    spmat_line_reads: npt.NDArray[np.int64]
    excess: npt.NDArray[np.int64]
    few: npt.NDArray[np.signedinteger]
    some: npt.NDArray[np.integer]


@kernel
def run_pass(
    counts, padding, first_line, spans, columns, row_changes, rules, waits_known, issue, wait, sums,
    memory,
):
    """The last cycle of any issue slot, and all counters that need no rows.

    ``counts`` and ``padding`` (n_columns, n_pe) are one tile of a `ColumnTable`, ``first_line``
    and ``spans`` of a `LineTable`; without ``first_line`` no lines are counted. What is None is
    not compiled. ``sums`` are `Sums`, but a plain tuple: a named one costs a call 2 us.
    ``rules``: ``depth`` entries of a queue, ``empty_cycles`` of an empty column, ``longest`` cycles
    bound all waits. Sums of ``block`` columns, a multiple of four, fit `Sums.few` and `Sums.some`.
    ``wait`` has as many rows as columns, or is a ring of whole blocks that holds a queue and two
    blocks. ``waits_known``: ``issue`` and ``wait`` are there already; without ``wait`` neither time
    nor what depends on it is counted. ``memory``: (K,) last pops, as ``issue``; `broadcast`'s
    ``busy``, zeros, and (LEVELS, block) floors, as ``wait``; (2, n_pe) zeros, as ``first_line``.
    """
    sums, (latest, busy, floors, read) = Sums(*sums), memory
    depth, empty_cycles, longest, block = rules
    n_columns, n_pe = len(columns), counts.shape[1]
    if first_line is not None:
        end_line, skipped = read[0], read[1]
    now, counted = np.int64(-1), np.int64(0)
    for begin in range(0, n_columns, block):
        end = min(begin + block, n_columns)
        if wait is not None and not waits_known:
            now = broadcast(counts, columns[:end], row_changes, begin, depth, empty_cycles,
                            longest, now, latest, busy, issue, wait[begin % len(wait) :])
        count_columns(counts, padding, columns[begin:end], sums)
        if first_line is not None:
            if spans is None:
                count_packed_line_reads(first_line, columns[begin:end], end_line, skipped)
            else:
                count_line_reads(first_line, spans, columns[begin:end], end_line, skipped)
        if wait is None:
            continue
        # Floors of a column are known when a queue of others has been broadcast after it.
        while counted < n_columns and (counted + block + depth <= end or end == n_columns):
            rows, n_rows = wait[counted % len(wait) :], min(block, n_columns - counted)
            count_excess(issue, row_changes, rows, longest, counted, n_rows, floors, sums)
            counted += block
    if first_line is not None:
        for p in range(n_pe):
            sums.spmat_line_reads[p] += np.int32(end_line[p]) - np.int32(skipped[p])
    last = np.int64(0)
    if wait is not None:
        for p in range(n_pe):
            last = max(last, np.int64(busy[p]))
    return now + last


@part
def broadcast(counts, columns, row_changes, begin, depth, empty_cycles, longest, now, latest, busy,
              issue, wait):
    """Broadcast from column ``begin`` on, where ``wait`` begins; the cycle of the last broadcast.

    Max-plus recurrence, exact where nothing but full queues stalls (bypass on). ``busy`` is
    the last slot of a PE's latest column, in cycles from the latest broadcast.
    """
    small = wait.dtype.type
    one, nothing = small(1), small(empty_cycles)
    n_pe = counts.shape[1]
    for column in range(begin, len(columns)):
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


@part
def count_columns(counts, padding, columns, sums):
    """Add up the entries of ``columns``, their padding and the columns without entries.

    Four columns at a time, alex-6 on 64 PEs: 0.7 of the time of one by one.
    """
    n_pe, few, kind = counts.shape[1], sums.few, sums.few.dtype.type
    few[:] = 0
    few_entries, few_pads, few_empty = few[0], few[1], few[2]
    entries, pads, empty = sums.issued_entries, sums.padding_entries, sums.empty_columns
    whole = len(columns) // 4 * 4
    for k in range(0, whole, 4):
        i, j, m = at(columns[k]), at(columns[k + 1]), at(columns[k + 2])
        n = at(columns[k + 3])
        a, b, c = counts[i], counts[j], counts[m]
        d, e, f = counts[n], padding[i], padding[j]
        g, h = padding[m], padding[n]
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


@part
def count_line_reads(first_line, spans, columns, end, skipped):
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


@part
def count_packed_line_reads(lines, columns, end, skipped):
    """The same from a table of 16 bits; four columns at a time, 0.7 of the time of one by one."""
    whole = len(columns) // 4 * 4
    for k in range(0, whole, 4):
        a, b = lines[at(columns[k])], lines[at(columns[k + 1])]
        c, d = lines[at(columns[k + 2])], lines[at(columns[k + 3])]
        for p in range(len(end)):
            reached, gap = _read_packed(a[p], end[p], skipped[p])
            reached, gap = _read_packed(b[p], reached, gap)
            reached, gap = _read_packed(c[p], reached, gap)
            end[p], skipped[p] = _read_packed(d[p], reached, gap)
    for k in range(whole, len(columns)):
        row = lines[at(columns[k])]
        for p in range(len(end)):
            end[p], skipped[p] = _read_packed(row[p], end[p], skipped[p])


@linked
def _read_packed(line, end, skipped):
    first = np.uint16(line >> SPAN_BITS)
    begin = max(first, end)
    gap = np.uint16(skipped + np.uint16(begin - end))
    return max(begin, np.uint16(first + np.uint16(line & SPAN))), gap


@part
def count_excess(issue, row_changes, wait, longest, first, n_rows, floors, sums):
    """Add what the waits of columns ``first`` to ``first + n_rows`` have above their floors.

    Level n's floor is issue[h + n] - issue[h], the cycles until n more columns are in the queue:
    for as many cycles as column h waits longer there are n columns behind it. Added to
    ``excess[n]``, level 0 the waits themselves; `finish` makes the histogram of it. The last
    level's is ``blocking``, the cycles in which a full queue held a broadcast back (S5).
    """
    some, excess, blocking = sums.some, sums.excess, sums.blocking_cycles
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


@linked
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


@linked
def _floors(issue, later, longest, floor):
    small, bound = floor.dtype.type, np.int32(longest)
    for h in range(len(issue)):
        floor[h] = small(min(np.int32(later[h] - issue[h]), bound))


@linked
def _add_above(wait, floors, n_rows, some):
    """Write the sums of ``max(wait, floor)`` over ``n_rows`` columns, a row for each floor.

    Four columns and all four floors at a time, alex-6 on 64 PEs: 0.4 of the time of one by one.
    """
    some[:] = 0
    n_pe, small = wait.shape[1], some.dtype.type
    floor0, floor1, floor2 = floors[0], floors[1], floors[2]
    floor3, sum0, sum1 = floors[3], some[0], some[1]
    sum2, sum3 = some[2], some[3]
    whole = n_rows // 4 * 4
    for k in range(0, whole, 4):
        h, i, j = at(k), at(k + 1), at(k + 2)
        m, row0, row1 = at(k + 3), wait[h], wait[i]
        row2, row3 = wait[j], wait[m]
        a0, a1, a2, a3 = floor0[h], floor0[i], floor0[j], floor0[m]
        b0, b1, b2, b3 = floor1[h], floor1[i], floor1[j], floor1[m]
        c0, c1, c2, c3 = floor2[h], floor2[i], floor2[j], floor2[m]
        d0, d1, d2, d3 = floor3[h], floor3[i], floor3[j], floor3[m]
        for p in range(n_pe):
            w = row0[p], row1[p], row2[p], row3[p]
            sum0[p] = small(sum0[p] + _four_above(small, w, a0, a1, a2, a3))
            sum1[p] = small(sum1[p] + _four_above(small, w, b0, b1, b2, b3))
            sum2[p] = small(sum2[p] + _four_above(small, w, c0, c1, c2, c3))
            sum3[p] = small(sum3[p] + _four_above(small, w, d0, d1, d2, d3))
    for i in range(LEVELS):
        for h in range(whole, n_rows):
            for p in range(n_pe):
                some[i, p] += max(wait[h, p], floors[i, h])


@linked
def _four_above(small, w, f0, f1, f2, f3):
    low, high = small(max(w[0], f0) + max(w[1], f1)), small(max(w[2], f2) + max(w[3], f3))
    return small(low + high)
