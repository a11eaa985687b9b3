"""PEs that issue several entries a cycle (contract I1, I2), with zero runs or bitmaps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.job import LayerJob
from accelsim.machines.eie.reference.bitmap import BitmapPe, BitmapRead
from accelsim.machines.eie.reference.ccu import Ccu
from accelsim.machines.eie.reference.pe import Pe
from accelsim.units.arith_unit import NO_ROW, ArithUnit
from accelsim.units.clock import Clock
from accelsim.units.ptr_read import Column
from accelsim.units.spmat_read import Entry, SpmatRead
from accelsim.units.weight_decoder import WeightDecoder

Lane = tuple[int, int, int]
"""(row, code, activation); behind the multiplier (row, operand, product)"""


class WideRead(SpmatRead):
    """I1: up to ``width`` entries of one column and one line a cycle; ``take`` in place of
    ``load``, the edge, gives a list."""

    def __init__(self, entries_per_line: int) -> None:
        super().__init__(entries_per_line)
        self.width = 1  # the wiring's to set
        self.taken = self.macs_beside = self.padding_beside = 0

    def decide(self, waits: bool) -> None:
        """Whether entries advance, how many, and whether the column ends with them."""
        super().decide(waits)
        if self.advances:
            first = self._first_code()
            left = self._entries_per_line - first % self._entries_per_line
            self.taken = min(self.width, self.end - first, left)
            self.free = first + self.taken == self.end

    def take(self, column: Column | None) -> list[Entry]:
        """Clock edge, all lanes."""
        found: list[Entry] = []
        if self.advances:
            free, self.free = self.free, False  # the column stays until its last entry
            for _ in range(self.taken - 1):
                found += [entry for entry in [super().load(None)] if entry is not None]
                self.advances = True
            self.free = free
        last = super().load(column)
        if last is not None:
            found.append(last)
            real = sum(1 for code, *_ in found if code)
            self.macs_beside += max(real - 1, 0)
            self.padding_beside += len(found) - real - (not real)
        return found

    def _first_code(self) -> int:
        return self.address


class WideBitmapRead(WideRead, BitmapRead):
    """With bitmaps, whose bits come in slots of their own, as B2 says."""

    def _first_code(self) -> int:
        return max(self.address, self._codes_at)


class WideArith(ArithUnit):
    """I2: a lane for each entry of a slot; stage by stage, what all lanes hold.

    ``row1`` to ``row4``, and signals, are those of the first lane in use. ``take(entries,
    accumulators)`` in place of ``load``.
    """

    __slots__ = ("_four", "_one", "_three", "_two")

    def __init__(
        self, decoder: WeightDecoder, shift: int, accumulator_bits: int, bypass: bool
    ) -> None:
        super().__init__(decoder, shift, accumulator_bits, bypass)
        self._one: list[Lane] = []
        self._two: list[Lane] = []
        self._three: list[Lane] = []
        self._four: dict[int, int] = {}

    def take(self, entries: Sequence[Entry], accumulators: list[int]) -> None:
        """Clock edge, from the last stage to the first."""
        written, added = self._four, {}
        for row, operand, product in self._three:
            total = operand + ((product + self._half) >> self._shift)
            self.saturations += not self._low <= total <= self._high
            added[row] = min(max(total, self._low), self._high)
        three = []
        for row, code, activation in self._two:
            if row in added:
                operand = added[row]
                self.adder_bypasses += 1
            elif row in written:
                operand = written[row]
                self.write_bypasses += 1
            else:
                operand = accumulators[row]
            three.append((row, operand, self._decode(code) * activation))
            self.macs += 1
        for row, total in written.items():
            accumulators[row] = total
            self.file_writes += 1
        self._four, self._three, self._two, self._one = added, three, self._one, []
        self.padding1 = False
        for code, run, activation, first in entries:
            self._last_row = run if first else self._last_row + run + 1
            self.padding1 = self.padding1 or not code
            if code:
                self._one.append((self._last_row, code, activation))
        self.row1, self.row2, self.row3 = (
            stage[0][0] if stage else NO_ROW for stage in (self._one, self._two, self._three))
        self.row4 = next(iter(self._four), NO_ROW)
        self.sum4 = self._four.get(self.row4, 0)


class WidePe(Pe):
    """A PE of such units."""

    __slots__ = ()
    SPMAT_READ: ClassVar[type[SpmatRead]] = WideRead
    ARITH_UNIT = WideArith
    spmat_read: WideRead
    arith_unit: WideArith

    def __init__(
        self, config: EieConfig, job: LayerJob, rows: int, sram_words: int, clock: Clock, ccu: Ccu
    ) -> None:
        super().__init__(config, job, rows, sram_words, clock, ccu)
        self.spmat_read.width = config.issue_width

    @property
    def beside(self) -> tuple[int, int]:
        """Multiply-accumulates and padding entries without a slot of their own."""
        return self.spmat_read.macs_beside, self.spmat_read.padding_beside

    def _pass_on(self, column: Column | None) -> None:
        self.arith_unit.take(self.spmat_read.take(column), self.act_rw.destination)


class WideBitmapPe(WidePe, BitmapPe):
    """With bitmaps."""

    __slots__ = ()
    SPMAT_READ = WideBitmapRead
    spmat_read: WideBitmapRead
