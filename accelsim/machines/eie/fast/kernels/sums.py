"""The sums of many vectors, bit for bit: a row of the matrix at a time, `SHORTS` vectors at once.

Where all fits 16 bits, so many vectors are worked on in registers. A product of two integers of 16
bits is told by its halves: rounded and over ``2**shift`` it is ``(high + 2**(shift - 17)) >> (shift
- 16)`` where the low half is shifted out, and else ``high`` shifted left and ``low`` rounded. Both
are the integer ``(product + 2**(shift - 1)) >> shift`` in its lower 16 bits, and it has no others.
Kernels of another file are called here: ``BUILT_ON`` as in `kernels.narrow`.
`accelsim.machines.eie.fast.vector_sums` makes and checks what these kernels are given.
"""

import numpy as np

from accelsim.kernels.jit import kernel, linked
from accelsim.kernels.lanes import (
    SHORTS,
    any_beyond,
    high_product,
    larger,
    load,
    low_product,
    plus,
    plus_kept,
    shifted_left,
    shifted_right,
    shifted_unsigned,
    smaller,
    splat,
    store,
)

BUILT_ON = "bfc3801d18b67df3"  # lanes.py
at, short = np.uint64, np.int16


@kernel
def turn(maps, turned):
    """Write ``maps`` (pixels, channels) as (channels, pixels) int16; the largest magnitude."""
    most = np.int64(0)
    for pixel in range(len(maps)):
        for channel in range(maps.shape[1]):
            value = np.int64(maps[pixel, channel])
            turned[channel, pixel] = value
            most = max(most, abs(value))
    return most


@kernel
def add_products(
    maps, addresses, bias, row_starts, columns, weights, start, shift, bits, outputs,
    saturations,
):
    """Write the sums of all vectors, ``outputs`` (n_rows, n_vectors) int64.

    ``maps`` (channels, pixels) int16 and ``addresses`` (n_vectors, positions) gather the vectors;
    ``bias`` is the activation of one more column, ``start`` (n_rows,) int64 what sums start from.
    ``row_starts`` (n_rows + 1,), ``columns`` and integer ``weights`` int32 are the matrix by rows,
    columns ascending: an activation of 0 adds nothing and saturates nothing, so that a vector's
    sums are those of its active columns in their order. A product and a sum of ``bits`` bits fit
    31 bits together. ``saturations`` (n_pe,) counts.

    No sum saturates in most blocks, and none has then been wrong: sums lie above the lowest, so a
    bit beyond ``bits`` says that one left its range. That row is then worked out again with every
    sum saturated. Four entries at a time, 256 x 576 at 0.33: 0.6 of the time of one by one.
    """
    n_columns = addresses.shape[1] * len(maps)
    inputs = np.zeros((n_columns + 1, SHORTS), np.int16)
    inputs[n_columns] = bias
    sums = np.empty(SHORTS, np.int32)
    half, low = np.int32((1 << shift) >> 1), -(np.int64(1) << (bits - 1))
    for begin in range(0, len(addresses), SHORTS):
        n_vectors = min(SHORTS, len(addresses) - begin)
        _gather(maps, addresses, begin, n_vectors, inputs.reshape(-1))
        for row in range(len(row_starts) - 1):
            a, b, out = row_starts[row], row_starts[row + 1], sums[:n_vectors]
            above = np.int32(start[row] - low)
            seen = _add_row(columns[a:b], weights[a:b], inputs, half, shift, above, out)
            if np.int64(seen) >> bits:
                saturations[row % len(saturations)] += _add_saturating(
                    columns[a:b], weights[a:b], inputs, half, shift, low, above, out)
            for v in range(n_vectors):
                outputs[row, begin + v] = out[v] + low


@linked
def _add_row(columns, weights, inputs, half, shift, above, sums):
    """Write the sums of a row, which start ``above`` the lowest; every bit that any ever had."""
    sums[:] = above
    right, seen, whole = np.int32(shift), np.int32(0), len(columns) // 4 * 4
    for i in range(0, whole, 4):
        a, b, c, d = weights[i], weights[i + 1], weights[i + 2], weights[i + 3]
        row_a, row_b = inputs[columns[i]], inputs[columns[i + 1]]
        row_c, row_d = inputs[columns[i + 2]], inputs[columns[i + 3]]
        for v in range(len(sums)):
            total = _plus(sums[v], a, row_a[v], half, right)
            seen = np.int32(seen | total)
            total = _plus(total, b, row_b[v], half, right)
            seen = np.int32(seen | total)
            total = _plus(total, c, row_c[v], half, right)
            seen = np.int32(seen | total)
            total = _plus(total, d, row_d[v], half, right)
            seen = np.int32(seen | total)
            sums[v] = total
    for i in range(whole, len(columns)):
        weight, row = weights[i], inputs[columns[i]]
        for v in range(len(sums)):
            total = _plus(sums[v], weight, row[v], half, right)
            seen = np.int32(seen | total)
            sums[v] = total
    return seen


