"""The sums of many vectors, bit for bit: a row of the matrix at a time, `SHORTS` vectors at once.

Where all fits 16 bits, so many vectors are worked on in registers. A product of two integers of 16
bits, rounded and over ``2**shift``, is ``(high + 2**(shift - 17)) >> (shift - 16)`` of its upper
half where more than that half is shifted out, and the upper half and one bit of the lower where
just that is. Else a weight is ``whole * 2**shift`` and a rest: ``whole`` products need no rounding,
and the rest, shifted left, is one that is rounded over ``2**15``. All are the integer ``(product +
2**(shift - 1)) >> shift`` in its lower 16 bits, and it has no others.
Kernels of other files are called here: ``BUILT_ON`` as in `kernels.narrow`, of the file that calls
the other.
`accelsim.machines.eie.fast.vector_sums` makes and checks what these kernels are given.
"""

import numpy as np

from accelsim.kernels.jit import kernel, linked, part
from accelsim.kernels.lanes import (
    SHORTS,
    any_beyond,
    either,
    equal,
    high_product,
    larger,
    load,
    low_product,
    plus,
    plus_kept,
    rounded_product,
    shifted_right,
    shifted_unsigned,
    smaller,
    splat,
    store,
)
from accelsim.machines.eie.fast.kernels.gather import gather

BUILT_ON = "c76a94496b515487"  # gather.py
_UPPER, _HALF, _SPLIT, _REST = range(4)  # products, in the order in which they are told above
_SEEN = 15  # bits of a sum that is not looked at closely: those of a register but for its sign
at, short = np.uint64, np.int16


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
    runs = np.empty((addresses.shape[1], SHORTS + 1, 3), np.int64)
    sums = np.empty(SHORTS, np.int32)
    half, low = np.int32((1 << shift) >> 1), -(np.int64(1) << (bits - 1))
    for begin in range(0, len(addresses), SHORTS):
        n_vectors = min(SHORTS, len(addresses) - begin)
        gather(maps, addresses, begin, n_vectors, runs, inputs.reshape(-1))
        inputs[n_columns] = bias
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


