"""How large sums become on the way, for many vectors at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.kernels.jit import kernel
from accelsim.records.matrix import CscMatrix

_BLOCK = 64
"""Vectors side by side: their sums of a layer stay in the cache."""


def largest_sums(
    weights: CscMatrix, inputs: npt.NDArray[np.float64], start: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """(n_vectors,) the largest magnitude that any sum of a vector passes through.

    Products are added in ascending column order in float64.

    Parameters
    ----------
    weights : (n_outputs, n_columns) floats
    inputs : (n_columns, n_vectors)
    start : (n_outputs,) what the sums start from; they count too
    """
    n_outputs, n_columns = weights.shape
    assert inputs.shape[0] == n_columns
    assert start.shape == (n_outputs,)
    peaks = np.full(inputs.shape[1], np.abs(start).max(initial=0.0))
    values = np.ascontiguousarray(weights.values, dtype=np.float64)
    for first in range(0, inputs.shape[1], _BLOCK):
        block = np.ascontiguousarray(inputs[:, first:first + _BLOCK], dtype=np.float64)
        sums = np.repeat(np.asarray(start, dtype=np.float64)[:, None], block.shape[1], axis=1)
        _add(weights.column_starts, weights.rows, values, block, sums, peaks[first:first + _BLOCK])
    return peaks


@kernel
def _add(starts: Any, rows: Any, values: Any, inputs: Any, sums: Any, peaks: Any) -> None:
    n_vectors = inputs.shape[1]
    for column in range(len(starts) - 1):
        for entry in range(starts[column], starts[column + 1]):
            row, weight = rows[entry], values[entry]
            for vector in range(n_vectors):
                total = sums[row, vector] + weight * inputs[column, vector]
                sums[row, vector] = total
                size = abs(total)
                peaks[vector] = size if size > peaks[vector] else peaks[vector]
