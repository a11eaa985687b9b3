"""Control of one multiplication at a time: which column is broadcast when (ESE; Q1, Q5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import simpy

from accelsim.machines.ese.reference.ping_pong_buffer import WeightLoader
from accelsim.records.signals import ADDRESS_BITS, NOTHING, Signals
from accelsim.units.arith_unit import ARITH_STAGES

DOING = ("start", "fetch_wait", "blocked", "broadcast", "broadcast_idle", "drain")
"""What a cycle of a multiplication is counted as."""


@dataclass(frozen=True)
class Multiplication:
    """One matrix and where its words come from."""

    name: str
    n_columns: int
    loader: WeightLoader


class SpmvControl:
    """Inputs of a cycle: ``step(full, busy)``. Outputs: ``column`` to broadcast, or None.

    State: ``active``, from the first start cycle to the last drain cycle; ``computing``. Of the
    present cycle: ``doing``, one of `DOING` or "".
    """

    def __init__(self, env: simpy.Environment, start_cycles: int, whole_matrix: bool) -> None:
        self._env = env
        self._start_cycles = start_cycles
        self._whole_matrix = whole_matrix
        self._sequence: Iterator[bool] = iter(())
        self._full: Sequence[bool] = ()
        self._busy = False
        self.started = env.event()
        self.active = self.computing = False
        self.column: int | None = None
        self.doing = ""
        self.start_total = self.compute_total = self.drain_total = 0
        self.broadcasts = self.fetch_wait_cycles = self.blocked_cycles = 0
        self.idle_cycles = 0
        self.blocking_cycles: list[int] = []

    def begin(self, multiplication: Multiplication) -> None:
        """Start in this cycle; ``step`` follows."""
        self._sequence = self._cycles(multiplication)
        self.active = True
        started, self.started = self.started, self._env.event()
        started.succeed()

    def step(self, full: Sequence[bool], busy: bool) -> None:
        """What happens in this cycle; nothing is active any more once it has ended."""
        self._full, self._busy = full, busy
        self.active = next(self._sequence, False)
        if not self.active:
            self.doing = ""

    def signals(self) -> Signals:
        """What this cycle is counted as, and the column that is broadcast."""
        return Signals(
            dict.fromkeys(DOING, 1) | {"column": ADDRESS_BITS},
            lambda: (*(self.doing == state for state in DOING),
                     NOTHING if self.column is None else self.column),
        )

    def _cycles(self, work: Multiplication) -> Iterator[bool]:
        for _ in range(self._start_cycles):
            self.doing = "start"
            self.start_total += 1
            yield True
        self.computing = True
        following = 0
        while self._busy or following < work.n_columns:
            self.compute_total += 1
            if following == work.n_columns:
                self.doing = "broadcast_idle"
                self.idle_cycles += 1
            elif not self._arrived(work.loader, following):
                self.doing = "fetch_wait"
                self.fetch_wait_cycles += 1
            elif any(self._full):
                self.doing = "blocked"
                self.blocked_cycles += 1
                for pe, full in enumerate(self._full):
                    self.blocking_cycles[pe] += full
            else:
                self.doing = "broadcast"
                self.column = following
                self.broadcasts += 1
                following += 1
            yield True
            self.column = None
        self.computing = False
        for _ in range(ARITH_STAGES):
            self.doing = "drain"
            self.drain_total += 1
            yield True

    def _arrived(self, loader: WeightLoader, column: int) -> bool:
        return loader.whole if self._whole_matrix else loader.columns > column
