"""One line a cycle, one column a unit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO

from accelsim.inside.trace import Closing
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.in_work import ColumnsInWork
from accelsim.machines.eie.job import LayerJob
from accelsim.machines.eie.reference.array import Eie
from accelsim.machines.eie.reference.ccu import Ccu
from accelsim.machines.eie.reference.pe import Pe
from accelsim.machines.eie.signals import blocked, full_queues, row_change

WIDTHS = {"act_queue": 6, "ptr_read": 6, "spmat_read": 14, "arith_unit": 19}

LEGEND = """\
# ccu         the phase; in a compute phase: send COLUMN=ACTIVATION, blocked by PE ..., row change,
#             done (the scan has finished)
# act_queue   entries held at the start of the cycle, or full; + pushed, - popped
# ptr_read    the column that is popped
# spmat_read  COLUMN@ADDRESS of the entry that advances; an empty column; wait for the ArithmUnit
# arith_unit  accumulator in stages 1 2 3 4; pad: a padding entry, w: waits, !: the sum saturates
"""


class Trace(Closing):
    """Writes the lines as they come."""

    def __init__(
        self, file: IO[str], config: EieConfig, job: LayerJob, pes: Sequence[int], note: str = ""
    ) -> None:
        self._file, self._pes = file, list(pes)
        self._in_work = ColumnsInWork(job, pes)
        heads = [f"pe{pe}.{unit}" for pe in pes for unit in WIDTHS]
        self._widths = [max(width, len(head)) for width, head in
                        zip([*WIDTHS.values()] * len(pes), heads, strict=True)]
        heads = [head.ljust(width) for head, width in zip(heads, self._widths, strict=True)]
        if note:
            file.write(f"# {note}\n")
        file.write(LEGEND)
        file.write(" ".join([f"{'cycle':>9}", f"{'ccu':<22}", *heads]).rstrip() + "\n")

    def cycle(self, t: int, machine: Eie) -> None:
        """One cycle of the reference."""
        self._in_work.look(machine)
        cells: list[str] = []
        for pe in self._pes:
            unit = machine.pes[pe]
            column = self._in_work.columns[pe]
            cells += (_queue(unit), _pops(unit), _spmat(unit, column), _arith(unit))
        padded = [cell.ljust(width) for cell, width in zip(cells, self._widths, strict=True)]
        line = " ".join([f"{t:>9}", f"{_ccu(machine):<22}", *padded])
        self._file.write(line.rstrip() + "\n")


def _ccu(machine: Eie) -> str:
    ccu: Ccu = machine.ccu
    if ccu.phase != "compute":
        row = ccu.load_row or ccu.store_row
        return ccu.phase if row is None else f"{ccu.phase} row {row[1]}"
    if ccu.broadcast is not None:
        return f"send {ccu.broadcast[0]}={ccu.broadcast[1]}"
    if blocked(machine):
        return f"blocked by PE {','.join(map(str, full_queues(machine)))}"
    return "row change" if row_change(machine) else "done"


def _queue(pe: Pe) -> str:
    queue = pe.act_queue
    held = "full" if queue.full else str(len(queue.items))
    pushed = "+" if queue.pushed is not None else ""
    popped = f"-{pe.ptr_read.pops}" if pe.ptr_read.pops > 1 else "-" * pe.ptr_read.pops
    return f"{held}{pushed}{popped}"


def _pops(pe: Pe) -> str:
    return str(pe.act_queue.items[pe.ptr_read.pops - 1][0]) if pe.ptr_read.pops else "."


def _spmat(pe: Pe, column: int | None) -> str:
    unit = pe.spmat_read
    if unit.advances:
        return f"{column}@{unit.address}"
    if unit.skips:
        return "empty"
    return "wait" if unit.holds else "."


def _arith(pe: Pe) -> str:
    unit = pe.arith_unit
    stages = [str(row) if row >= 0 else "." for row in (unit.row1, unit.row2, unit.row3, unit.row4)]
    if unit.padding1:
        stages[0] = "pad"
    if unit.waits:
        stages[0] += "w"
    if unit.saturates:
        stages[2] += "!"
    return " ".join(f"{stage:>4}" for stage in stages)
