"""Binary points of a layer: how many fraction bits its magnitudes leave each signal."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError
from accelsim.fixedpoint import frac_bits_for
from accelsim.numeric import real_values
from accelsim.records import BinaryPoints, CompressedLayer


class Widths(Protocol):
    """Bits of a machine's signals; a configuration has them."""

    @property
    def weight_value_bits(self) -> int: ...
    @property
    def activation_bits(self) -> int: ...
    @property
    def accumulator_bits(self) -> int: ...


def choose_binary_points(
    config: Widths, packed: CompressedLayer, activations: npt.ArrayLike | None = None
) -> BinaryPoints:
    """Binary points of one layer: the most fraction bits with which the data do not saturate.

    The layer's own ``binary_points`` win; then its calibrated magnitudes; then the
    ``activations`` at hand. Without a calibrated output magnitude the bound is the largest sum of
    magnitudes of a row times the largest activation, which can never be exceeded.

    Raises
    ------
    InputError
        If there is nothing to choose them from.
    """
    if packed.binary_points is not None:
        return packed.binary_points
    input_max = packed.input_max_abs
    if input_max is None:
        if activations is None:
            raise InputError(
                f"{packed.name}: no activations to choose binary points from; give activations, "
                f"calibrate in compress(), or set binary_points"
            )
        vector = real_values(f"{packed.name}: activations", activations).astype(np.float64)
        input_max = float(np.abs(vector).max(initial=0.0))
    if packed.has_bias:
        input_max = max(input_max, 1.0)
    output_max = packed.output_max_abs
    if output_max is None:
        output_max = _largest_row_sum(ById(packed), input_max)
    weight = frac_bits_for(float(np.abs(packed.codebook).max()), config.weight_value_bits)
    inputs = frac_bits_for(input_max, config.activation_bits)
    outputs = min(frac_bits_for(output_max, config.accumulator_bits), weight + inputs)
    limit = config.weight_value_bits + config.activation_bits
    if packed.bias is not None:
        # Beside biases of this size, the last bits of products are shifted out altogether.
        weight = min(weight, outputs + limit - inputs)
    return BinaryPoints(weight, inputs, max(outputs, weight + inputs - limit))


class ById:
    """A hashable handle of a layer: the same object, not an equal one."""

    def __init__(self, layer: CompressedLayer) -> None:
        self.layer = layer

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ById) and other.layer is self.layer

    def __hash__(self) -> int:
        return id(self.layer)


@lru_cache(maxsize=8)
def _largest_row_sum(packed: ById, input_max: float) -> float:
    """The largest that a row can sum to, with inputs of at most ``input_max`` in magnitude."""
    matrix, bias = packed.layer.matrix, packed.layer.bias
    magnitudes = np.abs(packed.layer.decoded().values.astype(np.float64))
    sums = np.bincount(matrix.rows, magnitudes, minlength=packed.layer.n_outputs) * input_max
    return float((sums if bias is None else sums + np.abs(bias)).max())
