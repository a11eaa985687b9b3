"""What a hardware unit shows in a cycle: said once, by the unit, for every trace and test bench."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Protocol

from accelsim.errors import InputError

Values = tuple[int, ...]
"""One cycle's values: numbers or truth values. A negative number stands for its two's complement;
`NOTHING` for a signal that means nothing in this cycle."""

NOTHING = -(1 << 63)
"""For instance the address while nothing is read: a waveform keeps what it showed before."""

MAX_BITS = 63

ADDRESS_BITS = 32
"""Width of an address where the wiring tells none."""


@dataclass(frozen=True)
class Signals:
    """The signals of one unit.

    Attributes
    ----------
    bits : name to width, 1 to 63
    read : gives the values in the order of ``bits``; asked between the two phases of a cycle, it
        sees registers before the edge, and decisions. One function for all, as it is called in
        every cycle of a trace.
    """

    bits: Mapping[str, int]
    read: Callable[[], Values]

    def __post_init__(self) -> None:
        for name, width in self.bits.items():
            if not 1 <= width <= MAX_BITS:
                raise InputError(f"signal '{name}' has {width} bits; need 1 to {MAX_BITS}")

    def plus(self, bits: Mapping[str, int], read: Callable[[], Values]) -> Signals:
        """Those of a derived unit, which shows more."""
        own = self.read
        return Signals({**self.bits, **bits}, lambda: (*own(), *read()))

    def values(self) -> dict[str, int | None]:
        """Name to value in this cycle, None for `NOTHING`."""
        return {
            name: None if value == NOTHING else value
            for name, value in zip(self.bits, self.read(), strict=True)
        }


def picker(signals: Signals, *names: str) -> Callable[[Values], Values]:
    """Takes some of a unit's values out of what its ``read`` gives."""
    order = list(signals.bits)
    return itemgetter(*(order.index(name) for name in names))


class Unit(Protocol):
    """Whatever shows signals."""

    def signals(self) -> Signals:
        """Those of this unit; asked once, before the first cycle shown."""


Place = tuple[tuple[str, ...], Unit]
"""(module instances from the outermost one down to the unit, the unit)"""


class Array(Protocol):
    """A reference's machine, as its observers see it."""

    def units(self, pes: Sequence[int]) -> Iterable[Place]:
        """What a trace shows: the units that all PEs share, and those of ``pes``."""


class Observer(Protocol):
    """Sees every cycle between its two phases: registers before the edge, and decisions."""

    def cycle(self, t: int, array: Any) -> None:
        """``t`` counts from 0, the first cycle of the run."""
