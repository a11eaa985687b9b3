"""The golden functional model of the bank-balanced machine: outputs, no time."""

from __future__ import annotations

import numpy as np

from accelsim.errors import UnsupportedError
from accelsim.machines.bbs.config import BbsConfig
from accelsim.machines.bbs.job import BbsJob
from accelsim.records.result import JobResult


def run(config: BbsConfig, job: BbsJob, outputs: bool = True) -> JobResult:
    """Run all vectors, row by row: whole sums, rounded and saturated once (contract B5).

    Raises
    ------
    UnsupportedError
        For an LSTM, whose values are not told.
    """
    if job.vectors is None:
        raise UnsupportedError(f"{job.no_outputs}; use engine 'fast' or 'reference'")
    matrix = job.matrices[0]
    top = 2 ** (config.activation_bits - 1)
    results = np.zeros((*job.shape, len(matrix.banks)), dtype=np.int64)
    saturations = 0
    for row, banks in enumerate(matrix.banks):
        sums = np.sum(job.vectors * banks, axis=(2, 3))
        if matrix.bias is not None:
            sums = sums + matrix.bias[row]
        # Halves round towards plus infinity.
        rounded = np.floor_divide(sums + 2**job.shift // 2, 2**job.shift)
        results[..., row] = np.minimum(np.maximum(rounded, -top), top - 1)
        saturations += int(np.count_nonzero(results[..., row] != rounded))
    told = job.operations | {"saturations": saturations}
    return JobResult(results if outputs else None, None, told)
