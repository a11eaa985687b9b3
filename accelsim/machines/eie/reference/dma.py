"""The DMA that refills pointer and SpMat SRAMs (contract M4, M7 to M9)."""

from __future__ import annotations

from accelsim.dram import DramPart, Reading, Requests
from accelsim.dram.controller import DramController
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.job import LayerJob
from accelsim.machines.eie.refill import Refills


def _clock_by_clock(part: DramPart, requests: Requests) -> Reading:
    return DramController(part, requests).run()


class Dma:
    """Works through the refills of a job, each when it is told to begin.

    State: ``left``, cycles until the refill in work is over. Edge: ``load()``.
    """

    __slots__ = ("_begun", "_refills", "bits", "bursts", "busy_cycles", "left", "refreshes", "rows")

    def __init__(self, config: EieConfig, job: LayerJob) -> None:
        self._refills = Refills(config, job, _clock_by_clock)
        self._begun = -1
        self.left = 0
        self.busy_cycles = 0
        self.bits = 0
        self.bursts = 0
        self.rows = 0
        self.refreshes = 0

    def begin(self, number: int) -> None:
        """Begin the refill of a pass, unless it has begun already."""
        if number <= self._begun:
            return
        self._begun = number
        refill = self._refills.of(number)
        self.left = refill.cycles
        self.bits += refill.bits
        self.bursts += refill.bursts
        self.rows += refill.rows
        self.refreshes += refill.refreshes

    def resume(self, number: int, left: int) -> None:
        """In the middle of the refill of a pass, or behind it."""
        self._begun, self.left = number, left

    def load(self) -> None:
        """Clock edge."""
        if self.left:
            self.left -= 1
            self.busy_cycles += 1
