"""Small random recurrent layers and utterances for the tests."""

import numpy as np

from accelsim.records.cells import CELLS
from accelsim.records.recurrent import RecurrentLayer


def random_layer(rng, kind="lstm", n_in=6, n_cells=12, n_out=None, density=0.4, scale=1.0,
                 peepholes=False, biases=True, **options):
    """A layer with ``density`` of its weights; ``n_out`` gives an LSTM its projection."""
    cell = CELLS[kind]
    n_y = n_out or n_cells

    def sparse(rows, columns):
        dense = rng.normal(0, scale / np.sqrt(density * columns), (rows, columns))
        return np.where(rng.random((rows, columns)) < density, dense, 0.0)

    matrices = {name: sparse(n_cells, n_in) for name in cell.input_matrices}
    matrices |= {name: sparse(n_cells, n_y) for name in cell.recurrent_matrices}
    if n_out:
        matrices["Wym"] = sparse(n_out, n_cells)
    names = [name for name in cell.biases if name != "bnr" or options.get("reset_after", True)]
    return RecurrentLayer(
        kind, matrices,
        {name: rng.normal(0, 0.3, n_cells) for name in names} if biases else {},
        {name: rng.normal(0, 0.3, n_cells) for name in cell.peepholes} if peepholes else {},
        **options,
    )


def utterance(rng, n_steps, n_channels, n_in):
    """(n_steps, n_channels, n_in) inputs that wander from step to step, as speech features do."""
    return np.cumsum(rng.normal(0, 0.4, (n_steps, n_channels, n_in)), axis=0)
