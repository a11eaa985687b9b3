"""Element-wise units of the bank-balanced machine: elements in, results out later (B6)."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from accelsim.machines.bbs.config import BbsConfig
from accelsim.machines.bbs.stages import Operation
from accelsim.records.signals import Signals
from accelsim.units.clock import Clock, Process


class ElementwiseUnit:
    """Takes ``elementwise_width`` elements a cycle, one operation after the other.

    State: ``busy``. What the elements are is not told: only how many come out, and when.
    """

    def __init__(self, config: BbsConfig, clock: Clock) -> None:
        self._width = config.elementwise_width
        self._clock = clock
        self._waiting: deque[Operation] = deque()
        self._left_to_take = self._left_to_give = 0
        # Elements in each stage of the pipeline.
        self._pipeline = deque([0] * config.elementwise_latency_cycles)
        self.products = self.sums = self.look_ups = 0

    def begin(self, operations: Sequence[Operation]) -> None:
        """From this cycle on, these operations."""
        self._waiting.extend(operations)

    @property
    def busy(self) -> bool:
        """Whether a result is still to come."""
        return bool(self._waiting)

    @property
    def operation(self) -> str:
        """Of the present cycle, or ""."""
        return self._waiting[0].name if self._waiting else ""

    @property
    def giving(self) -> int:
        """Results of this cycle."""
        return self._pipeline[0] if self._waiting else 0

    def signals(self) -> Signals:
        """Results that leave in this cycle, and operations that are not done."""
        return Signals(
            {"busy": 1, "results": self._width.bit_length(), "operations": 8},
            lambda: (self.busy, self.giving, len(self._waiting)),
        )

    def run(self) -> Process:
        """The unit's process: everything happens at the edge."""
        self._clock.loading[self] = None
        yield self._clock.event()

    def load(self) -> None:
        """Clock edge: results leave, elements enter; an operation waits for the one before."""
        if not self._waiting:
            return
        operation = self._waiting[0]
        if not self._left_to_give:
            self._left_to_take = self._left_to_give = operation.n_elements
        given = self._pipeline.popleft()
        taken = min(self._width, self._left_to_take)
        self._pipeline.append(taken)
        self._left_to_take -= taken
        self._left_to_give -= given
        self.products += given * operation.products
        self.sums += given * operation.sums
        self.look_ups += given * operation.look_ups
        if not self._left_to_give:
            self._waiting.popleft()
