"""The bank-balanced machine, cycle by cycle (BBS, FPGA 2019; contract: machines/bbs)."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import numpy as np
import simpy

from accelsim.machines.bbs.config import BbsConfig
from accelsim.machines.bbs.counters import BbsCounters
from accelsim.machines.bbs.job import BbsJob, IntArray
from accelsim.machines.bbs.reference.elementwise import ElementwiseUnit
from accelsim.machines.bbs.reference.pe import BbsPe
from accelsim.machines.bbs.stages import BankedMatrix
from accelsim.records.result import JobResult
from accelsim.records.signals import Observer, Place, Signals
from accelsim.units.clock import Clock, Process


def run(
    config: BbsConfig, job: BbsJob, outputs: bool = True, *,
    shuffle: random.Random | None = None, observer: Observer | None = None,
) -> JobResult:
    """Run all vectors; ``shuffle`` changes the order of the processes, which changes no result.
    ``observer`` is called in every cycle, with the `BbsControl`.
    """
    env = simpy.Environment()
    clock = Clock(env, None if observer is None else lambda t: observer.cycle(t, control))
    pes = [BbsPe(config, job, pe, clock) for pe in range(config.n_pe)]
    elementwise = ElementwiseUnit(config, clock)
    control = BbsControl(config, job, pes, elementwise, clock)
    main = control.run()
    processes = [main, clock.run(), elementwise.run(), *(pe.run() for pe in pes)]
    if shuffle is not None:
        shuffle.shuffle(processes)
        clock.order = shuffle
    made = {process: env.process(process) for process in processes}
    env.run(until=made[main])
    counters = _counters(clock, control, elementwise, pes, told=job.vectors is not None)
    if job.vectors is None:
        return JobResult(None, counters, job.operations)
    told = job.operations | {"saturations": int(counters.saturations.sum())}
    sums = np.array(control.results, dtype=np.int64).reshape(*job.shape, -1)
    return JobResult(sums if outputs else None, counters, told)


class BbsControl:
    """Takes every vector through its stages; a stage ends when product and element-wise work do.

    Attributes
    ----------
    phases : cycles by phase
    results : of every product, in order
    pes, elementwise : the units
    phase, matrix : of the present cycle; no matrix in the phase "elementwise"
    """

    def __init__(
        self, config: BbsConfig, job: BbsJob, pes: Sequence[BbsPe], elementwise: ElementwiseUnit,
        clock: Clock,
    ) -> None:
        self._start_cycles = config.start_cycles
        self._job = job
        self.pes = pes
        self.elementwise = elementwise
        self.phase = self.matrix = ""
        self._clock = clock
        self.phases = {"start": 0, "compute": 0, "drain": 0, "elementwise": 0}
        self.vectors = self.vector_writes = 0
        self.results: list[list[int]] = []

    def run(self) -> Process:
        """The control's process."""
        values = self._job.vectors
        for step, channel in np.ndindex(self._job.shape):
            vector = None if values is None else values[step, channel].tolist()
            self.vectors += 1
            for stage in self._job.stages:
                self.vector_writes += stage.writes
                self.elementwise.begin(stage.operations)
                self.matrix = "" if stage.matrix is None else stage.matrix.name
                if stage.matrix is not None:
                    yield from self._multiply(stage.matrix, vector)
                while self.elementwise.busy:
                    yield self._cycle("elementwise")

    def units(self, pes: Sequence[int]) -> Iterator[Place]:
        """The control, the element-wise units and some PEs."""
        yield ("bbs", "control"), self
        yield ("bbs", "elementwise"), self.elementwise
        for pe in pes:
            yield ("bbs", f"pe[{pe}]"), self.pes[pe]

    def signals(self) -> Signals:
        """The phase, and the vector in work."""
        return Signals(
            dict.fromkeys(self.phases, 1) | {"vector": 32},
            lambda: (*(self.phase == phase for phase in self.phases), self.vectors - 1),
        )

    def _cycle(self, phase: str) -> simpy.Event:
        """Spend the present cycle in a phase."""
        self.phase = phase
        self.phases[phase] += 1
        return self._clock.tick

    def _multiply(self, matrix: BankedMatrix, vector: list[list[int]] | None) -> Process:
        """Start cycles, then until every PE has written its last row (B4)."""
        for _ in range(self._start_cycles):
            yield self._cycle("start")
        self.results.append([0] * len(matrix.banks))
        for pe in self.pes:
            pe.begin(matrix.name, vector, self.results[-1])
        while any(pe.has_slots for pe in self.pes):
            yield self._cycle("compute")
        while any(pe.draining for pe in self.pes):
            yield self._cycle("drain")


def _counters(
    clock: Clock, control: BbsControl, elementwise: ElementwiseUnit, pes: Sequence[BbsPe],
    told: bool,
) -> BbsCounters:
    def per_pe(counter: str) -> IntArray:
        return np.array([getattr(pe, counter) for pe in pes], dtype=np.int64)

    phases = control.phases
    of_pes = ("rows", "slots", "empty_rows", "macs", "filler_macs", "bias_reads")
    return BbsCounters.partial({
        "cycles": clock.cycle,
        "vectors": control.vectors,
        **{f"{phase}_cycles": cycles for phase, cycles in phases.items()},
        "vector_writes": control.vector_writes,
        "elementwise_products": elementwise.products,
        "elementwise_sums": elementwise.sums,
        "table_lookups": elementwise.look_ups,
        **{name: per_pe(name) for name in of_pes},
        "idle_cycles": phases["compute"] - per_pe("slots"),
        **({"saturations": per_pe("saturations")} if told else {}),
    })
