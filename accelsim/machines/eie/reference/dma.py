"""The DMA that refills pointer and SpMat SRAMs (contract M4, M7 to M9)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.dram import DramPart, Reading, Requests
from accelsim.dram.controller import DramController
from accelsim.formats.interleaved_csc import PeImage
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.job import IntArray, LayerJob
from accelsim.machines.eie.refill import Refills


def _clock_by_clock(part: DramPart, requests: Requests) -> Reading:
    return DramController(part, requests).run()


def brought(
    config: EieConfig, memory: PeImage, pointers: IntArray, active: npt.NDArray[np.bool_]
) -> tuple[IntArray, npt.NDArray[Any], npt.NDArray[Any]]:
    """Pointers, codes and runs of a segment as they come into one PE; ``active`` columns.

    Addresses begin at 0 (M4). What is not brought (M7) is zero here, so that reading it would
    change the outputs.
    """
    part = slice(int(pointers[0]), int(pointers[-1]))
    codes, runs, pointers = memory.codes[part], memory.runs[part], pointers - pointers[0]
    if config.refill == "active":
        comes = np.append(active, np.ones(len(pointers) - 1 - len(active), bool))
        kept = np.repeat(comes, np.diff(pointers))
        codes, runs = codes * kept, runs * kept
        pointers = pointers * (np.append(comes, False) | np.append(False, comes))
    return pointers, codes, runs


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
