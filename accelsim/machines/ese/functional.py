"""The golden functional model of ESE: outputs, no time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from accelsim.kernels.accumulate import accumulate
from accelsim.machines.ese.config import EseConfig
from accelsim.machines.ese.fixed_cell import FixedCell
from accelsim.machines.ese.job import RecurrentJob
from accelsim.records.result import JobResult

IntArray = npt.NDArray[np.int64]


def run(config: EseConfig, job: RecurrentJob, outputs: bool = True) -> JobResult:
    """Run an utterance: every product column by column, sums saturated one by one."""
    saturations = 0

    def spmv(name: str, activations: IntArray) -> IntArray:
        nonlocal saturations
        matrix = job.weights[name].matrix
        columns = np.arange(matrix.shape[1])
        sums, changed = accumulate(
            matrix, activations, columns, job.shifts[name], config.accumulator_bits
        )
        saturations += changed
        return sums

    cell = FixedCell(config, job, spmv)
    y = np.array([cell.step(x) for x in job.inputs])
    return JobResult(
        y if outputs else None, None, job.operations | {"saturations": saturations},
    )
