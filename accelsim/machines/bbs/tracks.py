"""What a trace of the bank-balanced machine shows: phases, rows of each PE with its pipeline, and
who the others wait for. What happens is read from the units' signals."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from accelsim.inside.tracks import Cell, Shown, Track, View
from accelsim.machines.bbs.config import BbsConfig
from accelsim.machines.bbs.job import BbsJob
from accelsim.machines.bbs.reference.array import BbsControl

LEGEND = """\
# control      the phase, and the matrix
# elementwise  the operation, and its results in this cycle
# row          ROW:WEIGHTS of the slot that the multipliers take, | its row's last; idle: other PEs
#              still have slots
# pipeline     stages behind the multipliers that hold a slot, the last one on the right
# write        the row whose result is written
"""


def view(config: BbsConfig, job: BbsJob, pes: Sequence[int]) -> View:
    """The view of one run."""
    return BbsView(job.name, pes)


class BbsView(View):
    """The control, the element-wise units and some PEs."""

    legend = LEGEND

    def open(self, array: BbsControl) -> None:
        """The array of the run."""
        self._array = array
        self._signals = {pe: array.pes[pe].signals() for pe in self.pes}

    def look(self) -> None:
        """Between the two phases of a cycle."""
        self._now = {pe: signals.values() for pe, signals in self._signals.items()}

    def tracks(self) -> list[Track]:
        """A slice for each phase, operation and row; a mark where a PE waits for others."""
        tracks = [Track(("control",), self._control), Track(("elementwise",), self._operation)]
        for pe in self.pes:
            group = f"PE {pe}"
            tracks += [
                Track((group, "row"), partial(self._row, pe), partial(self._idle, pe)),
                Track((group, "pipeline"), unit="stages", count=partial(self._stages, pe)),
                Track((group, "write"), partial(self._write, pe)),
            ]
        return tracks

    def cells(self) -> list[Cell]:
        """The control first."""
        cells = [
            Cell("control", 20, lambda: f"{self._array.phase} {self._array.matrix}".rstrip()),
            Cell("elementwise", 11, self._operation_text),
        ]
        for pe in self.pes:
            stages = len(self._array.pes[pe].filled)
            cells += [
                Cell(f"pe{pe}.row", 10, partial(self._row_text, pe)),
                Cell(f"pe{pe}.pipeline", stages, partial(self._pipeline_text, pe)),
                Cell(f"pe{pe}.write", 7, partial(self._write_text, pe)),
            ]
        return cells

    def _control(self) -> Shown:
        array = self._array
        return Shown(array.phase, array.matrix,
                     {"vector": array.vectors - 1, "matrix": array.matrix})

    def _operation(self) -> Shown | None:
        operation = self._array.elementwise.operation
        return Shown(operation) if operation else None

    def _operation_text(self) -> str:
        unit = self._array.elementwise
        return f"{unit.operation} {unit.giving}" if unit.busy else "."

    def _row(self, pe: int) -> Shown | None:
        now = self._now[pe]
        if not now["slot"]:
            return None
        row = now["row"]
        return Shown(f"empty row {row}" if now["empty"] else f"row {row}", self._array.vectors)

    def _waits(self, pe: int) -> bool:
        return self._array.phase == "compute" and not self._now[pe]["slot"]

    def _idle(self, pe: int) -> Shown | None:
        """The matrix goes on for rows of these PEs."""
        if not self._waits(pe):
            return None
        culprits = [str(i) for i, other in enumerate(self._array.pes) if other.has_slots]
        return Shown("idle: rows of other PEs", notes={"culprit_pe": ",".join(culprits)})

    def _row_text(self, pe: int) -> str:
        now = self._now[pe]
        if now["slot"]:
            return f"{now['row']}:{now['weights']}{'|' if now['last'] else ''}"
        return "idle" if self._waits(pe) else "."

    def _stages(self, pe: int) -> int | None:
        return self._now[pe]["stages"]

    def _pipeline_text(self, pe: int) -> str:
        return "".join("x" if held else "." for held in reversed(self._array.pes[pe].filled))

    def _write(self, pe: int) -> Shown | None:
        row = self._now[pe]["write_row"]
        return None if row is None else Shown(f"row {row}", self._array.vectors)

    def _write_text(self, pe: int) -> str:
        row = self._now[pe]["write_row"]
        return "." if row is None else str(row)
