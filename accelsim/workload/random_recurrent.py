"""Small random recurrent layers: what the contract of a machine is tried on."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.records.cells import CELLS
from accelsim.records.recurrent import RecurrentLayer

LARGEST_SIDE = 10
"""Most inputs and cells."""


def random_recurrent(
    rng: np.random.Generator, kind: Any, largest: int = LARGEST_SIDE
) -> RecurrentLayer:
    """A layer of a kind, with and without projection, peepholes, biases, either reset gate.

    ``largest`` is the most inputs and cells.
    """
    n_in, n_cells = (int(n) for n in rng.integers(1, largest + 1, 2))
    cell, density = CELLS[kind], float(rng.choice([0.1, 0.5, 1.0]))
    projection = kind == "lstm" and bool(rng.integers(2))
    n_y = int(rng.integers(1, 8)) if projection else n_cells

    def sparse(rows: int, columns: int) -> npt.NDArray[np.float64]:
        return np.where(rng.random((rows, columns)) < density, rng.normal(size=(rows, columns)), 0)

    matrices = {name: sparse(n_cells, n_in) for name in cell.input_matrices}
    matrices |= {name: sparse(n_cells, n_y) for name in cell.recurrent_matrices}
    if projection:
        matrices["Wym"] = sparse(n_y, n_cells)
    reset_after = bool(rng.integers(2))
    biases = {name: rng.normal(0, 0.3, n_cells) for name in cell.biases
              if name != "bnr" or reset_after} if rng.integers(2) else {}
    peepholes = {name: rng.normal(0, 0.3, n_cells) for name in cell.peepholes
                 } if rng.integers(2) else {}
    return RecurrentLayer(
        kind, matrices, biases, peepholes, "tanh" if rng.integers(2) else "sigmoid", reset_after)
