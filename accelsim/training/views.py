"""What layers multiply by while a number system is trained.

``TableView``   any code table, straight through (Bengio et al., 2013; Courbariaux et al., 2015)
``TtqView``     two trained scales (Zhu et al., Trained Ternary Quantization, ICLR 2017, sec. 3)
``InqView``     powers of two by partition (Zhou et al., INQ, ICLR 2017, sec. 2.2): the larger part
                of the weights is fixed at powers of two, the rest goes on training

Each is a ``view`` of `accelsim.training.sgd.train`; the last two have a ``project`` too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from accelsim.compression.tables import table_named
from accelsim.compression.tables.ternary import TTQ_SHARE
from accelsim.training.network import Floats


class TableView:
    """Weights at the values of a table that is fitted to them in every step.

    Parameters
    ----------
    table : as a `Recipe` names it
    bits : of a code
    """

    def __init__(self, table: str, bits: int) -> None:
        self._table, self._settings = table_named(table)
        self._bits = bits

    def __call__(self, name: str, weights: Floats) -> Floats:
        flat = weights.reshape(-1)
        there = flat != 0
        found = self._table.fit(flat[there], self._bits, **self._settings)
        result = np.zeros_like(flat)
        result[there] = found.codebook[found.codes]
        return result.reshape(weights.shape)


class TtqView:
    """Ternary weights whose two scales are trained.

    The scales begin as the means of either side. A weight's own gradient is that of the ternary
    weight times its scale, 1 where it is zero (eq. 8).

    Parameters
    ----------
    rate : of the scales, for the sum of their weights' gradients
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._scales: dict[str, list[float]] = {}
        self._sides: dict[str, Any] = {}

    def __call__(self, name: str, weights: Floats) -> Floats:
        limit = TTQ_SHARE * float(np.abs(weights).max())
        below, above = weights < -limit, weights > limit
        if name not in self._scales:
            self._scales[name] = [_mean(-weights[below]), _mean(weights[above])]
        self._sides[name] = below, above
        low, high = self._scales[name]
        return np.where(above, np.float32(high), np.where(below, np.float32(-low), np.float32(0)))

    def project(self, name: str, gradient: Floats) -> Floats:
        """Move the scales, and give the gradient that the weights follow."""
        below, above = self._sides[name]
        low, high = self._scales[name]
        # A weight below is minus its scale, whose slope has the other sign.
        self._scales[name] = [max(low + self._rate * float(gradient[below].mean()), 1e-6)
                              if below.any() else low,
                              max(high - self._rate * float(gradient[above].mean()), 1e-6)
                              if above.any() else high]
        return gradient * np.where(above, np.float32(high),
                                   np.where(below, np.float32(low), np.float32(1)))


class InqView:
    """Powers of two, a growing part of the weights.

    Parameters
    ----------
    bits : of a code; the exponents are those of each layer's largest weight at the beginning
    """

    def __init__(self, bits: int) -> None:
        self._bits = bits
        self._largest: dict[str, float] = {}
        self._fixed: dict[str, Any] = {}

    def fix(self, weights: dict[str, Floats], share: float) -> None:
        """Put the largest ``share`` of each layer's weights at powers of two, in place."""
        table, settings = table_named("power_of_two")
        for name, matrix in weights.items():
            flat = matrix.reshape(-1)
            top = self._largest.setdefault(name, float(np.abs(flat).max()))
            fixed = self._fixed.setdefault(name, np.zeros(flat.size, bool))
            more = round(share * flat.size) - int(fixed.sum())
            order = np.argsort(np.where(fixed, -1.0, np.abs(flat)), kind="stable")[::-1]
            chosen = order[:max(more, 0)]
            values = np.clip(flat[chosen], -top, top)
            there = values != 0
            # The largest weight of the beginning goes with them, so that exponents stay.
            found = table.fit(np.append(values[there], np.float32(top)), self._bits, **settings)
            placed = np.zeros_like(values)
            placed[there] = found.codebook[found.codes[:-1]]
            flat[chosen] = placed
            fixed[chosen] = True

    def project(self, name: str, gradient: Floats) -> Floats:
        """Nothing for weights that are fixed."""
        free = ~self._fixed[name].reshape(gradient.shape)
        return np.where(free, gradient, np.float32(0))


def _mean(values: Floats) -> float:
    return float(values.mean()) if values.size else 1.0
