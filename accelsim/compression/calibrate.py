"""The largest number an accumulator must hold, from calibration vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.records import CompressedLayer

SUMS_AT_ONCE = 1 << 22
"""Most partial sums held at once (32 MB of float64); vectors beyond go in further groups."""


def largest_partial_sum(packed: CompressedLayer, activations: npt.NDArray[Any]) -> float:
    """Largest magnitude that any sum of any output passes through.

    Products are added in ascending column order, the bias last, in float64 with the shared
    weights. The sums on the way are taken, not only the results: an accumulator saturates at the
    first sum that is too large.

    Parameters
    ----------
    activations : (n_vectors, n_inputs) numbers
    """
    matrix = packed.matrix
    starts = matrix.column_starts.tolist()
    values = packed.codebook.astype(np.float64)[matrix.values]
    group = max(1, SUMS_AT_ONCE // packed.n_outputs)
    largest = 0.0
    for first in range(0, len(activations), group):
        inputs = activations[first:first + group].T.astype(np.float64)
        active = np.flatnonzero(inputs.any(axis=1)).tolist()
        sums = np.zeros((packed.n_outputs, inputs.shape[1]))
        if packed.has_bias:
            active.append(packed.n_inputs)
        for column in active:
            span = slice(starts[column], starts[column + 1])
            rows = matrix.rows[span]
            drive = inputs[column] if column < packed.n_inputs else np.ones(inputs.shape[1])
            changed = sums[rows] + values[span, None] * drive
            sums[rows] = changed
            largest = max(largest, float(np.abs(changed).max(initial=0.0)))
    return largest
