"""The sums, bit for bit: one pass over the non-zeros of the active columns."""

import numpy as np

from accelsim.formats.jit import kernel


@kernel
def accumulate(
    column_starts, rows, codes, columns, activations, codebook, shift, low, high,
    sums, saturations,
):
    """Add the ``columns`` in their order to ``sums`` (n_outputs,), saturating each sum.

    ``activations`` (K,) and ``codebook`` are int64 of at most 32 bits; ``saturations`` (n_pe,)
    counts. Within a column every row occurs once, so columns in order are sums in order.
    """
    n_pe = len(saturations)
    products = np.empty(len(codebook), np.int64)
    for k in range(len(columns)):
        for code in range(len(codebook)):
            product = codebook[code] * activations[k]
            # Equal to (product + 2**(shift - 1)) >> shift, but never beyond 64 bits.
            products[code] = ((product >> (shift - 1)) + 1) >> 1 if shift else product
        for i in range(column_starts[columns[k]], column_starts[columns[k] + 1]):
            row = rows[i]
            total = sums[row] + products[codes[i]]
            if total > high:
                total = high
                saturations[row % n_pe] += 1
            elif total < low:
                total = low
                saturations[row % n_pe] += 1
            sums[row] = total