@linked
def _plus(total, weight, activation, half, right):
    product = np.int32(weight * np.int32(activation))
    return np.int32(total + np.int32(np.int32(product + half) >> (right & 31)))


@linked
def _add_saturating(columns, weights, inputs, half, shift, low, above, sums):
    """As `_add_row`, with every sum saturated; how many were."""
    sums[:] = above
    right, top, saturated = np.int32(shift), np.int32(-2 * low - 1), 0
    for i in range(len(columns)):
        weight, row = weights[i], inputs[columns[i]]
        for v in range(len(sums)):
            total = _plus(sums[v], weight, row[v], half, right)
            kept = min(max(total, np.int32(0)), top)
            saturated += kept != total
            sums[v] = kept
    return saturated


@linked
def _gather(maps, addresses, begin, n, inputs):
    """Write the inputs of ``n`` vectors by columns: pixels that follow each other at once."""
    n_channels = len(maps)
    for position in range(addresses.shape[1]):
        v = 0
        while v < n:
            pixel, run = np.int64(addresses[begin + v, position]), 1
            step = np.int64(addresses[begin + v + 1, position]) - pixel if v + 1 < n else 1
            while v + run < n and addresses[begin + v + run, position] == pixel + run * step:
                run += 1
            for channel in range(n_channels):
                line = maps[channel]
                place = (position * n_channels + channel) * SHORTS + v
                if step == 1:
                    for i in range(run):
                        inputs[at(place + i)] = line[at(pixel + i)]
                elif step == 2:  # known strides become loads and shuffles
                    for i in range(run):
                        inputs[at(place + i)] = line[at(pixel + 2 * i)]
                else:
                    for i in range(run):
                        inputs[at(place + i)] = line[at(pixel + i * step)]
            v += run


@kernel
def add_short_products(
    maps, addresses, bias, row_starts, columns, codes, codebook, start, shift, bits, outputs,
    saturations,
):
    """As `add_products`, where weights, products and sums fit 16 bits.

    ``codes`` (n_entries,) choose of ``codebook``, int16 as ``bias``; ``outputs`` is contiguous,
    int16 or int64. The largest and the least sum that a row had say whether one saturated; then it
    is worked out again.
    """
    n_channels, n_rows = len(maps), len(row_starts) - 1
    n_columns = addresses.shape[1] * n_channels
    inputs = np.zeros((n_columns + 1) * SHORTS, np.int16)
    inputs[n_columns * SHORTS :] = bias
    told = np.empty(SHORTS, np.int64)
    top = np.int64(1 << (bits - 1)) - 1
    above, below = splat(short(top - 1)), splat(short(-top))
    for begin in range(0, len(addresses), SHORTS):
        n = min(SHORTS, len(addresses) - begin)
        _gather(maps, addresses, begin, n, inputs)
        for row in range(n_rows):
            first, end = row_starts[row], row_starts[row + 1]
            total, most, least = _add_short_row(
                columns, codes, first, end, codebook, inputs, short(start[row]), shift)
            if any_beyond(most, above) or any_beyond(below, least):
                saturations[row % len(saturations)] += _add_short_saturating(
                    columns, codes, first, end, codebook, inputs, start[row], shift, top, told, n)
                outputs[row, begin : begin + n] = told[:n]
            elif n == SHORTS:
                store(outputs[row], at(begin), total)
            else:
                store(told, at(0), total)
                outputs[row, begin : begin + n] = told[:n]


@linked
def _add_short_row(columns, codes, first, end, codebook, inputs, start, shift):
    """The sums of a row, the largest and the least of each vector."""
    total = most = least = splat(start)
    half, right = splat(short(1 << max(shift - 17, 0))), splat(short(max(shift - 16, 0)))
    left, before = splat(short(max(16 - shift, 0))), splat(short((shift - 1) & 15))
    one = splat(short(1))
    for i in range(first, end):
        weight = splat(codebook[codes[at(i)]])
        values = load(inputs, at(columns[at(i)]) * at(SHORTS))
        if shift > 16:
            product = shifted_right(plus(high_product(weight, values), half), right)
        else:
            rounded = plus(shifted_unsigned(low_product(weight, values), before), one)
            product = plus(shifted_left(high_product(weight, values), left),
                           shifted_unsigned(rounded, one))
        total = plus_kept(total, product)
        most, least = larger(most, total), smaller(least, total)
    return total, most, least


@linked
def _add_short_saturating(columns, codes, first, end, codebook, inputs, start, shift, top, told, n):
    """Write the sums of a row, each saturated; how many were."""
    half, saturated = np.int64((1 << shift) >> 1), 0
    for v in range(n):
        total = np.int64(start)
        for i in range(first, end):
            product = np.int64(codebook[codes[i]]) * np.int64(inputs[columns[i] * SHORTS + v])
            total += (product + half) >> shift
            kept = min(max(total, -top - 1), top)
            saturated += kept != total
            total = kept
        told[v] = total
    return saturated
