"""Pointer read: a column's first and last entry from two SRAM banks (contract P1, P2, P4)."""

from __future__ import annotations

from collections.abc import Sequence

from accelsim.records.signals import ADDRESS_BITS, NOTHING, Signals, Values
from accelsim.units.act_queue import Item

Column = tuple[int, int, int]
"""(address of the first entry, address behind the last, activation)"""


class PtrRead:
    """Pointer ``a`` is word ``a div 2`` of the even or odd bank, by its lowest bit.

    Inputs of a cycle: ``decide(items, free)``: what the queue holds, and whether spmat_read will
    be free in the next cycle. Outputs: ``pops``, the number of columns that leave the queue.
    Edge: ``load()`` reads both banks and gives the column for spmat_read, or None.
    ``address_bits``, the width of a pointer's address, is the wiring's to set; signals have it.
    """

    __slots__ = ("_base", "_column", "_drop_empty", "_even", "_items", "_odd", "address_bits",
                 "pops", "reads_even", "reads_odd")

    def __init__(self, empty_column_cycles: int) -> None:
        self._drop_empty = empty_column_cycles == 0
        self._even: Sequence[int] = ()
        self._odd: Sequence[int] = ()
        self._base = 0
        self._column: Item | None = None
        self._items: Sequence[Item] = ()
        self.address_bits = ADDRESS_BITS
        self.pops = 0
        self.reads_even = 0
        self.reads_odd = 0

    def fill(self, even: Sequence[int], odd: Sequence[int]) -> None:
        """Write both banks (I/O mode or DMA)."""
        self._even, self._odd = even, odd

    def begin(self, base: int) -> None:
        """Start a pass in which column ``j`` has its pointer at address ``base + j``."""
        self._base = base

    def decide(self, items: Sequence[Item], free: bool) -> None:
        """P1: pop the head if spmat_read will be free; with P4 at 0, empty heads before it too."""
        self.pops = 0
        if not free or not items:
            return
        self._items = items
        if not self._drop_empty:
            self.pops = 1
            self._column = items[0]
            return
        self._column = None
        for item in items:
            self.pops += 1
            first, end = self._bounds(item[0])
            if first != end:
                self._column = item
                break

    def decide_together(self, items: Sequence[Item], other: PtrRead) -> None:
        """The same of a queue that another PE shares, both of which will be free: a head is empty
        only if it is so in both, and a column that is empty here leaves nothing to read."""
        if not self._drop_empty:
            self.decide(items, True)
            return
        self.pops, self._items, self._column = 0, items, None
        for item in items:
            self.pops += 1
            own, others = self._bounds(item[0]), other._bounds(item[0])
            if own[0] != own[1]:
                self._column = item
            if own[0] != own[1] or others[0] != others[1]:
                break

    def load(self) -> Column | None:
        """Clock edge: read the pointers of what was popped."""
        if not self.pops:
            return None
        # Pointers j and j + 1 of each column: always one in each bank.
        self.reads_even += self.pops
        self.reads_odd += self.pops
        self.pops = 0
        if self._column is None:
            return None
        column, activation = self._column
        first, end = self._bounds(column)
        return first, end, activation

    def signals(self) -> Signals:
        """As rtl/common/ptr_read.v names them; addresses are those of the first column popped."""
        return Signals(
            {"pop_o": 1, "column_i": self.address_bits, "even_word_o": self.address_bits,
             "odd_word_o": self.address_bits}, self._shown,
        )

    def _shown(self) -> Values:
        if not self.pops:
            return False, NOTHING, NOTHING, NOTHING
        address = self._base + self._items[0][0]
        odd = address & 1
        return True, address, address + odd, address + 1 - odd

    def _bounds(self, column: int) -> tuple[int, int]:
        address = self._base + column
        even = self._even[(address + 1) >> 1]
        odd = self._odd[address >> 1]
        return (odd, even) if address & 1 else (even, odd)
