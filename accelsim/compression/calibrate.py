"""Calibration: the magnitudes that input vectors cause, layer by layer, in floating point."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.numeric import real_values
from accelsim.records import CompressedLayer
from accelsim.records.lineage import check_runnable, check_sequence

SUMS_AT_ONCE = 1 << 22
"""Most partial sums held at once (32 MB of float64); vectors beyond go in further groups."""


def largest_partial_sum(packed: CompressedLayer, activations: npt.NDArray[Any]) -> float:
    """Largest magnitude that any sum of any output passes through.

    Products are added in ascending column order, a bias column last, to the bias of the
    accumulators or to zero, in float64 with the shared weights. The sums on the way are taken, not
    only the results: an accumulator saturates at the first sum that is too large.

    Parameters
    ----------
    activations : (n_vectors, n_inputs) numbers
    """
    matrix = packed.matrix
    starts = matrix.column_starts.tolist()
    values = packed.decoded().values.astype(np.float64)
    group = max(1, SUMS_AT_ONCE // packed.n_outputs)
    largest = 0.0
    for first in range(0, len(activations), group):
        inputs = activations[first:first + group].T.astype(np.float64)
        active = np.flatnonzero(inputs.any(axis=1)).tolist()
        sums = np.zeros((packed.n_outputs, inputs.shape[1]))
        if packed.bias is not None:
            sums += packed.bias[:, None]
            largest = max(largest, float(np.abs(packed.bias).max()))
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


def network_floats(
    layers: list[CompressedLayer], inputs: npt.ArrayLike
) -> npt.NDArray[np.float32]:
    """The last layer's outputs in 32-bit floating point, with the shared weights.

    Raises
    ------
    UnsupportedError
        If the file that the layers are from knows them as something else.
    """
    check_sequence(layers)
    current = _vectors(inputs)
    for packed in layers:
        check_runnable(packed)
        weights = packed.decoded().to_dense()
        bias = packed.bias_values
        sums = current @ weights[:, : packed.n_inputs].T + (0 if bias is None else bias)
        current = packed.in_layer_order(sums)
        if packed.relu:
            current = np.maximum(current, 0)
    return np.asarray(current, dtype=np.float32)


def _vectors(inputs: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """(n_vectors, n_inputs) as float32."""
    return np.atleast_2d(real_values("inputs", inputs).astype(np.float32))


def calibrated(
    layers: list[CompressedLayer], inputs: npt.ArrayLike
) -> list[CompressedLayer]:
    """The same layers with the magnitudes that ``inputs`` cause in 32-bit floating point.

    Parameters
    ----------
    inputs : (n_vectors, n_inputs) of the first layer

    Raises
    ------
    UnsupportedError
        As `network_floats`.
    """
    check_sequence(layers)
    current = _vectors(inputs)
    result = []
    for packed in layers:
        check_runnable(packed)
        largest = float(np.abs(current).max(initial=0.0))
        result.append(
            replace(
                packed,
                input_max_abs=max(largest, 1.0 if packed.has_bias else 0.0),
                output_max_abs=largest_partial_sum(packed, current),
            )
        )
        current = network_floats([packed], current)
    return result
