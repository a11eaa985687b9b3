"""PEs that issue several entries a cycle: what their slots hold, and what is forwarded.

``entries``: ``pointers`` and ``words`` (n_pe, n_columns + 1) of one tile, ``pe_starts``, ``codes``
and ``runs`` of a `LayerImage`, the words of a bitmap and of a line, and the entries of a slot: of
one line and one column. Imported late; `accelsim.machines.eie.slots.Slots` makes it.
"""

import numpy as np

from accelsim.kernels.jit import kernel, linked


@kernel
def count_useful(entries, useful):
    """Add up the slots of each column and PE that hold a weight: ``useful`` (n_columns, n_pe)."""
    pointers, words, pe_starts, codes, _, bitmap_words, per_line, width = entries
    for p in range(len(pointers)):
        for column in range(pointers.shape[1] - 1):
            at = words[p, column] + bitmap_words
            taken, real = 0, False
            for entry in range(pointers[p, column], pointers[p, column + 1]):
                real = real or codes[pe_starts[p] + entry] != 0
                taken, at = taken + 1, at + 1
                if taken == width or at % per_line == 0:
                    useful[column, p] += real
                    taken, real = 0, False
            if taken:
                useful[column, p] += real


@kernel
def count_lane_bypasses(entries, columns, issue, wait, adder, write):
    """Add up the accumulators taken from stage 3 (``adder``) and stage 4 (``write``) (I2).

    ``issue`` (K,) and ``wait`` (K, n_pe) as in `kernels.time`. ``rows`` hold what the latest slot
    with entries selects, the one before it and the one before that, ``cycles`` when they were.
    """
    pointers, words, pe_starts, codes, runs, bitmap_words, per_line, width = entries
    rows = np.empty((3, width), np.int64)
    held, cycles = np.empty((2, 3), np.int64)
    for p in range(len(pointers)):
        held[:], cycles[:] = 0, -4
        for k in range(len(columns)):
            column = columns[k]
            begin, end = pointers[p, column], pointers[p, column + 1]
            if begin == end:
                continue
            first = words[p, column]
            at = first + bitmap_words
            now = np.int64(issue[k]) + np.int64(wait[k, p]) + at // per_line - first // per_line
            row, taken = np.int64(-1), 0
            for entry in range(begin, end):
                if taken == 0:
                    now += 1
                    for older in (1, 0):
                        rows[older + 1] = rows[older]
                        held[older + 1], cycles[older + 1] = held[older], cycles[older]
                    held[0], cycles[0] = 0, now
                row += np.int64(runs[pe_starts[p] + entry]) + 1
                if codes[pe_starts[p] + entry] != 0:
                    rows[0, held[0]] = row
                    held[0] += 1
                    near = _selected(rows[1], held[1], row) and cycles[1] == now - 1
                    far = ((_selected(rows[1], held[1], row) and cycles[1] == now - 2)
                           or (_selected(rows[2], held[2], row) and cycles[2] == now - 2))
                    adder[p] += near
                    write[p] += far and not near
                taken, at = taken + 1, at + 1
                if taken == width or at % per_line == 0:
                    taken = 0


@linked
def _selected(rows, held, row):
    found = False
    for i in range(held):
        found = found or rows[i] == row
    return found
