"""One pass as data, down to the entry: for questions that counters do not answer.

Where a PE's starved cycles came from, which queue held the broadcast back, and the complete state
of the machine at the start of any cycle. Costs a loop over entries, not over cycles.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from accelsim.fixedpoint import bounds
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.job import LayerJob
from accelsim.machines.eie.plan import Pass
from accelsim.machines.eie.slots import slots_of

IntArray = npt.NDArray[np.int64]

CAUSES = ("fill", "dropped empty columns", "row changes", "blocked", "finished")
"""What the scan did two cycles before a PE was starved: had not begun; sent a column that is
empty in this PE and takes no cycle; changed rows; was held back by a full queue; had finished."""

_FOREVER = 1 << 62


@dataclass(frozen=True, eq=False)
class Walk:
    """What happened in one pass before a cycle, or in all of it.

    Attributes
    ----------
    columns, row_changes, activations : (K,) broadcasts of the pass, in order
    broadcasts : how many of them happened
    compute_cycles : length of the compute phase; only of a whole pass
    issue, latest : (K,) cycle of the broadcast, and of its last pop
    fullest, heaviest : (K,) most issue slots that a PE needs for it, and which PE
    state : (n_pe, 5) columns popped, and those of them worked off; address, broadcast and row of
        the entry that advanced last (-1 where none has)
    flight : (n_pe, 4, 3) row, code and broadcast in stages 1 to 4; broadcast -1 where none is
    starved : (n_pe, len(CAUSES)) cycles; only of a whole pass
    charged : (n_pe,) starved cycles of any PE for which this PE's full queue is to blame
    beside : (n_pe,) starved cycles in which another PE of its queue was at work
    """

    columns: IntArray
    row_changes: IntArray
    activations: IntArray
    broadcasts: int
    compute_cycles: int
    issue: IntArray
    latest: IntArray
    fullest: IntArray
    heaviest: IntArray
    state: IntArray
    flight: IntArray
    starved: IntArray
    charged: IntArray
    beside: IntArray


def walk_pass(
    config: EieConfig, job: LayerJob, step: Pass, stop: int | None = None,
    sums: IntArray | None = None,
) -> Walk:
    """Walk through one pass.

    Parameters
    ----------
    stop : the compute cycle before whose start to stop; None walks to the end
    sums : (n_pe, tile rows) int64 accumulators, added to in place; None leaves values alone

    Raises
    ------
    ValueError
        If ``sums`` does not hold every row of the pass's tile.
    """
    from accelsim.machines.eie.fast.kernels import walk as kernels

    image, n_pe = job.image, config.n_pe
    values = np.zeros((n_pe, 0), np.int64) if sums is None else sums
    rows = int(image.shape.rows_of_pes()[:, step.tile].max())
    if sums is not None and (len(sums) != n_pe or sums.shape[1] < rows or sums.dtype != np.int64):
        raise ValueError(f"sums are {sums.dtype} {sums.shape}; need int64 ({n_pe}, {rows})")
    columns, activations, row_changes, trailing = broadcasts(config, job, step)
    issue, latest, critical, fullest, heaviest = np.full((5, len(columns)), -1, np.int64)
    state = np.full((len(kernels.State._fields), n_pe), -1, np.int64)
    state[:2] = 0  # popped and finished
    flight = np.full((len(kernels.Flight._fields), n_pe, 4), -1, np.int64)
    starved = np.zeros((len(CAUSES), n_pe), np.int64)
    charged, beside = np.zeros((2, n_pe), np.int64)
    done, compute = kernels.walk(
        kernels.Entries(
            np.ascontiguousarray(image.pointers[:, step.tile]),
            slots_of(config, image).work[step.tile], image.pe_starts, image.codes, image.runs,
            np.ascontiguousarray(image.words[:, step.tile]), int(image.bitmap_words[step.tile]),
            config.entries_per_line, config.issue_width,
        ),
        kernels.Rules(
            config.act_queue_depth, config.queue_pes, config.empty_column_cycles, config.bypass,
            np.atleast_2d(job.codebook.astype(np.int64)), job.rows_per_table or image.n_outputs,
            step.tile * image.tile_rows, job.shift, *bounds(config.accumulator_bits),
        ),
        kernels.Broadcasts(
            columns, row_changes, activations, issue, latest, critical, fullest, heaviest
        ),
        trailing, _FOREVER if stop is None else stop, kernels.State(*state),
        kernels.Flight(*flight), values, kernels.Starved(*starved), charged, beside,
    )
    return Walk(
        columns, row_changes, activations, int(done), int(compute), issue, latest, fullest,
        heaviest, state.T, flight.transpose(1, 2, 0), starved.T, charged, beside,
    )


def broadcasts(
    config: EieConfig, job: LayerJob, step: Pass
) -> tuple[IntArray, IntArray, IntArray, int]:
    """Image columns that a pass broadcasts, their activations, the row change cycles before each,
    and those behind the last (machines/eie/README.md, the scan's closed form)."""
    image, n_pe = job.image, config.n_pe
    first = step.first_row * n_pe
    end = min(first + step.n_rows * n_pe, image.n_inputs)
    columns = first + np.flatnonzero(job.activations[first:end]).astype(np.int64)
    activations = job.activations[columns].astype(np.int64)
    rows = step.first_row + step.n_rows
    if step.bias:
        columns = np.append(columns, image.n_columns - 1)
        activations = np.append(activations, job.bias_activation)
    reached = np.concatenate([[step.first_row], (columns + 1) // n_pe])
    changes = config.row_change_cycles * (columns // n_pe - reached[:-1])
    # A bias is at its row's only position: behind it the scan has finished.
    trailing = 0 if step.bias else config.row_change_cycles * (rows - int(reached[-1]))
    return columns, activations, changes, trailing
