"""What a vector goes through on the bank-balanced machine: products and element-wise work."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from accelsim.lowering.equations import Elementwise, Times
from accelsim.lowering.program import Program, make_program
from accelsim.machines.bbs.config import BbsConfig
from accelsim.records.linear import LinearWeights
from accelsim.records.recurrent import RecurrentLayer

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class BankedMatrix:
    """One matrix, every row cut into banks.

    Attributes
    ----------
    banks : (n_rows, n_banks, width) int64 weights, zero where there is none
    bias : (n_rows,) int64 in the binary point of the products; None without
    """

    name: str
    banks: IntArray
    bias: IntArray | None


@dataclass(frozen=True)
class Operation:
    """One element-wise operation on ``n_elements``; how often a unit works for each element."""

    name: str
    n_elements: int
    products: int = 0
    sums: int = 0
    look_ups: int = 0


@dataclass(frozen=True, eq=False)
class Stage:
    """A product and the element-wise operations beside it; the next stage waits for both.

    Attributes
    ----------
    matrix : None where only element-wise units work
    operations : one after the other, from the stage's first cycle on
    writes : elements of the vector that go to every PE's buffer before the stage
    """

    matrix: BankedMatrix | None
    operations: tuple[Operation, ...] = ()
    writes: int = 0


def in_banks(rows: IntArray, n_banks: int) -> IntArray:
    """(..., n_columns) to (..., n_banks, width), zeros behind the last column."""
    n_columns = rows.shape[-1]
    width = -(-n_columns // n_banks)
    padded = np.zeros((*rows.shape[:-1], n_banks * width), dtype=np.int64)
    padded[..., :n_columns] = rows
    return padded.reshape(*rows.shape[:-1], n_banks, width)


def banked(name: str, dense: IntArray, bias: IntArray | None, n_banks: int) -> BankedMatrix:
    """Cut every row of (n_rows, n_columns) integers into banks of equal width."""
    return BankedMatrix(name, in_banks(dense, n_banks), bias)


def lstm_stages(config: BbsConfig, layer: RecurrentLayer) -> tuple[Stage, ...]:
    """The stages of one time step of an LSTM (contract B6), from the equations of its cell.

    Biases count but hold zeros: an LSTM's values are not told.
    """
    program, n = make_program(layer), layer.n_cells
    products = list(program.products.values())
    gates = [product.matrix[1] for product in products if product.vector == "y"]

    def gate(g: str) -> BankedMatrix:
        both = np.hstack([layer.floats(p.matrix) for p in products
                          if p.vector in ("x", "y") and p.matrix[1] == g])
        bias = np.zeros(n, dtype=np.int64) if f"b{g}" in layer.biases else None
        return _pattern(config, f"W{g}", both, bias)

    beside = _beside(program, n)
    stages = [Stage(gate(g), tuple(beside[index])) for index, g in enumerate(gates)]
    stages[0] = replace(stages[0], writes=layer.n_inputs + layer.n_outputs)
    stages.append(Stage(None, tuple(beside[-1])))
    stages += [Stage(_pattern(config, p.matrix, layer.floats(p.matrix), None), (), n)
               for p in products if p.vector not in ("x", "y")]
    return tuple(stages)


def _beside(program: Program, n_cells: int) -> list[list[Operation]]:
    """The operations beside each gate's multiplication, and behind the last one.

    An equation runs once the gates of the rows before it are multiplied, those that need such a
    product first. A peephole's product with the cell state is added to its gate's sum.
    """
    equations: list[list[Elementwise]] = [[]]
    for row in program.rows:
        equations[-1] += row.equations
        if row.product is not None and row.product.vector == "y":
            equations.append([])
    peepholes = {e.result: next(name for name in e.reads() if name in program.vectors)
                 for e in program.equations if not e.reads().isdisjoint(program.vectors)
                 and e.reads().isdisjoint(program.products)}
    return [
        [operation
         for e in sorted(several, key=lambda e: e.reads().isdisjoint(program.products))
         if e.result not in peepholes for operation in (
             *(Operation(peepholes[name], n_cells, products=1, sums=1)
               for name in e.reads() if name in peepholes),
             _operation(e, n_cells))]
        for several in equations
    ]


def _operation(equation: Elementwise, n_cells: int) -> Operation:
    """Its work for each element; sums of matrix products and biases are the PEs' work."""
    products = sum(isinstance(term, Times) for term in equation.total.terms)
    return Operation(equation.result, n_cells, products, max(products - 1, 0),
                     int(equation.function is not None))


def _pattern(
    config: BbsConfig, name: str, weights: npt.NDArray[np.float64], bias: IntArray | None
) -> BankedMatrix:
    linear = LinearWeights.from_floats(weights, config.weight_bits, name)
    return banked(name, linear.matrix.to_dense().astype(np.int64), bias, config.n_banks)
