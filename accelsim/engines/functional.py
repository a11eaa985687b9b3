"""The golden functional model: outputs and operation counts, no time.

Walks the active columns in ascending order and adds each to all of its rows at once. Inside a
column every row occurs at most once, so this is the hardware's order of additions for every
accumulator; `accelsim.fixedpoint` defines each step in words.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from accelsim.arch.config import EieConfig
from accelsim.engines.job import JobResult, LayerJob
from accelsim.fixedpoint import bounds
from accelsim.formats.interleaved_csc import decode_image
from accelsim.records import CscMatrix

IntArray = npt.NDArray[np.int64]


def accumulate(
    matrix: CscMatrix, activations: IntArray, columns: IntArray, shift: int, bits: int
) -> tuple[IntArray, int]:
    """Saturating sums of ``columns``, in their order, for several input vectors at once.

    Parameters
    ----------
    matrix : (n_outputs, n_columns) integer weights
    activations : (n_vectors, n_columns) integers; a zero adds nothing and saturates nothing
    columns : matrix columns to add
    shift, bits : product shift and accumulator width

    Returns
    -------
    (n_vectors, n_outputs) accumulators, and the number of sums that saturated
    """
    accumulators = np.zeros((len(activations), matrix.shape[0]), dtype=np.int64)
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


def run(config: EieConfig, job: LayerJob, outputs: bool = True) -> JobResult:
    """Run one job.

    Returns
    -------
    JobResult
        ``outputs`` are the (n_outputs,) accumulators before ReLU; ``counters`` is None.
    """
    image = job.image
    codes = decode_image(image)
    weights = CscMatrix(
        codes.shape, codes.column_starts, codes.rows, job.codebook[codes.values]
    )
    active = job.active_columns()
    vector = job.activations
    if image.has_bias:
        vector = np.append(vector, job.bias_activation)
    columns = np.minimum(active, codes.shape[1] - 1)  # the bias is the matrix's last column
    accumulators, saturations = accumulate(
        weights, vector[None, :], columns, job.shift, config.accumulator_bits
    )
    entries = int((image.pointers[:, :, active + 1] - image.pointers[:, :, active]).sum())
    macs = int(np.diff(codes.column_starts)[columns].sum())
    operations = {
        "entries": entries,
        "padding": entries - macs,
        "macs": macs,
        "saturations": saturations,
    }
    return JobResult(accumulators[0] if outputs else None, None, operations)
