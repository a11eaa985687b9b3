"""Vector path: the FIFO chain that narrows DDR words to one piece a cycle (ESE; M4)."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from accelsim.machines.ese.reference.vector_buffer import VectorBuffer
from accelsim.records.signals import NOTHING, Signals


class VectorFetch:
    """One vector on its way: ``targets`` and ``values`` of each channel that gets one."""

    def __init__(
        self, values: Sequence[Sequence[int]], targets: Sequence[VectorBuffer], length: int,
        copies: int, element_bits: int, word_bits: int,
    ) -> None:
        self.values = values
        self.targets = targets
        self.copies = copies
        self.bits = length * element_bits
        self.element_bits = element_bits
        self.n_words = -(-self.bits * copies // word_bits)
        self.arrivals: list[int] = []
        for target in targets:
            target.begin()

    def receive(self, cycle: int) -> None:
        """A word, usable from the next cycle on."""
        self.arrivals.append(cycle)


class VectorPath:
    """Passes one piece of ``path_bits`` a cycle and channel. Edge: ``load(cycle)``."""

    def __init__(self, path_bits: int, word_bits: int) -> None:
        self._path_bits = path_bits
        self._word_bits = word_bits
        self._fetches: deque[VectorFetch] = deque()
        self._passed = 0
        self._written = 0
        self._cycle = 0
        self.cycles = 0

    def push(self, fetch: VectorFetch) -> None:
        """Queue a vector; its words are requested at the same time."""
        self._fetches.append(fetch)

    @property
    def idle(self) -> bool:
        """Whether everything queued has been passed on."""
        return not self._fetches

    @property
    def passes(self) -> bool:
        """Whether a piece is passed on in this cycle: its last word must have arrived."""
        if not self._fetches:
            return False
        fetch = self._fetches[0]
        words = -(-self._reached * fetch.copies // self._word_bits)
        return words <= len(fetch.arrivals) and fetch.arrivals[words - 1] < self._cycle

    @property
    def _reached(self) -> int:
        """Bits of the vector in work that the next piece completes."""
        return min(self._passed + self._path_bits, self._fetches[0].bits)

    def signals(self) -> Signals:
        """Whether it waits for a word, and the first element of the piece."""
        return Signals(
            {"busy": 1, "pass": 1, "element": 16},
            lambda: (not self.idle, self.passes, NOTHING if self.idle else self._written),
        )

    def load(self, cycle: int) -> None:
        """Clock edge."""
        passes, self._cycle = self.passes, cycle + 1
        if not passes:
            return
        fetch, bits = self._fetches[0], self._reached
        self.cycles += 1
        self._passed = bits
        while (self._written + 1) * fetch.element_bits <= bits:
            for values, target in zip(fetch.values, fetch.targets, strict=True):
                target.write(self._written, values[self._written])
            self._written += 1
        if bits == fetch.bits:
            self._fetches.popleft()
            self._passed = self._written = 0
