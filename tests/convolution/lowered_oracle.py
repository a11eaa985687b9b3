"""Lowerings from the contract's words: whole numbers of Winograd's outputs, and all cycles.

Cycles are the contract's closed form, pass by pass, over dense matrices of whole numbers: it
knows no images, plans or gathers. Bypass on, an empty column takes a slot.
"""

from __future__ import annotations

from math import ceil, floor

import numpy as np

from tests.convolution.oracle import quantised


def pixel(image, y, x):
    """The channels of a pixel, zeros outside of the map."""
    inside = 0 <= y < image.shape[1] and 0 <= x < image.shape[2]
    return image[:, y, x] if inside else np.zeros(len(image), np.int64)


def integers(images, bits, frac_bits):
    return np.vectorize(lambda v: quantised(float(v), bits, frac_bits), otypes=[np.int64])(images)


def four(a, b, c, d):
    """B' of four values."""
    return a - c, b + c, c - b, b - d


def two(a, b, c, d):
    """A' of four values."""
    return a + b + c, b - c - d


def winograd(case, points):
    """(n, out, rows, columns) accumulators, the 16 matrices, biases, and (element, tile) vectors.

    ``points`` are im2col's: inputs have two fraction bits fewer here, and two bits.
    """
    config, layer = case.config, case.packed.winograd
    inputs = points.input_frac_bits - 2
    top = float(np.abs(layer.codebook).max())
    weight_frac = next(f for f in range(200, -200, -1) if quantised(top, 60, f)
                       <= 2 ** (config.weight_value_bits - 1) - 1)
    shift_limit = config.weight_value_bits + config.activation_bits
    output = points.output_frac_bits
    weight_frac = min(weight_frac, output + shift_limit - inputs)
    output = min(output, weight_frac + inputs)
    shift = weight_frac + inputs - output
    real = layer.decoded().to_dense()
    weights = integers(real[:, : layer.n_inputs], config.weight_value_bits, weight_frac)
    out, channels = len(weights), case.images.shape[1]
    weights = weights.reshape(out, 16, channels)
    column = integers(real[:, layer.n_inputs:], config.weight_value_bits, weight_frac)
    start = (np.zeros(out, np.int64) if layer.bias is None
             else integers(layer.bias, config.accumulator_bits, output))
    images = integers(case.images, config.activation_bits - 2, inputs)
    (top_pad, bottom), (left, right) = case.conv.padding
    limit = 2 ** (config.accumulator_bits - 1)
    high = images.shape[2] + top_pad + bottom - 2
    wide = images.shape[3] + left + right - 2
    result = np.zeros((len(images), out, high, wide), np.int64)
    vectors = []

    def added(total, product):
        return max(-limit, min(limit - 1, total + floor(product / 2**shift + 0.5)))

    for n, image in enumerate(images):
        for y in range(0, high, 2):
            for x in range(0, wide, 2):
                rows = [four(*(pixel(image, y + i - top_pad, x + j - left) for i in range(4)))
                        for j in range(4)]
                v = [four(*(rows[j][i] for j in range(4))) for i in range(4)]
                m = np.zeros((4, 4, out), np.int64)
                for i in range(4):
                    for j in range(4):
                        vectors.append((4 * i + j, v[i][j]))
                        for o in range(out):
                            total = int(start[o]) if (i, j) == (1, 1) else 0
                            for c in np.flatnonzero(v[i][j]):
                                if weights[o, 4 * i + j, c]:
                                    total = added(total, int(weights[o, 4 * i + j, c]
                                                             * v[i][j][c]))
                            if (i, j) == (1, 1) and layer.has_bias and column[o, 0]:
                                total = added(total, int(column[o, 0]) * 2**inputs)
                            m[i, j, o] = total
                halves = [two(*(m[i, j] for i in range(4))) for j in range(4)]
                for i in range(min(2, high - y)):
                    told = two(*(halves[j][i] for j in range(4)))
                    for j in range(min(2, wide - x)):
                        result[n, :, y + i, x + j] = np.clip(told[j], -limit, limit - 1)
    return result, weights, column if layer.has_bias else None, vectors


def slots(column, n_pe, index_bits):
    """Entries of each PE: non-zeros, and one for each 2**index_bits zeros before one of them."""
    counts = []
    for pe in range(n_pe):
        mine, zeros = 0, 0
        for value in column[pe::n_pe]:
            zeros += value == 0
            if value:
                mine += 1 + zeros // 2**index_bits
                zeros = 0
        counts.append(mine)
    return counts


def compute(config, weights, activations, bias=None):
    """Cycles of one pass over whole register rows; ``weights`` (out, inputs)."""
    n_pe, depth = config.n_pe, config.act_queue_depth
    rows, change = ceil(len(activations) / n_pe), config.row_change_cycles
    issue, pops, work, reached = [], [], [], 0
    now = -1
    for j in [*np.flatnonzero(activations).tolist(), *([None] if bias is not None else [])]:
        row = rows if j is None else j // n_pe
        now += 1 + change * (row - reached)
        if len(issue) >= depth:
            now = max(now, max(pops[len(issue) - depth]) + 1)
        before = [p + w for p, w in zip(pops[-1], work[-1], strict=True)] if pops else [0] * n_pe
        pops.append([max(now + 1, b) for b in before])
        column = bias if j is None else weights[:, j]
        work.append([max(1, s) for s in slots(column, n_pe, config.index_bits)])
        issue.append(now)
        reached = rows if j is None else (j + 1) // n_pe
    last_scan = now + change * (rows - reached)
    done = max(p + w for p, w in zip(pops[-1], work[-1], strict=True)) if pops else -1
    return 1 + max(last_scan, done)


def spread(values, n_pe):
    """Channels on whole register rows, along the last axis."""
    short = -values.shape[-1] % n_pe
    return np.concatenate([values, np.zeros((*values.shape[:-1], short), values.dtype)], axis=-1)
