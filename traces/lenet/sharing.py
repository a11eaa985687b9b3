"""Pruning masks and shared weights (Han et al., Deep Compression, ICLR 2016, sections 2-3)."""

from dataclasses import dataclass

import numpy as np

from lenet.network import Projection

N_CODES = 16  # 4-bit codes
# Code 0 is the value of a padding entry, 0.0 (EIE, ISCA 2016, section III), so 15 are left.


@dataclass
class Shared:
    """One layer: ``codebook[codes]``, code 0 for the zeros and for nothing else.

    The biases are the last column, as in EIE: they use the same codebook.
    """

    codes: np.ndarray  # (outputs, inputs + 1) uint8
    codebook: np.ndarray  # (16,) float32, codebook[0] = 0.0

    @property
    def weights(self) -> np.ndarray:
        return self.codebook[self.codes[:, :-1]]

    @property
    def biases(self) -> np.ndarray:
        return self.codebook[self.codes[:, -1]]


def largest(weights: np.ndarray, density: float) -> np.ndarray:
    """Mask of the ``density`` share of ``weights`` that is largest in magnitude."""
    magnitude = np.abs(weights).ravel()
    mask = np.zeros(magnitude.size, bool)
    mask[np.argsort(-magnitude, kind="stable")[: round(density * magnitude.size)]] = True
    return mask.reshape(weights.shape)


def keep(mask: np.ndarray) -> Projection:
    """Projection that holds the weights outside ``mask`` where they are; biases are free."""
    mask = np.column_stack([mask, np.ones(len(mask), bool)])
    return lambda gradient: gradient * mask


def share(weights: np.ndarray, biases: np.ndarray) -> Shared:
    """Give the non-zero ``weights`` and the ``biases`` 15 shared values: 1-D k-means, linear start.

    Biases smaller than every kept weight take no part; in the end each bias gets the nearest of
    the 15 values and zero.
    """
    kept = weights[weights != 0].astype(np.float64)
    values = np.concatenate([kept, biases[np.abs(biases) >= np.abs(kept).min()]])
    codebook, clusters = k_means(values, N_CODES)
    codes = np.zeros((len(weights), weights.shape[1] + 1), np.uint8)
    codes[:, :-1][weights != 0] = clusters[: kept.size] + 1
    codes[:, -1] = np.abs(biases[:, None] - codebook).argmin(1)
    return Shared(codes, codebook)


def share_weights(weights: np.ndarray, n_codes: int) -> tuple[np.ndarray, np.ndarray]:
    """Codes of the ``weights`` alone and their (n_codes,) codebook; biases stay as they are."""
    codebook, clusters = k_means(weights[weights != 0].astype(np.float64), n_codes)
    codes = np.zeros(weights.shape, np.uint8)
    codes[weights != 0] = clusters + 1
    return codes, codebook


def k_means(values: np.ndarray, n_codes: int) -> tuple[np.ndarray, np.ndarray]:
    """(n_codes,) codebook that starts with 0.0, and each value's cluster, 0 to n_codes - 2.

    Lloyd's iteration runs until no value changes its cluster. A cluster that is or becomes
    empty keeps its centroid and is left unused.
    """
    n_clusters = n_codes - 1
    centroids = np.linspace(values.min(), values.max(), n_clusters)
    clusters = np.full(values.size, -1)
    while True:
        nearest = np.searchsorted((centroids[1:] + centroids[:-1]) / 2, values)
        if np.array_equal(nearest, clusters):
            break
        clusters = nearest
        counts = np.bincount(clusters, minlength=n_clusters)
        sums = np.bincount(clusters, values, n_clusters)
        centroids = np.where(counts > 0, sums / np.maximum(counts, 1), centroids)
    return np.concatenate(([0.0], centroids)).astype(np.float32), clusters


def move_together(codes: np.ndarray) -> Projection:
    """Projection that gives all values of one code their mean gradient, and code 0 none."""
    kept = np.flatnonzero(codes)
    clusters = codes.ravel()[kept]
    counts = np.maximum(np.bincount(clusters), 1)

    def project(gradient: np.ndarray) -> np.ndarray:
        means = np.bincount(clusters, gradient.ravel()[kept]) / counts
        return means.astype(np.float32)[codes]

    return project


def read_back(shared: Shared, weights: np.ndarray, biases: np.ndarray) -> Shared:
    """The same codes with the centroids that training has moved the values to."""
    values = np.column_stack([weights, biases])
    return Shared(shared.codes, moved(shared.codes, shared.codebook, values))


def moved(codes: np.ndarray, codebook: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The codebook that training has moved ``values`` to, which share by ``codes``."""
    codebook = codebook.copy()
    codebook[codes] = values
    if not np.array_equal(codebook[codes], values) or codebook[0] != 0:
        raise ArithmeticError("weights that share a code have drifted apart")
    return codebook


def move_weights_together(codes: np.ndarray) -> Projection:
    """As `move_together` for codes without a bias column: the biases, the last one, are free."""
    move = move_together(codes)
    return lambda gradient: np.column_stack([move(gradient[:, :-1]), gradient[:, -1]])
