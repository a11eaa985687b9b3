"""One magnitude, both signs, and zero; or a magnitude for each sign.

``scales=1``: Li, Zhang and Liu, Ternary Weight Networks, 2016, sec. 2.2: magnitudes above
``0.7 * mean`` stay, and their mean is the scale.
``scales=2``: Zhu et al., Trained Ternary Quantization, ICLR 2017, sec. 3: magnitudes above 0.05 of
the largest stay. There the two scales are trained; here they are the means of either side.

The means are over the weights that pruning has kept.
"""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from accelsim.compression.share import Floats, Sharing
from accelsim.compression.tables.levels import largest, mean, scaled, shared
from accelsim.compression.tables.record import CodeTable, Option

TWN_SHARE = 0.7   # of the mean magnitude
TTQ_SHARE = 0.05  # of the largest magnitude


def _fit(values: Floats, weight_bits: int, scales: int, scale: str) -> Sharing:
    numbers = values.astype(np.float64)
    magnitudes = np.abs(numbers)
    limit = TWN_SHARE * mean(magnitudes) if scales == 1 else TTQ_SHARE * largest(values)
    stays = magnitudes > limit
    sides = [stays, stays] if scales == 1 else [stays & (numbers < 0), stays & (numbers > 0)]
    below, above = (scaled(mean(magnitudes[side]), scale) for side in sides)
    edge = float(np.nextafter(limit, np.inf))  # the limit itself becomes zero
    return shared(values, weight_bits, np.array([-below, 0.0, above]), np.array([-limit, edge]),
                  np.array([1, 0, 2]))


TABLE = CodeTable(
    fit=_fit,
    bits=2,
    n_codes=lambda weight_bits, scales, scale: 2,
    source="Li et al., TWN, 2016, sec. 2.2; Zhu et al., TTQ, ICLR 2017, sec. 3",
    options=MappingProxyType({"scales": Option(1, (2,)),
                              "scale": Option("real", ("power_of_two",))}),
)
