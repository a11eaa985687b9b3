"""The published numbers: package data, read once, each grid with its source and tag."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from accelsim.errors import ConfigError
from accelsim.papers.comparison import Cell, Comparison, Tolerance

_FILES = ("eie_tables", "eie_figures", "deep_compression", "ese", "networks", "inq")

Values = Mapping[str, Mapping[str, float]]
"""Numbers by row and column."""


@dataclass(frozen=True)
class Grid:
    """A published table of numbers.

    Attributes
    ----------
    units : one for each column
    tolerances, reasons : by ``"row/column"``, by row or by column
    rows : name to one value a column, None where nothing is published
    """

    source: str
    tag: str
    columns: tuple[str, ...]
    units: tuple[str, ...]
    tolerances: Mapping[str, Tolerance | None]
    rows: Mapping[str, tuple[float | None, ...]]
    reasons: Mapping[str, str]

    def value(self, row: str, column: str) -> float:
        """One published number; `KeyError` if there is none."""
        value = self.rows[row][self.columns.index(column)]
        if value is None:
            raise KeyError(f"{self.source}: {row}/{column} is not published")
        return value

    def column(self, column: str) -> dict[str, float]:
        """The numbers of a column by row, those that are published."""
        at = self.columns.index(column)
        return {row: v for row, values in self.rows.items() if (v := values[at]) is not None}

    def reason(self, row: str, column: str) -> str:
        """Why a cell lies outside: the most special text there is."""
        for key in (f"{row}/{column}", row, column):
            if key in self.reasons:
                return self.reasons[key]
        return ""

    def tolerance(self, row: str, column: str) -> Tolerance | None:
        """The tolerance of a cell: the most special there is."""
        for key in (f"{row}/{column}", row, column):
            if key in self.tolerances:
                return self.tolerances[key]
        return None

    def beside(self, title: str, row_label: str, ours: Values) -> Comparison:
        """This table beside ours; rows and columns that only ours has come last."""
        units = dict(zip(self.columns, self.units, strict=True))
        columns = dict.fromkeys(self.columns)
        for values in ours.values():
            columns |= dict.fromkeys(values)
        cells = []
        for row in dict.fromkeys([*self.rows, *ours]):
            published = dict(zip(self.columns, self.rows.get(row, ()), strict=False))
            mine = ours.get(row, {})
            cells += [
                Cell(row, name, units.get(name, self.units[0]), mine.get(name),
                     published.get(name), self.tolerance(row, name),
                     self.tag if published.get(name) is not None else "", self.reason(row, name))
                for name in columns
            ]
        return Comparison(title, row_label, self.source, tuple(cells))


@cache
def grids() -> Mapping[str, Grid]:
    """Every published grid by name.

    Raises
    ------
    ConfigError
        If the package's data are damaged.
    """
    found: dict[str, Grid] = {}
    for file in _FILES:
        tables = _toml("accelsim.papers", f"data/{file}")
        found |= {name: _grid(name, _whole(table)) for name, table in tables.items()}
    return found


def _toml(package: str, file: str) -> dict[str, Any]:
    return tomllib.loads(resources.files(package).joinpath(f"{file}.toml").read_text("utf-8"))


def _whole(table: dict[str, Any]) -> dict[str, Any]:
    """A table with the numbers of the published workload that it names, if it does."""
    if "published" not in table:
        return table
    printed = _toml("accelsim.workload", table["published"])
    if "fields" in table:
        return {**table, "rows": {row: _printed(table, layer) for row, layer in printed.items()}}
    return {"source": printed["source"], "tag": printed["tag"], **printed["times"], **table}


def _printed(table: dict[str, Any], layer: dict[str, Any]) -> list[float]:
    """A layer's fields as the table prints them: shares in percent."""
    return [round(100 * layer[field], 6) if unit == "%" else layer[field]
            for field, unit in zip(table["fields"], table["unit"], strict=True)]


def _grid(name: str, table: dict[str, Any]) -> Grid:
    columns = tuple(str(column) for column in table["columns"])
    limits = table.get("tolerance", {})
    if not isinstance(limits, dict):
        limits = dict(zip(columns, _each(limits, columns), strict=True))
    rows = {
        row: tuple(None if math.isnan(v) else float(v) for v in values)
        for row, values in table["rows"].items()
    }
    for row, values in rows.items():
        if len(values) != len(columns):
            raise ConfigError(f"{name}: row {row} has {len(values)} values for {len(columns)} "
                              f"columns; complete it")
    return Grid(
        table["source"], table["tag"], columns, _each(table["unit"], columns),
        {key: Tolerance.parse(text) for key, text in limits.items()}, rows,
        table.get("reasons", {}),
    )


def _each(value: str | list[str], columns: tuple[str, ...]) -> tuple[str, ...]:
    """One text for each column, from one for all or a list."""
    return tuple(value) if isinstance(value, list) else (value,) * len(columns)
