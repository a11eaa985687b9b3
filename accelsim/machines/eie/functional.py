"""The golden functional model: outputs and operation counts, no time.

Walks the active columns in ascending order and adds each to all of its rows at once. Inside a
column every row occurs at most once, so this is the hardware's order of additions for every
accumulator; `accelsim.fixedpoint` defines each step in words.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from accelsim.formats.interleaved_csc import decode_image
from accelsim.kernels.accumulate import accumulate
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.job import LayerJob
from accelsim.records import CscMatrix
from accelsim.records.result import JobResult

IntArray = npt.NDArray[np.int64]


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
        weights, vector[None, :], columns, job.shift, config.accumulator_bits, job.bias
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
