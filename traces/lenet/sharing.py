"""Pruning masks and shared weights (Han et al., Deep Compression, ICLR 2016, sections 2-3)."""

from dataclasses import dataclass

import numpy as np

from lenet.network import Projection

N_CODES = 16  # 4-bit codes
# Code 0 is the value of a padding entry, 0.0 (EIE, ISCA 2016, section III), so 15 are left.


@dataclass
class Shared:
    """One layer's weights: ``codebook[codes]``, code 0 for the zeros and for nothing else."""

    codes: np.ndarray  # (outputs, inputs) uint8
    codebook: np.ndarray  # (16,) float32, codebook[0] = 0.0

    @property
    def weights(self) -> np.ndarray:
        return self.codebook[self.codes]


def largest(weights: np.ndarray, density: float) -> np.ndarray:
    """Mask of the ``density`` share of ``weights`` that is largest in magnitude."""
    magnitude = np.abs(weights).ravel()
    mask = np.zeros(magnitude.size, bool)
    mask[np.argsort(-magnitude, kind="stable")[: round(density * magnitude.size)]] = True
    return mask.reshape(weights.shape)


def keep(mask: np.ndarray) -> Projection:
    """Projection that holds the weights outside ``mask`` where they are."""
    return lambda gradient: gradient * mask


def share(weights: np.ndarray) -> Shared:
    """Give the non-zero ``weights`` 15 shared values: 1-D k-means from a linear start.

    Lloyd's iteration runs until no weight changes its cluster. A cluster that is or becomes
    empty keeps its centroid and is left unused.
    """
    values = weights[weights != 0].astype(np.float64)
    centroids = np.linspace(values.min(), values.max(), N_CODES - 1)
    clusters = np.full(values.size, -1)
    while True:
        nearest = np.searchsorted((centroids[1:] + centroids[:-1]) / 2, values)
        if np.array_equal(nearest, clusters):
            break
        clusters = nearest
        counts = np.bincount(clusters, minlength=N_CODES - 1)
        sums = np.bincount(clusters, values, N_CODES - 1)
        centroids = np.where(counts > 0, sums / np.maximum(counts, 1), centroids)
    codes = np.zeros(weights.shape, np.uint8)
    codes[weights != 0] = clusters + 1
    return Shared(codes, np.concatenate(([0.0], centroids)).astype(np.float32))


def move_together(codes: np.ndarray) -> Projection:
    """Projection that gives all weights of one code their mean gradient, and code 0 none."""
    kept = np.flatnonzero(codes)
    clusters = codes.ravel()[kept]
    counts = np.maximum(np.bincount(clusters, minlength=N_CODES), 1)

    def project(gradient: np.ndarray) -> np.ndarray:
        means = np.bincount(clusters, gradient.ravel()[kept], N_CODES) / counts
        return means.astype(np.float32)[codes]

    return project


def read_back(shared: Shared, weights: np.ndarray) -> Shared:
    """The same codes with the centroids that training has moved ``weights`` to."""
    codebook = shared.codebook.copy()
    codebook[shared.codes] = weights
    if not np.array_equal(codebook[shared.codes], weights) or codebook[0] != 0:
        raise ArithmeticError("weights that share a code have drifted apart")
    return Shared(shared.codes, codebook)
