"""The published layers, ready for timing: 15 evenly spaced weights instead of a k-means."""

from functools import cache

import numpy as np

from accelsim.api import choose_binary_points, make_job
from accelsim.machines import load_config
from accelsim.records import CompressedLayer, CscMatrix
from accelsim.workload.published import published_layers, synthetic_layer
from accelsim.workload.synthetic import random_layer

NAMES = tuple(published_layers())


def shared(layer):
    """A layer with 4-bit codes; sharing like this costs no time and keeps every non-zero."""
    matrix = layer.weights
    low, high = float(matrix.values.min()), float(matrix.values.max())
    step = (high - low) / 15
    codes = np.minimum((matrix.values - low) / step, 14).astype(np.uint8) + np.uint8(1)
    codebook = np.concatenate([[0], low + step * (np.arange(15) + 0.5)]).astype(np.float32)
    coded = CscMatrix(matrix.shape, matrix.column_starts, matrix.rows, codes)
    return CompressedLayer(coded, codebook, 4, 4, name=layer.name)


@cache
def published(name):
    """(compressed layer, activations) of one published layer."""
    layer = synthetic_layer(name)
    return shared(layer), layer.activations


@cache
def square(n_weights, density=0.09, active=0.35):
    """(compressed layer, activations) of a square layer with that many positions."""
    side = round(n_weights**0.5)
    layer = random_layer((side, side), density, active, name=f"square-{n_weights}")
    return shared(layer), layer.activations


def job_of(packed, activations, **overrides):
    """(configuration, job) with every memory unlimited, as in the published tables."""
    config = load_config("eie", capacity="ignore", **overrides)
    points = choose_binary_points(config, packed, activations)
    return config, make_job(config, packed, activations, points)
