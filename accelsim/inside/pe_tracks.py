"""Tracks and text of a PE made of an activation queue, pointer read, a reader of entries and an
arithmetic unit (`accelsim.units`), whichever machine has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from accelsim.inside.tracks import Cell, Shown, Track, UnitView
from accelsim.records.signals import Unit, picker

LEGEND = """\
# act_queue   entries held at the start of the cycle, or full; + pushed, - popped
# ptr_read    the column that is popped
# {reader:<12}COLUMN@ADDRESS of the entry that advances; an empty column; wait for the ArithmUnit;
#             bits: a line of a bitmap
# arith_unit  accumulator in stages 1 2 3 4; pad: a padding entry, w: waits, !: the sum saturates
"""


_MULTIPLY, _PADDING = Shown("multiply"), Shown("padding")


class PeView:
    """One PE, by its units' signals in this cycle.

    Parameters
    ----------
    group, head : what its tracks and columns of text stand under
    blamed : the number that its own stalls are charged to
    pe : with ``act_queue``, ``ptr_read`` and ``arith_unit``; ``reads_bits`` where it has bitmaps
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
        signals = {name.removeprefix("u_"): unit.signals() for name, unit in units}
        self._read_queue, self._read_entries, self._read_arith = (
            signals[name].read for name in ("act_queue", reader, "arith_unit"))
        self._of_queue = picker(signals["act_queue"], "push_i", "full_o", "count_o")
        self._of_entries = picker(
            signals[reader], "busy_o", "issue_o", "empty_o", "entry", "end_i")
        self._of_arith = picker(
            signals["arith_unit"], "wait_o", "padding_o", "mac_o", "saturation_o")
        known = ("act_queue", "ptr_read", reader, "arith_unit")
        # Units of a variant machine.
        self._others = [(name, UnitView((group, name), shown))
                        for name, shown in signals.items() if name not in known]
        self._cycles = 0
        self._shown, self._shown_end = Shown("column"), 0

    def look(self) -> None:
        """Between the two phases of a cycle."""
        self._cycles += 1
        self._pushes, self._full, self._held = self._of_queue(self._read_queue())
        self._busy, self._issues, self._skips, self._entry, self._end = self._of_entries(
            self._read_entries())
        self._waits, self._pads, self._multiplies, self._saturates = self._of_arith(
            self._read_arith())
        for _, view in self._others:
            view.look()

    def tracks(self) -> list[Track]:
        """A track a unit; a slice for each column in work."""
        group, starved = self._group, None if self._starved_by is None else self._starved
        return [
            Track((group, "act_queue"), unit="columns", count=lambda: self._held),
            Track((group, "ptr_read"), self._pop),
            Track((group, self._reader), self._column, starved),
            Track((group, "arith_unit"), self._arithmetic, self._hazard),
            *(track for _, view in self._others for track in view.tracks()),
        ]

    def cells(self) -> list[Cell]:
        """A column a unit."""
        texts: list[tuple[str, int, Callable[[], str]]] = [
            ("act_queue", 6, self._queue_text), ("ptr_read", 6, self._pop_text),
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

    def _pop(self) -> Shown | None:
        return Shown(f"pop {self.popped}", self._cycles) if self._pe.ptr_read.pops else None

    def _column(self) -> Shown | None:
        if self._skips:
            return Shown("empty column", self._cycles)
        if not self._busy:
            return None
        column = self._column_of()
        if column != self._shown.key or self._end != self._shown_end:
            self._shown_end = self._end
            self._shown = Shown(f"column {column}", column, {"last_entry": self._end - 1})
        return self._shown

    def _starved(self) -> Shown | None:
        if self._busy or self._starved_by is None:
            return None
        culprits = self._starved_by()
        if not culprits:
            return None
        return Shown("starved: queue of another PE full", notes={"culprit_pe": culprits})

    def _arithmetic(self) -> Shown | None:
        return _MULTIPLY if self._multiplies else _PADDING if self._pads else None

    def _hazard(self) -> Shown | None:
        if not self._waits:
            return None
        return Shown("stall: accumulator in flight", notes={
            "culprit_pe": str(self._blamed), "accumulator": self._pe.arith_unit.row1})

    def _pop_text(self) -> str:
        return str(self.popped) if self._pe.ptr_read.pops else "."

    def _queue_text(self) -> str:
        pops = self._pe.ptr_read.pops
        popped = f"-{pops}" if pops > 1 else "-" * pops
        return f"{'full' if self._full else self._held}{'+' if self._pushes else ''}{popped}"

    def _reader_text(self) -> str:
        if self._issues:
            return f"{self._column_of()}@{self._entry}"
        if self._skips:
            return "empty"
        if getattr(self._pe, "reads_bits", False):
            return "bits"
        return "wait" if self._busy else "."

    def _arith_text(self) -> str:
        unit = self._pe.arith_unit
        one = "pad" if self._pads else "." if unit.row1 < 0 else unit.row1
        two = "." if unit.row2 < 0 else unit.row2
        three = "." if unit.row3 < 0 else unit.row3
        four = "." if unit.row4 < 0 else unit.row4
        if self._waits:
            one = f"{one}w"
        if self._saturates:
            three = f"{three}!"
        return f"{one:>4} {two:>4} {three:>4} {four:>4}"
