"""Powers of two and zero (Zhou et al., Incremental Network Quantization, ICLR 2017, sec. 2.1).

With ``s`` the largest magnitude, the largest exponent is ``n1 = floor(log2(4 s / 3))`` and the
smallest ``n2 = n1 + 1 - 2**(bits - 1) / 2``: one bit says zero, the others give
``2**(bits - 1)`` values. A magnitude from ``(a + b) / 2`` up to, but without, ``3 b / 2`` becomes
``b``, where ``a < b`` are neighbours, zero among them. So half of a decoder's codes stay
unused. INQ quantises a part of the weights and trains the others; this is its rule alone.
"""

from __future__ import annotations

import math

import numpy as np

from accelsim.compression.share import Floats, Sharing
from accelsim.compression.tables.levels import largest, mirrored
from accelsim.compression.tables.record import CodeTable


def _fit(values: Floats, weight_bits: int) -> Sharing:
    mantissa, exponent = math.frexp(largest(values) or 1.0)  # mantissa from 1/2 up to 1
    top = exponent if mantissa >= 0.75 else exponent - 1     # floor(log2(4 s / 3)), exactly
    powers = np.ldexp(1.0, np.arange(top + 1 - (1 << (weight_bits - 2)), top + 1))
    edges = (powers + np.concatenate([[0.0], powers[:-1]])) / 2
    return mirrored(values, weight_bits, powers, edges)


TABLE = CodeTable(
    fit=_fit,
    n_codes=lambda weight_bits: 1 << (weight_bits - 1),
    source="Zhou et al., INQ, ICLR 2017, sec. 2.1",
)
