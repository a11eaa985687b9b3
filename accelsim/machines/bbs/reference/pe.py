"""PE of the bank-balanced machine: a row at a time, a multiplier for every bank (B1 to B5)."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from accelsim.fixedpoint import saturate, shift_right
from accelsim.machines.bbs.config import BbsConfig
from accelsim.machines.bbs.job import BbsJob
from accelsim.machines.bbs.stages import BankedMatrix
from accelsim.records.signals import ADDRESS_BITS, NOTHING, Signals, Values
from accelsim.units.clock import Clock, Process

Weights = list[tuple[int, int] | None]
"""For every bank (weight, position inside the bank), or filler."""

Slot = tuple[int, Weights, bool]
"""Row, its weights, whether they are the row's last."""


class BbsPe:
    """Weight and bias memory, banked vector buffer, multipliers, adder tree, accumulator.

    State: ``has_slots``, ``draining`` (something is in the pipeline).
    """

    def __init__(self, config: BbsConfig, job: BbsJob, pe: int, clock: Clock) -> None:
        self._shift = job.shift
        self._bits = config.activation_bits
        self._n_banks = config.n_banks
        self._clock = clock
        # All matrices are on chip: slots and biases of this PE's rows.
        self._memory = {m.name: self._stored(m, pe, config.n_pe) for m in job.matrices}
        self._biases: dict[int, int] = {}
        self._vector: Sequence[Sequence[int]] | None = None
        self._results: list[int] = []
        self._slots: deque[Slot] = deque()
        # What a slot's sum is, one place for each stage behind the first.
        self._pipeline: deque[tuple[int, int, bool] | None] = deque(
            [None] * (config.pipeline_stages - 1)
        )
        self._accumulator: int | None = None
        self.rows = self.slots = self.empty_rows = self.bias_reads = 0
        self.macs = self.filler_macs = self.saturations = 0

    @staticmethod
    def _stored(matrix: BankedMatrix, pe: int, n_pe: int) -> tuple[list[Slot], dict[int, int]]:
        """CSB order: the first weight of every bank, then the second, and so on."""
        slots: list[Slot] = []
        rows = range(pe, len(matrix.banks), n_pe)
        for row in rows:
            kept = [[(w, at) for at, w in enumerate(bank) if w]
                    for bank in matrix.banks[row].tolist()]
            fullest = max(len(bank) for bank in kept)
            for turn in range(max(fullest, 1)):
                weights = [bank[turn] if turn < len(bank) else None for bank in kept]
                slots.append((row, weights, turn + 1 >= fullest))
        return slots, {} if matrix.bias is None else {row: int(matrix.bias[row]) for row in rows}

    def begin(
        self, matrix: str, vector: Sequence[Sequence[int]] | None, results: list[int]
    ) -> None:
        """From this cycle on, a slot of ``matrix`` a cycle; ``results`` (n_rows) are written.

        ``vector`` holds the elements of every bank; None where values are not told.
        """
        slots, self._biases = self._memory[matrix]
        self._slots.extend(slots)
        self._vector, self._results = vector, results

    @property
    def has_slots(self) -> bool:
        """Whether a row is left."""
        return bool(self._slots)

    @property
    def draining(self) -> bool:
        """Whether a slot is on its way to being written."""
        return any(stage is not None for stage in self._pipeline)

    @property
    def filled(self) -> list[bool]:
        """Which pipeline stages behind the multipliers hold a slot, the last one first."""
        return [stage is not None for stage in self._pipeline]

    def signals(self) -> Signals:
        """The slot that the multipliers take, its row and weights; the row that is written."""
        return Signals(
            {"slot": 1, "last": 1, "empty": 1, "write": 1, "row": ADDRESS_BITS,
             "weights": self._n_banks.bit_length(), "write_row": ADDRESS_BITS,
             "stages": len(self._pipeline).bit_length()}, self._shown,
        )

    def _shown(self) -> Values:
        leaving = self._pipeline[0]
        writes = leaving is not None and leaving[2]
        written = leaving[0] if leaving is not None and writes else NOTHING
        stages = sum(self.filled)
        if not self._slots:
            return False, False, False, writes, NOTHING, NOTHING, written, stages
        row, taken, last = self._slots[0]
        weights = sum(pair is not None for pair in taken)
        return True, last, not weights, writes, row, weights, written, stages

    def run(self) -> Process:
        """The PE's process: everything happens at the edge."""
        self._clock.loading[self] = None
        yield self._clock.event()

    def load(self) -> None:
        """Clock edge, from the last stage to the first."""
        written = self._pipeline.popleft()
        if written is not None:
            self._write(*written)
        self._pipeline.append(self._multiply(*self._slots.popleft()) if self._slots else None)

    def _multiply(self, row: int, slot: Weights, last: bool) -> tuple[int, int, bool]:
        """Every bank's product, and their sum through the adder tree."""
        self.slots += 1
        weights = [(bank, pair) for bank, pair in enumerate(slot) if pair is not None]
        self.macs += len(weights)
        self.filler_macs += len(slot) - len(weights)
        self.empty_rows += not weights
        if self._vector is None:
            return row, 0, last
        return row, sum(w * self._vector[bank][at] for bank, (w, at) in weights), last

    def _write(self, row: int, total: int, last: bool) -> None:
        if self._accumulator is None:
            self.bias_reads += row in self._biases
            self._accumulator = self._biases.get(row, 0)
        self._accumulator += total
        if not last:
            return
        shifted = shift_right(self._accumulator, self._shift)
        value = saturate(shifted, self._bits)
        self.saturations += value != shifted
        self._results[row] = value
        self._accumulator = None
        self.rows += 1
