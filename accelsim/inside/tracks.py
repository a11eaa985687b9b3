"""What a trace shows of a run: tracks of slices, marks and counters, and columns of text.

`View` makes them from the signals of any machine's units. A machine with more to say (which
column is in work, who is to blame for a stall) derives from it: the ``tracks`` of its record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from typing import Any, NamedTuple

from accelsim.errors import UnsupportedError
from accelsim.records.signals import Array, Signals

NO_NOTES: Mapping[str, int | str] = {}


class Shown(NamedTuple):
    """A slice or a mark. It goes on while the next cycle's is equal; ``key`` tells apart what has
    the same name, ``notes`` are kept with it."""

    name: str
    key: object = None
    notes: Mapping[str, int | str] = NO_NOTES


@dataclass(frozen=True)
class Track:
    """One row of a timeline. Its functions are called once in every cycle.

    Attributes
    ----------
    path : from the outermost group to its name
    slice : what the unit does in this cycle, or None
    mark : what went wrong in this cycle, or None
    count : a number, ``unit`` of them, in place of both
    """

    path: tuple[str, ...]
    slice: Callable[[], Shown | None] | None = None
    mark: Callable[[], Shown | None] | None = None
    count: Callable[[], int | None] | None = None
    unit: str = ""


@dataclass(frozen=True)
class Cell:
    """One column of text: its head, its least width in characters, and each cycle's text."""

    head: str
    width: int
    text: Callable[[], str]


class Probe(NamedTuple):
    """The signals of the unit at a place in the hierarchy of instances."""

    scope: tuple[str, ...]
    signals: Signals


def probes(array: Array, pes: Sequence[int]) -> list[Probe]:
    """All units that a trace of these PEs shows.

    Raises
    ------
    UnsupportedError
        If the array tells none.
    """
    units = getattr(array, "units", None)
    if units is None:
        raise UnsupportedError(f"{type(array).__name__}: shows no signals; a reference that can be "
                               f"traced gives its units (accelsim.records.signals.Array)")
    return [Probe(scope, unit.signals()) for scope, unit in units(pes)]


def common_scope(found: Sequence[Probe]) -> tuple[str, ...]:
    """The instance that holds all units."""
    level = zip(*(probe.scope for probe in found), strict=False)
    return tuple(names[0] for names in takewhile(lambda names: len(set(names)) == 1, level))


class View:
    """What a trace of some PEs shows: ``open`` comes once, ``look`` first in every cycle.

    This one has a track for each unit with the names of its 1-bit signals that are high, and a
    counter for each wider signal.
    """

    legend = "# each column a unit: 1-bit signals that are high, then NAME=VALUE of wider ones\n"

    clock_mhz: float | None = None
    """Of the machine, where it is known: what times are told in."""

    def __init__(self, name: str, pes: Sequence[int]) -> None:
        self.name, self.pes = name, list(pes)
        self._units: list[UnitView] = []

    def open(self, array: Any) -> None:
        """The array of the run (`Array`, each machine's own), before its first cycle shown."""
        found = probes(array, self.pes)
        above = len(common_scope(found))
        self._units = [UnitView(probe.scope[above:] or probe.scope[-1:], probe.signals)
                       for probe in found]

    def look(self) -> None:
        """Between the two phases of a cycle."""
        for unit in self._units:
            unit.look()

    def tracks(self) -> list[Track]:
        """In the order in which they are shown."""
        return [track for unit in self._units for track in unit.tracks()]

    def cells(self) -> list[Cell]:
        """From left to right."""
        return [unit.cell() for unit in self._units]


class UnitView:
    """What one unit shows by its signals alone: a track under ``path``, a column of text."""

    def __init__(self, path: tuple[str, ...], signals: Signals) -> None:
        self._path, self._signals = path, signals
        self._flags = [name for name, bits in signals.bits.items() if bits == 1]
        self._numbers = [name for name, bits in signals.bits.items() if bits > 1]
        self._now: dict[str, int | None] = {}

    def look(self) -> None:
        """Between the two phases of a cycle."""
        self._now = self._signals.values()

    def tracks(self) -> list[Track]:
        """The 1-bit signals that are high as slices, a counter for each wider one."""
        counters = [Track((*self._path, name), count=partial(self._number, name))
                    for name in self._numbers]
        return [Track(self._path, slice=self._high), *counters]

    def cell(self) -> Cell:
        """All of them in one column."""
        return Cell(".".join(self._path), 24, self._text)

    def _number(self, name: str) -> int | None:
        return self._now[name]

    def _high(self) -> Shown | None:
        names = [name for name in self._flags if self._now[name]]
        return Shown(" ".join(names)) if names else None

    def _text(self) -> str:
        high = [name for name in self._flags if self._now[name]]
        told = [f"{name}={self._now[name]}" for name in self._numbers
                if self._now[name] is not None]
        return " ".join([*high, *told]) or "."