@kernel
def add_short_products(
    maps, addresses, bias, row_starts, columns, codes, codebook, start, shift, bits, outputs,
    saturations,
):
    """As `add_products`, where weights, products and sums fit 16 bits.

    ``codes`` (n_entries,) choose of ``codebook``, int16 as ``bias``; ``outputs`` is contiguous,
    int16 or int64. Sums are told as they lie above a least one. A bit beyond `_SEEN` bits, or
    ``bits`` if they are fewer, says that one left that range; the row is then worked out with every
    sum saturated, and its next sums have a range that would have held these.
    """
    n_channels, n_rows = len(maps), len(row_starts) - 1
    n_columns = addresses.shape[1] * n_channels
    memory = np.zeros((n_columns + 1) * SHORTS + 32, np.int16)
    inputs = memory[-memory.ctypes.data % 64 // 2 :]  # no register is loaded from two cache lines
    runs = np.empty((addresses.shape[1], SHORTS + 1, 3), np.int64)
    told, parts, wholes = np.empty(SHORTS, np.int64), np.empty_like(codebook), codebook.copy()
    split = _split(shift, parts, wholes)
    top, seen_bits = np.int64(1 << (bits - 1)) - 1, min(bits, _SEEN)
    beyond, zero = splat(short((1 << seen_bits) - 1)), splat(short(0))
    least = np.full(n_rows, -1 << (seen_bits - 1), np.int64)
    for begin in range(0, len(addresses), SHORTS):
        n = min(SHORTS, len(addresses) - begin)
        gather(maps, addresses, begin, n, runs, inputs)
        inputs[n_columns * SHORTS :] = bias
        for row in range(n_rows):
            first, end = row_starts[row], row_starts[row + 1]
            total, seen = _add_short_row(
                columns[first:end], codes[first:end], parts, wholes, inputs,
                short(start[row] - least[row]), shift, split)
            total = plus(total, splat(short(least[row])))
            if any_beyond(seen, beyond) or any_beyond(zero, seen):
                total, high, low = _add_short_saturating(
                    columns[first:end], codes[first:end], parts, wholes, inputs,
                    short(start[row]), shift, top, told)
                saturations[row % len(saturations)] += n * (end - first) - told[:n].sum()
                if bits > _SEEN:
                    least[row] = _least(high, low, told)
            if n == SHORTS:
                store(outputs[row], at(begin), total)
            else:
                store(told, at(0), total)
                outputs[row, begin : begin + n] = told[:n]


@linked
def _split(shift, parts, wholes):
    """Write the two parts of each weight ``wholes``; whether any has whole ones."""
    split, one = False, np.int64(1) << shift
    for code in range(len(wholes)):
        weight, whole = np.int64(wholes[code]), np.int64(0)
        if shift < 16 and (weight < -one or weight >= one):
            whole = (weight + one // 2) >> shift
            split = True
        parts[code] = (weight - (whole << shift)) << max(15 - shift, 0)
        wholes[code] = whole
    return split


@part
def _product(kind, parts, wholes, code, values, half, by):
    """Rounded products over ``2**shift``, as said above."""
    weight = splat(parts[code])
    if kind == _UPPER:
        product = shifted_right(plus(high_product(weight, values), half), by)
    elif kind == _HALF:
        product = plus(high_product(weight, values),
                       shifted_unsigned(low_product(weight, values), by))
    elif kind == _SPLIT:
        product = plus(rounded_product(weight, values), low_product(splat(wholes[code]), values))
    else:
        product = rounded_product(weight, values)
    return product


@linked
def _kind(shift, split):
    """Which product, what is added to the upper half of one, and by how much a half is shifted."""
    if shift > 16:
        return _UPPER, short(1 << (shift - 17)), short(shift - 16)
    return _HALF if shift == 16 else _SPLIT if split else _REST, short(0), short(15)


@linked
def _add_short_row(columns, codes, parts, wholes, inputs, start, shift, split):
    """The sums of a row, and every bit that any ever had."""
    kind, half, by = _kind(shift, split)
    if kind == _UPPER:
        return _add_row_of(_UPPER, columns, codes, parts, wholes, inputs, start, half, by)
    if kind == _HALF:
        return _add_row_of(_HALF, columns, codes, parts, wholes, inputs, start, half, by)
    if kind == _SPLIT:
        return _add_row_of(_SPLIT, columns, codes, parts, wholes, inputs, start, half, by)
    return _add_row_of(_REST, columns, codes, parts, wholes, inputs, start, half, by)


@part
def _add_row_of(kind, columns, codes, parts, wholes, inputs, start, half, by):
    """As `_add_short_row`, of one kind of product: a branch inside would take as long as it."""
    total, seen, half, by, i = splat(start), splat(start), splat(half), splat(by), len(columns) % 2
    if i:
        values = load(inputs, at(columns[0]) * at(SHORTS))
        total = plus(total, _product(kind, parts, wholes, codes[0], values, half, by))
        seen = either(seen, total)
    while i < len(columns):
        values = load(inputs, at(columns[at(i)]) * at(SHORTS))
        one = plus(total, _product(kind, parts, wholes, codes[at(i)], values, half, by))
        values = load(inputs, at(columns[at(i + 1)]) * at(SHORTS))
        total = plus(one, _product(kind, parts, wholes, codes[at(i + 1)], values, half, by))
        seen = either(seen, either(one, total))
        i += 2
    return total, seen


@linked
def _add_short_saturating(columns, codes, parts, wholes, inputs, start, shift, top, told):
    """The sums of a row, each saturated, the largest and the least; writes how many were not.

    A sum that is not what it wraps to was beyond 16 bits, or beyond fewer.
    """
    total = high = low = splat(start)
    above, below = splat(short(top)), splat(short(-top - 1))
    kind, half, by = _kind(shift, True)
    half, by, same = splat(half), splat(by), splat(short(0))
    for i in range(len(columns)):
        values = load(inputs, at(columns[at(i)]) * at(SHORTS))
        product = _product(kind, parts, wholes, codes[at(i)], values, half, by)
        kept = smaller(larger(plus_kept(total, product), below), above)
        same = plus(same, equal(kept, plus(total, product)))
        total, high, low = kept, larger(high, kept), smaller(low, kept)
    store(told, at(0), same)
    return total, high, low


@linked
def _least(high, low, told):
    """Where a range of `_SEEN` bits begins that has the middle between these sums in its own."""
    store(told, at(0), high)
    most = told.max()
    store(told, at(0), low)
    least = (most + told.min() >> 1) - (1 << (_SEEN - 1))
    return min(max(least, -1 << _SEEN), 0)
