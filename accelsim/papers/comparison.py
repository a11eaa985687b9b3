"""Records of a published table beside ours: cells, tolerances, verdicts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from accelsim.errors import ConfigError
from accelsim.records.shown import Short

Side = Literal["ours", "published", "low", "high"]


@dataclass(frozen=True)
class Tolerance:
    """How far ours may be from the published value.

    Attributes
    ----------
    limit : share of the published value if ``relative``, else in the unit of the cell
    """

    limit: float
    relative: bool

    @classmethod
    def parse(cls, text: str) -> Tolerance | None:
        """``"10 %"`` is relative, ``"2"`` absolute, an empty text no tolerance.

        Raises
        ------
        ConfigError
            If the text is none of these.
        """
        if not text:
            return None
        try:
            if text.endswith("%"):
                return cls(float(text[:-1]) / 100, True)
            return cls(float(text), False)
        except ValueError:
            raise ConfigError(f"tolerance is '{text}'; need '10 %', '2' or ''") from None

    def allows(self, ours: float, published: float) -> bool:
        """Whether the distance is within the limit."""
        scale = abs(published) if self.relative else 1.0
        # One part in 10^9 forgives the binary image of a decimal limit.
        return abs(ours - published) <= self.limit * scale * (1 + 1e-9)

    def text(self, unit: str) -> str:
        """``10 %`` if relative, else ``2 us``; percentages are counted in points."""
        if self.relative:
            return f"{100 * self.limit:g} %"
        return f"{self.limit:g} {'points' if unit == '%' else unit}".rstrip()


@dataclass(frozen=True)
class Cell:
    """One number, published and ours; either may be missing.

    Attributes
    ----------
    tag : of the published value: P printed, R recalled, D derived, S authors' simulator
    reason : why ours lies outside, or why nothing is claimed
    low, high : least and most of ours over seeds, where there are several
    """

    row: str
    column: str
    unit: str = ""
    ours: float | None = None
    published: float | None = None
    tolerance: Tolerance | None = None
    tag: str = ""
    reason: str = ""
    low: float | None = None
    high: float | None = None

    @property
    def ratio(self) -> float | None:
        """Ours over published."""
        if self.ours is None or not self.published:
            return None
        return self.ours / self.published

    @property
    def within(self) -> bool | None:
        """Whether ours is within the tolerance; None where there is nothing to compare."""
        if self.tolerance is None or self.ours is None or self.published is None:
            return None
        return self.tolerance.allows(self.ours, self.published)

    @property
    def distance(self) -> str:
        """How far ours is from the published value, in the terms of the tolerance."""
        if self.ours is None or self.published is None or self.tolerance is None:
            return ""
        if self.tolerance.relative:
            return f"{100 * (self.ours / self.published - 1):+.1f} %"
        unit = "points" if self.unit == "%" else self.unit
        return f"{self.ours - self.published:+.3g} {unit}".rstrip()

    @property
    def verdict(self) -> str:
        """``within 10 %``, or ``outside 10 %`` with distance and reason; empty if not compared."""
        if self.within is None or self.tolerance is None:
            return ""
        limit = self.tolerance.text(self.unit)
        if self.within:
            return f"within {limit}"
        return f"outside {limit}: {self.distance}; {self.reason or 'not explained'}"


@dataclass(frozen=True)
class Comparison(Short):
    """One published table, row by column.

    Attributes
    ----------
    row_label : what the rows are
    source : of the published values
    """

    title: str
    row_label: str
    source: str
    cells: tuple[Cell, ...]

    @property
    def rows(self) -> tuple[str, ...]:
        """Row names in the order of the table."""
        return tuple(dict.fromkeys(cell.row for cell in self.cells))

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names in the order of the table."""
        return tuple(dict.fromkeys(cell.column for cell in self.cells))

    @property
    def against(self) -> str:
        """What stands beside ours, in a word or two: not all of it was printed."""
        tags = {cell.tag for cell in self.cells if cell.tag}
        names = {"S": "authors' simulator", "D": "derived"}
        return names.get(tags.pop(), "published") if len(tags) == 1 else "published"

    def cell(self, row: str, column: str) -> Cell:
        """One cell; `KeyError` if there is none."""
        for cell in self.cells:
            if (cell.row, cell.column) == (row, column):
                return cell
        raise KeyError(f"{self.title}: no cell {row}/{column}")

    def unit(self, column: str) -> str:
        """Unit of a column."""
        return next(cell.unit for cell in self.cells if cell.column == column)

    def values(self, which: Side) -> npt.NDArray[np.float64]:
        """(rows, columns) values, NaN where missing."""
        at = {(cell.row, cell.column): getattr(cell, which) for cell in self.cells}
        found = [[at.get((r, c)) for c in self.columns] for r in self.rows]
        return np.array(found, dtype=np.float64)

    def compared(self) -> tuple[Cell, ...]:
        """The cells that a tolerance judges."""
        return tuple(cell for cell in self.cells if cell.within is not None)

    def outside(self) -> tuple[Cell, ...]:
        """The cells outside of their tolerance."""
        return tuple(cell for cell in self.cells if cell.within is False)


@dataclass(frozen=True)
class Published(Short):
    """A published table or figure reproduced: comparisons, and notes that go with them.

    Attributes
    ----------
    assumes : what its figure must say of the machine, memories without limits above all
    """

    name: str
    title: str
    tables: tuple[Comparison, ...]
    notes: tuple[str, ...] = ()
    assumes: tuple[str, ...] = ()

    def records(self) -> Iterator[dict[str, Any]]:
        """One flat row a cell, for CSV."""
        for table in self.tables:
            for cell in table.cells:
                yield {
                    "name": self.name, "table": table.title, "row": cell.row,
                    "column": cell.column, "unit": cell.unit, "ours": cell.ours,
                    "published": cell.published, "ratio": cell.ratio, "tag": cell.tag,
                    "tolerance": cell.tolerance.text(cell.unit) if cell.tolerance else "",
                    "verdict": cell.verdict,
                    **({"low": cell.low, "high": cell.high} if cell.low is not None else {}),
                }

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        tables = []
        for table in self.tables:
            tables.append({
                "title": table.title, "source": table.source,
                "compared": len(table.compared()), "outside": len(table.outside()),
            })
        return {
            "name": self.name, "title": self.title, "notes": list(self.notes),
            "assumes": list(self.assumes), "tables": tables,
            "cells": list(self.records()),
        }
