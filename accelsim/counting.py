"""What the counters of every machine share: fields with a meaning, comparison, totals, laws."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import Field, field, fields
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from accelsim.errors import ConservationError

IntArray = npt.NDArray[np.int64]
Law = tuple[str, IntArray, IntArray]


def per_pe(meaning: str) -> Any:
    """A counter of each PE, an (n_pe, ...) int64 array."""
    return field(metadata={"meaning": meaning, "per": "PE"})


def total(meaning: str) -> Any:
    """A counter of the whole array, an integer."""
    return field(metadata={"meaning": meaning, "per": "layer"})


class CounterSet:
    """Base of dataclasses whose fields are `per_pe` and `total` counters."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def counted(self) -> list[Field[Any]]:
        """The counters that were counted: all of them, where the machine leaves none out."""
        there = vars(self)
        return [f for f in fields(self) if f.name in there]

    def difference(self, other: Self) -> str | None:
        """The first counter (and PE) that differs from ``other``, in words, or None."""
        for f in fields(self):
            if f not in self.counted() or f not in other.counted():
                if f in self.counted() or f in other.counted():
                    return f"{f.name}: counted on one side only"
                continue
            mine, theirs = getattr(self, f.name), getattr(other, f.name)
            if f.metadata["per"] == "layer":
                if mine != theirs:
                    return f"{f.name}: {mine} != {theirs}"
                continue
            if mine.shape != theirs.shape:
                return f"{f.name}: shape {mine.shape} != {theirs.shape}"
            where = np.argwhere(mine != theirs)
            if len(where):
                at = tuple(int(i) for i in where[0])
                return f"{f.name}[PE {at[0]}{at[1:] or ''}]: {mine[at]} != {theirs[at]}"
        return None

    def totals(self) -> dict[str, int]:
        """Every counter as one number: sums over PEs, the maximum for the occupancy maximum."""
        result = {}
        for f in self.counted():
            value = getattr(self, f.name)
            if f.name == "queue_occupancy_max":
                result[f.name] = int(value.max())
            elif f.name != "queue_occupancy_histogram":
                result[f.name] = int(np.sum(value))
        return result

    def judge(self, laws: Iterable[Law]) -> None:
        """Hold both sides of each law against each other, PE by PE, and every counter to 0.

        Raises
        ------
        ConservationError
            Naming the law and the first PE that broke it.
        """
        for law, left, right in laws:
            if not np.array_equal(left, right):
                pe = int(np.argmax(left != right))
                raise ConservationError(f"{law} broken at PE {pe}: {left[pe]} != {right[pe]}")
        values = [np.ravel(getattr(self, f.name)) for f in self.counted()]
        if np.concatenate(values).min() < 0:
            raise ConservationError("a counter is negative")
