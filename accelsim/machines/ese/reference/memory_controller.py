"""Memory controller of one DDR module: a word a cycle, request after request (ESE; M1, M2, M6)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np

from accelsim.dram import Requests
from accelsim.dram.controller import DramController
from accelsim.machines.ese.config import EseConfig
from accelsim.records.signals import Signals

Receiver = Callable[[int], None]
"""Called with the cycle in which a word is transferred."""


def word_waits(config: EseConfig, n_words: int) -> list[int]:
    """M6: cycles until each word of a request is there, DRAM told clock by clock."""
    part = config.dram_part
    assert part is not None
    bursts = -(-n_words * config.ddr_word_bits // part.burst_bits)
    controller = DramController(part, Requests(np.zeros(1, np.int64), np.array([bursts]), 0))
    controller.run()
    last = (-(-(word + 1) * config.ddr_word_bits // part.burst_bits) - 1
            for word in range(n_words))
    return [part.cycles(controller.ends[burst], config.clock_mhz) for burst in last]


class MemoryController:
    """Serves requests in order.

    Inputs of a cycle: ``request(cycle, n_words, receive)``. Edge: ``load(cycle)`` transfers the
    word of this cycle, if there is one, and calls its receiver.

    Parameters
    ----------
    waits : number of words to the cycles from the beginning of such a request until each word
        could be transferred (M6); None follows latency and gaps
    """

    def __init__(
        self, latency: int, burst_words: int, gap_cycles: int,
        waits: Callable[[int], list[int]] | None = None,
    ) -> None:
        self._waits_of = waits
        self._waits: list[int] = []
        self._begun = 0
        self._latency = latency
        self._burst_words = burst_words
        self._gap_cycles = gap_cycles
        self._requests: deque[tuple[int, int, Receiver, bool]] = deque()
        self._transferred = 0
        self._pause = 0
        self._cycle = 0
        self.words = 0

    def request(
        self, cycle: int, n_words: int, receive: Receiver, stores: bool = False
    ) -> None:
        """Ask in ``cycle`` for ``n_words`` words, or to store as many."""
        if not n_words:
            return
        if self._waits_of is not None and not self._requests:
            self._begin(cycle, n_words)
        self._requests.append((cycle + self._latency, n_words, receive, stores))

    def _begin(self, cycle: int, n_words: int) -> None:
        """M6: the list of a request is read from this cycle on."""
        if self._waits_of is not None:
            self._begun, self._waits = cycle, self._waits_of(n_words)

    @property
    def stores(self) -> bool:
        """Whether the request that is served, or waited for, stores."""
        return bool(self._requests) and self._requests[0][3]

    @property
    def transfers(self) -> bool:
        """Whether a word is transferred in this cycle."""
        if self._pause or not self._requests:
            return False
        if self._waits_of is not None:
            return self._cycle >= self._begun + self._waits[self._transferred]
        return self._cycle >= self._requests[0][0]

    def signals(self) -> Signals:
        """Pauses between bursts, and requests that are not done."""
        return Signals(
            {"transfer": 1, "pause": 1, "waits": 1, "requests": 8},
            lambda: (self.transfers, self._pause > 0,
                     bool(self._requests) and not self._pause and not self.transfers,
                     len(self._requests)),
        )

    def load(self, cycle: int) -> None:
        """Clock edge."""
        transfers, self._cycle = self.transfers, cycle + 1
        if self._pause:
            self._pause -= 1
        if not transfers:
            return
        _, n_words, receive, _ = self._requests[0]
        receive(cycle)
        self.words += 1
        self._transferred += 1
        if self._transferred == n_words:
            self._requests.popleft()
            self._transferred = 0
            if self._requests:
                self._begin(cycle + 1, self._requests[0][1])
        elif self._waits_of is None and self._transferred % self._burst_words == 0:
            self._pause = self._gap_cycles
