"""How large a signal may become before it is cut off: three ways to choose it from samples.

``max``         nothing of what was seen is cut off
``percentile``  a small share of what was seen is cut off
``kl``          the cut that loses least information: the smallest Kullback-Leibler divergence
                between the samples' histogram and what is left of it with the signal's levels
                (TensorRT's calibration: S. Migacz, 8-bit Inference with TensorRT, GTC 2017)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError, nearest

METHODS = ("max", "percentile", "kl")
PERCENTILE = 99.99
"""Share of the non-zero magnitudes that are kept whole, in percent; chosen."""

_BINS = 2048  # the talk's
_FEWEST = 128
"""Bins that are kept at least, the talk's for 8 bits, whatever the bits: with fewer, one value that
stands alone (the darkest grey) would be all there is, and diverge from nothing."""


def threshold(
    values: npt.NDArray[Any], method: str = "max", bits: int = 16, percentile: float = PERCENTILE
) -> float:
    """The largest magnitude that a signal of ``bits`` bits should hold without saturating.

    Parameters
    ----------
    values : samples of the signal; zeros need no bits and do not count
    method : one of `METHODS`

    Raises
    ------
    InputError
        If there is no such method, or the percentile is not in (0, 100].
    """
    if method not in METHODS:
        raise InputError(f"no calibration method '{method}'{nearest(method, METHODS)}")
    if not 0 < percentile <= 100:
        raise InputError(f"percentile is {percentile}; need more than 0 and at most 100")
    magnitudes = np.abs(np.asarray(values, dtype=np.float64)).ravel()
    magnitudes = magnitudes[magnitudes > 0]
    if not len(magnitudes):
        return 0.0
    largest = float(magnitudes.max())
    if method == "percentile":
        return float(np.percentile(magnitudes, percentile, method="higher"))
    levels = 1 << (bits - 1)
    if method == "max" or levels >= _BINS:
        return largest
    counts = np.histogram(magnitudes, bins=_BINS, range=(0.0, largest))[0]
    return largest * _least_divergence(counts.astype(np.float64), levels) / _BINS


def _least_divergence(counts: npt.NDArray[np.float64], levels: int) -> int:
    """How many of the bins are kept where the divergence is least; of equals, the most."""
    best, kept = np.inf, len(counts)
    for bins in range(max(levels, _FEWEST), len(counts) + 1):
        reference = counts[:bins].copy()
        reference[-1] += counts[bins:].sum()
        divergence = _divergence(reference, _in_levels(counts[:bins], levels))
        if divergence <= best:
            best, kept = divergence, bins
    return kept


def _in_levels(counts: npt.NDArray[np.float64], levels: int) -> npt.NDArray[np.float64]:
    """The histogram with ``levels`` levels: each level's count spread over its occupied bins."""
    level = np.arange(len(counts)) * levels // len(counts)
    occupied = counts > 0
    total = np.bincount(level, counts, levels)
    shared = np.bincount(level, occupied, levels)
    return np.where(occupied, total[level] / np.maximum(shared[level], 1), 0.0)


def _divergence(p: npt.NDArray[np.float64], q: npt.NDArray[np.float64]) -> float:
    """Of distributions given as counts; infinite where ``q`` has nothing and ``p`` has."""
    p, q = p / p.sum(), q / max(q.sum(), np.finfo(float).tiny)
    there = p > 0
    if (q[there] == 0).any():
        return float("inf")
    return float((p[there] * np.log(p[there] / q[there])).sum())
