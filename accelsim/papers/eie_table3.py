"""EIE Table III: the benchmark layers as drawn here."""

from __future__ import annotations

import numpy as np

from accelsim.papers.bench import LAYERS, workload
from accelsim.papers.comparison import Published
from accelsim.papers.facts import grids


def eie_table3(seed: int = 1) -> Published:
    """Shapes and densities of the synthetic layers, and the share of operations left."""
    ours = {}
    for name in LAYERS:
        packed, activations = workload(name, seed)
        weights = 100 * packed.matrix.nnz / (packed.n_inputs * packed.n_outputs)
        live = 100 * float(np.count_nonzero(activations)) / packed.n_inputs
        ours[name] = {
            "inputs": packed.n_inputs, "outputs": packed.n_outputs, "weight_density": weights,
            "activation_density": live, "flop": weights * live / 100,
        }
    table = grids()["eie-table3"].beside("Benchmark layers", "layer", ours)
    notes = (
        f"Ours are drawn position by position with the printed density, seed {seed}; so counts "
        f"vary a little. The printed activation density is a data set's mean; the NeuralTalk "
        f"layers are fed ones.",
    )
    return Published("eie-table3", "EIE Table III: benchmark layers", (table,), notes)
