"""Element-wise multiplier of a channel (ESE; E2, V3)."""

from __future__ import annotations

from accelsim.fixedpoint import saturate, shift_right
from accelsim.machines.ese.reference.elementwise import ElementwiseUnit


class ElemMul(ElementwiseUnit):
    """Multiplies two 16-bit numbers, whole, and shifts the product."""

    def __init__(self, width: int, latency: int, bits: int) -> None:
        super().__init__(width, latency)
        self._bits = bits
        self.saturations = 0

    @staticmethod
    def product(a: int, b: int, shift: int) -> int:
        """Before saturation: the shifted product."""
        return shift_right(a * b, shift)

    def result(self, *terms: int) -> int:
        """The sum of products, saturated once."""
        total = sum(terms)
        value = saturate(total, self._bits)
        self.saturations += value != total
        return value
