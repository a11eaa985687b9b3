"""A budget: limits on an image's energy, time or size, and how far a design is beyond them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from accelsim.errors import InputError, nearest

METRICS: Mapping[str, str] = {
    "energy_uj": "energy of an image on the array",
    "time_us": "time of an image on the array",
    "cycles": "clock cycles of an image",
    "size_kb": "the network pruned, shared and Huffman-coded, KB of 1,024 bytes",
    "bits": "the same in bits",
    "area_mm2": "area of the array, at the widest of the layers' widths",
}
"""What a budget may limit."""


@dataclass(frozen=True)
class Budget:
    """Upper limits by metric; the first drives the search, all must be met."""

    limits: Mapping[str, float]

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Budget:
        """Of texts like ``energy_uj=2.5``.

        Raises
        ------
        InputError
            If one is no KEY=NUMBER of a known metric, above zero, or there is none.
        """
        limits: dict[str, float] = {}
        for text in texts:
            key, sign, number = text.partition("=")
            if not sign:
                raise InputError(f"--budget {text}: need KEY=NUMBER, for instance energy_uj=2.5")
            if key not in METRICS:
                raise InputError(f"--budget {text}: no metric '{key}'{nearest(key, METRICS)}")
            try:
                value = float(number)
            except ValueError:
                value = math.nan
            if not 0 < value < math.inf:
                raise InputError(f"--budget {text}: need a number above 0")
            if key in limits:
                raise InputError(f"--budget {text}: {key} is given twice; give it once")
            limits[key] = value
        if not limits:
            raise InputError("a search needs a budget: --budget energy_uj=2.5, say; metrics: "
                             + ", ".join(METRICS))
        return cls(limits)

    @property
    def driver(self) -> str:
        """The metric that drives the search."""
        return next(iter(self.limits))

    def ratio(self, values: Mapping[str, float]) -> float:
        """The largest of value over limit: at most 1 where all are met."""
        return max(values[key] / limit for key, limit in self.limits.items())

    def told(self, values: Mapping[str, float]) -> str:
        """The metrics of a design beside their limits, in one line."""
        return ", ".join(f"{key} {values[key]:.4g} of {limit:.4g}"
                         for key, limit in self.limits.items())
