"""Activation read/write: two register files, one activation SRAM (contract R1, M2, M3, M6)."""

from __future__ import annotations


class ActRw:
    """The source file feeds the scan, the destination file holds the accumulators.

    State (read before the edge): ``source``, ``destination``, ``sram``: lists of integers.
    ``read(row)`` is the scan's read, without a cycle of its own. Edge: ``load(load_row,
    store_row)``, each a (SRAM address, register row) or None; a loaded word reaches the source
    file one edge after its address was given. ``load_bias(bias_row)`` is the edge of a bias phase:
    likewise, but into the destination file.
    """

    __slots__ = ("_arriving", "_arriving_row", "bias_writes", "destination", "source",
                 "source_reads", "source_writes", "sram", "sram_reads", "sram_writes",
                 "store_reads")

    def __init__(self, rows: int, sram_words: int) -> None:
        """Two files of ``rows`` registers; the SRAM holds ``sram_words``."""
        self.source = [0] * rows
        self.destination = [0] * rows
        self.sram = [0] * sram_words
        self._arriving: int | None = None
        self._arriving_row = 0
        self.source_reads = 0
        self.source_writes = 0
        self.sram_reads = 0
        self.sram_writes = 0
        self.store_reads = 0
        self.bias_writes = 0

    def read(self, row: int) -> int:
        """The scan's read of its register row."""
        self.source_reads += 1
        return self.source[row]

    def swap(self) -> None:
        """What the layer before has written is this layer's source; nothing is copied."""
        self.source, self.destination = self.destination, self.source

    def clear(self) -> None:
        """All accumulators to zero (C1)."""
        self.destination[:] = [0] * len(self.destination)

    @property
    def arrives(self) -> bool:
        """Whether a loaded word is written to a file in this cycle."""
        return self._arriving is not None

    def load(self, load_row: tuple[int, int] | None, store_row: tuple[int, int] | None) -> None:
        """Clock edge of a load or store phase."""
        if self._arriving is not None:
            self.source[self._arriving_row] = self._arriving
            self.source_writes += 1
            self._arriving = None
        if load_row is not None:
            address, self._arriving_row = load_row
            self._arriving = self.sram[address]
            self.sram_reads += 1
        if store_row is not None:
            address, row = store_row
            self.sram[address] = self.destination[row]
            self.store_reads += 1
            self.sram_writes += 1

    def load_bias(self, bias_row: tuple[int, int] | None) -> None:
        """Clock edge of a bias phase (M6)."""
        if self._arriving is not None:
            self.destination[self._arriving_row] = self._arriving
            self.bias_writes += 1
            self._arriving = None
        if bias_row is not None:
            address, self._arriving_row = bias_row
            self._arriving = self.sram[address]
            self.sram_reads += 1
