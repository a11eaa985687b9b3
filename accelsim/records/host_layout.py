"""Host operations that give the same numbers another shape or order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from accelsim.errors import InputError
from accelsim.records.host import HostOperation, Shape, Values


@dataclass(frozen=True)
class Reshape(HostOperation):
    """The same numbers in the same order as an image of another ``shape``."""

    shape: Shape
    kind: ClassVar[str] = "reshape"
    exact: ClassVar[bool] = True

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        if prod(shapes[0]) != prod(self.shape):
            raise InputError(f"{self.kind}: an input of shape {shapes[0]} has "
                             f"{prod(shapes[0])} numbers; {self.shape} needs {prod(self.shape)}")
        return self.shape

    def operations(self, shapes: Sequence[Shape]) -> int:
        return 0

    def run(self, operands: Sequence[Values]) -> Values:
        return operands[0].reshape(len(operands[0]), *self.shape)


@dataclass(frozen=True)
class Transpose(HostOperation):
    """Axis ``axes[i]`` of the image becomes axis ``i``."""

    axes: tuple[int, ...]
    kind: ClassVar[str] = "transpose"
    exact: ClassVar[bool] = True

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        if sorted(self.axes) != list(range(len(shapes[0]))):
            raise InputError(f"{self.kind}: axes {self.axes} of an input of shape {shapes[0]}; "
                             f"need each axis once")
        return tuple(shapes[0][axis] for axis in self.axes)

    def operations(self, shapes: Sequence[Shape]) -> int:
        return 0

    def run(self, operands: Sequence[Values]) -> Values:
        return np.ascontiguousarray(operands[0].transpose(0, *(axis + 1 for axis in self.axes)))


@dataclass(frozen=True)
class DepthToSpace(HostOperation):
    """Channels become pixels: each pixel a ``block`` of (rows, columns).

    ``order`` is ONNX's name of how channels are laid out: "CRD", a channel's rows and columns of
    the block next to each other, or "DCR", the channels of a place in the block.
    """

    block: tuple[int, int]
    order: str = "CRD"
    kind: ClassVar[str] = "depth to space"
    exact: ClassVar[bool] = True

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        if self.order not in ("CRD", "DCR"):
            raise InputError(f"{self.kind}: order is {self.order!r}; need 'CRD' or 'DCR'")
        if len(shapes[0]) != 3 or min(self.block) < 1 or shapes[0][0] % prod(self.block):
            raise InputError(f"{self.kind}: blocks of {self.block} of an input of shape "
                             f"{shapes[0]}; need (channels, rows, columns), and a whole number of "
                             f"blocks in the channels")
        channels, rows, columns = shapes[0]
        return channels // prod(self.block), rows * self.block[0], columns * self.block[1]

    def operations(self, shapes: Sequence[Shape]) -> int:
        return 0

    def run(self, operands: Sequence[Values]) -> Values:
        (values,), (high, wide) = operands, self.block
        n, _, rows, columns = values.shape
        if self.order == "CRD":
            blocks = values.reshape(n, -1, high, wide, rows, columns)
            turned = blocks.transpose(0, 1, 4, 2, 5, 3)
        else:
            blocks = values.reshape(n, high, wide, -1, rows, columns)
            turned = blocks.transpose(0, 3, 4, 1, 5, 2)
        return turned.reshape(n, -1, rows * high, columns * wide)


@dataclass(frozen=True)
class ZeroInsertion(HostOperation):
    """Pixels ``stride`` (rows, columns) apart, zeros between: how a transposed convolution
    becomes a convolution. An accelerator that skips zeros skips these."""

    stride: tuple[int, int]
    kind: ClassVar[str] = "zero insertion"
    exact: ClassVar[bool] = True

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        if len(shapes[0]) != 3 or min(self.stride) < 1:
            raise InputError(f"{self.kind}: stride {self.stride} of an input of shape "
                             f"{shapes[0]}; need 1 or more, and (channels, rows, columns)")
        channels, rows, columns = shapes[0]
        return channels, (rows - 1) * self.stride[0] + 1, (columns - 1) * self.stride[1] + 1

    def operations(self, shapes: Sequence[Shape]) -> int:
        return 0

    def run(self, operands: Sequence[Values]) -> Values:
        values = operands[0]
        wide = np.zeros((len(values), *self.output_shape([values.shape[1:]])))
        wide[:, :, ::self.stride[0], ::self.stride[1]] = values
        return wide


@dataclass(frozen=True)
class Slice(HostOperation):
    """Part of an image: of each axis its (start, stop, step)."""

    ranges: tuple[tuple[int, int, int], ...]
    kind: ClassVar[str] = "slice"
    exact: ClassVar[bool] = True

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        if len(self.ranges) != len(shapes[0]) or not all(
                0 <= start < stop <= n and step > 0
                for (start, stop, step), n in zip(self.ranges, shapes[0], strict=True)):
            raise InputError(f"{self.kind}: {self.ranges} of an input of shape {shapes[0]}; need "
                             f"start, stop and step of each axis, inside it")
        return tuple(len(range(*own)) for own in self.ranges)

    def operations(self, shapes: Sequence[Shape]) -> int:
        return 0

    def run(self, operands: Sequence[Values]) -> Values:
        return np.ascontiguousarray(
            operands[0][(slice(None), *(slice(*own) for own in self.ranges))])
