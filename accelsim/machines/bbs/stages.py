"""What a vector goes through on the bank-balanced machine: products and element-wise work."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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
    """The stages of one time step of an LSTM (contract B6).

    Biases count but hold zeros: an LSTM's values are not told.
    """
    n = layer.n_cells

    def operations(*names: str) -> tuple[Operation, ...]:
        kinds = {"c": Operation("c", n, products=2, sums=1), "m": Operation("m", n, products=1)}
        # A peephole's product with the cell state is added to the gate's sum.
        peepholes = {f"W{g}c": Operation(f"W{g}c", n, products=1, sums=1) for g in "ifo"}
        return tuple(
            (kinds | peepholes).get(name, Operation(name, n, look_ups=1)) for name in names
            if name not in peepholes or name in layer.peepholes
        )

    def gate(g: str) -> BankedMatrix:
        both = np.hstack([layer.floats(f"W{g}x"), layer.floats(f"W{g}r")])
        bias = np.zeros(n, dtype=np.int64) if f"b{g}" in layer.biases else None
        return _pattern(config, f"W{g}", both, bias)

    stages = [
        Stage(gate("i"), (), layer.n_inputs + layer.n_outputs),
        Stage(gate("f"), operations("Wic", "i")),
        Stage(gate("c"), operations("Wfc", "f")),
        Stage(gate("o"), operations("g", "c")),
        Stage(None, operations("Woc", "o", "h", "m")),
    ]
    if "Wym" in layer.matrices:
        stages.append(Stage(_pattern(config, "Wym", layer.floats("Wym"), None), (), n))
    return tuple(stages)


def _pattern(
    config: BbsConfig, name: str, weights: npt.NDArray[np.float64], bias: IntArray | None
) -> BankedMatrix:
    linear = LinearWeights.from_floats(weights, config.weight_bits, name)
    return banked(name, linear.matrix.to_dense().astype(np.int64), bias, config.n_banks)
