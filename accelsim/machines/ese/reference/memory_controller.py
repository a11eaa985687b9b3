"""Memory controller of one DDR module: a word a cycle, request after request (ESE; M1, M2)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from accelsim.records.signals import Signals

Receiver = Callable[[int], None]
"""Called with the cycle in which a word is transferred."""


class MemoryController:
    """Serves requests in order.

    Inputs of a cycle: ``request(cycle, n_words, receive)``. Edge: ``load(cycle)`` transfers the
    word of this cycle, if there is one, and calls its receiver.
    """

    def __init__(self, latency: int, burst_words: int, gap_cycles: int) -> None:
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
        if n_words:
            self._requests.append((cycle + self._latency, n_words, receive, stores))

    @property
    def stores(self) -> bool:
        """Whether the request that is served, or waited for, stores."""
        return bool(self._requests) and self._requests[0][3]

    @property
    def transfers(self) -> bool:
        """Whether a word is transferred in this cycle."""
        return not self._pause and bool(self._requests) and self._cycle >= self._requests[0][0]

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
        elif self._transferred % self._burst_words == 0:
            self._pause = self._gap_cycles
