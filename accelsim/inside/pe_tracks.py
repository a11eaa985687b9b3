"""Tracks and text of a PE made of an activation queue, pointer read, a reader of entries and an
arithmetic unit (`accelsim.units`), whichever machine has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from accelsim.inside.tracks import Cell, Shown, Track, UnitView
from accelsim.records.signals import Unit

LEGEND = """\
# act_queue   entries held at the start of the cycle, or full; + pushed, - popped
# ptr_read    the column that is popped
# {reader:<12}COLUMN@ADDRESS of the entry that advances; an empty column; wait for the ArithmUnit
# arith_unit  accumulator in stages 1 2 3 4; pad: a padding entry, w: waits, !: the sum saturates
"""


class PeView:
    """One PE: its units' signals in this cycle, as ``unit.signal``.

    Parameters
    ----------
    group, head : what its tracks and columns of text stand under
    blamed : the number that its own stalls are charged to
    pe : with ``act_queue``, ``ptr_read`` and ``arith_unit``
    units : (name, unit) of each, the ``reader`` among them
    column : the image column that the reader works on, None if it holds none
    starved_by : PEs that held back what would arrive now, or ""; None for no such mark
    """

    def __init__(
        self, group: str, head: str, blamed: int, pe: Any, units: Iterable[tuple[str, Unit]],
        reader: str, column: Callable[[], int | None],
        starved_by: Callable[[], str] | None = None,
    ) -> None:
        self._group, self._head, self._blamed = group, head, blamed
        self._pe, self._reader, self._column_of = pe, reader, column
        self._starved_by = starved_by
        self._units = [(name.removeprefix("u_"), unit.signals()) for name, unit in units]
        known = ("act_queue", "ptr_read", reader, "arith_unit")
        # Units of a variant machine.
        self._others = [(name, UnitView((group, name), signals))
                        for name, signals in self._units if name not in known]
        self._now: dict[str, int | None] = {}
        self._cycles = 0

    def look(self) -> None:
        """Between the two phases of a cycle."""
        self._cycles += 1
        self._now = {
            f"{name}.{signal}": value
            for name, signals in self._units for signal, value in signals.values().items()
        }
        for _, view in self._others:
            view.look()

    def tracks(self) -> list[Track]:
        """A track a unit; a slice for each column in work."""
        group, starved = self._group, None if self._starved_by is None else self._starved
        return [
            Track((group, "act_queue"), unit="columns",
                  count=lambda: self._now["act_queue.count_o"]),
            Track((group, "ptr_read"), self._pop),
            Track((group, self._reader), self._column, starved),
            Track((group, "arith_unit"), self._arithmetic, self._hazard),
            *(track for _, view in self._others for track in view.tracks()),
        ]

    def cells(self) -> list[Cell]:
        """A column a unit."""
        texts: list[tuple[str, int, Callable[[], str]]] = [
            ("act_queue", 6, self._queue_text),
            ("ptr_read", 6, lambda: "." if self.popped is None else str(self.popped)),
            (self._reader, 14, self._reader_text), ("arith_unit", 19, self._arith_text),
        ]
        cells = [Cell(f"{self._head}.{name}", width, text) for name, width, text in texts]
        others = [(name, view.cell()) for name, view in self._others]
        return cells + [Cell(f"{self._head}.{name}", c.width, c.text) for name, c in others]

    @property
    def popped(self) -> int | None:
        """The last column that leaves the queue in this cycle."""
        pops = self._pe.ptr_read.pops
        return int(self._pe.act_queue.items[pops - 1][0]) if pops else None

    def _of_reader(self, signal: str) -> int | None:
        return self._now[f"{self._reader}.{signal}"]

    def _pop(self) -> Shown | None:
        popped = self.popped
        return None if popped is None else Shown(f"pop {popped}", self._cycles)

    def _column(self) -> Shown | None:
        if self._of_reader("empty_o"):
            return Shown("empty column", self._cycles)
        if not self._of_reader("busy_o"):
            return None
        column, end = self._column_of(), self._of_reader("end_i") or 0
        return Shown(f"column {column}", column, {"last_entry": end - 1})

    def _starved(self) -> Shown | None:
        culprits = self._starved_by() if self._starved_by is not None else ""
        if not culprits or self._of_reader("busy_o"):
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
            "culprit_pe": str(self._blamed), "accumulator": self._pe.arith_unit.row1})

    def _queue_text(self) -> str:
        now, pops = self._now, self._pe.ptr_read.pops
        held = "full" if now["act_queue.full_o"] else str(now["act_queue.count_o"])
        popped = f"-{pops}" if pops > 1 else "-" * pops
        return f"{held}{'+' if now['act_queue.push_i'] else ''}{popped}"

    def _reader_text(self) -> str:
        if self._of_reader("issue_o"):
            return f"{self._column_of()}@{self._of_reader('entry')}"
        if self._of_reader("empty_o"):
            return "empty"
        return "wait" if self._of_reader("busy_o") else "."

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
