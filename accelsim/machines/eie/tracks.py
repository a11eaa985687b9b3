"""What a trace of EIE shows: columns in work, stalls with the PE to blame, stages of the
arithmetic. What happens is read from the units' signals; rows and columns from their registers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from accelsim.inside.tracks import Cell, Shown, Track, View
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.in_work import ColumnsInWork
from accelsim.machines.eie.job import LayerJob
from accelsim.machines.eie.reference.array import Eie
from accelsim.machines.eie.reference.pe import Pe

_ON_ITS_WAY = 2  # cycles from a broadcast to the PE's first issue slot (Q1, P2)

LEGEND = """\
# ccu         the phase; in a compute phase: send COLUMN=ACTIVATION, blocked by PE ..., row change,
#             done (the scan has finished)
# act_queue   entries held at the start of the cycle, or full; + pushed, - popped
# ptr_read    the column that is popped
# spmat_read  COLUMN@ADDRESS of the entry that advances; an empty column; wait for the ArithmUnit
# arith_unit  accumulator in stages 1 2 3 4; pad: a padding entry, w: waits, !: the sum saturates
"""


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
        self._culprits: tuple[int, ...] = ()
        # The PEs that held a broadcast back, of the cycles that a column is on its way.
        self._late: deque[tuple[int, ...]] = deque([()] * _ON_ITS_WAY, _ON_ITS_WAY)

    def open(self, array: Eie) -> None:
        """The array of the run."""
        self._array = array
        self._ccu = array.signals()
        self._pes = [_PeView(pe, array.pes[pe], self) for pe in self.pes]

    def look(self) -> None:
        """Between the two phases of a cycle."""
        array = self._array
        self._t = array.clock.cycle
        self._in_work.look(array)
        self._late.append(self._culprits)
        self._now = self._ccu.values()
        full = [index for index, pe in enumerate(array.pes) if pe.act_queue.full]
        self._culprits = tuple(full) if self._now["blocked"] else ()
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
        return Shown("stall: queue full", notes={"culprit_pe": self._blamed(self._culprits)})

    def _ccu_text(self) -> str:
        ccu = self._array.ccu
        if ccu.phase != "compute":
            row = ccu.load_row or ccu.store_row
            return ccu.phase if row is None else f"{ccu.phase} row {row[1]}"
        if ccu.broadcast is not None:
            return f"send {ccu.broadcast[0]}={ccu.broadcast[1]}"
        if self._now["blocked"]:
            return f"blocked by PE {self._blamed(self._culprits)}"
        return "row change" if self._now["row_change"] else "done"

    @staticmethod
    def _blamed(pes: Sequence[int]) -> str:
        return ",".join(map(str, pes))

    @property
    def t(self) -> int:
        """The present cycle."""
        return self._t

    def column(self, pe: int) -> int | None:
        """The image column that a PE works on."""
        return self._in_work.columns[pe]

    def starved_by(self) -> str:
        """PEs whose full queues held back what would arrive at spmat_read now, or ""."""
        return self._blamed(self._late[0])


class _PeView:
    """One PE: its units' signals in this cycle, as ``unit.signal``."""

    def __init__(self, index: int, pe: Pe, view: EieView) -> None:
        self._index, self._pe, self._view = index, pe, view
        self._units = [(name.removeprefix("u_"), unit.signals()) for name, unit in pe.units()]
        self._now: dict[str, int | None] = {}

    def look(self) -> None:
        self._now = {
            f"{name}.{signal}": value
            for name, signals in self._units for signal, value in signals.values().items()
        }

    def tracks(self) -> list[Track]:
        group = f"PE {self._index}"
        return [
            Track((group, "act_queue"), unit="columns",
                  count=lambda: self._now["act_queue.count_o"]),
            Track((group, "ptr_read"), self._pop),
            Track((group, "spmat_read"), self._column, self._starved),
            Track((group, "arith_unit"), self._arithmetic, self._hazard),
        ]

    def cells(self) -> list[Cell]:
        texts: list[tuple[str, int, Callable[[], str]]] = [
            ("act_queue", 6, self._queue_text),
            ("ptr_read", 6, lambda: "." if self._popped() is None else str(self._popped())),
            ("spmat_read", 14, self._spmat_text), ("arith_unit", 19, self._arith_text),
        ]
        return [Cell(f"pe{self._index}.{name}", width, text) for name, width, text in texts]

    def _popped(self) -> int | None:
        """The last column that leaves the queue in this cycle."""
        pops = self._pe.ptr_read.pops
        return self._pe.act_queue.items[pops - 1][0] if pops else None

    def _pop(self) -> Shown | None:
        popped = self._popped()
        return None if popped is None else Shown(f"pop {popped}", (self._view.t, popped))

    def _column(self) -> Shown | None:
        column = self._view.column(self._index)
        if self._now["spmat_read.empty_o"]:
            return Shown("empty column", (self._view.t, column))
        if not self._now["spmat_read.busy_o"]:
            return None
        return Shown(f"column {column}", column, {"last_entry": self._pe.spmat_read.end - 1})

    def _starved(self) -> Shown | None:
        culprits = self._view.starved_by()
        if not culprits or self._now["spmat_read.busy_o"]:
            return None
        return Shown("starved: queue of another PE full", notes={"culprit_pe": culprits})

    def _arithmetic(self) -> Shown | None:
        if self._now["arith_unit.mac_o"]:
            return Shown("multiply")
        return Shown("padding") if self._now["arith_unit.padding_o"] else None

    def _hazard(self) -> Shown | None:
        if not self._now["arith_unit.wait_o"]:
            return None
        return Shown("stall: accumulator in flight", notes={
            "culprit_pe": str(self._index), "accumulator": self._pe.arith_unit.row1})

    def _queue_text(self) -> str:
        now, pops = self._now, self._pe.ptr_read.pops
        held = "full" if now["act_queue.full_o"] else str(now["act_queue.count_o"])
        popped = f"-{pops}" if pops > 1 else "-" * pops
        return f"{held}{'+' if now['act_queue.push_i'] else ''}{popped}"

    def _spmat_text(self) -> str:
        if self._now["spmat_read.issue_o"]:
            return f"{self._view.column(self._index)}@{self._now['spmat_read.entry']}"
        if self._now["spmat_read.empty_o"]:
            return "empty"
        return "wait" if self._now["spmat_read.busy_o"] else "."

    def _arith_text(self) -> str:
        unit, now = self._pe.arith_unit, self._now
        rows = (unit.row1, unit.row2, unit.row3, unit.row4)
        stages = [str(row) if row >= 0 else "." for row in rows]
        if now["arith_unit.padding_o"]:
            stages[0] = "pad"
        if now["arith_unit.wait_o"]:
            stages[0] += "w"
        if now["arith_unit.saturation_o"]:
            stages[2] += "!"
        return " ".join(f"{stage:>4}" for stage in stages)
