"""Vector path: the FIFO chain that narrows DDR words to one piece a cycle (ESE; M4)."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from accelsim.machines.ese.reference.vector_buffer import VectorBuffer


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
        self.cycles = 0

    def push(self, fetch: VectorFetch) -> None:
        """Queue a vector; its words are requested at the same time."""
        self._fetches.append(fetch)

    @property
    def idle(self) -> bool:
        """Whether everything queued has been passed on."""
        return not self._fetches

    def load(self, cycle: int) -> None:
        """Clock edge."""
        if not self._fetches:
            return
        fetch = self._fetches[0]
        bits = min(self._passed + self._path_bits, fetch.bits)
        words = -(-bits * fetch.copies // self._word_bits)
        if words > len(fetch.arrivals) or fetch.arrivals[words - 1] >= cycle:
            return
        self.cycles += 1
        self._passed = bits
        while (self._written + 1) * fetch.element_bits <= bits:
            for values, target in zip(fetch.values, fetch.targets, strict=True):
                target.write(self._written, values[self._written])
            self._written += 1
        if bits == fetch.bits:
            self._fetches.popleft()
            self._passed = self._written = 0
