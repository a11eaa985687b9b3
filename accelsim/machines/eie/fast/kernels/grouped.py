"""Sums of one vector, 64 rows of a column at once; ``BUILT_ON`` as in `kernels.narrow`.

`accelsim.machines.eie.fast.grouped_sums` makes and checks what these kernels are given.
"""

import numpy as np

from accelsim.kernels.groups import add_group, repeat_table
from accelsim.kernels.jit import kernel

BUILT_ON = "63863782092739dc"  # groups.py
at = np.uint64


@kernel
def group_codes(column_starts, rows, codes, masks, grouped):
    """Write ``masks`` (n_columns, n_groups) uint64 and the codes of each column by ascending rows:
    ``grouped``, 64 more than there are."""
    n_groups = masks.shape[1]
    of_row = np.empty(64 * n_groups, np.uint8)
    for column in range(len(column_starts) - 1):
        begin, end = column_starts[column], column_starts[column + 1]
        mask = masks[column]
        mask[:] = 0
        for i in range(begin, end):
            row = at(rows[i])
            mask[row >> at(6)] |= at(1) << (row & at(63))
            of_row[row] = codes[i]
        place = begin
        for group in range(n_groups):
            for i in range(64):
                grouped[at(place)] = of_row[at(64 * group + i)]  # in vain where none is
                place += np.int64(mask[at(group)] >> at(i) & at(1))


@kernel
def accumulate_groups(
    column_starts, masks, grouped, columns, activations, codebook, shift, high, sums,
):
    """As `kernels.values.accumulate` as long as no sum can come as far as an end: how many of the
    columns were added.

    ``sums`` (64 * n_groups,) int16, of each group in the order in which `add_group` leaves them.
    """
    tables, room = np.zeros((2, 16), np.uint8), np.int64(-1)
    low_bytes, high_bytes = tables[0], tables[1]
    for k in range(len(columns)):
        most = np.int64(0)
        for code in range(len(codebook)):
            product = codebook[code] * activations[k]
            product = ((product >> (shift - 1)) + 1) >> 1 if shift else product
            low_bytes[code], high_bytes[code] = product & 255, product >> 8 & 255
            most = max(most, abs(product))
        if most > room:
            largest = np.int16(0)
            for i in range(len(sums)):
                largest = max(largest, np.int16(abs(sums[i])))
            room = high - np.int64(largest)
        room -= most
        if room < 0:
            return k
        low, upper = repeat_table(low_bytes, at(0)), repeat_table(high_bytes, at(0))
        column = columns[k]
        place, mask = at(column_starts[column]), masks[column]
        for group in range(len(mask)):
            place = add_group(grouped, place, mask[group], low, upper, sums, at(64 * group))
    return len(columns)
