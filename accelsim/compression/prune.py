"""Magnitude pruning: which weights stay (Deep Compression, ICLR 2016, sec. 2).

Weights are read as float32. A weight of zero is never stored, whatever the density asks for.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError
from accelsim.numeric import real_numbers
from accelsim.records import CscMatrix

Mask = npt.NDArray[np.bool_]


def prune(
    weights: npt.NDArray[Any] | CscMatrix,
    density: float | None = None,
    threshold: float | None = None,
) -> CscMatrix:
    """Keep the largest weights.

    Parameters
    ----------
    weights : (n_outputs, n_inputs) numbers, or a `CscMatrix` of them
    density : share of all weights, zeros too, that stays: exactly
        ``floor(density * n_outputs * n_inputs + 1/2)`` of them if there are as many non-zeros.
        Of equal magnitudes at the limit, those that come first row by row stay.
    threshold : weights of at least this magnitude stay

    Returns
    -------
    `CscMatrix` of float32; with neither density nor threshold, all non-zeros

    Raises
    ------
    InputError
        If both are given, one is out of range, or a weight is beyond float32.
    """
    if density is not None and threshold is not None:
        raise InputError("prune by density or by threshold, not by both")
    if density is not None and not 0 <= density <= 1:
        raise InputError(f"density is {density}; need 0 to 1")
    if threshold is not None and not 0 <= threshold < math.inf:
        raise InputError(f"threshold is {threshold}; need a finite number, 0 or more")
    n_outputs, n_inputs = weights.shape
    given = weights.values if isinstance(weights, CscMatrix) else weights
    values = _as_float32(given)
    magnitudes = np.abs(values)
    if density is not None:
        n_kept = math.floor(density * n_outputs * n_inputs + 0.5)
        mask = largest(magnitudes, n_kept, weights if isinstance(weights, CscMatrix) else None)
    elif threshold is not None:
        mask = (magnitudes >= np.float64(threshold)) & (magnitudes > 0)
    else:
        mask = magnitudes > 0
    del magnitudes
    if not isinstance(weights, CscMatrix):
        return _from_mask(values, mask)
    kept = np.zeros(len(mask) + 1, dtype=np.int64)
    np.cumsum(mask, out=kept[1:])
    starts = kept[weights.column_starts]
    return CscMatrix(weights.shape, starts, weights.rows[mask], values[mask])


def largest(
    magnitudes: npt.NDArray[np.float32], n_kept: int, sparse: CscMatrix | None = None
) -> Mask:
    """Mask of the ``n_kept`` largest magnitudes above zero, ties row by row.

    ``magnitudes`` are a dense matrix in C order, or the values of ``sparse``. Linear time: the
    limit comes from a partition, not from sorting.
    """
    n_values = magnitudes.size
    if n_kept >= n_values:
        return magnitudes > 0
    if n_kept == 0:
        return np.zeros(magnitudes.shape, dtype=bool)
    limit = np.partition(magnitudes, n_values - n_kept, axis=None)[n_values - n_kept]
    if limit == 0:
        return magnitudes > 0
    mask: Mask = magnitudes > limit
    ties = np.flatnonzero(magnitudes == limit)
    if sparse is not None:
        columns = np.searchsorted(sparse.column_starts, ties, side="right")
        ties = ties[np.lexsort((columns, sparse.rows[ties]))]
    mask.reshape(-1)[ties[: n_kept - np.count_nonzero(mask)]] = True
    return mask


def _as_float32(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    numbers = real_numbers("weights", values)
    with np.errstate(over="ignore"):  # reported just below
        result = np.ascontiguousarray(numbers, dtype=np.float32)
    if not np.isfinite(result).all():
        raise InputError("a weight is too large for float32; scale the weights down")
    return result


def _from_mask(dense: npt.NDArray[np.float32], mask: Mask) -> CscMatrix:
    """The masked weights, column by column."""
    n_outputs, n_inputs = dense.shape
    # Turning the one-byte mask around, not the weights, keeps the scan in memory order.
    places = np.flatnonzero(np.ascontiguousarray(mask.T))
    columns, rows = np.divmod(places, n_outputs)
    starts = np.zeros(n_inputs + 1, dtype=np.int64)
    np.cumsum(np.bincount(columns, minlength=n_inputs), out=starts[1:])
    return CscMatrix((n_outputs, n_inputs), starts, rows.astype(np.int32), dense[rows, columns])
