"""Evenly spaced values with a scale that is any number (INT8, INT4).

Jacob et al., Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
Inference, CVPR 2018, sec. 2.1: a real number is ``scale * (q - zero_point)``. Symmetric: the zero
point is 0, the scale is the largest magnitude over ``2**(bits - 1) - 1``, and the lowest integer
is not used, as there for weights of 8 bits, which never take -128. Otherwise the scale is
the range, zero in it, over ``2**bits - 1``, and zero is one of the values exactly.

A code is ``q - zero_point`` in two's complement, so that zero has code 0. ``percentile`` below 100
takes that one of the magnitudes for the largest; what is beyond saturates.
"""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from accelsim.compression.share import Floats, Sharing
from accelsim.compression.tables.levels import shared
from accelsim.compression.tables.record import CodeTable, Option
from accelsim.compression.thresholds import threshold


def _fit(values: Floats, weight_bits: int, symmetric: bool, percentile: float) -> Sharing:
    top = threshold(values, "percentile", weight_bits, percentile) or 1.0
    if symmetric:
        high = (1 << (weight_bits - 1)) - 1
        low, scale = -high, top / high
    else:
        floor = max(float(values.min(initial=0.0)), -top)
        ceiling = min(float(values.max(initial=0.0)), top)
        steps = (1 << weight_bits) - 1
        scale = (ceiling - floor) / steps or 1.0
        low = int(np.floor(floor / scale + 0.5))
        high = low + steps
    integers = np.arange(low, high + 1)
    edges = (integers[1:] - 0.5) * scale
    return shared(values, weight_bits, integers * scale, edges, integers & ((1 << weight_bits) - 1))


TABLE = CodeTable(
    fit=_fit,
    n_codes=lambda weight_bits, symmetric, percentile: (1 << weight_bits) - (1 + symmetric),
    source="Jacob et al., CVPR 2018, sec. 2.1",
    options=MappingProxyType({"symmetric": Option(True, (False,)), "percentile": Option(100.0)}),
)
