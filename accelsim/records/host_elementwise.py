"""Host operations that treat every element alike, or only move elements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError, nearest
from accelsim.records.host import HostOperation, Shape, Values, same_shape


def _sigmoid(x: Values) -> Values:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)))


def _hard_sigmoid(x: Values) -> Values:
    return np.clip(x / 6 + 0.5, 0, 1)


def _softmax(x: Values) -> Values:
    """Over the first axis of a vector or map: its classes or channels."""
    power = np.exp(x - x.max(axis=1, keepdims=True))
    return np.asarray(power / power.sum(axis=1, keepdims=True))


FUNCTIONS: dict[str, tuple[Callable[[Values], Values], int]] = {
    # name: function, operations an element
    "sigmoid": (_sigmoid, 1),
    "tanh": (np.tanh, 1),
    "softmax": (_softmax, 4),
    "hard_sigmoid": (_hard_sigmoid, 4),
    "hard_swish": (lambda x: np.asarray(x * _hard_sigmoid(x)), 5),
}
"""Functions of one operand, and how many operations they are an element."""


@dataclass(frozen=True)
class Function(HostOperation):
    """One of `FUNCTIONS`; softmax runs over the first axis."""

    name: str

    def __post_init__(self) -> None:
        if self.name not in FUNCTIONS:
            raise InputError(f"no host function '{self.name}'{nearest(self.name, FUNCTIONS)}")

    @property
    def kind(self) -> str:  # type: ignore[override]
        """For tables."""
        return self.name

    def operations(self, shapes: Sequence[Shape]) -> int:
        return prod(shapes[0]) * FUNCTIONS[self.name][1]

    def run(self, operands: Sequence[Values]) -> Values:
        return np.asarray(FUNCTIONS[self.name][0](operands[0]), dtype=np.float64)


@dataclass(frozen=True)
class Relu(HostOperation):
    """``min(max(x, 0), limit)``; negative values times ``slope`` where it is not zero."""

    limit: float | None = None
    slope: float = 0.0

    @property
    def kind(self) -> str:  # type: ignore[override]
        """For tables."""
        if self.slope:
            return "leaky relu"
        return "relu" if self.limit is None else "clipped relu"

    @property
    def exact(self) -> bool:  # type: ignore[override]
        """A limit may have more fraction bits than the values."""
        return self.limit is None and not self.slope

    def run(self, operands: Sequence[Values]) -> Values:
        x = operands[0]
        kept = np.where(x < 0, x * self.slope, x)
        return kept if self.limit is None else np.minimum(kept, self.limit)


@dataclass(frozen=True, eq=False)
class Affine(HostOperation):
    """``x * scale + shift``: a number a channel, as a batch normalisation that folds nowhere, or a
    number an element of the image."""

    scale: npt.NDArray[Any]
    shift: npt.NDArray[Any]

    @property
    def kind(self) -> str:  # type: ignore[override]
        """For tables."""
        return "batch norm" if self.scale.ndim == 1 else "scale and shift"

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        if (self.scale.shape not in (shapes[0][:1], shapes[0])
                or self.shift.shape != self.scale.shape):
            raise InputError(f"{self.kind}: {self.scale.shape} scales for an input of shape "
                             f"{shapes[0]}")
        return shapes[0]

    def operations(self, shapes: Sequence[Shape]) -> int:
        return 2 * prod(shapes[0])

    def run(self, operands: Sequence[Values]) -> Values:
        x = operands[0]
        spread = (slice(None), *(None for _ in x.shape[1 + self.scale.ndim:]))
        return np.asarray(x * self.scale[spread] + self.shift[spread])


@dataclass(frozen=True)
class Combine(HostOperation):
    """Sum or product of two or more, element by element, with NumPy's broadcasting."""

    how: str
    n_operands: ClassVar[int | None] = None

    @property
    def kind(self) -> str:  # type: ignore[override]
        """For tables."""
        return self.how

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        return same_shape(self.how, shapes)

    def operations(self, shapes: Sequence[Shape]) -> int:
        return (len(shapes) - 1) * prod(self.output_shape(shapes))

    def run(self, operands: Sequence[Values]) -> Values:
        result = operands[0]
        for other in operands[1:]:
            result = result + other if self.how == "add" else result * other
        return result


@dataclass(frozen=True)
class Concat(HostOperation):
    """Operands one behind the other along an axis of the image (0: channels)."""

    axis: int = 0
    kind: ClassVar[str] = "concat"
    n_operands: ClassVar[int | None] = None
    exact: ClassVar[bool] = True

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        first = shapes[0]
        rest = [shape[:self.axis] + shape[self.axis + 1:] for shape in shapes]
        if not 0 <= self.axis < len(first) or any(r != rest[0] for r in rest):
            raise InputError(f"concat: shapes {' and '.join(map(str, shapes))} along axis "
                             f"{self.axis} do not fit")
        total = sum(shape[self.axis] for shape in shapes)
        return (*first[:self.axis], total, *first[self.axis + 1:])

    def operations(self, shapes: Sequence[Shape]) -> int:
        return 0

    def run(self, operands: Sequence[Values]) -> Values:
        return np.concatenate(operands, axis=self.axis + 1)


@dataclass(frozen=True)
class Flatten(HostOperation):
    """(channels, rows, columns) as one vector, channel by channel."""

    kind: ClassVar[str] = "flatten"
    exact: ClassVar[bool] = True

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        return (prod(shapes[0]),)

    def operations(self, shapes: Sequence[Shape]) -> int:
        return 0

    def run(self, operands: Sequence[Values]) -> Values:
        return operands[0].reshape(len(operands[0]), -1)


@dataclass(frozen=True)
class Upsample(HostOperation):
    """Every element ``factor`` (rows, columns) times: nearest neighbour."""

    factor: tuple[int, int]
    kind: ClassVar[str] = "upsample"
    exact: ClassVar[bool] = True

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        if len(shapes[0]) != 3 or min(self.factor) < 1:
            raise InputError(f"upsample: factor {self.factor} of an input of shape {shapes[0]}; "
                             f"need 1 or more, and (channels, rows, columns)")
        channels, rows, columns = shapes[0]
        return channels, rows * self.factor[0], columns * self.factor[1]

    def operations(self, shapes: Sequence[Shape]) -> int:
        return 0

    def run(self, operands: Sequence[Values]) -> Values:
        return operands[0].repeat(self.factor[0], axis=2).repeat(self.factor[1], axis=3)
