"""A layer's numbers as EIE's memories hold them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from accelsim.errors import UnsupportedError
from accelsim.fixedpoint import quantise
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.datapath import check_table
from accelsim.records import BinaryPoints, CompressedLayer

IntArray = npt.NDArray[np.int64]


def decoder_table(config: EieConfig, packed: CompressedLayer, points: BinaryPoints) -> IntArray:
    """(2**weight_bits,) integers that the weight decoder holds.

    Raises
    ------
    UnsupportedError
        If the layer has several tables, or one that the datapath cannot multiply by.
    """
    if packed.rows_per_table is not None:
        raise UnsupportedError(
            f"{packed.name}: {packed.n_tables} tables, one for {packed.rows_per_table} rows each; "
            f"the weight decoder holds one; compress without table_rows")
    check_table(config.multiplier, packed.codebook, packed.name)
    return quantise(packed.codebook, config.weight_value_bits, points.weight_frac_bits)


def quantised_bias(
    config: EieConfig, packed: CompressedLayer, output_frac_bits: int
) -> IntArray | None:
    """The biases of a layer's accumulators in their binary point, or None."""
    if packed.bias is None:
        return None
    return quantise(packed.bias, config.accumulator_bits, output_frac_bits)
