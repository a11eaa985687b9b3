"""A pass entry by entry: every time and every sum, up to a cycle. The PEs wait for nothing but
broadcasts and their own accumulators, so this is one loop over columns, PEs and entries.

Cycles count from the first of the compute phase. ``column_work`` and ``pe_state`` rows are named
in `accelsim.machines.eie.fast.walk`.
"""

import numpy as np

from accelsim.kernels.jit import kernel

NOT_YET = -1


@kernel
def walk(
    pointers, pe_starts, codes, runs, columns, row_changes, trailing, depth, empty_cycles, bypass,
    stop, codebook, activations, shift, low, high, issue, latest, critical, fullest, heaviest,
    state, flight, sums, starved, charged,
):
    """Walk until the cycle ``stop``; (broadcasts before it, compute cycles of the whole pass).

    pointers (n_pe, n_columns + 1), columns and row_changes (K,) : one pass
    trailing : row changes behind the last broadcast
    issue, latest, critical (K,) : broadcast cycle, last pop and the PE of it
    fullest, heaviest (K,) : most issue slots of a PE in this column, and that PE
    state (n_pe, 5) : see `accelsim.machines.eie.fast.walk.PE_STATE`
    flight (n_pe, 4, 3) : (row, code, broadcast) in stages 1 to 4; broadcast -1 where there is none
    sums (n_pe, rows) : accumulators, as written before ``stop``; without rows no sums are made
    starved (n_pe, 5) : cycles by `accelsim.machines.eie.fast.walk.CAUSES`
    charged (n_pe,) : starved PE-cycles for which a PE's full queue is to blame
    """
    n_pe = len(pointers)
    free = np.full(n_pe, -1, np.int64)
    busy = np.full(n_pe, -1, np.int64)      # last cycle that is not starved
    row1, row2 = np.full(n_pe, -1, np.int64), np.full(n_pe, -1, np.int64)
    leave1, leave2 = np.full(n_pe, -1, np.int64), np.full(n_pe, -1, np.int64)
    now = np.int64(-1)
    done = 0
    for k in range(len(columns)):
        before = now
        earliest = now + 1 + row_changes[k]
        now = earliest
        blocked_by = NOT_YET
        if k >= depth and latest[k - depth] >= earliest:
            now = latest[k - depth] + 1
            blocked_by = critical[k - depth]
        if now >= stop:
            break
        issue[k] = now
        done = k + 1
        latest[k] = fullest[k] = -1
        for p in range(n_pe):
            pop = max(now + 1, free[p])
            if pop > latest[k]:
                latest[k], critical[k] = pop, p
            _charge(starved, charged, p, busy[p], pop, before, earliest, now, blocked_by)
            if pop < stop:
                state[p, 0] = k + 1
            begin = pointers[p, columns[k]] + pe_starts[p]
            end = pointers[p, columns[k] + 1] + pe_starts[p]
            work = max(end - begin, empty_cycles)
            if work > fullest[k]:
                fullest[k], heaviest[k] = work, p
            if begin == end:
                if pop + empty_cycles < stop:
                    state[p, 1] = k + 1
                free[p] = pop + empty_cycles
                busy[p] = max(busy[p], free[p])
                continue
            row = np.int64(-1)
            advance = pop
            for entry in range(begin, end):
                row += np.int64(runs[entry]) + 1
                code = codes[entry]
                advance = max(advance + 1, leave1[p])
                leave = advance + 1
                if code != 0 and not bypass:
                    if row == row1[p]:
                        leave = max(leave, leave1[p] + 3)
                    if row == row2[p]:
                        leave = max(leave, leave2[p] + 3)
                row2[p], leave2[p] = row1[p], leave1[p]
                row1[p], leave1[p] = row if code != 0 else -1, leave
                if advance >= stop:
                    continue
                state[p, 2], state[p, 3], state[p, 4] = entry - pe_starts[p], k, row
                if entry + 1 == end:
                    state[p, 1] = k + 1
                if leave >= stop - 3:
                    stage = stop - leave if leave < stop else 0
                    flight[p, stage, 0] = row
                    flight[p, stage, 1], flight[p, stage, 2] = code, k
                elif code != 0 and sums.shape[1]:
                    product = codebook[code] * activations[k]
                    if shift:
                        product = ((product >> (shift - 1)) + 1) >> 1
                    sums[p, row] = min(max(sums[p, row] + product, low), high)
            free[p] = advance
            busy[p] = max(advance, leave1[p] - 1)
    scan_end = now + 1 + trailing
    compute = max(scan_end, free.max() + 1, leave1.max())
    for p in range(n_pe):
        _charge(starved, charged, p, busy[p], compute - 1, now, scan_end, scan_end, NOT_YET)
        starved[p, 4] += max(compute - 2 - max(busy[p] - 1, scan_end), 0)
    return done, compute


@kernel
def _charge(starved, charged, p, busy, pop, before, earliest, now, blocked_by):
    """Say why PE ``p`` was starved in the cycles behind ``busy``, up to its pop.

    What is popped in a cycle is worked on in the next, what is broadcast in a cycle is popped in
    the next: the cause of a starved cycle is what the scan did two cycles before.
    """
    first, end = busy + 1 - 2, pop + 1 - 2
    if first >= end:
        return
    starved[p, 0] += min(end, 0) - min(first, 0)
    first = max(first, 0)
    if first >= end:
        return
    starved[p, 1] += max(min(before + 1, end) - first, 0)
    starved[p, 2] += max(min(earliest, end) - max(before + 1, first), 0)
    blocked = max(min(now, end) - max(earliest, first), 0)
    if blocked:
        starved[p, 3] += blocked
        charged[blocked_by] += blocked
