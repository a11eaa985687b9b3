"""What patterns are made of: magnitudes, counts, and the largest of some scores."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.compression.prune import Mask, largest
from accelsim.errors import InputError
from accelsim.numeric import real_values

Dense = npt.NDArray[np.floating[Any]]


def magnitudes_of(weights: Dense) -> npt.NDArray[np.float32]:
    array = real_values("weights", weights)  # of int8, abs(-128) would be -128
    if array.ndim != 2 or 0 in array.shape:
        raise InputError(f"weights have shape {array.shape}; need (outputs, inputs)")
    magnitudes: npt.NDArray[np.float32] = np.abs(array).astype(np.float32)
    if not np.isfinite(magnitudes).all():
        raise InputError("weights hold NaN or infinity, or are too large for float32")
    return magnitudes


def fitting(magnitudes: npt.NDArray[np.float32], target: int, index_bits: int) -> int:
    """How many of the largest weights of one PE are stored in at most ``target`` entries."""
    low, high = 0, target
    while low < high:
        middle = (low + high + 1) // 2
        if _stored(largest(magnitudes, middle), index_bits) <= target:
            low = middle
        else:
            high = middle - 1
    return low


def _stored(mask: Mask, index_bits: int) -> int:
    """Entries of one PE: weights and run extensions, column by column."""
    column, row = np.nonzero(mask.T)
    gaps = row.astype(np.int64)
    gaps[1:] -= np.where(column[1:] == column[:-1], row[:-1] + 1, 0)
    return len(row) + int((gaps >> index_bits).sum())


def count(density: float, size: int) -> int:
    if not 0 <= density <= 1:
        raise InputError(f"density is {density}; need 0 to 1")
    return math.floor(density * size + 0.5)


def positive(what: str, value: int) -> None:
    if value < 1:
        raise InputError(f"{what} is {value}; need 1 or more")


def first_largest(scores: npt.NDArray[Any], n_kept: int) -> Mask:
    """Mask of the ``n_kept`` largest scores, the first of equal ones."""
    mask = np.zeros(len(scores), dtype=bool)
    mask[np.argsort(-scores, kind="stable")[:n_kept]] = True
    return mask
