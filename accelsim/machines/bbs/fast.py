"""The fast engine of the bank-balanced machine: slots counted, sums as one product."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.fixedpoint import bounds
from accelsim.machines.bbs.config import BbsConfig
from accelsim.machines.bbs.counters import BbsCounters
from accelsim.machines.bbs.job import BbsJob, IntArray, operations
from accelsim.records.result import JobResult


def run(config: BbsConfig, job: BbsJob, outputs: bool = True) -> JobResult:
    """Run one matrix; equal to the reference in outputs, cycles and every counter."""
    n_rows, pe = len(job.banks), np.arange(len(job.banks)) % config.n_pe
    weights = (job.banks != 0).sum(axis=2)
    fullest = weights.max(axis=1)

    def per_pe(values: npt.NDArray[Any]) -> IntArray:
        result = np.zeros(config.n_pe, dtype=np.int64)
        np.add.at(result, pe, values)
        return result

    slots = per_pe(np.maximum(fullest, 1))
    macs = per_pe(weights.sum(axis=1))
    totals = np.einsum("rbw,bw->r", job.banks, job.vector)
    shifted = (totals + ((1 << job.shift) >> 1)) >> job.shift
    sums = np.clip(shifted, *bounds(config.activation_bits))
    compute, drain = int(slots.max()), config.pipeline_stages - 1
    counters = BbsCounters(
        cycles=config.start_cycles + compute + drain,
        start_cycles=config.start_cycles,
        compute_cycles=compute,
        drain_cycles=drain,
        rows=per_pe(np.ones(n_rows, dtype=np.int64)),
        slots=slots,
        empty_rows=per_pe(fullest == 0),
        idle_cycles=compute - slots,
        macs=macs,
        filler_macs=slots * config.n_banks - macs,
        saturations=per_pe(sums != shifted),
    )
    told = operations(job) | {"saturations": int(counters.saturations.sum())}
    return JobResult(sums if outputs else None, counters, told)
