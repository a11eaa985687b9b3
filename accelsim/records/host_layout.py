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
