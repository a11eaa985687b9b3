"""Outputs and saturations of a layer, one addition after the other, out of the decoded matrix."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np

from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.job import IntArray, LayerJob


def dense_weights(job: LayerJob) -> IntArray:
    """(n_outputs, n_inputs [+ 1]) integer weights, walked out of each PE's memory."""
    image = job.image
    dense = np.zeros((image.n_outputs, image.n_inputs + int(image.has_bias)), dtype=np.int64)
    for pe in range(image.n_pe):
        memory = image.pe(pe)
        for tile in range(image.n_tiles):
            for column in range(image.n_columns):
                row = tile * image.tile_rows - 1
                for at in range(*(int(p) for p in memory.pointers[tile, column : column + 2])):
                    row += int(memory.runs[at]) + 1
                    if memory.codes[at]:
                        target = min(column, image.n_inputs)
                        dense[row * image.n_pe + pe, target] = job.codebook[memory.codes[at]]
    return dense


def sequential_values(config: EieConfig, job: LayerJob) -> tuple[IntArray, IntArray]:
    """Outputs, and saturations of each PE: exact fractions, rounded half up, clipped each time."""
    image = job.image
    high = 2 ** (config.accumulator_bits - 1) - 1
    outputs = np.zeros(image.n_outputs, dtype=np.int64)
    saturations = np.zeros(image.n_pe, dtype=np.int64)
    dense = dense_weights(job)
    activations = [*job.activations.tolist(), *([job.bias_activation] * image.has_bias)]
    for row in range(image.n_outputs):
        total = 0 if job.bias is None else int(job.bias[row])
        for column, activation in enumerate(activations):
            product = Fraction(int(dense[row, column]) * activation, 2**job.shift)
            exact = total + floor(product + Fraction(1, 2)) if job.shift else total + int(product)
            total = min(max(exact, -high - 1), high)
            saturations[row % image.n_pe] += total != exact
        outputs[row] = total
    return outputs, saturations
