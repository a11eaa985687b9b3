"""Convolutions, plain and compressed: frozen records that carry data and check it once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError
from accelsim.records.geometry import Geometry, Sides, pair, sides
from accelsim.records.layer import BinaryPoints, CompressedLayer
from accelsim.records.matrix import FloatArray

Size = int | tuple[int, int]
Padding = Size | Sides


@dataclass(frozen=True, eq=False)
class Conv2d:
    """One convolution: ``outputs = relu(weights * activations + bias)``, as the field correlates.

    Attributes
    ----------
    weights : (out, in / groups, kernel rows, kernel columns) floats; (out, in / groups, kernel) is
        a convolution along one axis, whose maps have one row
    bias : (out,) floats or None
    stride, dilation : an integer, or (rows, columns)
    padding : an integer, (rows, columns), or ((top, bottom), (left, right)); zeros
    groups : channels and outputs in so many parts that do not see each other
    activations : (in, rows, columns) or (n, in, rows, columns) floats, or None: the calibration
        data from which binary points are chosen
    relu : whether the next reader sees negative outputs as zero

    Raises
    ------
    InputError
        If shapes do not fit each other, or a number is not finite.
    """

    weights: FloatArray
    bias: FloatArray | None = None
    stride: Size = 1
    padding: Padding = 0
    dilation: Size = 1
    groups: int = 1
    activations: FloatArray | None = None
    relu: bool = True
    name: str = "conv"
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        weights = np.asarray(self.weights)
        if weights.ndim not in (3, 4) or 0 in weights.shape:
            raise InputError(f"{self.name}: weights have shape {weights.shape}; need (outputs, "
                             f"inputs / groups, kernel rows, kernel columns)")
        line = weights.ndim == 3  # along the columns of maps of one row
        object.__setattr__(self, "weights", weights[:, :, None] if line else weights)
        for what in ("stride", "dilation"):
            value = pair(self.name, what, getattr(self, what), 1 if line else None)
            object.__setattr__(self, what, value)
        object.__setattr__(self, "padding", sides(self.name, self.padding, 0 if line else None))
        geometry = self.geometry  # checks the numbers
        for what in ("weights", "bias", "activations"):
            array = getattr(self, what)
            if array is None:
                continue
            checked = np.asarray(array)
            object.__setattr__(self, what, checked)
            if not np.issubdtype(checked.dtype, np.number) or not np.isfinite(checked).all():
                raise InputError(f"{self.name}: {what} must be finite numbers")
        if self.bias is not None and self.bias.shape != weights.shape[:1]:
            raise InputError(f"{self.name}: bias has shape {self.bias.shape}; the weights need "
                             f"({len(weights)},)")
        if self.activations is not None:
            geometry.images(self.name, self.activations)

    @property
    def geometry(self) -> Geometry:
        """Everything but the numbers."""
        out_channels, in_group, height, width = self.weights.shape
        return Geometry(
            int(out_channels), int(in_group) * (self.groups if type(self.groups) is int else 0),
            (int(height), int(width)), pair(self.name, "stride", self.stride),
            sides(self.name, self.padding), pair(self.name, "dilation", self.dilation),
            self.groups, self.name,
        )

    @property
    def matrix(self) -> npt.NDArray[Any]:
        """(out, kernel positions * in / groups): the channels of a position side by side."""
        return np.ascontiguousarray(self.weights.transpose(0, 2, 3, 1)).reshape(
            len(self.weights), -1)


@dataclass(frozen=True, eq=False)
class CompressedConv:
    """A convolution with shared weights, independent of the number of PEs.

    Attributes
    ----------
    layer : its matrix: a row an output channel; columns kernel position by kernel position, inside
        of each all input channels, so that one of several groups stands in the columns of its own
        channels only; a bias is the last column, or beside the matrix
    geometry : shape, stride, padding, dilation and groups
    winograd : the weights transformed for F(2x2, 3x3), pruned and shared for themselves: a row an
        output channel, all channels of one of the 16 elements side by side; or None

    Raises
    ------
    InputError
        If the matrix is not one of this geometry.
    """

    layer: CompressedLayer
    geometry: Geometry
    winograd: CompressedLayer | None = None

    def __post_init__(self) -> None:
        if self.winograd is not None:
            shape = self.winograd.n_outputs, self.winograd.n_inputs
            wanted = self.geometry.out_channels, 16 * self.geometry.in_channels
            if shape != wanted:
                raise InputError(f"{self.layer.name}: transformed weights of {shape[0]} x "
                                 f"{shape[1]}; need {wanted[0]} x {wanted[1]}")
        geometry, layer = self.geometry, self.layer
        need = geometry.out_channels, geometry.n_positions * geometry.in_channels
        if (layer.n_outputs, layer.n_inputs) != need:
            raise InputError(f"{layer.name}: a matrix of {layer.n_outputs} x {layer.n_inputs}; "
                             f"the convolution needs {need[0]} x {need[1]}")
        outputs = layer.matrix.rows if layer.row_order is None else layer.row_order[
            layer.matrix.rows]
        columns = layer.matrix.columns
        own = outputs // geometry.group_outputs == (
            columns % geometry.in_channels) // geometry.group_inputs
        if not (own | (columns >= layer.n_inputs)).all():
            raise InputError(f"{layer.name}: a weight joins two of the {geometry.groups} groups")

    @property
    def name(self) -> str:
        """Of the layer."""
        return self.layer.name

    @property
    def relu(self) -> bool:
        """Whether the next reader sees negative outputs as zero."""
        return self.layer.relu

    @property
    def weight_bits(self) -> int:
        """Bits of a code."""
        return self.layer.weight_bits

    @property
    def index_bits(self) -> int:
        """Bits of a zero run."""
        return self.layer.index_bits

    @property
    def codebook(self) -> npt.NDArray[np.float32]:
        """The shared weights; code 0 is 0.0."""
        return self.layer.codebook

    @property
    def binary_points(self) -> BinaryPoints | None:
        """Settled by hand, or None."""
        return self.layer.binary_points

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Where it came from."""
        return self.layer.provenance

    def decoded_weights(self) -> npt.NDArray[np.float32]:
        """(out, in / groups, kernel rows, kernel columns): the dense weights of the codes."""
        geometry, layer = self.geometry, self.layer
        rows = layer.decoded().to_dense()[:, : layer.n_inputs]
        dense = layer.in_layer_order(rows.T).T.reshape(
            geometry.groups, geometry.group_outputs, *geometry.kernel, geometry.groups,
            geometry.group_inputs)
        own = np.arange(geometry.groups)
        diagonal = dense[own, :, :, :, own]  # (groups, out / groups, rows, columns, in / groups)
        return np.ascontiguousarray(diagonal.transpose(0, 1, 4, 2, 3)).reshape(
            geometry.out_channels, geometry.group_inputs, *geometry.kernel)

    def decoded_bias(self) -> npt.NDArray[np.float32] | None:
        """(out,) biases as the machine has them, or None."""
        bias = self.layer.bias_values
        return None if bias is None else np.ascontiguousarray(self.layer.in_layer_order(bias))

    def digest(self) -> str:
        """SHA-256 over everything that determines a run."""
        transformed = "" if self.winograd is None else self.winograd.digest()
        told = f"{self.layer.digest()}{self.geometry}{transformed}"
        return hashlib.sha256(told.encode()).hexdigest()
