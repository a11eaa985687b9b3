"""A PE whose columns say their rows by a bitmap (contract B1 to B3)."""

from __future__ import annotations

import numpy as np

from accelsim.formats import LayerImage
from accelsim.formats.image_words import spmat_words
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.job import LayerJob
from accelsim.machines.eie.reference.ccu import Ccu
from accelsim.machines.eie.reference.pe import Pe
from accelsim.records.signals import NOTHING, Values
from accelsim.units.clock import Clock
from accelsim.units.ptr_read import Column
from accelsim.units.spmat_read import Entry, SpmatRead


class BitmapRead(SpmatRead):
    """spmat_read with a register for a column's bits; addresses are those of words.

    State, beside that of `SpmatRead`: the bits that are left, and how far the column's first code
    is. Output of a cycle: ``indexes``, a line that holds bits only is read. The lowest bit left is
    the row of the code that advances, and is cleared with it.
    """

    __slots__ = ("_bit", "_bits", "_codes_at", "_row", "bitmap_words", "index_cycles", "indexes",
                 "word_bits")

    def __init__(self, entries_per_line: int) -> None:
        super().__init__(entries_per_line)
        self.indexes = False
        self.index_cycles = 0
        self.bitmap_words = self.word_bits = 0  # the wiring's to set
        self._bits = self._bit = self._codes_at = 0
        self._row = -1

    def decide(self, waits: bool) -> None:
        """B2: a line without a code of the column takes a slot, which waits as an entry does."""
        super().decide(waits)
        per_line = self._entries_per_line
        self.indexes = self.advances and self.address // per_line < self._codes_at // per_line
        if self.indexes:
            self.advances = self.free = False
        elif self.advances:
            self.free = max(self.address, self._codes_at) + 1 == self.end

    def load(self, column: Column | None) -> Entry | None:
        """Clock edge: bits of the line that is read, the entry that advances, the next column."""
        if self.indexes:
            self._take_bits()
            self.index_cycles += 1
            return None
        found: Entry | None = None
        if self.advances:
            self._take_bits()
            before = self._row
            self._row = (self._bits & -self._bits).bit_length() - 1
            self._bits &= self._bits - 1
            code = self._codes[self.address]
            found = code, self._row - before - 1, self.activation, self._first
            self.issued += 1
            self.padding += not code
            self.address += 1
            self._first = self.advances = False
        super().load(column)
        if column is not None:
            self._codes_at = self.address + self.bitmap_words
            self._bits = self._bit = 0
            self._row = -1
        return found

    def _take_bits(self) -> None:
        """The line at the address, and what it holds of the column's bits (P5)."""
        line = self.address // self._entries_per_line
        if line != self.line:
            self._read_line(line)
        end = (line + 1) * self._entries_per_line
        while self.address < min(self._codes_at, end):
            self._bits |= self._codes[self.address] << self._bit
            self._bit += self.word_bits
            self.address += 1

    def _shown(self) -> Values:
        if not self.indexes:
            return super()._shown()
        line = self.address // self._entries_per_line
        read = line != self.line
        return (True, False, False, False, read, self.address, self.end, line if read else NOTHING)


class BitmapPe(Pe):
    """A PE with that unit."""

    __slots__ = ()

    SPMAT_READ = BitmapRead
    spmat_read: BitmapRead

    def __init__(
        self, config: EieConfig, job: LayerJob, rows: int, sram_words: int, clock: Clock, ccu: Ccu
    ) -> None:
        super().__init__(config, job, rows, sram_words, clock, ccu)
        self.spmat_read.word_bits = config.weight_bits

    def stored(self, image: LayerImage, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Words of bits and codes; there are no runs."""
        return spmat_words(image, index), np.zeros(0, np.uint8)

    def begin(self, image: LayerImage, tile: int) -> None:
        """A pass's control registers, the words of a bitmap in its tile among them."""
        super().begin(image, tile)
        self.spmat_read.bitmap_words = int(image.bitmap_words[tile])

    @property
    def reads_bits(self) -> bool:
        """Whether a line that holds bits only is read."""
        return self.spmat_read.indexes

    @property
    def issues(self) -> bool:
        """Whether spmat_read has something to do: bits to read are no starved cycle."""
        return super().issues or self.spmat_read.indexes

    @property
    def index_cycles(self) -> int:
        """Slots in which bits were read."""
        return self.spmat_read.index_cycles
