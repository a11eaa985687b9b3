"""What a layer and an input vector lose on their way to EIE's integers; see `Loss`."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.compression.binary_points import ById
from accelsim.fixedpoint import quantise
from accelsim.machines.eie.config import EieConfig
from accelsim.records import BinaryPoints, CompressedLayer, Loss
from accelsim.records.losses import of_quantising

IntArray = npt.NDArray[np.int64]


def job_losses(
    config: EieConfig, packed: CompressedLayer, points: BinaryPoints, vector: npt.NDArray[Any],
    integers: IntArray, bias: IntArray | None,
) -> tuple[Loss, ...]:
    """Those of the compression, and what the machine's widths clip or round to zero.

    Parameters
    ----------
    vector, integers : the inputs before and after; integers are fixed point from the start
    bias : that the accumulators start from, or None
    """
    found = list(packed.losses)
    found += _of_codebook(ById(packed), config.weight_value_bits, points.weight_frac_bits)
    if vector.dtype.kind == "f":
        found += of_quantising(
            vector, integers, config.activation_bits, points.input_frac_bits, "inputs",
            packed.name, "calibrate with inputs like these, or raise activation_bits",
        )
    if bias is not None and packed.bias is not None:
        found += of_quantising(
            packed.bias, bias, config.accumulator_bits, points.output_frac_bits, "biases",
            packed.name, "calibrate with inputs like these, or raise accumulator_bits",
            # Beside sums of this size the small ones do not count.
            most_rounded=1.0,
        )
    return tuple(found)


@lru_cache(maxsize=8)
def _of_codebook(packed: ById, bits: int, frac_bits: int) -> tuple[Loss, ...]:
    """Shared weights in use that are clipped, are zero, or fall on each other."""
    layer = packed.layer
    tables = _used(layer)
    values = np.concatenate(tables)
    remedy = "raise weight_value_bits"
    found = of_quantising(values, quantise(values, bits, frac_bits), bits, frac_bits,
                          "shared weights", layer.name, remedy, most_rounded=0.0)
    # Values of different tables may be one integer: they stay different codes.
    left = sum(len(np.unique(quantise(own, bits, frac_bits))) for own in tables)
    if left < len(values):
        found.append(Loss(
            "shared weights merge", layer.name,
            f"{len(values)} values become {left} of {bits} bits", remedy,
            {"values": len(values), "left": left},
        ))
    return tuple(found)


def _used(layer: CompressedLayer) -> list[npt.NDArray[np.float32]]:
    """The values but zero that codes stand for, table by table."""
    m, size = layer.matrix, 1 << layer.weight_bits
    table = 0 if layer.rows_per_table is None else m.rows // layer.rows_per_table
    there = np.bincount(m.values + size * table, minlength=layer.codebook.size) > 0
    return [np.unique(own[seen & (own != 0)]) for own, seen in zip(
        layer.codebook.reshape(-1, size), there.reshape(-1, size), strict=True)]
