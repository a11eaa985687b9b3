"""Counters beyond those of every pass. Shapes, types and style as in `kernels.time`.

`accelsim.machines.eie.fast.pass_time` and `layer_time` check what these kernels are given.
"""

import numpy as np

from accelsim.formats.column_table import EMPTY, ONLY
from accelsim.formats.edges import BEFORE_LAST, FIRST, LAST, SECOND
from accelsim.kernels.jit import kernel, linked


@kernel
def count_segment_line_reads(starts, columns, first, entries_per_line, reads):
    """Lines read (P5) of a segment that was refilled: addresses count from ``first`` on (M4)."""
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
def count_bypasses(counts, edges, columns, issue, wait, longest, adder, write):
    """Add up the accumulators taken from stage 3 (``adder``) and stage 4 (``write``) (A3).

    Rows ascend within a column, so only its first two entries can meet the last two entries
    before it. ``row1`` and ``row2`` are the rows in the last slot that had an entry and in the
    slot before that, `EMPTY` where there is none.
    ``ended`` is the last slot that had an entry, in cycles from the latest broadcast; ``slots``
    lie between it and a column's first.
    """
    add_bypasses(counts, edges, columns, issue, wait, longest, adder, write)


@linked
def add_bypasses(counts, edges, columns, issue, wait, longest, adder, write):
    """`count_bypasses` for kernels."""
    n_pe = counts.shape[1]
    small, narrow = wait.dtype.type, edges.dtype.type
    never, far, step = small(-_FAR), small(_FAR), small(1)
    none, single, near = narrow(EMPTY), narrow(ONLY), narrow(1)
    row1 = np.full(n_pe, EMPTY, edges.dtype)
    row2 = np.full(n_pe, EMPTY, edges.dtype)
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
            first, second = edge[FIRST], edge[SECOND]
            before_last, last = edge[BEFORE_LAST], edge[LAST]
            for p in range(n_pe):
                a, one = first[p], row1[p]  # four at once would be a tuple, see `passes`
                d, total = between[p], from_adder[p]
                from_adder[p] = narrow(total + narrow((a == one) & (d == 1)))
            for p in range(n_pe):
                a, b = first[p], second[p]
                one, two = row1[p], row2[p]
                d, total = between[p], from_write[p]
                again = narrow((a == one) & (d == 2)) + narrow((a == two) & (a != one) & (d == 1))
                again = narrow(again) + narrow((b == one) & (d == 1))
                from_write[p] = narrow(total + narrow(again))
            for p in range(n_pe):
                old1, old2 = row1[p], row2[p]
                new1, new2 = last[p], before_last[p]
                follows = old1 if between[p] == near else none
                kept = follows if new2 == single else new2
                row2[p] = old2 if new2 == none else kept
                row1[p] = old1 if new1 == none else new1
        for p in range(n_pe):
            adder[p] += np.int32(from_adder[p])
            write[p] += np.int32(from_write[p])


PASS_SUMS = (
    "issued_entries", "padding_entries", "empty_columns", "hazard_stall_cycles", "blocking_cycles",
    "spmat_line_reads", "adder_bypasses", "write_bypasses",
)
"""Rows of what the passes of a layer add up to. Plain integers name them, because NumPy takes
five times as long for a member of an IntEnum as for an integer."""
(
    ISSUED_ENTRIES, PADDING_ENTRIES, EMPTY_COLUMNS, HAZARD_STALL_CYCLES, BLOCKING_CYCLES,
    SPMAT_LINE_READS, ADDER_BYPASSES, WRITE_BYPASSES,
) = range(len(PASS_SUMS))


FINISHED = (
    "empty_column_cycles", "macs", "starved_cycles", "queue_occupancy_sum", "queue_occupancy_max",
    "dst_reg_reads", "queue_pushes", "src_reg_reads", "src_reg_writes", "act_sram_writes",
)
"""Rows that `finish` writes, by the names of `Counters`."""
(
    EMPTY_COLUMN_CYCLES, MACS, STARVED_CYCLES, QUEUE_OCCUPANCY_SUM, QUEUE_OCCUPANCY_MAX,
    DST_REG_READS, QUEUE_PUSHES, SRC_REG_READS, SRC_REG_WRITES, ACT_SRAM_WRITES,
) = range(len(FINISHED))


@kernel
def finish(
    sums, excess, cycles, compute, broadcasts, scanned, loaded, stored, empty_cycles, values,
    histogram,
):
    """Write the counters of each PE that need all passes, and the histogram (n_pe, depth + 1).

    ``sums`` (len(`PASS_SUMS`), n_pe) int64 and ``excess`` (depth + 1, n_pe) int64 are those of all
    passes, ``scanned``, ``loaded`` and ``stored`` rows; ``values`` (len(`FINISHED`), n_pe) int64
    is written. Returns the entries and the padding of all PEs.

    A column with n - 1 others behind it is in the queue for ``excess[n - 1]`` cycles in all, and
    in ``excess[n]`` of them the next column has as many behind it too. So the difference is the
    cycles that begin with n entries or more.
    """
    depth = excess.shape[0] - 1
    n_entries = n_padding = np.int64(0)
    for p in range(values.shape[1]):
        entries, stalls = sums[ISSUED_ENTRIES, p], sums[HAZARD_STALL_CYCLES, p]
        macs = entries - sums[PADDING_ENTRIES, p]
        n_entries += entries
        n_padding += sums[PADDING_ENTRIES, p]
        empty = sums[EMPTY_COLUMNS, p] * empty_cycles
        values[EMPTY_COLUMN_CYCLES, p] = empty
        values[MACS, p] = macs
        values[STARVED_CYCLES, p] = compute - entries - empty - stalls
        values[QUEUE_OCCUPANCY_SUM, p] = excess[0, p]
        values[DST_REG_READS, p] = macs + stored
        values[QUEUE_PUSHES, p] = broadcasts
        values[SRC_REG_READS, p] = scanned
        values[SRC_REG_WRITES, p] = loaded
        values[ACT_SRAM_WRITES, p] = stored
        more, most = cycles, 0
        for n in range(depth):
            above = excess[n, p] - excess[n + 1, p]
            histogram[p, n] = more - above
            most += above != 0
            more = above
        histogram[p, depth] = more
        values[QUEUE_OCCUPANCY_MAX, p] = most
    return n_entries, n_padding
