"""What the waits of a pass have above their floors, for `kernels.vectors`, style as there."""

import numpy as np

from accelsim.kernels.jit import linked

LANES = 64
TOGETHER = 4  # columns whose waits are added before they are widened
LEVELS = 4    # so many share the loads of a wait
at = np.uint64


@linked
def count_above(count, rules, groups, memory):
    """As `kernels.passes.count_excess`: waits above their floors, in ``above`` less ``known``."""
    wait, most, floors, issue = memory.wait, memory.most, memory.floors, memory.issue
    above, known, lanes, room = memory.above, memory.known, groups * LANES, len(most)
    rows = len(above) // LANES // groups
    most[count : count + TOGETHER] = 0
    wait[count * lanes : (count + TOGETHER) * lanes] = 0
    for level in range(0, rules.depth, LEVELS):
        for i in range(LEVELS):
            behind = level + i if level + i < rules.depth else count
            _floors(issue, count, behind, rules.longest, floors[i * room : (i + 1) * room])
        follow, last = False, floors[(min(LEVELS, rules.depth - level) - 1) * room :]
        for h in range(0, count, TOGETHER):
            if (floors[h] < most[h] or floors[h + 1] < most[h + 1]
                    or floors[h + 2] < most[h + 2] or floors[h + 3] < most[h + 3]):
                for group in range(groups):
                    _add_waits(wait, h * lanes + group * LANES, lanes, above,
                               (group * rows + level) * LANES, floors, room, h)
                for i in range(LEVELS):
                    for k in range(h, h + TOGETHER):
                        known[level + i] += floors[i * room + k]
                        follow |= last[k] < most[k]
        if not follow:
            return  # nor does any column wait for more than these
    row = floors[:room]
    _floors(issue, count, rules.depth - 1, rules.longest, row)
    _hold_back(memory.changes, count, rules.depth, rules.longest, row)
    for h in range(count):
        if row[h] < most[h]:
            known[rows - 1] += row[h]
            for group in range(groups):
                _add_wait(wait, h * lanes + group * LANES, above,
                          (group * rows + rows - 1) * LANES, row[h])


@linked
def _floors(issue, count, behind, longest, row):
    """Write the cycles until so many columns more are in the queue, for each."""
    small, bound, later = row.dtype.type, np.int32(longest), issue[behind:]
    there = max(count - behind, 0)
    for k in range(there):
        row[k] = small(min(np.int32(later[k] - issue[k]), bound))
    row[there : count + TOGETHER] = small(longest)


@linked
def _hold_back(changes, count, depth, longest, row):
    """Add the cycles in which nothing would have been broadcast: row changes, and the end."""
    small = row.dtype.type
    for k in range(count - depth):
        row[k] = small(min(row[k] + changes[k + depth], longest))
    row[max(count - depth, 0) : count + TOGETHER] = small(longest)


@linked
def _add_waits(wait, row, lanes, above, place, floors, room, h):
    """Add the waits of four columns, or their floors where these are higher, at four levels."""
    small, wide = wait.dtype.type, above.dtype.type
    i, j, m = h + room, h + 2 * room, h + 3 * room
    a0, a1, a2, a3 = floors[h], floors[h + 1], floors[h + 2], floors[h + 3]
    b0, b1, b2, b3 = floors[i], floors[i + 1], floors[i + 2], floors[i + 3]
    c0, c1, c2, c3 = floors[j], floors[j + 1], floors[j + 2], floors[j + 3]
    d0, d1, d2, d3 = floors[m], floors[m + 1], floors[m + 2], floors[m + 3]
    for p in range(LANES):
        w0, w1 = wait[at(row + p)], wait[at(row + lanes + p)]
        w2, w3 = wait[at(row + 2 * lanes + p)], wait[at(row + 3 * lanes + p)]
        a = small(small(max(w0, a0) + max(w1, a1)) + small(max(w2, a2) + max(w3, a3)))
        b = small(small(max(w0, b0) + max(w1, b1)) + small(max(w2, b2) + max(w3, b3)))
        c = small(small(max(w0, c0) + max(w1, c1)) + small(max(w2, c2) + max(w3, c3)))
        d = small(small(max(w0, d0) + max(w1, d1)) + small(max(w2, d2) + max(w3, d3)))
        above[at(place + p)] += wide(a)
        above[at(place + LANES + p)] += wide(b)
        above[at(place + 2 * LANES + p)] += wide(c)
        above[at(place + 3 * LANES + p)] += wide(d)


@linked
def _add_wait(wait, row, above, place, floor):
    """Add the waits of a column, or its floor where that is higher."""
    wide = above.dtype.type
    for p in range(LANES):
        above[at(place + p)] += wide(max(wait[at(row + p)], floor))
