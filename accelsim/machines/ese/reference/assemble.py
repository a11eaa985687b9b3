"""Assemble: collects the PEs' accumulators into one vector (ESE; E3, V2)."""

from __future__ import annotations

from collections.abc import Sequence

from accelsim.fixedpoint import saturate
from accelsim.machines.ese.reference.vector_buffer import VectorBuffer
from accelsim.records.signals import NOTHING, Signals


class Assemble:
    """Of one channel: one accumulator of every PE a cycle. Edge: ``load()``."""

    def __init__(self, activation_bits: int) -> None:
        self._bits = activation_bits
        self._accumulators: Sequence[Sequence[int]] = ()
        self._target: VectorBuffer | None = None
        self._row = 0
        self._n_rows = 0
        self.results = 0
        self.saturations = 0

    def start(
        self, accumulators: Sequence[Sequence[int]], target: VectorBuffer, n_rows: int
    ) -> None:
        """From this cycle on: ``accumulators`` of each PE to ``n_rows`` elements."""
        self._accumulators, self._target, self._n_rows, self._row = accumulators, target, n_rows, 0
        target.begin()

    @property
    def idle(self) -> bool:
        """Whether all has been collected."""
        return self._target is None

    @property
    def making(self) -> str:
        """The vector that is collected, or ""."""
        return "" if self._target is None else self._target.name

    def signals(self) -> Signals:
        """An accumulator of every PE is taken from ``row`` in each busy cycle."""
        return Signals(
            {"busy": 1, "row": 16}, lambda: (not self.idle, NOTHING if self.idle else self._row)
        )

    def load(self) -> None:
        """Clock edge."""
        if self._target is None:
            return
        n_pe = len(self._accumulators)
        for pe, accumulators in enumerate(self._accumulators):
            index = self._row * n_pe + pe
            if index < self._n_rows:
                total = accumulators[self._row]
                value = saturate(total, self._bits)
                self.saturations += value != total
                self._target.write(index, value)
                self.results += 1
        self._row += 1
        if self._row * n_pe >= self._n_rows:
            self._target = None
