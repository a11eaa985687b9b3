"""Which memories a machine has that must reach its clock: a device type for each array."""

from __future__ import annotations

from functools import cache
from typing import Any

from accelsim.energy.process import Process
from accelsim.energy.sram import SramPoint, load_sram_table

BY_LEAKAGE = ("lstp", "lop", "mixed", "hp")
"""Device types, the least leakage first; a faster one leaks more."""

_ROUNDING = 1 + 1e-9


class SramChoice:
    """Arrays of the device type of least leakage whose cycle reaches a clock.

    LSTP made for 800 MHz, the only type whose leakage fits EIE Table II, as long as it does; where
    no type reaches the clock, LSTP too, and the limit is told (`accelsim.energy.limits`).

    Parameters
    ----------
    goal : of the tables (`accelsim.energy.sram.GOALS`)
    """

    device = BY_LEAKAGE[0]

    def __init__(self, config: Any, goal: str) -> None:
        self._goal = goal
        self._cycle_ns = 1e3 / config.clock_mhz / Process.of(config).delay * _ROUNDING

    def at(self, size_kb: float, width_bits: float) -> SramPoint:
        """An array of any size and width; errors as `SramTable.at`."""
        usual = load_sram_table(self.device, self._goal).at(size_kb, width_bits)
        if usual.cycle_ns <= self._cycle_ns:
            return usual
        others = (load_sram_table(device, self._goal).at(size_kb, width_bits)
                  for device in BY_LEAKAGE[1:])
        return next((array for array in others if array.cycle_ns <= self._cycle_ns), usual)


@cache
def fastest_ns(size_kb: float, width_bits: float) -> float:
    """The shortest cycle that any device type has for such an array."""
    return min(load_sram_table(device, "800mhz").at(size_kb, width_bits).cycle_ns
               for device in BY_LEAKAGE)
