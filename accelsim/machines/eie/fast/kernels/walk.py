"""A pass entry by entry: every time and every sum, up to a cycle. The PEs wait for nothing but
broadcasts and their own accumulators, so this is one loop over columns, PEs and entries.

Cycles count from the first of the compute phase. `accelsim.machines.eie.fast.walk.walk_pass` makes
and checks what this kernel is given.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from accelsim.kernels.jit import kernel, linked

NOT_YET = -1

Int64 = npt.NDArray[np.int64]


class Entries(NamedTuple):
    """``pointers`` (n_pe, n_columns + 1) of one tile, and a `LayerImage`'s entries of
    all PEs. ``work`` (n_columns, n_pe) issue slots, those in which a bitmap is read included;
    ``words`` as ``pointers``, words of a bitmap and of a line, and entries that issue at once."""

    pointers: Int64
    work: npt.NDArray[np.signedinteger]
    pe_starts: Int64
    codes: npt.NDArray[np.uint8]
    runs: npt.NDArray[np.integer]
    words: Int64
    bitmap_words: int
    words_per_line: int
    width: int


class Rules(NamedTuple):
    """What the machine does: entries of a queue, PEs that share it, slots of an empty
    column, arithmetic.

    ``codebooks`` (tables, codes); the layer's row r, that is row ``r div n_pe`` of PE ``r mod
    n_pe``, has table ``r div table_rows``; ``first_row`` is the first of a PE's rows in the pass.
    """

    depth: int
    queue_pes: int
    empty_cycles: int
    bypass: bool
    codebooks: Int64
    table_rows: int
    first_row: int
    shift: int
    low: int
    high: int


class Broadcasts(NamedTuple):
    """(K,) each: what a pass broadcasts, and what is found out about it.

    ``issue``, ``latest``, ``critical``: broadcast cycle, last pop and the PE of it.
    ``fullest``, ``heaviest``: most issue slots of a PE in this column, and that PE.
    """

    columns: Int64
    row_changes: Int64
    activations: Int64
    issue: Int64
    latest: Int64
    critical: Int64
    fullest: Int64
    heaviest: Int64


class State(NamedTuple):
    """(n_pe,) each: columns popped, and those of them worked off; address, broadcast and row of
    the entry that advanced last, -1 where none has."""

    popped: Int64
    finished: Int64
    last_entry: Int64
    last_broadcast: Int64
    last_row: Int64


class Flight(NamedTuple):
    """(n_pe, 4) each: what is in stages 1 to 4; broadcast -1 where nothing is."""

    row: Int64
    code: Int64
    broadcast: Int64


class Starved(NamedTuple):
    """(n_pe,) starved cycles each, by what the scan did two cycles before."""

    fill: Int64
    dropped: Int64
    row_changes: Int64
    blocked: Int64
    finished: Int64


@kernel
def walk(
    entries, rules, broadcasts, trailing, stop, state, flight, sums, starved, charged, beside
):
    """Walk until the cycle ``stop``; (broadcasts before it, compute cycles of the whole pass).

    trailing : row changes behind the last broadcast
    sums (n_pe, rows) : accumulators, as written before ``stop``; without rows no sums are made
    charged (n_pe,) : starved cycles of any PE for which this PE's full queue is to blame
    beside (n_pe,) : starved cycles in which another PE of the queue was at work
    """
    pointers, pe_starts = entries.pointers, entries.pe_starts
    codes, runs = entries.codes, entries.runs
    columns, row_changes = broadcasts.columns, broadcasts.row_changes
    issue, latest, critical = broadcasts.issue, broadcasts.latest, broadcasts.critical
    fullest, heaviest = broadcasts.fullest, broadcasts.heaviest
    depth, empty_cycles, bypass = rules.depth, rules.empty_cycles, rules.bypass
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
                state.popped[p] = k + 1
            begin = pointers[p, columns[k]] + pe_starts[p]
            end = pointers[p, columns[k] + 1] + pe_starts[p]
            work = max(np.int64(entries.work[columns[k], p]), empty_cycles)
            if work > fullest[k]:
                fullest[k], heaviest[k] = work, p
            if begin == end:
                if pop + empty_cycles < stop:
                    state.finished[p] = k + 1
                free[p] = pop + empty_cycles
                busy[p] = max(busy[p], free[p])
                continue
            row = np.int64(-1)
            advance = pop
            at = entries.words[p, columns[k]] + entries.bitmap_words
            before_codes = entries.words[p, columns[k]] // entries.words_per_line
            for _ in range(at // entries.words_per_line - before_codes):
                advance = max(advance + 1, leave1[p])
                row2[p], leave2[p] = row1[p], leave1[p]
                row1[p], leave1[p] = -1, advance + 1
            taken = 0
            for entry in range(begin, end):
                row += np.int64(runs[entry]) + 1
                code = codes[entry]
                if taken == 0:
                    advance = max(advance + 1, leave1[p])
                leave = advance + 1
                taken, at = taken + 1, at + 1
                if taken == entries.width or at % entries.words_per_line == 0:
                    taken = 0
                if code != 0 and not bypass:
                    if row == row1[p]:
                        leave = max(leave, leave1[p] + 3)
                    if row == row2[p]:
                        leave = max(leave, leave2[p] + 3)
                row2[p], leave2[p] = row1[p], leave1[p]
                row1[p], leave1[p] = row if code != 0 else -1, leave
                if advance >= stop:
                    continue
                state.last_entry[p] = entry - pe_starts[p]
                state.last_broadcast[p], state.last_row[p] = k, row
                if entry + 1 == end:
                    state.finished[p] = k + 1
                if leave >= stop - 3:
                    stage = stop - leave if leave < stop else 0
                    flight.row[p, stage] = row
                    flight.code[p, stage], flight.broadcast[p, stage] = code, k
                elif code != 0 and sums.shape[1]:
                    table = ((rules.first_row + row) * n_pe + p) // rules.table_rows
                    product = rules.codebooks[table, code] * broadcasts.activations[k]
                    if rules.shift:
                        product = ((product >> (rules.shift - 1)) + 1) >> 1
                    sums[p, row] = min(max(sums[p, row] + product, rules.low), rules.high)
            free[p] = advance
            busy[p] = max(advance, leave1[p] - 1)
        for p in range(0, n_pe - 1 if rules.queue_pes == 2 else 0, 2):
            together = max(free[p], free[p + 1])
            for q in (p, p + 1):
                beside[q] += max(together - busy[q], 0)
                busy[q], free[q] = max(busy[q], together), together
    scan_end = now + 1 + trailing
    compute = max(scan_end, free.max() + 1, leave1.max())
    for p in range(n_pe):
        _charge(starved, charged, p, busy[p], compute - 1, now, scan_end, scan_end, NOT_YET)
        starved.finished[p] += max(compute - 2 - max(busy[p] - 1, scan_end), 0)
    return done, compute


@linked
def _charge(starved, charged, p, busy, pop, before, earliest, now, blocked_by):
    """Say why PE ``p`` was starved in the cycles behind ``busy``, up to its pop.

    What is popped in a cycle is worked on in the next, what is broadcast in a cycle is popped in
    the next: the cause of a starved cycle is what the scan did two cycles before.
    """
    first, end = busy + 1 - 2, pop + 1 - 2
    if first >= end:
        return
    starved.fill[p] += min(end, 0) - min(first, 0)
    first = max(first, 0)
    if first >= end:
        return
    starved.dropped[p] += max(min(before + 1, end) - first, 0)
    starved.row_changes[p] += max(min(earliest, end) - max(before + 1, first), 0)
    blocked = max(min(now, end) - max(earliest, first), 0)
    if blocked:
        starved.blocked[p] += blocked
        charged[blocked_by] += blocked
