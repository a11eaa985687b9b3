"""Which column each PE works on: spmat_read itself knows addresses only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from accelsim.machines.eie.job import LayerJob
from accelsim.machines.eie.reference.array import Eie


class ColumnsInWork:
    """Follows the pops of some PEs.

    ``look(machine)`` once a cycle, before the edge; then ``columns`` has the image column that
    each PE works on in this cycle, or None.
    """

    def __init__(self, job: LayerJob, pes: Sequence[int]) -> None:
        self._image = job.image
        self._popped: dict[int, int | None] = dict.fromkeys(pes)
        self.columns: dict[int, int | None] = dict.fromkeys(pes)

    def look(self, machine: Eie) -> None:
        """Before the edge of a cycle."""
        for pe in self.columns:
            unit = machine.pes[pe]
            spmat, pops = unit.spmat_read, unit.ptr_read.pops
            if not spmat.holds:
                self.columns[pe] = None
            elif self._popped[pe] is not None:
                self.columns[pe] = self._popped[pe]
            elif self.columns[pe] is None and spmat.address < spmat.end:
                self.columns[pe] = self._column_at(machine, pe)
            self._popped[pe] = unit.act_queue.items[pops - 1][0] if pops else None

    def _column_at(self, machine: Eie, pe: int) -> int:
        """The column of a word's address: for one that was popped before the first look."""
        step = machine.step
        pointers = self._image.words[pe, step.tile]
        address = machine.pes[pe].spmat_read.address
        if step.refill_bits:
            address += int(pointers[step.first_row * machine.config.n_pe])
        return int(np.searchsorted(pointers, address, side="right")) - 1
