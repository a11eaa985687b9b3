"""Activation queue: FIFO between the broadcast bus and one PE (EIE sec. IV; contract Q1, Q2)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from accelsim.records.signals import Signals

Item = tuple[int, int]
"""(image column, activation)"""


class ActQueue:
    """``depth`` broadcast columns.

    State (read before the edge): ``items``, ``head`` (None if empty), ``full``.
    Inputs of a cycle: ``push(item)`` (only while not full), ``pop(count)``. Edge: ``load()``.
    """

    __slots__ = ("_popped", "depth", "full", "head", "histogram", "items", "pops", "pushed",
                 "pushes")

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.items: deque[Item] = deque()
        self.head: Item | None = None
        self.full = False
        self.pushed: Item | None = None
        self._popped = 0
        self.pushes = 0
        self.pops = 0
        self.histogram = [0] * (depth + 1)

    def push(self, item: Item) -> None:
        """Write one item at the edge."""
        self.pushed = item

    def pop(self, count: int = 1) -> None:
        """Remove the first ``count`` items at the edge."""
        self._popped = count

    def load(self) -> None:
        """Clock edge; counts what the queue held at the start of the cycle."""
        items = self.items
        self.histogram[len(items)] += 1
        if self._popped:
            self.pops += self._popped
            while self._popped:
                items.popleft()
                self._popped -= 1
        elif self.pushed is None:
            return
        if self.pushed is not None:
            self.pushes += 1
            items.append(self.pushed)
            self.pushed = None
        self.head = items[0] if items else None
        self.full = len(items) == self.depth

    def restore(self, items: Iterable[Item]) -> None:
        """Hold these, oldest first."""
        self.items.extend(items)
        self.head = self.items[0] if self.items else None
        self.full = len(self.items) == self.depth

    def signals(self) -> Signals:
        """As rtl/common/act_queue.v names them."""
        return Signals(
            {"push_i": 1, "pop_i": 1, "full_o": 1, "valid_o": 1,
             "count_o": self.depth.bit_length()},
            lambda: (self.pushed is not None, self._popped > 0, self.full,
                     self.head is not None, len(self.items)),
        )

    def idle(self, cycles: int) -> None:
        """Count cycles in which the empty queue was not stepped."""
        self.histogram[0] += cycles

    @property
    def most(self) -> int:
        """Most items held at the start of a cycle."""
        return max((held for held, cycles in enumerate(self.histogram) if cycles), default=0)
