"""The geometry of a convolution: shapes in, shapes out, all of it checked once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError, shown

Pair = tuple[int, int]
Sides = tuple[Pair, Pair]

MOST = 1 << 24
"""Of any channel, stride or padding: as many as a file may hold."""


def pair(name: str, what: str, value: Any, rows: int | None = None) -> Pair:
    """An integer or (rows, columns) as (rows, columns); ``rows`` stands for an integer's rows."""
    numbers = (value if rows is None else rows, value) if _whole(value) else value
    if not (isinstance(numbers, list | tuple) and len(numbers) == 2 and all(map(_whole, numbers))):
        raise InputError(f"{name}: {what} is {shown(value)}; need an integer or (rows, columns)")
    return int(numbers[0]), int(numbers[1])


def sides(name: str, value: Any, rows: int | None = None) -> Sides:
    """A padding as ((top, bottom), (left, right)); ``rows`` stands for an integer's rows."""
    if isinstance(value, list | tuple) and len(value) == 2 and not any(map(_whole, value)):
        return pair(name, "padding", value[0]), pair(name, "padding", value[1])
    row, column = pair(name, "padding", value, rows)
    return (row, row), (column, column)


def _whole(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


@dataclass(frozen=True)
class Geometry:
    """What a convolution is beside its numbers.

    Attributes
    ----------
    kernel, stride, dilation : (rows, columns)
    padding : ((top, bottom), (left, right))
    name : for messages

    Raises
    ------
    InputError
        If a number is out of range, or the groups do not divide the channels.
    """

    out_channels: int
    in_channels: int
    kernel: Pair
    stride: Pair = (1, 1)
    padding: Sides = ((0, 0), (0, 0))
    dilation: Pair = (1, 1)
    groups: int = 1
    name: str = field(default="conv", compare=False, repr=False)

    def __post_init__(self) -> None:
        for what, least, values in (
            ("groups", 1, (self.groups,)), ("channels", 1, (self.out_channels, self.in_channels)),
            ("kernel", 1, self.kernel), ("stride", 1, self.stride), ("dilation", 1, self.dilation),
            ("padding", 0, (*self.padding[0], *self.padding[1])),
        ):
            if not all(type(v) is int and least <= v <= MOST for v in values):
                raise InputError(f"{self.name}: {what} is {shown(getattr(self, what, values))}; "
                                 f"need integers from {least} to {MOST}")
        for what, channels in (("inputs", self.in_channels), ("outputs", self.out_channels)):
            if channels % self.groups:
                raise InputError(f"{self.name}: {channels} {what} do not part into "
                                 f"groups={self.groups}")

    @property
    def n_positions(self) -> int:
        """Weights of one kernel plane."""
        return self.kernel[0] * self.kernel[1]

    @property
    def group_inputs(self) -> int:
        """Channels that one output sees."""
        return self.in_channels // self.groups

    @property
    def group_outputs(self) -> int:
        """Outputs that see the same channels."""
        return self.out_channels // self.groups

    @property
    def told(self) -> str:
        """What of it is not as plain as can be, for tables: "stride 2, padding 1", or nothing."""
        (top, bottom), (left, right) = self.padding
        even = (top, left) == (bottom, right)
        parts = {"stride": _short(self.stride),
                 "padding": _short((top, left)) if even else str(self.padding),
                 "dilation": _short(self.dilation), "groups": str(self.groups)}
        plain = {"stride": "1", "padding": "0", "dilation": "1", "groups": "1"}
        return ", ".join(f"{what} {text}" for what, text in parts.items() if text != plain[what])

    def output_size(self, height: int, width: int) -> Pair:
        """(rows, columns) of the outputs of a map of ``height`` x ``width``.

        Raises
        ------
        InputError
            If the kernel is larger than the padded map.
        """
        found = []
        for size, kernel, stride, around, dilation in zip(
            (height, width), self.kernel, self.stride, self.padding, self.dilation, strict=True
        ):
            span = dilation * (kernel - 1) + 1
            if size < 1 or size + sum(around) < span:
                raise InputError(f"{self.name}: a map of {height} x {width} with padding "
                                 f"{self.padding} is smaller than the kernel, which spans {span}")
            found.append((size + sum(around) - span) // stride + 1)
        return found[0], found[1]

    def images(self, name: str, image: npt.ArrayLike) -> npt.NDArray[Any]:
        """(n, in, rows, columns) of one image or several.

        Raises
        ------
        InputError
            If the shape is not one of this convolution's inputs.
        """
        array = np.asarray(image)
        several = array[None] if array.ndim == 3 else array
        if several.ndim != 4 or several.shape[1] != self.in_channels or 0 in several.shape:
            raise InputError(f"{name}: the image has shape {array.shape}; need ({self.in_channels},"
                             f" rows, columns), or (n, {self.in_channels}, rows, columns)")
        self.output_size(*several.shape[2:])
        return several


def _short(numbers: Pair) -> str:
    """One number where both are the same."""
    return str(numbers[0] if numbers[0] == numbers[1] else numbers)
