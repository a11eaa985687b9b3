"""Small machines, layers and utterances for the contract."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.records.cells import CELLS
from accelsim.records.recurrent import RecurrentLayer

Case = tuple[dict[str, Any], RecurrentLayer, npt.NDArray[np.float64]]


def case(rng: np.random.Generator) -> Case:
    """(overrides, layer, (n_steps, n_channels, n_inputs) utterance)."""
    n_pe, n_channels = int(rng.integers(1, 7)), int(rng.integers(1, 4))
    overrides: dict[str, Any] = {
        "n_pe": n_pe,
        "n_channels": n_channels,
        "act_queue_depth": int(rng.integers(1, 7)),
        "index_bits": int(rng.integers(2, 6)),
        "accumulator_bits": int(rng.choice([10, 16, 24])),
        "start_cycles": int(rng.integers(4)),
        "ddr_word_bits": int(rng.choice([32, 64, 512])),
        "ddr_latency_cycles": int(rng.integers(1, 20)),
        "ddr_burst_words": int(rng.integers(1, 9)),
        "ddr_burst_gap_cycles": int(rng.integers(4)),
        "column_align_bits": int(rng.choice([1, 16, 64])),
        "vector_path_bits": int(rng.choice([5, 16, 64])),
        "weights_ready": str(rng.choice(["column", "matrix"])),
        "elementwise_width": int(rng.integers(1, n_pe + 1)),
        "elementwise_latency_cycles": int(rng.integers(1, 9)),
        "table_interpolation": str(rng.choice(["linear", "nearest"])),
        "capacity": "ignore",
    }
    layer = _layer(rng, str(rng.choice(["lstm", "lstm", "gru", "linear"])))
    used = int(rng.integers(1, n_channels + 1))
    steps = rng.normal(0, 0.5, (int(rng.integers(1, 4)), used, layer.n_inputs))
    return overrides, layer, np.cumsum(steps, axis=0)


def _layer(rng: np.random.Generator, kind: Any) -> RecurrentLayer:
    n_in, n_cells = (int(n) for n in rng.integers(1, 11, 2))
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
