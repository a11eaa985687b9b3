"""A recurrent layer as a program: the equations of its cell without what the layer has not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from accelsim.errors import InputError, nearest
from accelsim.lowering.equations import (
    Complement,
    Elementwise,
    Factor,
    Sum,
    Times,
    read_equation,
    without,
)
from accelsim.records.cells import CELLS, Options, Product
from accelsim.records.recurrent import RecurrentLayer

FUNCTION = "function"
"""Binary point of what functions give; every signal else is named by the equations."""


@dataclass(frozen=True)
class Row:
    """What can run at the same time: it reads what rows before have made."""

    state: int
    product: Product | None
    equations: tuple[Elementwise, ...]


@dataclass(frozen=True)
class Program:
    """One time step of a layer.

    Attributes
    ----------
    vectors : biases and peepholes that there are, in the order in which they are fetched
    output : the vector that is y_t, a product or a result; equations call the y of the step
        before ``y``
    states : results that live from step to step, zero at first, besides the output
    signals : of every vector, the signal whose binary point it has
    """

    rows: tuple[Row, ...]
    vectors: tuple[str, ...]
    output: str
    states: tuple[str, ...]
    signals: Mapping[str, str]

    @property
    def products(self) -> dict[str, Product]:
        """By matrix, in their order."""
        return {row.product.matrix: row.product for row in self.rows if row.product is not None}

    @property
    def equations(self) -> list[Elementwise]:
        """All, in their order."""
        return [equation for row in self.rows for equation in row.equations]

    def signal(self, factor: Factor) -> str:
        """Whose binary point a factor has."""
        if isinstance(factor, Sum):
            return factor.signal
        return self.signals[factor.name if isinstance(factor, Complement) else factor]

    def factors(self) -> Iterator[tuple[str, str, str]]:
        """(signal of a sum, signals or matrix of the two factors) of every product in it."""
        for product in self.products.values():
            yield product.signal, product.matrix, self.signals[product.vector]
        for equation in self.equations:
            for total in equation.sums():
                for term in total.terms:
                    if isinstance(term, Times):
                        yield total.signal, self.signal(term.left), self.signal(term.right)

    def at_points(self, frac_bits: Mapping[str, int]) -> Program:
        """The program with the right shift of every element-wise product."""
        def factor(node: Factor) -> Factor:
            return total(node) if isinstance(node, Sum) else node

        def term(node: str | Times, signal: str) -> str | Times:
            if isinstance(node, str):
                return node
            shift = sum(frac_bits[self.signal(f)] for f in (node.left, node.right))
            return Times(factor(node.left), factor(node.right), shift - frac_bits[signal])

        def total(node: Sum) -> Sum:
            return Sum(tuple(term(t, node.signal) for t in node.terms), node.signal)

        return replace(self, rows=tuple(
            replace(row, equations=tuple(replace(e, total=total(e.total)) for e in row.equations))
            for row in self.rows
        ))

    def in_place(self, equation: Elementwise) -> bool:
        """Whether an equation overwrites what it reads, element by element."""
        reads = equation.reads()
        return equation.result in reads or ("y" in reads and equation.result == self.output)


def make_program(layer: RecurrentLayer) -> Program:
    """The program of a layer.

    Raises
    ------
    InputError
        If the description of its kind of cell makes no sense.
    """
    return _Lowering(layer).program()


class _Lowering:
    """Row by row; ``there`` is what a row can read, ``gone`` what the layer does not have."""

    def __init__(self, layer: RecurrentLayer) -> None:
        self._kind, self._cell = layer.kind, CELLS[layer.kind]
        self._matrices = set(layer.matrices)
        vectors = {*layer.biases, *layer.peepholes}
        self._vectors = tuple(name for name in self._cell.vectors if name in vectors)
        self._rows = self._cell.rows(Options(layer.cell_activation, layer.reset_after))
        self._there = {"x", "y", *self._vectors, *self._cell.states}
        self._gone = set(self._cell.vectors) - vectors
        self._made: set[str] = set()
        self._signals = {"x": "x"}

    def program(self) -> Program:
        """All rows, and what only all of them tell."""
        rows = [self._row(row.state, row.product, [read_equation(e) for e in row.equations])
                for row in self._rows]
        output = next((name for name in self._cell.output if name in self._made), None)
        if output is None:
            raise InputError(f"cell '{self._kind}': no row makes {' or '.join(self._cell.output)}")
        self._signals["y"] = self._signals[output]
        kept = tuple(self._placed(row) for row in rows if row.product or row.equations)
        return Program(kept, self._vectors, output, self._cell.states, self._signals)

    def _row(self, state: int, product: Product | None, equations: list[Elementwise]) -> Row:
        if product is not None and product.matrix not in self._matrices:
            self._gone.add(product.matrix)
            product = None
        if product is not None:
            self._is_there(product.vector)
        kept = tuple(e for e in map(self._without, equations) if e is not None)
        if product is not None:
            self._make(product.matrix, product.signal)
        for equation in kept:
            self._make(equation.result, FUNCTION if equation.function else equation.total.signal)
        return Row(state, product, kept)

    def _make(self, name: str, signal: str) -> None:
        self._made.add(name)
        self._there.add(name)
        self._signals[name] = signal

    def _without(self, equation: Elementwise) -> Elementwise | None:
        """What is left of an equation; nothing, or a mere copy, is left out."""
        total = without(equation.total, self._is_there)
        copies = equation.function is None and len(total.terms) == 1
        if not total.terms or (copies and isinstance(total.terms[0], str)):
            self._gone.add(equation.result)
            return None
        return replace(equation, total=total)

    def _is_there(self, name: str) -> bool:
        if name in self._there:
            return True
        if name in self._gone:
            return False
        raise InputError(f"cell '{self._kind}': no row before makes '{name}'"
                         f"{nearest(name, self._there)}")

    def _placed(self, row: Row) -> Row:
        """The row with the binary point of every sum."""
        return replace(row, equations=tuple(
            replace(e, total=self._pointed(e.total, e.total.signal)) for e in row.equations))

    def _pointed(self, total: Sum, signal: str) -> Sum:
        """Added vectors have the binary point of their sum, vectors that multiply their own."""
        terms: list[str | Times] = []
        for term in total.terms:
            if isinstance(term, Times):
                terms.append(Times(self._factor(term.left), self._factor(term.right)))
            else:
                known = self._signals.setdefault(term, signal)
                if known != signal:
                    raise InputError(f"cell '{self._kind}': '{term}' has the binary point of "
                                     f"'{known}', the sum that it joins that of '{signal}'")
                terms.append(term)
        return Sum(tuple(terms), signal)

    def _factor(self, factor: Factor) -> Factor:
        if isinstance(factor, Sum):
            known = [self._signals[t] for t in factor.terms
                     if isinstance(t, str) and t in self._signals]
            if not known:
                raise InputError(f"cell '{self._kind}': a sum in brackets has no matrix product")
            return self._pointed(factor, known[0])
        if isinstance(factor, str):
            self._signals.setdefault(factor, factor)
        elif self._signals.get(factor.name) != FUNCTION:
            raise InputError(f"cell '{self._kind}': 1 - {factor.name} is for values of functions")
        return factor
