"""A window of a run, cycle by cycle, without simulating what comes before it.

Times and sums up to the window come from the fast engine's walk over entries; the reference is
set to that state and goes on from there. What an observer sees is what it would have seen in a
whole run (tests/engines/test_replay.py). With units
other than the published ones it runs from the beginning.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from accelsim.errors import InputError
from accelsim.inside.replay import Window
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.fast.run import read_dram
from accelsim.machines.eie.fast.walk import Walk, walk_pass
from accelsim.machines.eie.job import IntArray, LayerJob
from accelsim.machines.eie.plan import Pass
from accelsim.machines.eie.reference.resume import MachineState, PeState, run_from
from accelsim.machines.eie.refill import NOTHING, Refills, Waits
from accelsim.records.signals import Observer
from accelsim.units.arith_unit import ARITH_STAGES


def replay(
    config: EieConfig, job: LayerJob, first: int, last: int, observer: Observer
) -> int:
    """Show the cycles ``first`` to ``last`` of a layer to an observer.

    Returns
    -------
    The number of cycles shown: fewer if the layer ends before ``last``.

    Raises
    ------
    InputError
        If the window is empty or begins after the layer's end.
    CapacityError
        If the layer does not fit the machine.
    """
    window = Window(observer, first, last)
    state = state_before(config, job, first) if config.published_units else None
    run_from(config, job, state, last, window)
    if not window.shown:
        raise InputError(f"{job.image.name}: cycle {first} is behind the end")
    return window.shown


def state_before(config: EieConfig, job: LayerJob, cycle: int) -> MachineState | None:
    """A state at or a little before ``cycle``; None is the state before the first cycle.

    In a compute phase it is the cycle itself, in a drain or store the end of the compute phase
    before it, in a start, refill, load or bias phase the pass's first cycle.
    """
    plan = job.plan
    n_pe = config.n_pe
    sums = np.zeros((n_pe, job.image.tile_rows), np.int64)
    tiles: list[IntArray] = []
    now = 0
    refills, waits = Refills(config, job, read_dram), Waits(config, plan)
    for index, step in enumerate(plan):
        refill = refills.of(index)
        moved = _moves(step)
        before = config.start_cycles + waits.of(refill) + moved
        compute = walk_pass(config, job, step).compute_cycles
        after = ARITH_STAGES + step.store_rows
        if cycle < now + before + compute + after:
            stored = np.hstack([np.zeros((n_pe, 0), np.int64), *tiles])
            if cycle < now + before or not compute:
                files = (*_source(config, job, plan[:index]), sums)
                begun = waits.begun(index, refill)
                return MachineState(now, index, *files, stored, begun) if index else None
            files = (*_source(config, job, plan[: index + 1]), sums)
            stop = min(cycle - now - before, compute - 1)
            if step.clear:
                sums[:] = starts_of_tile(job, step.tile)
            walk = walk_pass(config, job, step, stop, sums)
            behind = refills.of(index + 1) if index + 1 < len(plan) else NOTHING
            return MachineState(
                now + before + stop, index, *files, stored,
                waits.begun_behind(index, behind, moved + stop),
                [_pe_state(job, step, walk, pe) for pe in range(n_pe)],
                *_scan_state(config, step, walk, stop),
            )
        if step.clear:
            sums[:] = starts_of_tile(job, step.tile)
        walk_pass(config, job, step, None, sums)
        if step.store_rows:
            tiles.append(sums[:, : step.store_rows].copy())
        now += before + compute + after
        waits.ran(step, moved + compute + after)
    raise InputError(
        f"{job.image.name}: cycle {cycle} is behind the end; the layer takes {now} cycles"
    )


def _moves(step: Pass) -> int:
    """Cycles in which a pass loads activations and biases."""
    return sum(rows + 1 for rows in (step.load_rows, step.bias_rows) if rows) - step.early


def starts_of_tile(job: LayerJob, tile: int) -> IntArray:
    """(n_pe, tile rows) what the accumulators of a tile start from; zeros behind the last row."""
    rows = job.image.tile_rows
    starts = np.zeros((job.image.n_pe, rows), np.int64)
    own = job.starts()[:, tile * rows : (tile + 1) * rows]
    starts[:, : own.shape[1]] = own
    return starts


def _source(
    config: EieConfig, job: LayerJob, done: Sequence[Pass]
) -> tuple[int, IntArray]:
    """Register row of the inputs in row 0 of the source files after these passes have loaded
    theirs, and what the files hold, (n_pe, rows)."""
    rows = -(-job.image.n_inputs // config.n_pe)
    padded = np.zeros(rows * config.n_pe, np.int64)
    padded[: job.image.n_inputs] = job.activations
    inputs = padded.reshape(rows, config.n_pe).T
    if rows <= config.regfile_depth or config.capacity == "ignore":
        return 0, inputs
    first = 0
    source = np.zeros((config.n_pe, config.regfile_depth), np.int64)
    for step in done:
        if step.load_rows:
            first = step.first_row
            source[:, : step.load_rows] = inputs[:, first : first + step.load_rows]
    return first, source


def _pe_state(job: LayerJob, step: Pass, walk: Walk, pe: int) -> PeState:
    """One PE at the cycle at which the walk stopped."""
    popped, finished, last_address, last_broadcast, last_row = walk.state[pe].tolist()
    pointers = job.image.pointers[pe, step.tile]
    base = int(pointers[step.first_row * job.image.n_pe]) if step.refill_bits else 0
    column = None
    if finished < popped:
        image_column = int(walk.columns[popped - 1])
        begin, end = (int(p) - base for p in pointers[image_column : image_column + 2])
        fresh = last_broadcast != popped - 1
        activation = int(walk.activations[popped - 1])
        column = (begin if fresh else last_address - base + 1, end, activation, fresh)
    waiting = slice(popped, walk.broadcasts)
    return PeState(
        queue=list(zip(
            walk.columns[waiting].tolist(), walk.activations[waiting].tolist(), strict=True
        )),
        column=column,
        last_address=last_address - base if last_address >= 0 else -1,
        last_row=last_row,
        stages=[
            (row, code, int(walk.activations[k])) if k >= 0 else None
            for row, code, k in walk.flight[pe].tolist()
        ],
    )


def _scan_state(
    config: EieConfig, step: Pass, walk: Walk, stop: int
) -> tuple[int | None, int]:
    """Activation index of the last broadcast, and row changes since."""
    done = walk.broadcasts
    position = int(walk.columns[done - 1]) if done else None
    since = stop - (int(walk.issue[done - 1]) + 1 if done else 0)
    if done < len(walk.columns):
        return position, min(since, int(walk.row_changes[done]))
    reached = step.first_row if position is None else (position + 1) // config.n_pe
    ends = step.first_row + step.n_rows
    trailing = 0 if step.bias else config.row_change_cycles * (ends - reached)
    return position, min(since, trailing)
