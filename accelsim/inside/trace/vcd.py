"""Waveforms for GTKWave, Surfer and every other viewer of value change dumps (IEEE 1364)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO

from vcd import VCDWriter

from accelsim import __version__
from accelsim.inside.trace import Closing
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.job import LayerJob
from accelsim.machines.eie.reference.array import Eie
from accelsim.machines.eie.signals import CLOCK, signals

TICKS = 2
"""Time units of a cycle: the clock rises at the first and falls at the second, as in the RTL's
test bench."""


class Trace(Closing):
    """Writes each change of each signal; cycle t begins at time ``2 t``."""

    def __init__(
        self, file: IO[str], config: EieConfig, job: LayerJob, pes: Sequence[int], note: str = ""
    ) -> None:
        self._writer = VCDWriter(
            file, timescale="1 ns", date="", comment=note, version=f"accelsim {__version__}",
            check_values=False,
        )
        self._clock = self._writer.register_var(CLOCK[:-1], CLOCK[-1], "wire", 1, 0)
        self._wires = []
        for signal in signals(config, job, pes):
            variable = self._writer.register_var(
                signal.scope, signal.name, "wire", signal.bits, "x"
            )
            self._wires.append((signal, variable))
        self._shown: list[int | None] = [None] * len(self._wires)
        self._end = 0

    def cycle(self, t: int, machine: Eie) -> None:
        """One cycle of the reference."""
        writer, shown, now = self._writer, self._shown, TICKS * t
        writer.change(self._clock, now, 1)
        for index, (signal, variable) in enumerate(self._wires):
            value = signal.sample(machine)
            if value is not None and value != shown[index]:
                shown[index] = value
                writer.change(variable, now, value)
        writer.change(self._clock, now + 1, 0)
        self._end = now + TICKS

    def close(self) -> None:
        """The time behind the last cycle ends the file."""
        self._writer.close(self._end)
