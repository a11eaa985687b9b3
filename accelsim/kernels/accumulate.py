"""Saturating sums in the hardware's order, for the functional models: plain NumPy, no time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from accelsim.fixedpoint import bounds
from accelsim.records import CscMatrix

IntArray = npt.NDArray[np.int64]


def accumulate(
    matrix: CscMatrix, activations: IntArray, columns: IntArray, shift: int, bits: int,
    start: IntArray | None = None,
) -> tuple[IntArray, int]:
    """Saturating sums of ``columns``, in their order, for several input vectors at once.

    Parameters
    ----------
    matrix : (n_outputs, n_columns) integer weights
    activations : (n_vectors, n_columns) integers; a zero adds nothing and saturates nothing
    columns : matrix columns to add
    shift, bits : product shift and accumulator width
    start : (n_outputs,) what the sums start from; None is zero

    Returns
    -------
    (n_vectors, n_outputs) accumulators, and the number of sums that saturated
    """
    accumulators = np.zeros((len(activations), matrix.shape[0]), dtype=np.int64)
    if start is not None:
        accumulators += start
    low, high = bounds(bits)
    saturations = 0
    for column in columns:
        part = slice(int(matrix.column_starts[column]), int(matrix.column_starts[column + 1]))
        rows = matrix.rows[part]
        products = matrix.values[part] * activations[:, column, None]
        if shift:  # halves up, without a step beyond 64 bits
            products = ((products >> (shift - 1)) + 1) >> 1
        sums = accumulators[:, rows] + products
        clipped = np.clip(sums, low, high)
        saturations += int(np.count_nonzero(clipped != sums))
        accumulators[:, rows] = clipped
    return accumulators, saturations
