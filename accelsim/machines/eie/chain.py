"""Layers in sequence on EIE: the register files swap, nothing is copied, integers stay integers.

A layer that is calibrated to another binary point than the one before it wrote shifts on reading.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.compression.binary_points import choose_binary_points
from accelsim.errors import InputError, UnsupportedError
from accelsim.fixedpoint import dequantise, quantise, read_activations
from accelsim.kernels.accumulate import accumulate
from accelsim.machines.eie.blocks import placed, scanned
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.decoder import decode, decoder_table
from accelsim.machines.eie.job import check_has_point
from accelsim.machines.eie.quantised import quantised_bias
from accelsim.machines.registry import machine_of
from accelsim.numeric import fixed_point_integers, real_values
from accelsim.records import BinaryPoints, CompressedConv, CompressedLayer, CscMatrix, Loss
from accelsim.records.job import Job
from accelsim.records.result import RunResult


class LayerChain:
    """Layers whose binary points go together; ``points`` has one for each.

    Parameters
    ----------
    inputs : (n_vectors, n_inputs) of the first layer, from which its binary point is chosen where
        it has no calibration
    fixed_point : these inputs are integers in the binary point of the first layer, which it then
        must know

    Raises
    ------
    InputError
        If the widths of neighbouring layers do not match.
    """

    def __init__(
        self, config: EieConfig, layers: Sequence[CompressedLayer], inputs: npt.NDArray[Any],
        fixed_point: bool = False,
    ) -> None:
        self._config, self._layers, self._fixed_point = config, layers, fixed_point
        self._machine = machine_of(config)  # a variant of EIE makes jobs of its own
        if fixed_point:
            check_has_point(layers[0])
        self.points = chain_binary_points(config, layers, None if fixed_point else inputs)

    def job(self, index: int, inputs: npt.NDArray[Any]) -> Job:
        """What layer ``index`` is given to do."""
        return self._machine.job(
            self._config, self._layers[index], inputs, binary_points=self.points[index],
            fixed_point=self._fixed_point and index == 0)

    def carry(self, index: int, result: RunResult) -> npt.NDArray[np.float64]:
        """What layer ``index + 1`` reads of the outputs that the one before it wrote: integers of
        its binary point, as the numbers that they stand for; quantising gives them back."""
        if result.outputs is None:
            raise InputError(f"{result.name}: the next layer needs the outputs; run with outputs")
        read = self._read(index, result.outputs)
        return dequantise(read, self.points[index + 1].input_frac_bits)

    def lost(self, index: int, result: RunResult) -> list[Loss]:
        """Outputs that layer ``index + 1`` reads clipped."""
        if result.outputs is None:
            return []
        whole, read = self._read(index, result.outputs, 63), self._read(index, result.outputs)
        clipped = whole != read
        count, points = int(np.count_nonzero(clipped)), self.points[index + 1]
        if not count:
            return []
        largest = float(np.ldexp(float(np.abs(whole[clipped]).max()), -points.input_frac_bits))
        return [Loss(
            "activations clipped", self._layers[index + 1].name,
            f"{count:,} of {read.size:,} that it reads do not fit {self._config.activation_bits} "
            f"bits, the largest {largest:.4g}",
            "calibrate with inputs like these, or raise activation_bits",
            {"count": count, "largest": largest},
        )]

    def outputs(self, inputs: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """(n_vectors, n_outputs) of the last layer: equal to what running layer by layer gives."""
        config = self._config
        what = f"{self._layers[0].name}: inputs"
        current = (
            fixed_point_integers(what, inputs, config.activation_bits) if self._fixed_point else
            quantise(real_values(what, inputs), config.activation_bits,
                     self.points[0].input_frac_bits))
        laid = [placed(config, packed) for packed in self._layers]
        for index, (packed, point) in enumerate(zip(laid, self.points, strict=True)):
            current = scanned(config, current)
            codebook = decoder_table(config, packed, point)
            m = packed.matrix
            weights = CscMatrix(m.shape, m.column_starts, m.rows,
                                decode(codebook, packed.rows_per_table, m.rows, m.values))
            if packed.has_bias:
                one = np.full((len(current), 1), 1 << point.input_frac_bits)
                current = np.hstack([current, one])
            current, _ = accumulate(
                weights, current, np.arange(m.shape[1]), point.shift, config.accumulator_bits,
                quantised_bias(config, packed, point.output_frac_bits),
            )
            current = packed.in_layer_order(current)
            if packed.relu:
                current = np.maximum(current, 0)
            if index + 1 < len(self._layers):
                current = self._read(index, current)
        return current

    def _read(
        self, index: int, outputs: npt.NDArray[np.int64], bits: int | None = None
    ) -> npt.NDArray[np.int64]:
        written, read = self.points[index], self.points[index + 1]
        shift = written.output_frac_bits - read.input_frac_bits
        return read_activations(outputs, False, shift, bits or self._config.activation_bits)


def chain_binary_points(
    config: EieConfig, layers: Sequence[CompressedLayer], inputs: npt.NDArray[Any] | None
) -> list[BinaryPoints]:
    """Binary points of a chain: no layer reads with more fraction bits than were written.

    Raises
    ------
    InputError
        If the widths of neighbouring layers do not match.
    UnsupportedError
        If one of them is a convolution.
    """
    points: list[BinaryPoints] = []
    for index, packed in enumerate(layers):
        if isinstance(packed, CompressedConv):
            raise UnsupportedError(f"{packed.name}: a chain is of fully connected layers; run a "
                                   f"convolution with accelsim.simulate")
        if index and layers[index - 1].n_outputs != packed.n_inputs:
            raise InputError(
                f"{packed.name} takes {packed.n_inputs} inputs, but {layers[index - 1].name} "
                f"gives {layers[index - 1].n_outputs} outputs"
            )
        point = choose_binary_points(config, packed, inputs if index == 0 else None)
        if points and point.input_frac_bits > points[-1].output_frac_bits:
            written = points[-1].output_frac_bits
            output = min(point.output_frac_bits, point.weight_frac_bits + written)
            point = replace(point, input_frac_bits=written, output_frac_bits=output)
        points.append(point)
    return points
