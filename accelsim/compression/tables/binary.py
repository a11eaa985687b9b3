"""Signs and one scale (Rastegari et al., XNOR-Net, ECCV 2016, sec. 3.1, Binary Weight Networks).

The scale is the mean magnitude, which is the best one for signs (eq. 6). Pruned weights stay zero:
with code 0 for padding there are three values, so a code has two bits on this decoder.
"""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from accelsim.compression.share import Floats, Sharing
from accelsim.compression.tables.levels import mean, scaled, shared
from accelsim.compression.tables.record import CodeTable, Option


def _fit(values: Floats, weight_bits: int, scale: str) -> Sharing:
    alpha = scaled(mean(np.abs(values.astype(np.float64))), scale)
    smallest = float(np.nextafter(0.0, 1.0))
    return shared(values, weight_bits, np.array([-alpha, 0.0, alpha]), np.array([0.0, smallest]),
                  np.array([1, 0, 2]))


TABLE = CodeTable(
    fit=_fit,
    bits=2,
    n_codes=lambda weight_bits, scale: 2,
    source="Rastegari et al., XNOR-Net, ECCV 2016, sec. 3.1 (BWN)",
    options=MappingProxyType({"scale": Option("real", ("power_of_two",))}),
)
