"""How large sums become on the way to a layer's outputs, for the many vectors of its images."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from accelsim.lowering.im2col import gather
from accelsim.records import CompressedConv, CompressedLayer

Values = npt.NDArray[np.float64]
_VALUES_AT_ONCE = 1 << 22
"""Most gathered numbers held at once (32 MB of float64)."""


def largest_sum(work: CompressedLayer | CompressedConv, inputs: Values) -> float:
    """The largest magnitude of any sum on the way, over all vectors; as
    `accelsim.compression.calibrate.largest_partial_sum`, which needs no Numba.

    Parameters
    ----------
    inputs : (n, n_inputs), of a convolution its (n, in, rows, columns) images
    """
    # Late: it imports Numba, which loading and compressing matrices do without.
    from accelsim.kernels.partial_sums import largest_sums

    layer = work.layer if isinstance(work, CompressedConv) else work
    weights = layer.decoded()
    start = np.zeros(layer.n_outputs) if layer.bias is None else layer.bias.astype(np.float64)
    largest = 0.0
    for vectors in _vectors(work, inputs):
        columns = vectors.T
        if layer.has_bias:
            columns = np.vstack([columns, np.ones((1, len(vectors)))])
        largest = max(largest, float(largest_sums(weights, columns, start).max()))
    return largest


def _vectors(work: CompressedLayer | CompressedConv, inputs: Values) -> Iterable[Values]:
    """(n, n_columns) vectors that the matrix sees, some at a time."""
    if isinstance(work, CompressedLayer):
        return [inputs]
    pixels = gather(work.geometry, inputs)
    return (pixels.vectors(first, end) for first, end in pixels.parts(_VALUES_AT_ONCE))
