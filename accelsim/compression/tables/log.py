"""Powers of a base, rounded on the logarithmic line.

Miyashita, Lee and Murmann, Convolutional Neural Networks using Logarithmic Data Representation,
2016: a magnitude becomes 2 to the rounded logarithm, cut off at both ends of the
range; what is below its smallest value becomes zero. One bit is the sign, so ``bits - 1`` bits
count exponents, of which the lowest stands for zero. Lee et al., LogNet, ICASSP 2017, also take
the square root of two as ``base``, which has finer steps and needs more than a shifter.
"""

from __future__ import annotations

import math
from types import MappingProxyType

import numpy as np

from accelsim.compression.share import Floats, Sharing
from accelsim.compression.tables.levels import largest, mirrored
from accelsim.compression.tables.record import CodeTable, Option


def _fit(values: Floats, weight_bits: int, base: str) -> Sharing:
    steps = 2 if base == "sqrt2" else 1  # exponents an octave
    top = math.floor(steps * math.log2(largest(values) or 1.0) + 0.5)
    exponents = np.arange(top + 2 - (1 << (weight_bits - 1)), top + 1)
    return mirrored(values, weight_bits, np.exp2(exponents / steps),
                    np.exp2((exponents - 0.5) / steps))


TABLE = CodeTable(
    fit=_fit,
    n_codes=lambda weight_bits, base: (1 << weight_bits) - 2,
    source="Miyashita et al., 2016; Lee et al., LogNet, ICASSP 2017",
    options=MappingProxyType({"base": Option("2", ("sqrt2",))}),
)
