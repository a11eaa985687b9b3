"""Sigmoid and tanh look-up of a channel (ESE; T1, T2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from accelsim.fixedpoint import shift_right
from accelsim.machines.ese.tables import Table


class SigmoidTanh:
    """The tables that INITIAL brought; ``look_ups`` counts."""

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self._samples: dict[str, Sequence[int]] = {n: t.samples.tolist() for n, t in tables.items()}
        self._tables = tables
        self.look_ups = 0

    def look_up(self, function: str, value: int, frac_bits: int) -> int:
        """The function of ``value / 2**frac_bits``."""
        self.look_ups += 1
        table = self._tables[function]
        shift = frac_bits - table.step_frac_bits
        if shift <= 0:
            return self._sample(function, value * 2**-shift)
        if table.interpolation == "nearest":
            return self._sample(function, shift_right(value, shift))
        step, part = divmod(value, 2**shift)
        here, there = self._sample(function, step), self._sample(function, step + 1)
        return here + shift_right((there - here) * part, shift)

    def _sample(self, function: str, step: int) -> int:
        samples = self._samples[function]
        index = step - self._tables[function].origin
        return samples[max(0, min(index, len(samples) - 1))]
