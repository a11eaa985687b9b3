"""A machine in the middle of a layer: every register set to what it holds at that cycle's start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.job import IntArray, LayerJob
from accelsim.machines.eie.reference.array import Eie
from accelsim.records.signals import Observer
from accelsim.units.act_queue import Item
from accelsim.units.arith_unit import Stage
from accelsim.units.spmat_read import Rest


@dataclass(frozen=True)
class PeState:
    """One PE in a compute phase.

    Attributes
    ----------
    queue : (image column, activation), oldest first
    column : what is left of the column in spmat_read, or None
    last_address, last_row : of the entry that advanced last in this pass, or -1
    stages : what stages 1 to 4 of the ArithmUnit hold
    """

    queue: list[Item]
    column: Rest | None
    last_address: int
    last_row: int
    stages: Sequence[Stage | None]


@dataclass(frozen=True, eq=False)
class MachineState:
    """A whole array at the start of a cycle.

    Attributes
    ----------
    cycle : of the layer, from 0
    pass_index : which pass it is in
    batch_first : register row of the inputs that row 0 of the source files holds
    source, destination : (n_pe, rows) register files; rows beyond are zero
    stored : (n_pe, rows) outputs of earlier tiles in the activation SRAM
    refill : number of the pass whose refill began last, and cycles that are left of it
    pes : None at the very start of a pass, else one for each PE, in a compute phase
    position : activation index of the pass's last broadcast, or None
    row_changes : made since then
    """

    cycle: int
    pass_index: int
    batch_first: int
    source: IntArray
    destination: IntArray
    stored: IntArray
    refill: tuple[int, int]
    pes: list[PeState] | None = None
    position: int | None = None
    row_changes: int = 0


def run_from(
    config: EieConfig, job: LayerJob, state: MachineState | None, last: int, observer: Observer
) -> None:
    """Run from a state (None: from the beginning) to cycle ``last`` or the layer's end."""
    machine = Eie(config, job, observer)
    if state is not None:
        _restore(machine, state)
    machine.run(last=last)


def _restore(machine: Eie, state: MachineState) -> None:
    machine.clock.cycle = state.cycle
    step = machine.plan[state.pass_index]
    if state.pes is not None:
        machine.begin(step)
    for index, pe in enumerate(machine.pes):
        files = pe.act_rw
        for file, values in ((files.source, state.source), (files.destination, state.destination)):
            kept: list[int] = values[index, : len(file)].tolist()
            file[:] = kept + [0] * (len(file) - len(kept))
        stored = state.stored[index].tolist()
        if stored:
            start = machine.ccu.store_base
            files.sram[start : start + len(stored)] = stored
        if state.pes is not None:
            own = state.pes[index]
            pe.act_queue.restore(own.queue)
            pe.spmat_read.restore(own.column, own.last_address)
            pe.arith_unit.restore(own.stages, own.last_row, files.destination)
    machine.dma.resume(*state.refill)
    machine.ccu.resume(state.pass_index, state.batch_first, computing=state.pes is not None)
    if state.pes is not None:
        machine.ccu.scan.begin(step)
        machine.ccu.scan.set_behind(state.position, state.row_changes)
