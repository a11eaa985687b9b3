"""A convolution as a loop nest over whole numbers: outputs, and effectual products."""

from __future__ import annotations

from itertools import product
from math import floor

import numpy as np


def quantised(value, bits, frac_bits):
    """The nearest fixed-point number, halves up, kept inside of its bits."""
    return max(-(2 ** (bits - 1)), min(2 ** (bits - 1) - 1, floor(value * 2.0**frac_bits + 0.5)))


def convolve(config, conv, packed, images, points):
    """(n, out, rows, columns) integers and the products of two non-zeros, addition by addition.

    ``conv`` says stride, padding, dilation and groups; ``packed`` the weights. Sums go kernel row,
    kernel column, channel, then the bias; each is rounded and clipped.
    """
    weights, biases = packed.decoded_weights(), packed.decoded_bias()
    n, _, height, width = images.shape
    outs, inside, tall, wide = weights.shape
    (top, bottom), (left, right) = conv.padding
    high = (height + top + bottom - conv.dilation[0] * (tall - 1) - 1) // conv.stride[0] + 1
    broad = (width + left + right - conv.dilation[1] * (wide - 1) - 1) // conv.stride[1] + 1
    result, products = np.zeros((n, outs, high, broad), np.int64), 0
    limit = 2 ** (config.accumulator_bits - 1)
    shift = points.weight_frac_bits + points.input_frac_bits - points.output_frac_bits

    def weight(value):
        return quantised(float(value), config.weight_value_bits, points.weight_frac_bits)

    def plus(total, value, activation):
        return max(-limit, min(limit - 1, total + floor(value * activation / 2**shift + 0.5)))

    for image, out, y, x in product(range(n), range(outs), range(high), range(broad)):
        first, total = out // (outs // conv.groups) * inside, 0
        for ky, kx, channel in product(range(tall), range(wide), range(inside)):
            row = y * conv.stride[0] + ky * conv.dilation[0] - top
            column = x * conv.stride[1] + kx * conv.dilation[1] - left
            if not (0 <= row < height and 0 <= column < width):
                continue
            activation = quantised(
                float(images[image, first + channel, row, column]), config.activation_bits,
                points.input_frac_bits)
            value = weights[out, channel, ky, kx]
            if activation and value:
                products += 1
                total = plus(total, weight(value), activation)
        if biases is not None and biases[out]:
            total = plus(total, weight(biases[out]), 2**points.input_frac_bits)
            products += 1
        result[image, out, y, x] = max(total, 0) if conv.relu else total
    return result, products
