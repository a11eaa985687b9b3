"""What the waits of columns in the queues imply. Shapes, types and style as in `kernels.time`.

``some`` (4, n_pe), of the waits' type, are sums of a block of columns: the type holds the waits of
``block`` columns added up, a multiple of four. Totals are (n_pe,) int32 and may wrap around.
"""

import numpy as np

from accelsim.formats.jit import kernel

_FLOORS = 4  # as many as share the loads of one wait


@kernel
def count_occupancy(issue, wait, full, longest, block, at_least, blocking):
    """Add to ``at_least[n]`` (depth + 1, n_pe) int64 the cycles that begin with n entries or more.

    Adds to ``blocking`` the cycles in which each PE's full queue held a broadcast back (S5).

    While column h is at the head there are n entries from the push of column h + n - 1 on: for
    max(0, pop[h] - max(pop[h - 1], issue[h + n - 1])) cycles, which is max(pop[h], issue[h + n
    - 1]) - max(pop[h - 1], issue[h + n - 1]). So the sum over h is A[n - 1] - A[n] - issue[n - 1]
    with A[n] the sum over h of max(pop[h], issue[h + n]). That is the sum of issue[h], which
    changes by issue[K - n] from n - 1 to n; of max(wait[h], floor[h]) with the floor issue[h + n]
    - issue[h] cut at ``longest``; and of what was cut. Of the full depth it is the sum of the
    floors: a column is popped before a queue of others has been broadcast.
    """
    n_columns, n_pe = wait.shape
    depth = at_least.shape[0] - 1
    floors = np.empty((_FLOORS, n_columns), wait.dtype)
    cuts, ends = np.zeros(_FLOORS, np.int64), np.zeros(_FLOORS, np.int64)
    sums = np.empty((_FLOORS, n_pe), np.int32)
    some = np.empty((_FLOORS, n_pe), wait.dtype)
    before = np.zeros(n_pe, np.int32)
    _add_waits(wait, block, some[0], before)
    cut_before = np.int64(0)
    for level in range(0, min(depth, n_columns + 1), _FLOORS):
        for i in range(_FLOORS):
            n = min(level + i, n_columns)
            ends[i] = n_columns - n
            if n == 0:
                floors[0] = full
            else:
                cuts[i] = _floors(issue, n, longest, floors[i])
        sums[:] = 0
        _add_above(wait, floors, ends, block, some, sums)
        for i in range(_FLOORS):
            n = level + i
            if n == 0:
                _subtract(sums[0], full, blocking)
            elif n < depth and n <= n_columns:
                known = issue[n_columns - n] + cut_before - cuts[i] - issue[n - 1]
                if _add_difference(before, sums[i], known, at_least[n]) == 0:
                    return
                before[:] = sums[i]
                cut_before = cuts[i]
    if depth <= n_columns:
        cut = _floors(issue, depth, longest, floors[0])
        total = np.int64(0)
        for h in range(n_columns - depth):
            total += floors[0, h]
        sums[0] = np.int32(total & 0xFFFFFFFF)
        known = issue[n_columns - depth] + cut_before - cut - issue[depth - 1]
        _add_difference(before, sums[0], known, at_least[depth])


@kernel
def finish(at_least, cycles, histogram, total, most):
    """Histogram (n_pe, depth + 1), sum and maximum of the entries that a cycle begins with."""
    depth = at_least.shape[0] - 1
    at_least[0, :] = cycles
    for p in range(len(total)):
        total[p] = most[p] = 0
        for n in range(depth):
            more = at_least[n + 1, p]
            histogram[p, n] = at_least[n, p] - more
            total[p] += more
            most[p] += more != 0
        histogram[p, depth] = at_least[depth, p]


@kernel
def _add_difference(before, now, known, at_least):
    found = np.int64(0)
    for p in range(len(now)):
        cycles = (known + np.int64(before[p]) - np.int64(now[p])) & 0xFFFFFFFF
        at_least[p] += cycles
        found |= cycles
    return found


@kernel
def _subtract(total, known, blocking):
    floor = np.int64(0)
    for k in range(len(known)):
        floor += known[k]
    for p in range(len(blocking)):
        blocking[p] += np.int32((np.int64(total[p]) - floor) & 0xFFFFFFFF)


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


@kernel
def _add_waits(wait, block, some, total):
    n_pe, small = wait.shape[1], wait.dtype.type
    whole = len(wait) // 4 * 4
    for begin in range(0, whole, block):
        some[:] = 0
        for k in range(begin, min(begin + block, whole), 4):
            a, b, c, d = wait[k], wait[k + 1], wait[k + 2], wait[k + 3]
            for p in range(n_pe):
                some[p] = small(some[p] + small(small(a[p] + b[p]) + small(c[p] + d[p])))
        for p in range(n_pe):
            total[p] += some[p]
    for k in range(whole, len(wait)):
        for p in range(n_pe):
            total[p] += wait[k, p]


@kernel
def _add_above(wait, floors, ends, block, some, sums):
    """Add ``max(wait[h], floors[i, h])`` over the first ``ends[i]`` columns to ``sums[i]``."""
    n_pe = wait.shape[1]
    whole = ends.min() // 4 * 4
    for begin in range(0, whole, block):
        some[:] = 0
        end = min(begin + block, whole)
        _add_four(
            wait, floors[0], floors[1], floors[2], floors[3], begin, end,
            some[0], some[1], some[2], some[3],
        )
        for i in range(_FLOORS):
            for p in range(n_pe):
                sums[i, p] += some[i, p]
    for i in range(_FLOORS):
        for h in range(whole, ends[i]):
            for p in range(n_pe):
                sums[i, p] += max(wait[h, p], floors[i, h])


@kernel
def _add_four(wait, floor0, floor1, floor2, floor3, begin, end, sum0, sum1, sum2, sum3):
    """Four columns and four floors at a time: loads and loops cost more than the sums."""
    n_pe, small = wait.shape[1], wait.dtype.type
    for k in range(begin, end, 4):
        row0, row1, row2, row3 = wait[k], wait[k + 1], wait[k + 2], wait[k + 3]
        a0, a1, a2, a3 = floor0[k], floor0[k + 1], floor0[k + 2], floor0[k + 3]
        b0, b1, b2, b3 = floor1[k], floor1[k + 1], floor1[k + 2], floor1[k + 3]
        c0, c1, c2, c3 = floor2[k], floor2[k + 1], floor2[k + 2], floor2[k + 3]
        d0, d1, d2, d3 = floor3[k], floor3[k + 1], floor3[k + 2], floor3[k + 3]
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
