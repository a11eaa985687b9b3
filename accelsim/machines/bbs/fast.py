"""The fast engine of the bank-balanced machine: slots counted, sums as one product."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.fixedpoint import bounds
from accelsim.machines.bbs.config import BbsConfig
from accelsim.machines.bbs.counters import BbsCounters
from accelsim.machines.bbs.job import BbsJob, IntArray
from accelsim.machines.bbs.stages import BankedMatrix, Operation, Stage
from accelsim.records.result import JobResult


def run(config: BbsConfig, job: BbsJob, outputs: bool = True) -> JobResult:
    """Run all vectors; equal to the reference in outputs, cycles and every counter.

    Every vector takes the same time and counts the same, but for saturations.
    """
    counts: Counter[str] = Counter()
    for stage in job.stages:
        counts.update(_stage(config, stage))
    values: dict[str, Any] = {name: count * job.n_vectors for name, count in counts.items()}
    told = job.operations
    sums = None
    if job.vectors is not None:
        sums, values["saturations"] = _values(config, job, job.vectors)
        told["saturations"] = int(values["saturations"].sum())
    counters = BbsCounters.partial({**values, "vectors": job.n_vectors})
    return JobResult(sums if outputs else None, counters, told)


def _stage(config: BbsConfig, stage: Stage) -> dict[str, Any]:
    """Counters of one vector."""
    operations = stage.operations
    work = sum(_cycles(config, operation) for operation in operations)
    counts = {
        "vector_writes": stage.writes,
        "elementwise_products": sum(o.n_elements * o.products for o in operations),
        "elementwise_sums": sum(o.n_elements * o.sums for o in operations),
        "table_lookups": sum(o.n_elements * o.look_ups for o in operations),
    }
    multiply = {} if stage.matrix is None else _multiplication(config, stage.matrix)
    alone = max(work - multiply.get("cycles", 0), 0)
    cycles = multiply.pop("cycles", 0) + alone
    return counts | multiply | {"cycles": cycles, "elementwise_cycles": alone}


def _cycles(config: BbsConfig, operation: Operation) -> int:
    return config.elementwise_latency_cycles + -(-operation.n_elements // config.elementwise_width)


def _multiplication(config: BbsConfig, matrix: BankedMatrix) -> dict[str, Any]:
    """Counters of one matrix times one vector."""
    weights = (matrix.banks != 0).sum(axis=2)
    fullest = weights.max(axis=1)
    rows = _per_pe(config, np.ones(len(fullest), dtype=np.int64))
    slots = _per_pe(config, np.maximum(fullest, 1))
    macs = _per_pe(config, weights.sum(axis=1))
    compute, drain = int(slots.max()), config.pipeline_stages - 1
    return {
        "cycles": config.start_cycles + compute + drain,
        "start_cycles": config.start_cycles,
        "compute_cycles": compute,
        "drain_cycles": drain,
        "rows": rows,
        "slots": slots,
        "empty_rows": _per_pe(config, fullest == 0),
        "idle_cycles": compute - slots,
        "macs": macs,
        "filler_macs": slots * config.n_banks - macs,
        "bias_reads": rows if matrix.bias is not None else np.zeros_like(rows),
    }


def _per_pe(config: BbsConfig, values: npt.NDArray[Any]) -> IntArray:
    """Values of rows, summed over the rows of each PE."""
    result = np.zeros(config.n_pe, dtype=np.int64)
    np.add.at(result, np.arange(len(values)) % config.n_pe, values)
    return result


def _values(config: BbsConfig, job: BbsJob, vectors: IntArray) -> tuple[IntArray, IntArray]:
    """Outputs (n_steps, n_channels, n_outputs) and saturations of each PE."""
    matrix = job.matrices[0]
    rows = matrix.banks.reshape(len(matrix.banks), -1)
    totals = vectors.reshape(*vectors.shape[:2], -1) @ rows.T
    if matrix.bias is not None:
        totals += matrix.bias
    shifted = (totals + ((1 << job.shift) >> 1)) >> job.shift
    sums = np.clip(shifted, *bounds(config.activation_bits))
    return sums, _per_pe(config, (sums != shifted).sum(axis=(0, 1)))
