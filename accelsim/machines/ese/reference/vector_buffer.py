"""Vectors between the units of a channel; no element is read before it was written."""

from __future__ import annotations

from accelsim.errors import ConservationError


class VectorBuffer:
    """One vector of a channel. ``begin()`` makes every element unwritten."""

    def __init__(self, name: str, length: int, value: int | None = None) -> None:
        self.name = name
        self._values: list[int | None] = [value] * length

    def begin(self) -> None:
        """A new vector is going to be written."""
        self._values = [None] * len(self._values)

    def write(self, index: int, value: int) -> None:
        """Set one element."""
        self._values[index] = value

    def read(self, index: int) -> int:
        """One element."""
        value = self._values[index]
        if value is None:
            raise ConservationError(f"{self.name}[{index}] was read before it was written")
        return value

    def values(self) -> list[int]:
        """All elements."""
        return [self.read(index) for index in range(len(self._values))]
