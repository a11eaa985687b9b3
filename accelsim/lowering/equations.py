"""Equations of cells (`accelsim.records.cells`) as trees, without what a layer does not have."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from accelsim.errors import InputError
from accelsim.records.cells import Equation, Unit


@dataclass(frozen=True)
class Complement:
    """``1 - name``, of a function's value."""

    name: str


@dataclass(frozen=True)
class Times:
    """The product of two, shifted right by ``shift`` once binary points are known."""

    left: Factor
    right: Factor
    shift: int = 0


@dataclass(frozen=True)
class Sum:
    """Terms that are added; ``signal`` names its binary point."""

    terms: tuple[str | Times, ...]
    signal: str


Factor = str | Complement | Sum


@dataclass(frozen=True)
class Elementwise:
    """``result = function(total)`` in ``unit``, for every element; without function the sum."""

    unit: Unit
    result: str
    function: str | None
    total: Sum

    def reads(self) -> set[str]:
        """The vectors that it needs."""
        return set(_names(self.total))

    def sums(self) -> Iterator[Sum]:
        """Its sums, the inner ones first."""
        yield from _sums(self.total)


def read_equation(equation: Equation) -> Elementwise:
    """The tree of an equation; sums in brackets do not know their binary point yet.

    Raises
    ------
    InputError
        If the text is no equation.
    """
    try:
        assign = ast.parse(equation.text).body[0]
        if not isinstance(assign, ast.Assign):
            raise ValueError
        value, function = assign.value, None
        if isinstance(value, ast.Call):
            function, (value,) = ast.unparse(value.func), value.args
        total = Sum(_terms(value), equation.signal)
        return Elementwise(equation.unit, _name(assign.targets[0]), function, total)
    except (SyntaxError, IndexError, ValueError):
        raise InputError(f"equation '{equation.text}': need a result, '=' and a sum of vectors or "
                         f"products of two, for instance 'c = f * c + i * g'") from None


def _terms(node: ast.expr) -> tuple[str | Times, ...]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return (*_terms(node.left), *_terms(node.right))
    if isinstance(node, ast.BinOp):
        if not isinstance(node.op, ast.Mult):
            raise ValueError
        return (Times(_factor(node.left), _factor(node.right)),)
    return (_name(node),)


def _factor(node: ast.expr) -> Factor:
    if not isinstance(node, ast.BinOp):
        return _name(node)
    if isinstance(node.op, ast.Sub):
        if ast.unparse(node.left) != "1":
            raise ValueError
        return Complement(_name(node.right))
    return Sum(_terms(node), "")


def _name(node: ast.expr) -> str:
    if not isinstance(node, ast.Name | ast.Attribute):
        raise ValueError
    return ast.unparse(node)


def _names(node: Factor | Times) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, Complement):
        yield node.name
    else:
        for part in (node.left, node.right) if isinstance(node, Times) else node.terms:
            yield from _names(part)


def _sums(node: Factor | Times) -> Iterator[Sum]:
    if isinstance(node, Times):
        yield from _sums(node.left)
        yield from _sums(node.right)
    elif isinstance(node, Sum):
        for term in node.terms:
            yield from _sums(term)
        yield node


def without(total: Sum, is_there: Callable[[str], bool]) -> Sum:
    """The sum without terms that need what is not there."""
    return replace(total, terms=tuple(
        kept for term in total.terms for kept in [_kept(term, is_there)] if kept is not None))


def _kept(node: str | Times, is_there: Callable[[str], bool]) -> str | Times | None:
    if isinstance(node, str):
        return node if is_there(node) else None
    left, right = _shorter(node.left, is_there), _shorter(node.right, is_there)
    return None if left is None or right is None else Times(left, right)


def _shorter(factor: Factor, is_there: Callable[[str], bool]) -> Factor | None:
    if not isinstance(factor, Sum):
        return factor if all(map(is_there, _names(factor))) else None
    total = without(factor, is_there)
    if len(total.terms) == 1 and isinstance(total.terms[0], str):
        return total.terms[0]
    return total if total.terms else None
