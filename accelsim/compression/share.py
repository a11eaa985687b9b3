"""Weight sharing: one-dimensional k-means (Deep Compression, ICLR 2016, sec. 3).

Code 0 is 0.0, the value of padding entries (EIE, ISCA 2016, sec. III), so ``2**weight_bits - 1``
centroids are left for the weights.

Lloyd's iteration runs on integers: the float32 weights, scaled by a power of two that makes every
sum of them fit 63 bits (weights below about 2**-40 of the largest lose their last bits to it).
Sorted once, a cluster is a span; its sum is a difference of two prefix sums. Sums, means (as
fractions) and midpoints are exact, so that the result is the same on every machine, and one
iteration costs a binary search for each centroid.

In words: a weight belongs to the nearest centroid, to the lower of two equally near; of equal
centroids the first takes the weights up to them, the last those above. A cluster that is empty
keeps its centroid, and may fill again. Iteration ends when no weight changes its cluster,
or at ``max_iterations``. Layers with no more distinct values than centroids (of weights and bias
together, else of the weights) are not clustered: their values are the codebook, nothing is lost.
Weights whose shared value is 0.0 get code 0, which is to say that they are pruned.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from accelsim.fixedpoint import dequantise, frac_bits_for, quantise

Init = Literal["linear", "density", "random"]
Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]
Centroid = tuple[int, int]  # a fraction: sum of a cluster over its count


@dataclass(frozen=True)
class Sharing:
    """What `share` found.

    Attributes
    ----------
    codebook : (2**weight_bits,) float32, ascending from entry 1 on; unused entries after the last
        value of a lossless codebook are 0.0
    codes : uint8 code of each weight
    iterations : means computed; 0 where nothing was clustered
    converged : whether the last iteration changed nothing
    """

    codebook: Floats
    codes: npt.NDArray[np.uint8]
    iterations: int
    converged: bool


def share(
    values: Floats,
    weight_bits: int,
    init: Init = "linear",
    seed: int = 0,
    max_iterations: int = 1000,
    bias: Floats | None = None,
) -> Sharing:
    """Give non-zero ``values`` at most ``2**weight_bits - 1`` shared values.

    Parameters
    ----------
    values : (n,) float32, finite, no zeros
    init : "linear" spaces the first centroids evenly from the smallest to the largest value
        (the published choice), "density" evenly in the sorted values, "random" takes values
        drawn by ``seed`` without replacement
    bias : values that join a lossless codebook if there is room for all of them
    """
    n_centroids = (1 << weight_bits) - 1
    ordered = np.sort(values)
    first_of_kind = np.ones(len(ordered), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=first_of_kind[1:])
    if np.count_nonzero(first_of_kind) <= n_centroids:
        kinds = ordered[first_of_kind]
        if bias is not None:
            both = np.union1d(kinds, bias[bias != 0])
            kinds = both if len(both) <= n_centroids else kinds
        codebook = np.zeros(n_centroids + 1, dtype=np.float32)
        codebook[1:len(kinds) + 1] = kinds
        codes = (np.searchsorted(kinds, values) + 1).astype(np.uint8)
        return Sharing(codebook, codes, 0, True)
    scale = _scale_bits(ordered)
    integers = _scaled(ordered, scale)
    start = initial_centroids(integers, n_centroids, init, seed)
    centroids, iterations, converged = lloyd(integers, start, max_iterations)
    means = [math.ldexp(total / count, -scale) for total, count in centroids]
    codebook = np.array([0.0, *means], dtype=np.float32)
    # Lowest code whose upper edge is not below the weight.
    codes = (np.searchsorted(_edges(centroids), _scaled(values, scale)) + 1).astype(np.uint8)
    codes[codebook[codes] == 0] = 0
    return Sharing(codebook, codes, iterations, converged)


def share_linear(values: Floats, weight_bits: int, top: float | None = None) -> Sharing:
    """Round non-zero ``values`` to evenly spaced ones with the most fraction bits that hold them,
    or hold ``top``: what is beyond saturates then.

    A code is the weight in two's complement, so code 0 is 0.0 and the codebook needs no storage.
    Weights that round to zero get code 0: they are pruned. Source: ESE (FPGA 2017), sec. 4.
    """
    if top is None:
        top = float(np.abs(values).max(initial=0.0))
    frac_bits = frac_bits_for(top, weight_bits)
    size = 1 << weight_bits
    integers = np.arange(size)
    integers[size // 2 :] -= size
    codes = quantise(values, weight_bits, frac_bits) & (size - 1)
    return Sharing(
        dequantise(integers, frac_bits).astype(np.float32), codes.astype(np.uint8), 0, True
    )


def initial_centroids(ordered: Integers, n_centroids: int, init: Init, seed: int) -> list[Centroid]:
    """First centroids, ascending, of the sorted integers ``ordered``."""
    n = len(ordered)
    if init == "linear":
        low, high = int(ordered[0]), int(ordered[-1])
        steps = n_centroids - 1
        return [(low * (steps - i) + high * i, steps) for i in range(n_centroids)]
    if init == "density":
        places = [(2 * i + 1) * n // (2 * n_centroids) for i in range(n_centroids)]
    else:
        rng = np.random.default_rng(seed)
        places = sorted(rng.choice(n, n_centroids, replace=False).tolist())
    return [(int(ordered[place]), 1) for place in places]


def lloyd(
    ordered: Integers, centroids: Sequence[Centroid], max_iterations: int
) -> tuple[list[Centroid], int, bool]:
    """Lloyd's iteration on sorted integers: centroids, means computed, whether nothing moved."""
    sums = np.zeros(len(ordered) + 1, dtype=np.int64)
    np.cumsum(ordered, out=sums[1:])
    current = list(centroids)
    spans: list[int] = []
    for iteration in range(max_iterations):
        inner = np.searchsorted(ordered, _edges(current), side="right").tolist()
        before, spans = spans, [0, *inner, len(ordered)]
        if spans == before:
            return current, iteration, True
        totals = sums[spans].tolist()
        for i in range(len(current)):
            count = spans[i + 1] - spans[i]
            if count:
                current[i] = (totals[i + 1] - totals[i], count)
    return current, max_iterations, False


def _edges(centroids: Sequence[Centroid]) -> Integers:
    """Largest integer of each cluster but the last: the floor of the midpoint to the next."""
    pairs = pairwise(centroids)
    edges = [(a * n + b * m) // (2 * m * n) for (a, m), (b, n) in pairs]
    return np.array(edges, dtype=np.int64)


def _scale_bits(ordered: Floats) -> int:
    """The power of two by which any sum of the values stays below 2**62."""
    top = max(abs(float(ordered[0])), abs(float(ordered[-1])))
    return 62 - len(ordered).bit_length() - math.frexp(top)[1]


def _scaled(values: Floats, scale: int) -> Integers:
    return np.rint(np.ldexp(values.astype(np.float64), scale)).astype(np.int64)
