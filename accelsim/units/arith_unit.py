"""ArithmUnit: four stages of multiply and accumulate (EIE sec. IV; contract A1 to A4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from accelsim.fixedpoint import bounds
from accelsim.records.signals import ADDRESS_BITS, NOTHING, Signals, Values
from accelsim.units.spmat_read import Entry
from accelsim.units.weight_decoder import WeightDecoder

Stage = tuple[int, int, int]
"""(row, code, activation) of an entry in a stage"""

ARITH_STAGES = 4
"""Pipeline stages (EIE sec. IV): decode, multiply, shift and add, write."""

NO_ROW = -1
"""In a stage that holds nothing, or a padding entry: no accumulator is selected."""


class ArithUnit:
    """Adds ``weight * activation`` to an accumulator of the destination register file.

    State (read before the edge): ``row1`` ... ``row4``, the accumulator that each stage selects
    or `NO_ROW`; ``waits``, whether stage 1 holds its entry back (A4); ``sum4``, what stage 4
    writes to ``row4`` in this cycle. Edge: ``load(entry, accumulators)``, the entry that
    spmat_read passes on (None while ``waits``) and the file. ``row_bits``, the width of an
    accumulator's address, is the wiring's to set; signals have it.
    """

    SELECTS_TABLES: ClassVar[bool] = True
    """Whether a decoder may hold several tables."""

    __slots__ = ("_activation1", "_activation2", "_bypass", "_code1", "_decode", "_decoder",
                 "_half", "_high", "_last_row", "_low", "_shift", "_total3", "_weight2",
                 "adder_bypasses", "file_writes", "macs", "padding1", "row1", "row2",
                 "row3", "row4", "row_bits", "saturations", "sum4", "waits", "write_bypasses")

    def __init__(
        self, decoder: WeightDecoder, shift: int, accumulator_bits: int, bypass: bool
    ) -> None:
        self._decode, self._decoder = decoder.decode, decoder
        self.begin(shift)
        self._low, self._high = bounds(accumulator_bits)
        self._bypass = bypass
        self.row1 = self.row2 = self.row3 = self.row4 = NO_ROW
        self._last_row = NO_ROW
        self._code1 = self._activation1 = self._weight2 = self._activation2 = 0
        self._total3 = self.sum4 = 0
        self.padding1 = self.waits = False
        self.row_bits = ADDRESS_BITS
        self.macs = 0
        self.saturations = 0
        self.adder_bypasses = 0
        self.write_bypasses = 0
        self.file_writes = 0

    @property
    def empty(self) -> bool:
        """Whether no stage holds an entry."""
        return (
            self.row1 == self.row2 == self.row3 == self.row4 == NO_ROW and not self.padding1
        )

    def load(self, entry: Entry | None, accumulators: list[int]) -> None:
        """Clock edge, from the last stage to the first. In one piece: a good part of a run's time.

        Stage 3 shifts and adds, then saturates once (accelsim/fixedpoint.py).
        """
        row4, sum4 = self.row4, self.sum4
        row3 = self.row3
        if row3 >= 0:
            total = self._total3
            if not self._low <= total <= self._high:
                total = self._low if total < self._low else self._high
                self.saturations += 1
            self.sum4 = total
        row2 = self.row2
        if row2 >= 0:
            if row2 == row3 and self._bypass:
                accumulator = self.sum4
                self.adder_bypasses += 1
            elif row2 == row4 and self._bypass:
                accumulator = sum4
                self.write_bypasses += 1
            else:
                accumulator = accumulators[row2]
            product = self._weight2 * self._activation2
            self._total3 = accumulator + ((product + self._half) >> self._shift)
            self.macs += 1
        if row4 >= 0:
            accumulators[row4] = sum4
            self.file_writes += 1
        self.row4, self.row3 = row3, row2
        if self.waits:
            self.row2 = NO_ROW
        else:
            row1 = self.row2 = self.row1
            if row1 >= 0:
                self._weight2 = self._decode(self._code1)
                self._activation2 = self._activation1
            if entry is None:
                self.row1 = NO_ROW
                self.padding1 = False
            else:
                self._take(entry)
        if not self._bypass:
            self._decide()

    def restore(
        self, stages: Sequence[Stage | None], last_row: int, accumulators: Sequence[int]
    ) -> None:
        """Hold these entries in stages 1 to 4; ``last_row`` is that of the one taken last."""
        one, two, three, four = stages
        self._last_row = last_row
        if four is not None and four[1]:
            self.row4 = four[0]
            total = accumulators[self.row4] + self._shifted(self._product(four))
            self.sum4 = min(max(total, self._low), self._high)
        if three is not None and three[1]:
            self.row3 = three[0]
            accumulator = self.sum4 if self.row3 == self.row4 else accumulators[self.row3]
            self._total3 = accumulator + self._shifted(self._product(three))
        if two is not None and two[1]:
            self.row2, code, self._activation2 = two
            self._weight2 = self._decode(self._decoder.address(code, self.row2))
        if one is not None:
            row, self._code1, self._activation1 = one
            self.padding1 = not self._code1
            self.row1 = NO_ROW if self.padding1 else row
            self._code1 = self._decoder.address(self._code1, row)
        if not self._bypass:
            self._decide()

    def begin(self, shift: int) -> None:
        """Another shift of the products, while no stage holds an entry."""
        self._shift = shift
        self._half = 1 << (shift - 1) if shift else 0

    def signals(self) -> Signals:
        """As rtl/common/arith_unit.v names them."""
        return Signals(
            {"wait_o": 1, "padding_o": 1, "mac_o": 1, "adder_bypass_o": 1, "write_bypass_o": 1,
             "saturation_o": 1, "write_o": 1, "read_row_o": self.row_bits,
             "write_row_o": self.row_bits,
             "write_value_o": (self._high - self._low).bit_length()}, self._shown,
        )

    def _shown(self) -> Values:
        row2, row3, row4, near, far = self.row2, self.row3, self.row4, False, False
        saturates = row3 >= 0 and not self._low <= self._total3 <= self._high
        read = NOTHING
        if row2 >= 0:
            read = row2
            if self._bypass:
                near = row2 == row3
                far = row2 == row4 and not near
        if row4 < 0:
            return (self.waits, self.padding1, row2 >= 0, near, far, saturates, False, read,
                    NOTHING, NOTHING)
        return (self.waits, self.padding1, row2 >= 0, near, far, saturates, True, read, row4,
                self.sum4)

    def _product(self, stage: Stage) -> int:
        row, code, activation = stage
        return self._decode(self._decoder.address(code, row)) * activation

    def _shifted(self, product: int) -> int:
        return (product + self._half) >> self._shift

    def _decide(self) -> None:
        """A4: stage 1 waits while stage 2 or 3 selects its accumulator."""
        row1 = self.row1
        self.waits = row1 >= 0 and (row1 == self.row2 or row1 == self.row3)

    def _take(self, entry: Entry) -> None:
        """Into stage 1; padding moves the row but selects nothing (A2)."""
        code, run, self._activation1, first = entry
        self._last_row = run if first else self._last_row + run + 1
        self._code1 = code
        if self._decoder.rows:
            self._code1 = self._decoder.address(code, self._last_row)
        self.padding1 = not code
        self.row1 = self._last_row if code else NO_ROW
