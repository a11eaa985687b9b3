"""Kinds of recurrent cells, each described once: its equations, and the order of their work.

The record of a layer takes the names of its matrices from here; the float run, the binary points,
the fixed-point values, ESE's schedule and the units of its reference read the equations
(`accelsim.lowering.program`). A new kind of cell is one more entry of `CELLS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

Unit = Literal["elem_mul", "adder_tree"]


@dataclass(frozen=True)
class Product:
    """A matrix times a vector: ``x`` the inputs, ``y`` the outputs of the step before, or the
    result of an equation. ``signal`` names the binary point of its sums."""

    matrix: str
    vector: str
    signal: str


@dataclass(frozen=True)
class Equation:
    """``result = value``, element by element, in ``unit``.

    ``value`` is a sum whose terms are vectors or products of two: names, ``(1 - z)``, or a sum in
    brackets; a function (``sigmoid``, ``tanh``) may stand around it. A matrix's name is its
    product. ``signal`` names the binary point of the sum; sums in brackets have that of the
    matrix product in them.
    """

    unit: Unit
    text: str
    signal: str


@dataclass(frozen=True)
class Row:
    """What can run at the same time, in a state of ESE's kind: it reads what rows before made."""

    state: int
    product: Product | None
    equations: tuple[Equation, ...] = ()


@dataclass(frozen=True)
class Options:
    """What a layer chooses of its kind (`accelsim.records.recurrent.RecurrentLayer`)."""

    cell_activation: str = "tanh"
    reset_after: bool = True


@dataclass(frozen=True)
class Cell:
    """A kind of cell.

    What a layer does not have falls away: an optional matrix with its row, a bias or peephole
    with its term, an equation without terms or with nothing left to compute.

    Attributes
    ----------
    rows : the layer's options to the work of a time step, in order
    vectors : biases (``b`` and a gate) and peepholes, in the order in which they are fetched
    output : the vector that is y_t; the first of these that there is
    states : results that live from step to step, zero at first; ``y`` always does
    optional_matrices : what a layer may leave out (``Wym``, the projection)
    """

    rows: Callable[[Options], tuple[Row, ...]]
    vectors: tuple[str, ...]
    output: tuple[str, ...]
    states: tuple[str, ...] = ()
    optional_matrices: tuple[str, ...] = ()

    @cached_property
    def input_matrices(self) -> tuple[str, ...]:
        """Those that multiply x."""
        return tuple(p.matrix for p in self._products() if p.vector == "x")

    @cached_property
    def recurrent_matrices(self) -> tuple[str, ...]:
        """The others that every layer has."""
        return tuple(p.matrix for p in self._products()
                     if p.vector != "x" and p.matrix not in self.optional_matrices)

    @property
    def biases(self) -> tuple[str, ...]:
        """Vectors that are added; missing ones are zero."""
        return tuple(name for name in self.vectors if name.startswith("b"))

    @property
    def peepholes(self) -> tuple[str, ...]:
        """Vectors that multiply; a layer has all or none."""
        return tuple(name for name in self.vectors if not name.startswith("b"))

    def _products(self) -> list[Product]:
        return [row.product for row in self.rows(Options()) if row.product is not None]


def mul(text: str, signal: str) -> Equation:
    """An equation of the element-wise multiplier."""
    return Equation("elem_mul", text, signal)


def add(text: str, signal: str) -> Equation:
    """An equation of the adder tree, with the look-up behind it."""
    return Equation("adder_tree", text, signal)


def _lstm(options: Options) -> tuple[Row, ...]:
    """ESE's equations (FPGA 2017, sec. 2) in the order of its state machine."""
    return (
        Row(1, Product("Wix", "x", "i")),
        Row(1, Product("Wfx", "x", "f")),
        Row(1, Product("Wcx", "x", "c"), (mul("Wic.c = Wic * c", "i"),)),
        Row(2, Product("Wir", "y", "i"), (mul("Wfc.c = Wfc * c", "f"),)),
        Row(2, Product("Wfr", "y", "f"), (add("i = sigmoid(Wix + Wir + bi + Wic.c)", "i"),)),
        Row(2, Product("Wcr", "y", "c"), (add("f = sigmoid(Wfx + Wfr + bf + Wfc.c)", "f"),)),
        Row(3, Product("Wox", "x", "o"), (
            add(f"g = {options.cell_activation}(Wcx + Wcr + bc)", "c"),)),
        Row(4, Product("Wor", "y", "o"), (add("c = f * c + i * g", "cell"),)),
        Row(4, None, (mul("Woc.c = Woc * c", "o"),)),
        Row(4, None, (add("h = tanh(c)", "cell"),)),
        Row(5, None, (add("o = sigmoid(Wox + Wor + bo + Woc.c)", "o"),)),
        Row(5, None, (mul("m = o * h", "m"),)),
        Row(6, Product("Wym", "m", "y")),
    )


def _gru(options: Options) -> tuple[Row, ...]:
    """Cho et al. (2014) with the reset before the matrix, or after it as in cuDNN and PyTorch.

    The order is ours: gates as they are needed.
    """
    if options.reset_after:
        reset = (
            Row(2, Product("Wnr", "y", "nr"), (add("z = sigmoid(Wzx + Wzr + bz)", "z"),)),
            Row(3, None, (mul("s = r * (Wnr + bnr)", "n"),)),
        )
        candidate = "n = tanh(Wnx + s + bn)"
    else:
        reset = (
            Row(3, None, (mul("s = r * y", "y"), add("z = sigmoid(Wzx + Wzr + bz)", "z"))),
            Row(3, Product("Wnr", "s", "n")),
        )
        candidate = "n = tanh(Wnx + Wnr + bn)"
    return (
        Row(1, Product("Wrx", "x", "r")),
        Row(1, Product("Wzx", "x", "z")),
        Row(1, Product("Wnx", "x", "n")),
        Row(2, Product("Wrr", "y", "r")),
        Row(2, Product("Wzr", "y", "z"), (add("r = sigmoid(Wrx + Wrr + br)", "r"),)),
        *reset,
        Row(4, None, (add(candidate, "n"),)),
        Row(4, None, (mul("h = (1 - z) * n + z * y", "y"),)),
    )


def _linear(options: Options) -> tuple[Row, ...]:
    """One matrix on the same machine."""
    return (
        Row(1, Product("Wyx", "x", "y")),
        Row(2, None, (add("y = Wyx + by", "y"),)),
    )


CELLS: dict[str, Cell] = {
    "lstm": Cell(_lstm, ("bi", "Wic", "Wfc", "bf", "bc", "bo", "Woc"), ("Wym", "m"), ("c",),
                 ("Wym",)),
    "gru": Cell(_gru, ("br", "bz", "bn", "bnr"), ("h",)),
    "linear": Cell(_linear, ("by",), ("y", "Wyx")),
}
"""Kind to description. A matrix is W, gate, source: ``x`` the input, ``r`` the output one step
before."""
