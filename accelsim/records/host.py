"""Work that stays on the host: what it does to values, and how much it is.

Values are real numbers, (n, ...) arrays of float64, so that nothing an accelerator wrote is
rounded on the way. ``operations`` counts what a processor without special units would do: a
comparison, an addition, a multiplication or a table look-up each count once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, prod
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError

Shape = tuple[int, ...]
Values = npt.NDArray[np.float64]


class HostOperation:
    """One operation of a network that no array does.

    ``exact`` says that each result is one of the operands' values (or zero): the fraction bits
    of an accelerator's numbers are kept.
    """

    kind: ClassVar[str]
    n_operands: ClassVar[int | None] = 1
    exact: ClassVar[bool] = False

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Shape of the result, without the vectors' axis; `InputError` where operands do not fit.
        """
        return shapes[0]

    def operations(self, shapes: Sequence[Shape]) -> int:
        """Of one image."""
        return prod(self.output_shape(shapes))

    def run(self, operands: Sequence[Values]) -> Values:
        """(n, ...) operands to the (n, ...) result."""
        raise NotImplementedError


@dataclass(frozen=True)
class Pool(HostOperation):
    """Largest or mean of windows of (channels, rows, columns).

    Attributes
    ----------
    how : "max" or "average"
    kernel, stride : (rows, columns)
    padding : ((top, bottom), (left, right)); never the largest, and no part of a mean unless
        ``count_padding``
    ceil : windows that reach over the edge count too (Caffe's rounding), as long as they start
        inside the map or its padding
    """

    how: str
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[tuple[int, int], tuple[int, int]] = ((0, 0), (0, 0))
    ceil: bool = False
    count_padding: bool = False

    def __post_init__(self) -> None:
        if self.how not in ("max", "average"):
            raise InputError(f"pool: how is {self.how!r}; need max or average")
        if min(*self.kernel, *self.stride) < 1 or min(min(p) for p in self.padding) < 0:
            raise InputError(f"pool: kernel {self.kernel}, stride {self.stride}, padding "
                             f"{self.padding}; need 1 or more, padding 0 or more")

    @property
    def kind(self) -> str:  # type: ignore[override]
        """For tables."""
        return f"{self.how} pool"

    @property
    def exact(self) -> bool:  # type: ignore[override]
        """The largest is one of the values."""
        return self.how == "max"

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        channels, *sides = _map(self.kind, shapes[0])
        return (channels, *(self._windows(axis, side) for axis, side in enumerate(sides)))

    def _windows(self, axis: int, side: int) -> int:
        before, after = self.padding[axis]
        room = side + before + after - self.kernel[axis]
        if room < 0:
            raise InputError(f"{self.kind}: a side of {side} is smaller than the window of "
                             f"{self.kernel[axis]}")
        if not self.ceil:
            return room // self.stride[axis] + 1
        count = ceil(room / self.stride[axis]) + 1
        return count - int((count - 1) * self.stride[axis] >= side + before)

    def operations(self, shapes: Sequence[Shape]) -> int:
        return prod(self.output_shape(shapes)) * prod(self.kernel)

    def run(self, operands: Sequence[Values]) -> Values:
        maps = operands[0]
        _, rows, columns = self.output_shape([maps.shape[1:]])
        nothing = -np.inf if self.how == "max" else 0.0
        total = np.full((*maps.shape[:2], rows, columns), nothing)
        counted = np.zeros((rows, columns))
        spread, there = self._spread(maps, (rows, columns), nothing)
        for dy in range(self.kernel[0]):
            for dx in range(self.kernel[1]):
                window = (
                    slice(dy, dy + (rows - 1) * self.stride[0] + 1, self.stride[0]),
                    slice(dx, dx + (columns - 1) * self.stride[1] + 1, self.stride[1]),
                )
                if self.how == "max":
                    np.maximum(total, spread[..., *window], out=total)
                else:
                    total += spread[..., *window]
                    counted += there[window]
        return total if self.how == "max" else total / counted

    def _spread(self, maps: Values, windows: tuple[int, int], nothing: float
                ) -> tuple[Values, Values]:
        """Maps with all that any window sees around them, and 1.0 where a mean counts."""
        sides = maps.shape[2:]
        most = [max((windows[a] - 1) * self.stride[a] + self.kernel[a],
                    sides[a] + sum(self.padding[a])) for a in (0, 1)]
        spread = np.full((*maps.shape[:2], *most), nothing)
        there = np.zeros(most)
        (top, bottom), (left, right) = self.padding
        spread[:, :, top:top + sides[0], left:left + sides[1]] = maps
        if self.count_padding:
            there[:top + sides[0] + bottom, :left + sides[1] + right] = 1.0
        else:
            there[top:top + sides[0], left:left + sides[1]] = 1.0
        return spread, there


@dataclass(frozen=True)
class GlobalPool(HostOperation):
    """Largest or mean of each channel: (channels, ...) to (channels, 1, 1)."""

    how: str

    @property
    def kind(self) -> str:  # type: ignore[override]
        """For tables."""
        return f"global {self.how} pool"

    @property
    def exact(self) -> bool:  # type: ignore[override]
        """The largest is one of the values."""
        return self.how == "max"

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        return (_map(self.kind, shapes[0])[0], 1, 1)

    def operations(self, shapes: Sequence[Shape]) -> int:
        return prod(shapes[0])

    def run(self, operands: Sequence[Values]) -> Values:
        maps = operands[0]
        reduce = maps.max if self.how == "max" else maps.mean
        return np.asarray(reduce(axis=(2, 3), keepdims=True))


def _map(kind: str, shape: Shape) -> tuple[int, int, int]:
    if len(shape) != 3:
        raise InputError(f"{kind}: an input of shape {shape}; need (channels, rows, columns)")
    return shape[0], shape[1], shape[2]


def same_shape(kind: str, shapes: Sequence[Shape]) -> Shape:
    """The shape that operands give each other by broadcasting, NumPy's rule."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise InputError(f"{kind}: operands of shapes "
                         f"{' and '.join(map(str, shapes))} do not fit") from None


def as_values(operands: Sequence[Any]) -> list[Values]:
    """Operands as float64."""
    return [np.asarray(operand, dtype=np.float64) for operand in operands]
