"""Waveforms for GTKWave, Surfer and every other viewer of value change dumps (IEEE 1364).

The header is pyvcd's. The changes are written here: they are nearly all of the time of a trace,
and a unit whose signals have not changed, as one tuple, costs one comparison.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import IO

from vcd import VCDWriter

from accelsim import __version__
from accelsim.inside.trace import Closing
from accelsim.inside.tracks import Probe, View, common_scope, probes
from accelsim.records.signals import Array, Signals, Values

TICKS = 2
"""Time units of a cycle: the clock rises at the first and falls at the second, as in the RTL's
test bench."""

CLOCK = "clk_i"
"""In the instance that holds all units."""

_TOGETHER = 64
"""Cycles that are written at once."""


class Trace(Closing):
    """Writes each change of each signal; cycle t begins at time ``2 t``."""

    def __init__(self, file: IO[str], view: View, note: str = "") -> None:
        self._file, self._view, self._note = file, view, note
        self._lines: list[str] = []
        self._left = _TOGETHER
        self._clock = ""
        self._wires: list[_Wires] = []
        self._end = 0

    def cycle(self, t: int, array: Array) -> None:
        """One cycle of the reference."""
        now = TICKS * t
        lines = self._lines
        if self._wires or not self._open(now, array):
            lines.append(f"#{now}\n1{self._clock}\n")
            for wires in self._wires:
                values = wires.read()
                if values != wires.seen:
                    wires.change(values, lines)
        lines.append(f"#{now + 1}\n0{self._clock}\n")
        self._end = now + TICKS
        self._left -= 1
        if not self._left:
            self._flush()

    def close(self) -> None:
        """The time behind the last cycle ends the file."""
        self._lines.append(f"#{self._end}\n")
        self._flush()

    def _flush(self) -> None:
        self._file.write("".join(self._lines))
        self._lines.clear()
        self._left = _TOGETHER

    def _open(self, now: int, array: Array) -> bool:
        """The header, with the values at time 0; True if these are the first cycle's."""
        header = VCDWriter(
            self._file, timescale="1 ns", date="", comment=self._note,
            version=f"accelsim {__version__}", check_values=False,
        )
        found = probes(array, self._view.pes)
        top = common_scope(found) or ("top",)
        self._clock = header.register_var(top, CLOCK, "wire", 1, int(now == 0)).ident
        self._wires = [_Wires(probe, header, known=now == 0) for probe in found]
        header.flush()
        return now == 0


class _Wires:
    """The signals of one unit: ``seen`` are the values last read, 1-bit signals first.

    The header says what they are at its time if that is ``known``.
    """

    def __init__(self, probe: Probe, header: VCDWriter, known: bool) -> None:
        bits = probe.signals.bits
        flags = [name for name, width in bits.items() if width == 1]
        numbers = [name for name, width in bits.items() if width > 1]
        self.read = _in_order(probe.signals, [*flags, *numbers])
        self.seen = self.read() if known else (None,) * len(bits)
        idents = [
            header.register_var(probe.scope, name, "wire", bits[name],
                                "x" if value is None else value & _mask(bits[name])).ident
            for name, value in zip([*flags, *numbers], self.seen, strict=True)
        ]
        self._n_flags = n = len(flags)
        self._flags = _Flags(self.seen[:n], idents[:n], {})
        self._numbers = list(self.seen[n:])
        self._masks = [_mask(bits[name]) for name in numbers]
        self._ends = [f" {ident}\n" for ident in idents[n:]]

    def change(self, values: Values, lines: list[str]) -> None:
        """Tell what differs from what each signal showed last."""
        self.seen = values
        text, self._flags = self._flags[values[: self._n_flags]]
        lines.append(text)
        numbers = self._numbers
        for index, value in enumerate(values[self._n_flags :]):
            if value is not None and value != numbers[index]:
                numbers[index] = value
                # Binary text without the 0 of 0b: quicker than a format.
                lines.append(bin(value & self._masks[index])[1:] + self._ends[index])


class _Flags(dict[Values, tuple[str, "_Flags"]]):
    """What the 1-bit signals of a unit show: next values to (the changes, what is shown then).

    Few of the possible steps ever happen, again and again; so their text is made once.
    """

    def __init__(self, shown: Values, idents: list[str], known: dict[Values, _Flags]) -> None:
        super().__init__()
        self._shown, self._idents, self._known = shown, idents, known
        known[shown] = self

    def __missing__(self, values: Values) -> tuple[str, _Flags]:
        changes = [
            (old if value is None else value, ident if value not in (None, old) else None)
            for old, value, ident in zip(self._shown, values, self._idents, strict=True)
        ]
        text = "".join(f"{value:d}{ident}\n" for value, ident in changes if ident is not None)
        shown = tuple(value for value, _ in changes)
        step = text, self._known.get(shown) or _Flags(shown, self._idents, self._known)
        self[values] = step
        return step


def _in_order(signals: Signals, names: list[str]) -> Callable[[], Values]:
    """Reads the signals in another order, if it is another one."""
    own = list(signals.bits)
    if names == own:
        return signals.read
    pick: Callable[[Values], Values] = itemgetter(*(own.index(name) for name in names))
    return lambda: pick(signals.read())


def _mask(bits: int) -> int:
    return (1 << bits) - 1
