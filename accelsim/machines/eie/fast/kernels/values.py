"""The sums, bit for bit: one pass over the non-zeros of the active columns."""

import numpy as np

from accelsim.kernels.jit import kernel


@kernel
def accumulate(
    column_starts, rows, codes, columns, activations, codebook, shift, low, high,
    sums, saturations, products,
):
    """Add the ``columns`` in their order to ``sums`` (n_outputs,) int32 or int64, saturating each.

    ``column_starts``, ``rows`` and ``codes`` are a `NonZeros`, ``columns`` (K,) int64.
    ``activations`` (K,) and ``codebook`` are int64 of at most 32 bits; a sum and a product fit the
    type of ``sums``; ``saturations`` (n_pe,) counts; ``products`` is memory of that type, as long
    as the codebook. `accelsim.machines.eie.fast.run` checks what this kernel is given.
    Within a column every row occurs once, so columns in order are sums in order. As long as no sum
    can have come as far as an end, none is compared: alex-6 on 64 PEs, 0.75 of the time.
    """
    n_pe, kind = len(saturations), sums.dtype.type
    room = np.int64(-1)  # at least so far are all sums from both ends
    for k in range(len(columns)):
        most = np.int64(0)
        for code in range(len(codebook)):
            product = codebook[code] * activations[k]
            # Equal to (product + 2**(shift - 1)) >> shift, but never beyond 64 bits.
            product = ((product >> (shift - 1)) + 1) >> 1 if shift else product
            products[code] = kind(product)
            most = max(most, abs(product))
        begin, end = column_starts[columns[k]], column_starts[columns[k] + 1]
        column_rows, column_codes = rows[begin:end], codes[begin:end]
        if most > room:
            largest = kind(0)
            for i in range(len(sums)):
                largest = max(largest, abs(sums[i]))
            room = high - np.int64(largest)
        room -= most
        if room >= 0:
            for i in range(len(column_rows)):
                row = np.uint32(column_rows[i])  # unsigned: no test for indices from the end
                sums[row] = kind(sums[row] + products[column_codes[i]])
            continue
        for i in range(len(column_rows)):
            row = np.uint32(column_rows[i])
            total = np.int64(sums[row]) + np.int64(products[column_codes[i]])
            if total < low or total > high:
                saturations[row % n_pe] += 1
                total = high if total > high else low
            sums[row] = kind(total)


@kernel
def accumulate_by_tables(
    column_starts, rows, codes, columns, activations, codebooks, first, shift, low, high,
    sums, saturations,
):
    """`accumulate` where row r has the table of ``codebooks`` (n,) that begins at ``first[r]``,
    uint32. There may be more tables than a column has entries: products are made entry by entry.
    """
    n_pe = len(saturations)
    span = np.uint64(high - low)
    for k in range(len(columns)):
        activation = activations[k]
        begin, end = column_starts[columns[k]], column_starts[columns[k] + 1]
        column_rows, column_codes = rows[begin:end], codes[begin:end]
        for i in range(len(column_rows)):
            row = np.uint32(column_rows[i])
            product = codebooks[first[row] + column_codes[i]] * activation
            total = sums[row] + (((product >> (shift - 1)) + 1) >> 1 if shift else product)
            if np.uint64(total - low) > span:
                saturations[row % n_pe] += 1
                total = high if total > high else low
            sums[row] = total
