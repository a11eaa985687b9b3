"""A layer's numbers as EIE's memories hold them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from accelsim.fixedpoint import quantise
from accelsim.machines.eie.config import EieConfig
from accelsim.records import CompressedLayer

IntArray = npt.NDArray[np.int64]


def quantised_bias(
    config: EieConfig, packed: CompressedLayer, output_frac_bits: int
) -> IntArray | None:
    """The biases of a layer's accumulators in their binary point, or None."""
    if packed.bias is None:
        return None
    return quantise(packed.bias, config.accumulator_bits, output_frac_bits)
