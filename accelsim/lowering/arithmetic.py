"""One evaluation of an equation, for every arithmetic: floats, integers, the units of a machine."""

from __future__ import annotations

from typing import Protocol, TypeVar

from accelsim.lowering.equations import Complement, Elementwise, Factor, Sum

V = TypeVar("V")


class Arithmetic(Protocol[V]):
    """What an equation is evaluated in: floats, integers, or the units of a machine."""

    def read(self, name: str) -> V:
        """A vector, or an element of it."""
        ...

    def complement(self, value: V) -> V:
        """``1 - value``."""
        ...

    def times(self, left: V, right: V, shift: int) -> V:
        """A product on its way into a sum."""
        ...

    def total(self, terms: list[V], signal: str) -> V:
        """A sum, in its binary point."""
        ...

    def look_up(self, function: str, value: V, signal: str) -> V:
        """A function of a sum."""
        ...


def evaluate(equation: Elementwise, arithmetic: Arithmetic[V]) -> V:
    """The result of one equation."""
    value = _total(equation.total, arithmetic)
    if equation.function is None:
        return value
    return arithmetic.look_up(equation.function, value, equation.total.signal)


def _total(total: Sum, arithmetic: Arithmetic[V]) -> V:
    if len(total.terms) == 1 and isinstance(total.terms[0], str):
        return arithmetic.read(total.terms[0])
    values = [
        arithmetic.read(term) if isinstance(term, str) else arithmetic.times(
            _factor_value(term.left, arithmetic), _factor_value(term.right, arithmetic), term.shift)
        for term in total.terms
    ]
    return arithmetic.total(values, total.signal)


def _factor_value(factor: Factor, arithmetic: Arithmetic[V]) -> V:
    if isinstance(factor, str):
        return arithmetic.read(factor)
    if isinstance(factor, Complement):
        return arithmetic.complement(arithmetic.read(factor.name))
    return _total(factor, arithmetic)
