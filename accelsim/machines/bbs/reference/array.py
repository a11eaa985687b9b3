"""The bank-balanced machine, cycle by cycle (BBS, FPGA 2019; contract: machines/bbs)."""

from __future__ import annotations

import random

import numpy as np
import simpy

from accelsim.machines.bbs.config import BbsConfig
from accelsim.machines.bbs.counters import BbsCounters
from accelsim.machines.bbs.job import BbsJob, IntArray, operations
from accelsim.machines.bbs.reference.pe import BbsPe
from accelsim.records.result import JobResult
from accelsim.units.clock import Clock, Process


def run(
    config: BbsConfig, job: BbsJob, outputs: bool = True, *,
    shuffle: random.Random | None = None,
) -> JobResult:
    """Run one matrix; ``shuffle`` changes the order of the processes, which changes no result."""
    env = simpy.Environment()
    clock = Clock(env)
    written: list[int | None] = [None] * len(job.banks)
    pes = [BbsPe(config, job, pe, written, clock) for pe in range(config.n_pe)]
    phases = {"start": 0, "compute": 0, "drain": 0}
    control = _control(config, pes, clock, phases)
    processes = [control, clock.run(), *(pe.run() for pe in pes)]
    if shuffle is not None:
        shuffle.shuffle(processes)
    made = {process: env.process(process) for process in processes}
    env.run(until=made[control])

    def per_pe(counter: str) -> IntArray:
        return np.array([getattr(pe, counter) for pe in pes], dtype=np.int64)

    counters = BbsCounters(
        cycles=clock.cycle,
        start_cycles=phases["start"],
        compute_cycles=phases["compute"],
        drain_cycles=phases["drain"],
        rows=per_pe("rows"),
        slots=per_pe("slots"),
        empty_rows=per_pe("empty_rows"),
        idle_cycles=phases["compute"] - per_pe("slots"),
        macs=per_pe("macs"),
        filler_macs=per_pe("filler_macs"),
        saturations=per_pe("saturations"),
    )
    told = operations(job) | {"saturations": int(counters.saturations.sum())}
    sums = np.array(written, dtype=np.int64)
    return JobResult(sums if outputs else None, counters, told)


def _control(
    config: BbsConfig, pes: list[BbsPe], clock: Clock, phases: dict[str, int]
) -> Process:
    """Start cycles, then until every PE has written its last row; counts ``phases``."""
    for _ in range(config.start_cycles):
        phases["start"] += 1
        yield clock.tick
    for pe in pes:
        pe.begin()
    while any(pe.has_slots for pe in pes):
        phases["compute"] += 1
        yield clock.tick
    while any(pe.draining for pe in pes):
        phases["drain"] += 1
        yield clock.tick
