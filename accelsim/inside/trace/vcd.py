"""Waveforms for GTKWave, Surfer and every other viewer of value change dumps (IEEE 1364).

The header is pyvcd's. The changes, nearly all of a trace's work, are gathered for some cycles and
written by a compiled kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from struct import Struct
from typing import IO, Any

import numpy as np
from vcd import VCDWriter

from accelsim import __version__
from accelsim.inside.trace import Closing
from accelsim.inside.trace.changes import most_bytes, write_changes
from accelsim.inside.tracks import View, common_scope, probes
from accelsim.records.signals import NOTHING, Array, Signals


def time_units(clock_mhz: float | None) -> tuple[str, int]:
    """The timescale, and its units in half a cycle: the clock falls in the middle.

    Picoseconds where half a cycle is whole ones, else femtoseconds, rounded; of no clock two
    nanoseconds a cycle, as in the RTL's test bench.
    """
    if clock_mhz is None:
        return "1 ns", 1
    half_ps = 5e5 / clock_mhz
    if half_ps == int(half_ps):
        return "1 ps", int(half_ps)
    return "1 fs", max(round(half_ps * 1e3), 1)


CLOCK = "clk_i"
"""In the instance that holds all units."""

_TOGETHER = 1 << 13  # values that are gathered before they are written


class Trace(Closing):
    """Writes each change of each signal; cycle t begins at t periods of the machine's clock."""

    def __init__(self, file: IO[str], view: View, note: str = "") -> None:
        self._file, self._view, self._note = file, view, note
        self._sample: Callable[[], None] | None = None
        self._values: list[int] = []
        self._times: list[int] = []
        self._full = 0
        self._end = 0
        self._scale, self._half = time_units(view.clock_mhz)

    def cycle(self, t: int, array: Array) -> None:
        """One cycle of the reference."""
        sample = self._sample or self._open(t, array)
        self._times.append(2 * self._half * t)
        sample()
        if len(self._times) == self._full:
            self._flush()

    def close(self) -> None:
        """The time behind the last cycle ends the file."""
        if self._times:
            self._flush()
        self._file.write(f"#{self._end}\n")

    def _flush(self) -> None:
        times = np.array(self._times, dtype=np.int64)
        packed = Struct(f"{len(self._values)}q").pack(*self._values)
        values = np.frombuffer(packed, np.int64)
        written = write_changes(
            times, self._half, values.reshape(len(times), -1), self._shown, self._bits,
            self._idents, self._lengths, self._out,
        )
        self._file.write(self._out[:written].tobytes().decode("ascii"))
        self._end = self._times[-1] + 2 * self._half
        self._times.clear()
        self._values.clear()

    def _open(self, t: int, array: Array) -> Callable[[], None]:
        """The header. What it says of time 0 is unknown, unless the first cycle begins then."""
        header = VCDWriter(
            # A name must not end the comment with a $end of its own.
            self._file, timescale=self._scale, date="", comment=self._note.replace("$", "$ "),
            version=f"accelsim {__version__}", check_values=False,
        )
        found = probes(array, self._view.pes)
        names = [(probe.scope, *signal) for probe in found for signal in probe.signals.bits.items()]
        self._bits = np.array([bits for _, _, bits in names], dtype=np.int64)
        now = [value for probe in found for value in probe.signals.read()]
        self._shown = np.array(now if t == 0 else [NOTHING] * len(names), dtype=np.int64)
        clock = header.register_var(
            common_scope(found) or ("top",), CLOCK, "wire", 1, int(t == 0))
        idents = [
            header.register_var(
                scope, name, "wire", bits, "x" if value == NOTHING else value & ((1 << bits) - 1)
            ).ident
            for (scope, name, bits), value in zip(names, self._shown.tolist(), strict=True)
        ]
        codes = np.array([*idents, clock.ident], dtype=np.bytes_)
        self._idents = codes.view(np.uint8).reshape(len(codes), -1)
        self._lengths = np.char.str_len(codes).astype(np.int64)
        self._full = max(1, _TOGETHER // max(1, len(names)))
        self._out = np.empty(self._full * most_bytes(self._bits, self._lengths), dtype=np.uint8)
        header.flush()
        self._sample = _sampler([probe.signals for probe in found], self._values)
        return self._sample


def _sampler(signals: Sequence[Signals], values: list[int]) -> Callable[[], None]:
    """A function that adds what all units show to ``values``.

    Its text names each unit. In a loop the one call would meet another function each time, which
    costs the interpreter twice as much as calls that always meet the same one.
    """
    names: dict[str, Any] = {f"read_{index}": unit.read for index, unit in enumerate(signals)}
    lines = [f"    values += {name}()" for name in names]
    names["values"] = values
    exec("\n".join(["def sample(values=values):", *lines]), names)
    sample: Callable[[], None] = names["sample"]
    return sample
