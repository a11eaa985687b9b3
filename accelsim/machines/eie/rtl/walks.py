"""What follows from what the control unit does: which row and position it stands at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.job import IntArray, LayerJob
from accelsim.machines.eie.plan import Pass


def scanned(
    config: EieConfig, job: LayerJob, plan: Sequence[Pass], fields: Mapping[str, IntArray],
    number: IntArray
) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """(cycles,) each (contract S1 to S7, R1).

    Whether the tree is asked, in which row of the pass and from which position on, and whether
    the row is new.
    """
    looks, rows, positions, reads = np.zeros((4, len(number)), dtype=np.int64)
    for index, step in enumerate(plan):
        row = position = 0
        new = True
        origin = step.tile * (job.image.n_columns + 1) + step.first_row * config.n_pe
        for t in np.flatnonzero((number == index) & (fields["compute"] == 1)):
            rows[t] = min(row, step.n_rows - 1)
            if row == step.n_rows:  # the bias row, or the end
                continue
            looks[t], positions[t], reads[t] = 1, position, new
            new = False
            if fields["broadcast"][t]:
                position = (fields["broadcast_column"][t] - origin) % config.n_pe + 1
            if fields["row_change"][t] or position == config.n_pe:
                row, position, new = row + 1, 0, True
    return looks, rows, positions, reads


def run_index(flags: IntArray, number: IntArray) -> IntArray:
    """0, 1, 2, ... in each run of ones of one pass; 0 elsewhere."""
    steps = np.arange(len(flags))
    begins = np.diff(number, prepend=-1) != 0
    before = np.maximum.accumulate(np.where(flags == 0, steps, np.where(begins, steps - 1, -1)))
    return np.where(flags == 1, steps - before - 1, 0)
