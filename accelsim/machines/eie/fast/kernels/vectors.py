"""Many vectors through one image in one call: time, counters and sums.

Shapes, types and style as in `kernels.time`. `accelsim.machines.eie.fast.vectors` makes and checks
what these kernels are given. Kernels of other files are called here, so Numba's cache has to notice
when those change: `BUILT_ON` names them, and tests/contracts/test_kernel_modes.py holds it to that.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from accelsim.kernels.jit import kernel
from accelsim.machines.eie.fast.kernels.counters import count_bypasses
from accelsim.machines.eie.fast.kernels.passes import run_pass
from accelsim.machines.eie.fast.kernels.time import count_row_changes


class Steps(NamedTuple):
    """The passes of every vector, (n_passes,) int64 each: tile, first and last scan row, bias."""

    tile: npt.NDArray[np.int64]
    first_row: npt.NDArray[np.int64]
    end_row: npt.NDArray[np.int64]
    bias: npt.NDArray[np.int64]


class Rules(NamedTuple):
    """What the machine does: queue entries, slots of an empty column, cycles of a row change; and
    how waits are held: their bound, and the columns whose sums fit (`kernels.passes`)."""

    depth: int
    empty_cycles: int
    row_change_cycles: int
    longest: int
    block: int


@kernel
def run_vectors(
    maps, addresses, width, bias_column, steps, rules, tables, edges, count_bypass, wait, sums,
    bypasses,
):
    """Time and counters of all vectors, as `kernels.passes.run_pass` counts each.

    ``maps`` (pixels, channels) and ``addresses`` (n_vectors, positions) gather the vectors; a
    position begins ``width`` columns behind the one before it. ``tables`` are a
    `kernels.passes.Tables` of all tiles as a plain tuple, ``edges`` (n_tiles, n_columns, 4, n_pe).
    ``wait`` (most columns, n_pe) is memory; ``sums`` is a `kernels.passes.Sums` as a plain tuple,
    ``bypasses`` the adder's and the writer's. Returns the compute cycles, row changes, blocked
    cycles and broadcasts of all vectors.
    """
    counts, padding, first_line, spans = tables
    n_pe, n_positions = counts.shape[2], addresses.shape[1]
    columns = np.empty(n_positions * maps.shape[1] + 1, np.int64)
    changes = np.zeros(len(columns), np.int32)
    issue = np.empty(len(columns), np.int32)
    compute, row_changes, blocked, broadcasts = 0, 0, 0, 0
    for vector in range(len(addresses)):
        found = 0
        for position in range(n_positions):
            pixel, first = maps[addresses[vector, position]], position * width
            for channel in range(len(pixel)):
                columns[found] = first + channel
                found += pixel[channel] != 0
        begin = 0
        for step in range(len(steps.tile)):
            tile, first_column = steps.tile[step], steps.first_row[step] * n_pe
            if first_column == 0:
                begin = 0
            end = begin
            last_column = steps.end_row[step] * n_pe
            while end < found and columns[end] < last_column:
                end += 1
            upto = end
            if steps.bias[step]:
                columns[end] = bias_column
                upto = end + 1
            count = upto - begin
            active, changed, trailing = columns[begin:upto], 0, 0
            if rules.row_change_cycles:
                changed, reached = count_row_changes(active, n_pe, first_column, changes)
                if not steps.bias[step]:
                    trailing = steps.end_row[step] - reached
            last_slot, held = -1, 0
            if count:
                last_slot = run_pass(
                    (counts[tile], padding[tile], first_line[tile], spans[tile]), active,
                    changes[:count], rules.depth, rules.empty_cycles, rules.longest, rules.block,
                    False, issue[:count], wait, sums,
                )
                held = issue[count - 1] + 1 - count - changed
                if count_bypass:
                    count_bypasses(
                        counts[tile], edges[tile], active, issue[:count], wait, rules.longest,
                        bypasses[0], bypasses[1],
                    )
            compute += max(count + changed + trailing + held, last_slot + 1)
            row_changes += changed + trailing
            blocked += held
            broadcasts += count
            begin = end
    return compute, row_changes, blocked, broadcasts


BLOCK = 256  # vectors whose sums are worked on at once: those of a row fit the nearest cache


@kernel
def add_products(
    maps, addresses, bias, row_starts, columns, weights, shift, bits, n_pe, outputs, saturations
):
    """Write the sums of all vectors, ``outputs`` (n_rows, n_vectors) int64.

    ``maps`` (pixels, channels) int16 and ``addresses`` (n_vectors, positions) gather the vectors;
    ``bias`` is the activation of one more column. ``row_starts`` (n_rows + 1,), ``columns`` and
    integer ``weights`` int32 are the matrix by rows, columns ascending: an activation of 0 adds
    nothing and saturates nothing, so that a vector's sums are those of its active columns in
    their order. Products, and the ``bits`` of a sum, fit 31 bits. ``saturations`` (n_pe,) counts.

    No sum saturates in most blocks, and none has then been wrong: sums lie above the lowest, so a
    bit beyond ``bits`` says that one left its range. That row is then worked out again with every
    sum saturated. Four entries at a time, 256 x 576 at 0.33: 0.5 of the time of one by one.
    """
    n_positions, n_channels = addresses.shape[1], maps.shape[1]
    n_columns = n_positions * n_channels
    inputs = np.empty((n_columns + 1, BLOCK), np.int16)
    inputs[n_columns] = bias
    sums = np.empty(BLOCK, np.int32)
    half, low = np.int32((1 << shift) >> 1), -(np.int64(1) << (bits - 1))
    for begin in range(0, len(addresses), BLOCK):
        n_vectors = min(BLOCK, len(addresses) - begin)
        for v in range(n_vectors):
            for position in range(n_positions):
                pixel, first = maps[addresses[begin + v, position]], position * n_channels
                for channel in range(n_channels):
                    inputs[first + channel, v] = pixel[channel]
        for row in range(len(row_starts) - 1):
            a, b, out = row_starts[row], row_starts[row + 1], sums[:n_vectors]
            seen = _add_row(columns[a:b], weights[a:b], inputs, half, shift, low, out)
            if seen >> bits:
                saturations[row % n_pe] += _add_saturating(
                    columns[a:b], weights[a:b], inputs, half, shift, low, out)
            for v in range(n_vectors):
                outputs[row, begin + v] = out[v] + low


@kernel
def _add_row(columns, weights, inputs, half, shift, low, sums):
    """Write the sums of a row above ``low``; every bit that any of them ever had."""
    sums[:] = np.int32(-low)
    right, seen, whole = shift & 31, np.int32(0), len(columns) // 4 * 4
    for i in range(0, whole, 4):
        a, b, c, d = weights[i], weights[i + 1], weights[i + 2], weights[i + 3]
        row_a, row_b = inputs[columns[i]], inputs[columns[i + 1]]
        row_c, row_d = inputs[columns[i + 2]], inputs[columns[i + 3]]
        for v in range(len(sums)):
            total = _plus(sums[v], a, row_a[v], half, right)
            seen |= total
            total = _plus(total, b, row_b[v], half, right)
            seen |= total
            total = _plus(total, c, row_c[v], half, right)
            seen |= total
            total = _plus(total, d, row_d[v], half, right)
            seen |= total
            sums[v] = total
    for i in range(whole, len(columns)):
        weight, row = weights[i], inputs[columns[i]]
        for v in range(len(sums)):
            total = _plus(sums[v], weight, row[v], half, right)
            seen |= total
            sums[v] = total
    return seen


@kernel
def _plus(total, weight, activation, half, right):
    product = np.int32(weight * np.int32(activation))
    return np.int32(total + np.int32(np.int32(product + half) >> (right & 31)))


@kernel
def _add_saturating(columns, weights, inputs, half, shift, low, sums):
    """As `_add_row`, with every sum saturated; how many were."""
    sums[:] = np.int32(-low)
    right, top, saturated = shift & 31, np.int32(-2 * low - 1), 0
    for i in range(len(columns)):
        weight, row = weights[i], inputs[columns[i]]
        for v in range(len(sums)):
            total = _plus(sums[v], weight, row[v], half, right)
            kept = min(max(total, np.int32(0)), top)
            saturated += kept != total
            sums[v] = kept
    return saturated
