"""Ping-pong buffers: one half is filled from DRAM while the other is read (ESE; F1 to F3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from accelsim.errors import ConservationError
from accelsim.formats.weight_stream import WeightStream
from accelsim.records.signals import ADDRESS_BITS, Signals

T = TypeVar("T")


class PingPongBuffer(Generic[T]):
    """Two halves of words that are written in ascending addresses.

    Every read checks that the word is there, and a half is never refilled while it is in front.
    """

    def __init__(self) -> None:
        self._halves: tuple[list[T], list[T]] = ([], [])
        self._front = 1
        self.writes = 0

    @property
    def back(self) -> int:
        """The half that is not read."""
        return 1 - self._front

    def begin_fill(self) -> int:
        """Empty the back half; its number, which ``write`` wants."""
        self._halves[self.back].clear()
        return self.back

    def write(self, half: int, word: T) -> None:
        """Fill the next address of a half."""
        self._halves[half].append(word)
        self.writes += 1

    def swap(self) -> None:
        """The back half comes to the front."""
        self._front = 1 - self._front

    def held(self, half: int) -> int:
        """Words that a half holds."""
        return len(self._halves[half])

    def signals(self) -> Signals:
        """Which half is read, and how many words each holds."""
        return Signals(
            {"front": 1, "words_0": ADDRESS_BITS, "words_1": ADDRESS_BITS},
            lambda: (self._front, self.held(0), self.held(1)),
        )

    def read(self, address: int) -> T:
        """A word of the front half."""
        half = self._halves[self._front]
        if address >= len(half):
            raise ConservationError(f"address {address} was read before it was filled")
        return half[address]

    def front(self, n_words: int) -> Sequence[T]:
        """All words of the front half, of which there must be ``n_words``."""
        half = self._halves[self._front]
        if len(half) != n_words:
            raise ConservationError(f"{len(half)} of {n_words} words were there when all were read")
        return half


Entry = tuple[int, int]
"""(weight, zero run)"""


class WeightLoader:
    """Takes one matrix from its words to the back halves of all PEs' weight buffers.

    State: ``columns``, how many of the first columns have arrived completely.
    """

    def __init__(
        self, stream: WeightStream, align_bits: int, word_bits: int,
        buffers: Sequence[PingPongBuffer[Entry]],
    ) -> None:
        self._buffers = buffers
        self._halves = [buffer.begin_fill() for buffer in buffers]
        self._arriving: dict[int, list[tuple[int, Entry]]] = {}
        self._last_word = []
        position = 0
        addresses = stream.pe_starts[:-1].copy()
        for counts in stream.counts:
            for pe, count in enumerate(counts):
                for _ in range(count):
                    position += stream.entry_bits
                    word = (position - 1) // word_bits
                    at = int(addresses[pe])
                    entry = int(stream.values[at]), int(stream.runs[at])
                    self._arriving.setdefault(word, []).append((pe, entry))
                    addresses[pe] += 1
            position = -(-position // align_bits) * align_bits
            self._last_word.append((position - 1) // word_bits)
        self.n_words = -(-position // word_bits)
        self._words = 0
        self.columns = 0
        self._complete()

    def receive(self, cycle: int) -> None:
        """One more word; its entries go to their PEs."""
        for pe, entry in self._arriving.get(self._words, ()):
            self._buffers[pe].write(self._halves[pe], entry)
        self._words += 1
        self._complete()

    @property
    def whole(self) -> bool:
        """Whether the last word has arrived."""
        return self._words == self.n_words

    def _complete(self) -> None:
        last = self._last_word
        while self.columns < len(last) and last[self.columns] < self._words:
            self.columns += 1


class PointerLoader:
    """Takes the pointers of one matrix to the back halves, PE after PE."""

    def __init__(
        self, stream: WeightStream, pointer_bits: int, word_bits: int,
        buffers: Sequence[PingPongBuffer[int]],
    ) -> None:
        self._buffers = buffers
        self._halves = [buffer.begin_fill() for buffer in buffers]
        self._pointers = [
            (pe, int(pointer)) for pe, row in enumerate(stream.pointers) for pointer in row
        ]
        self._bits = pointer_bits
        self._word_bits = word_bits
        self._words = self._written = 0
        self.n_words = -(-len(self._pointers) * pointer_bits // word_bits)

    def receive(self, cycle: int) -> None:
        """One more word."""
        self._words += 1
        complete = min(self._words * self._word_bits // self._bits, len(self._pointers))
        for pe, pointer in self._pointers[self._written : complete]:
            self._buffers[pe].write(self._halves[pe], pointer)
        self._written = complete

    @property
    def whole(self) -> bool:
        """Whether the last word has arrived."""
        return self._words == self.n_words
