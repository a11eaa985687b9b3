"""Adder tree of a channel, with the look-up behind it (ESE; E2, V3, V4)."""

from __future__ import annotations

from accelsim.fixedpoint import saturate
from accelsim.machines.ese.reference.elementwise import ElementwiseUnit
from accelsim.machines.ese.reference.sigmoid_tanh import SigmoidTanh


class AdderTree(ElementwiseUnit):
    """Adds its terms without loss and saturates their sum once; ``tables`` may follow."""

    def __init__(self, width: int, latency: int, bits: int, tables: SigmoidTanh) -> None:
        super().__init__(width, latency)
        self._bits = bits
        self.tables = tables
        self.saturations = 0

    def add(self, *terms: int) -> int:
        """The saturated sum."""
        total = sum(terms)
        value = saturate(total, self._bits)
        self.saturations += value != total
        return value
