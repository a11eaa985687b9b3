"""PE of the bank-balanced machine: a row at a time, a multiplier for every bank (B1 to B5)."""

from __future__ import annotations

from collections import deque

from accelsim.fixedpoint import saturate, shift_right
from accelsim.machines.bbs.config import BbsConfig
from accelsim.machines.bbs.job import BbsJob
from accelsim.units.clock import Clock, Process

Slot = list[tuple[int, int] | None]
"""For every bank (weight, position inside the bank), or filler."""


class BbsPe:
    """Row queue, banked vector buffer, multipliers, adder tree, accumulator.

    State: ``has_slots``, ``draining`` (something is in the pipeline).
    """

    def __init__(
        self, config: BbsConfig, job: BbsJob, pe: int, outputs: list[int | None], clock: Clock
    ) -> None:
        self._vector = job.vector.tolist()
        self._shift = job.shift
        self._bits = config.activation_bits
        self._outputs = outputs
        self._clock = clock
        self._slots: deque[tuple[int, Slot, bool]] = deque()
        for row in range(pe, len(job.banks), config.n_pe):
            self._queue(row, job.banks[row].tolist())
        # What a slot's sum is, one place for each stage behind the first.
        self._pipeline: deque[tuple[int, int, bool] | None] = deque(
            [None] * (config.pipeline_stages - 1)
        )
        self._accumulator = 0
        self._begun = False
        self.rows = self.slots = self.empty_rows = 0
        self.macs = self.filler_macs = self.saturations = 0

    def _queue(self, row: int, banks: list[list[int]]) -> None:
        """CSB order: the first weight of every bank, then the second, and so on."""
        kept = [[(w, at) for at, w in enumerate(bank) if w] for bank in banks]
        fullest = max(len(bank) for bank in kept)
        for turn in range(max(fullest, 1)):
            slot: Slot = [bank[turn] if turn < len(bank) else None for bank in kept]
            self._slots.append((row, slot, turn + 1 >= fullest))

    def begin(self) -> None:
        """From this cycle on, a slot a cycle."""
        self._begun = True

    @property
    def has_slots(self) -> bool:
        """Whether a row is left."""
        return bool(self._slots)

    @property
    def draining(self) -> bool:
        """Whether a slot is on its way to being written."""
        return any(stage is not None for stage in self._pipeline)

    def run(self) -> Process:
        """The PE's process: everything happens at the edge."""
        self._clock.loading[self] = None
        yield self._clock.event()

    def load(self) -> None:
        """Clock edge, from the last stage to the first."""
        if not self._begun:
            return
        written = self._pipeline.popleft()
        if written is not None:
            self._write(*written)
        self._pipeline.append(self._multiply(*self._slots.popleft()) if self._slots else None)

    def _multiply(self, row: int, slot: Slot, last: bool) -> tuple[int, int, bool]:
        """Every bank's product, and their sum through the adder tree."""
        self.slots += 1
        weights = [(bank, pair) for bank, pair in enumerate(slot) if pair is not None]
        self.macs += len(weights)
        self.filler_macs += len(slot) - len(weights)
        self.empty_rows += not weights
        return row, sum(w * self._vector[bank][at] for bank, (w, at) in weights), last

    def _write(self, row: int, total: int, last: bool) -> None:
        self._accumulator += total
        if not last:
            return
        shifted = shift_right(self._accumulator, self._shift)
        value = saturate(shifted, self._bits)
        self.saturations += value != shifted
        self._outputs[row] = value
        self._accumulator = 0
        self.rows += 1
