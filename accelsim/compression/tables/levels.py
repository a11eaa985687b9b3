"""A table as levels on a line: what every rule but k-means comes down to."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.compression.share import Floats, Sharing

Values = npt.NDArray[np.floating[Any]]


def shared(
    values: Floats, weight_bits: int, levels: Values, edges: Values, codes: npt.NDArray[Any]
) -> Sharing:
    """Every value at its level; what is beyond the outermost ones becomes those.

    Parameters
    ----------
    values : (n,) float32
    levels : (n_levels,) ascending, 0.0 among them
    edges : (n_levels - 1,) ascending; a value from edge i on is above level i
    codes : (n_levels,) code of each level, below ``2**weight_bits``; that of 0.0 is 0
    """
    codebook = np.zeros(1 << weight_bits, dtype=np.float32)
    codebook[codes] = levels
    codebook[0] = 0.0
    places = np.searchsorted(edges, values.astype(np.float64), side="right")
    found = codes[places].astype(np.uint8)
    found[codebook[found] == 0] = 0
    return Sharing(codebook, found, 0, True)


def mirrored(
    values: Floats, weight_bits: int, magnitudes: Values, edges: Values
) -> Sharing:
    """The same levels on both sides of zero, codes from the lowest level on, zero left out.

    Parameters
    ----------
    magnitudes : (n,) ascending, above zero
    edges : (n,) ascending; a magnitude from ``edges[i]`` on is at least ``magnitudes[i]``, one
        below ``edges[0]`` is zero
    """
    n = len(magnitudes)
    levels = np.concatenate([-magnitudes[::-1], [0.0], magnitudes])
    below = np.nextafter(-edges[::-1], np.inf)  # an edge itself belongs to the larger magnitude
    codes = np.concatenate([np.arange(1, n + 1), [0], np.arange(n + 1, 2 * n + 1)])
    return shared(values, weight_bits, levels, np.concatenate([below, edges]), codes)


def largest(values: Floats) -> float:
    """The largest magnitude; 0 without values."""
    return float(np.abs(values.astype(np.float64)).max(initial=0.0))


def mean(magnitudes: Values) -> float:
    """Of magnitudes; 1 without any, so that a table of no weights is a table."""
    return float(magnitudes.mean()) if len(magnitudes) else 1.0


def scaled(scale: float, kind: str) -> float:
    """A scale as it is ("real"), or the nearest power of two on the logarithmic line
    ("power_of_two"): then a machine without multipliers holds the table; chosen, not published."""
    return float(2.0 ** np.floor(np.log2(scale) + 0.5)) if kind == "power_of_two" else scale
