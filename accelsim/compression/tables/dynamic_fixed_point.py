"""Evenly spaced values whose scale is a power of two, a layer's own.

Courbariaux, Bengio and David, Training Deep Neural Networks with Low Precision Multiplications,
2014, sec. 5; Gysel, Ristretto, 2016: each group of numbers has its own binary point, as far left
as its largest magnitude allows. A code is the integer in two's complement; halves round towards
plus infinity (`accelsim.fixedpoint`). Of the codes, the lowest integer is met only where
``percentile``, below 100, lets the largest weights saturate.
"""

from __future__ import annotations

from types import MappingProxyType

from accelsim.compression.share import Floats, Sharing, share_linear
from accelsim.compression.tables.record import CodeTable, Option
from accelsim.compression.thresholds import threshold


def _fit(values: Floats, weight_bits: int, percentile: float) -> Sharing:
    return share_linear(values, weight_bits, threshold(values, "percentile", percentile=percentile))


TABLE = CodeTable(
    fit=_fit,
    n_codes=lambda weight_bits, percentile: (1 << weight_bits) - (2 if percentile == 100 else 1),
    source="Courbariaux et al., 2014, sec. 5; Gysel, Ristretto, 2016",
    options=MappingProxyType({"percentile": Option(100.0)}),
)
