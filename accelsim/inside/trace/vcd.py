"""Waveforms for GTKWave, Surfer and every other viewer of value change dumps (IEEE 1364).

The header is pyvcd's. The changes are written here: they are nearly all of the time of a trace,
and a unit whose signals have not changed, as one tuple, costs one comparison.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import IO

from vcd import VCDWriter

from accelsim import __version__
from accelsim.inside.trace import Closing
from accelsim.inside.tracks import Probe, common_scope, probes
from accelsim.inside.tracks import View
from accelsim.records.signals import Array, Values

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
                if values != wires.shown:
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
    """The signals of one unit: ``shown`` are the values last read.

    The header says what they are at its time if that is ``known``.
    """

    def __init__(self, probe: Probe, header: VCDWriter, known: bool) -> None:
        self.read: Callable[[], Values] = probe.signals.read
        bits = list(probe.signals.bits.values())
        self.shown = self.read() if known else (None,) * len(bits)
        self._masks = [(1 << width) - 1 for width in bits]
        idents = [
            header.register_var(
                probe.scope, name, "wire", width, "x" if value is None else value & mask
            ).ident
            for (name, width), value, mask in zip(
                probe.signals.bits.items(), self.shown, self._masks, strict=True)
        ]
        # Of a 1-bit signal the two lines, of another one None.
        self._lines = [
            (f"0{ident}\n", f"1{ident}\n") if width == 1 else None
            for ident, width in zip(idents, bits, strict=True)
        ]
        self._ends = [f" {ident}\n" for ident in idents]
        self._last = list(self.shown)

    def change(self, values: Values, lines: list[str]) -> None:
        """Tell what differs from what each signal showed last."""
        self.shown = values
        last = self._last
        for index, value in enumerate(values):
            if value is None or value == last[index]:
                continue
            last[index] = value
            pair = self._lines[index]
            lines.append(
                f"b{value & self._masks[index]:b}{self._ends[index]}" if pair is None
                else pair[value]
            )
