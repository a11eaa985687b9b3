"""The two phases of a clock cycle. This file is the only one that knows about SimPy time.

In the first phase (even ticks) every process reads registers and decides; no register changes.
In the second (odd ticks) the clock loads every register from what was decided. A decision can so
never see another one of its own cycle, and the order of processes inside a tick cannot matter.

A process waits for the next cycle with ``yield clock.tick``. One with nothing to do leaves
``clock.loading`` and waits for an event of its own; the clock does not step it meanwhile.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator, Iterable
from typing import Any, Protocol, TypeVar

import simpy

T = TypeVar("T")
Process = Generator[simpy.Event, Any, None]

_PHASE = 1  # ticks between deciding and loading, and back


class Register(Protocol):
    """Anything with state that changes at the clock edge."""

    def load(self) -> None:
        """Take over what was decided in this cycle."""


class Clock:
    """Counts cycles, starts their first phase and carries out their second.

    Attributes
    ----------
    cycle : cycles completed; the number of the present one, from 0
    tick : event of the next cycle's beginning
    loading : what loads at the edge; a dict, for its order and its quick removal
    order : puts the processes of a tick, and what loads at an edge, into another order in every
        cycle, for tests; None keeps the order in which they were made
    """

    __slots__ = ("_env", "_watch", "cycle", "loading", "order", "tick")

    def __init__(self, env: simpy.Environment, watch: Callable[[int], None] | None = None) -> None:
        """``watch(cycle)`` is called between the two phases of each cycle."""
        self._env = env
        self._watch = watch
        self.cycle = 0
        self.tick: simpy.Event = env.timeout(2 * _PHASE)
        self.loading: dict[Register, None] = {}
        self.order: random.Random | None = None

    def event(self) -> simpy.Event:
        """Something that a sleeping process waits for."""
        return self._env.event()

    def after(self, cycle: int) -> simpy.Event:
        """The end of a cycle, the present one or a later one; asked for before anything runs."""
        return self._env.timeout(2 * _PHASE * (cycle + 1 - self.cycle))

    def run(self) -> Process:
        """The clock's process."""
        while True:
            yield self._env.timeout(_PHASE)
            if self._watch is not None:
                self._watch(self.cycle)
            for register in self._in_order(self.loading):
                register.load()
            self.cycle += 1
            # Whoever the tick wakes finds the one after it, which is a whole cycle later.
            tick, self.tick = self.tick, self._env.timeout(3 * _PHASE)
            if tick.callbacks is not None:
                tick.callbacks[:] = self._in_order(tick.callbacks)
            yield tick

    def _in_order(self, things: Iterable[T]) -> Iterable[T]:
        """As they are, or in another order each time: no result may depend on it."""
        if self.order is None:
            return things
        mixed = list(things)
        self.order.shuffle(mixed)
        return mixed
