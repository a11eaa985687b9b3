"""The pipeline of an element-wise unit: elements in, results out after its latency (ESE; E1)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from accelsim.machines.ese.reference.vector_buffer import VectorBuffer
from accelsim.records.signals import NOTHING, Signals

Element = Callable[[int], int]
"""Index to result: reads operands and computes."""


class ElementwiseUnit:
    """``width`` elements a cycle. Edge: ``load(cycle)``.

    Elements enter from the cycle after the start on, when Assemble has collected the first.
    """

    def __init__(self, width: int, latency: int) -> None:
        self._width = width
        self._latency = latency
        self._element: Element | None = None
        self._target: VectorBuffer | None = None
        self._started = 0
        self._length = self._next = 0
        self._pipeline: deque[tuple[int, int, int]] = deque()
        self._cycle = 0
        self.results = 0

    def start(self, cycle: int, element: Element, target: VectorBuffer, length: int) -> None:
        """Begin an operation in ``cycle``."""
        self._started, self._element, self._target = cycle, element, target
        self._length, self._next = length, 0

    @property
    def idle(self) -> bool:
        """Whether the last result has been written."""
        return self._element is None

    @property
    def making(self) -> str:
        """The vector that is made, or ""."""
        return "" if self._target is None or self.idle else self._target.name

    @property
    def entering(self) -> int:
        """Elements that enter in this cycle."""
        if self.idle or self._cycle == self._started:
            return 0
        return min(self._width, self._length - self._next)

    def due(self, cycle: int) -> int | None:
        """The first result that is written at the end of a cycle, if one is that entered before."""
        if self._pipeline and self._pipeline[0][0] == cycle:
            return self._pipeline[0][2]
        return None

    def signals(self) -> Signals:
        """``elements`` enter in this cycle, from number ``element`` on."""
        return Signals(
            {"busy": 1, "enter": 1, "element": 16, "elements": self._width.bit_length() + 1},
            lambda: (not self.idle, self.entering > 0, NOTHING if self.idle else self._next,
                     self.entering),
        )

    def load(self, cycle: int) -> None:
        """Clock edge."""
        entering, self._cycle = self.entering, cycle + 1
        if self._element is None or self._target is None or cycle == self._started:
            return
        for index in range(self._next, self._next + entering):
            due = cycle + self._latency - 1
            self._pipeline.append((due, index, self._element(index)))
        self._next += entering
        while self._pipeline and self._pipeline[0][0] == cycle:
            _, index, value = self._pipeline.popleft()
            self._target.write(index, value)
            self.results += 1
        if self._next == self._length and not self._pipeline:
            self._element = None
