"""What a trace of EIE shows: columns in work, stalls with the PE to blame, stages of the
arithmetic. What happens is read from the units' signals; rows and columns from their registers."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import partial

from accelsim.inside import pe_tracks
from accelsim.inside.pe_tracks import PeView
from accelsim.inside.tracks import Cell, Shown, Track, View
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.in_work import ColumnsInWork
from accelsim.machines.eie.job import LayerJob
from accelsim.machines.eie.reference.array import Eie

_ON_ITS_WAY = 2  # cycles from a broadcast to the PE's first issue slot (Q1, P2)

LEGEND = """\
# ccu         the phase; in a compute phase: send COLUMN=ACTIVATION, blocked by PE ..., row change,
#             done (the scan has finished)
""" + pe_tracks.LEGEND.format(reader="spmat_read")


def view(config: EieConfig, job: LayerJob, pes: Sequence[int]) -> View:
    """The view of one layer."""
    return EieView(job, pes)


class EieView(View):
    """The control unit and some PEs."""

    legend = LEGEND

    def __init__(self, job: LayerJob, pes: Sequence[int]) -> None:
        super().__init__(job.image.name, pes)
        self._in_work = ColumnsInWork(job, pes)
        self._t = 0
        self._culprits = ""
        # The PEs that held a broadcast back, of the cycles that a column is on its way.
        self._late = deque([""] * _ON_ITS_WAY, _ON_ITS_WAY)

    def open(self, array: Eie) -> None:
        """The array of the run."""
        self._array = array
        self._ccu = array.signals()
        self._pes = [
            PeView(f"PE {pe}", f"pe{pe}", pe, array.pes[pe], array.pes[pe].units(), "spmat_read",
                   partial(self._in_work.columns.get, pe), lambda: self._late[0])
            for pe in self.pes
        ]

    def look(self) -> None:
        """Between the two phases of a cycle."""
        array = self._array
        self._t = array.clock.cycle
        self._in_work.look(array)
        self._late.append(self._culprits)
        self._now = self._ccu.values()
        self._culprits = ""
        if self._now["blocked"]:
            full = [str(index) for index, pe in enumerate(array.pes) if pe.act_queue.full]
            self._culprits = ",".join(full)
        for pe in self._pes:
            pe.look()

    def tracks(self) -> list[Track]:
        """A slice for each phase, column and broadcast; a mark for each stall, with who is to
        blame."""
        control = [
            Track(("ccu", "phase"), lambda: Shown(self._array.ccu.phase)),
            Track(("ccu", "scan"), self._scan, self._blocked),
        ]
        return control + [track for pe in self._pes for track in pe.tracks()]

    def cells(self) -> list[Cell]:
        """The control unit, then unit after unit of each PE."""
        return [Cell("ccu", 22, self._ccu_text)] + [c for pe in self._pes for c in pe.cells()]

    def _scan(self) -> Shown | None:
        sent = self._array.ccu.broadcast
        if sent is not None:
            column, activation = sent
            return Shown(f"column {column}", (self._t, column), {"activation": activation})
        if self._now["blocked"]:
            return Shown("blocked", self._culprits)
        return Shown("row change") if self._now["row_change"] else None

    def _blocked(self) -> Shown | None:
        if not self._now["blocked"]:
            return None
        return Shown("stall: queue full", notes={"culprit_pe": self._culprits})

    def _ccu_text(self) -> str:
        ccu = self._array.ccu
        if ccu.phase != "compute":
            row = ccu.load_row or ccu.bias_row or ccu.store_row
            return ccu.phase if row is None else f"{ccu.phase} row {row[1]}"
        if ccu.broadcast is not None:
            return f"send {ccu.broadcast[0]}={ccu.broadcast[1]}"
        if self._now["blocked"]:
            return f"blocked by PE {self._culprits}"
        return "row change" if self._now["row_change"] else "done"
