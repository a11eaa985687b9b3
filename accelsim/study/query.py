"""Read a results file: rows by condition."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from accelsim.errors import ConfigError, nearest
from accelsim.machines import parse_setting
from accelsim.records.limits import Limit
from accelsim.study.schema import StoreError, explained, open_results
from accelsim.study.store import LIMITS, metric_columns, point_columns

# What a row says beside the configuration, the recipe and the metrics.
_ABOUT = ("workload", "seed", "version", "wall_s", "error", "point", "workload_digest")
FEASIBLE = "feasible"
_OPERATORS = re.compile(r"^\s*([\w.]+)\s*(<=|>=|!=|=|<|>)\s*(.+?)\s*$")
_NAME = re.compile(r"[A-Za-z_]\w*(\.\w+)*", re.ASCII)
_BATCH_ROWS = 10_000


@dataclass(frozen=True)
class Condition:
    """``key operator value``, for instance ``n_pe >= 64``."""

    key: str
    operator: str
    value: Any

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the command line.

        Raises
        ------
        ConfigError
            If there is no operator or a side is empty.
        """
        match = _OPERATORS.match(text)
        if match is None:
            raise ConfigError(f"--where {text}: need KEY=VALUE, or !=, <, <=, >, >= in place of =")
        key, operator, value = match.groups()
        return cls(key, operator, parse_setting(f"{key}={value}")[1])


class Results:
    """A results file open for reading; a sweep may write to it meanwhile.

    Raises
    ------
    StoreError
        If there is none, or it is of a newer version or something else.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.connection = open_results(self.path)
        with explained(self.path):
            self.metrics = metric_columns(self.connection)
            self.tells_limits = LIMITS in point_columns(self.connection)
            bases = self.connection.execute("SELECT config FROM bases").fetchall()
            recipes = self.connection.execute("SELECT settings FROM recipes").fetchall()
            self.config_keys = _keys(self.path, bases)
            self.recipe_keys = [f"recipe.{key}" for key in _keys(self.path, recipes)]
            _check_names(self.path, [*self.metrics, *self.config_keys, *self.recipe_keys])

    @property
    def columns(self) -> list[str]:
        """Every column of a row, in order."""
        return [
            "workload", *self.config_keys, *self.recipe_keys, "seed", *self.metrics,
            *((FEASIBLE, LIMITS) if self.tells_limits else ()), *_ABOUT[2:],
        ]

    def count(self, conditions: Sequence[Condition] = ()) -> int:
        """Number of rows that satisfy the conditions."""
        where, values = self.where(conditions)
        with explained(self.path):
            query = f"SELECT count(*) FROM results WHERE {where}"
            return int(self.connection.execute(query, values).fetchone()[0])

    def rows(
        self, conditions: Sequence[Condition] = (), limit: int | None = None,
        by_point: bool = False,
    ) -> Generator[dict[str, Any]]:
        """Rows that satisfy all conditions, each a dictionary of all `columns`.

        Conditions may also use ``failed``, true for rows with an error. The order is that in which
        the rows were stored; ``by_point`` it is the points' own, whatever worked them out first.

        Raises
        ------
        ConfigError
            If a condition names an unknown column; names the nearest.
        """
        where, values = self.where(conditions)
        metrics = "".join(f', "{name}"' for name in self.metrics)
        limits = LIMITS if self.tells_limits else "NULL"
        order = "digest" if by_point else "id"
        query = (
            f"SELECT workload_name, config_json, recipe_json, seed, version, wall_s, error, point, "
            f"workload_digest, {limits}{metrics} FROM results WHERE {where} "
            f"ORDER BY {order} LIMIT ?"
        )
        with explained(self.path), closing(self.connection.cursor()) as cursor:
            cursor.execute(query, [*values, -1 if limit is None else limit])
            while batch := cursor.fetchmany(_BATCH_ROWS):
                for row in batch:
                    yield self._row(row)

    def varying(self) -> list[str]:
        """Parameters that have more than one value in the file."""
        keys = [*self.config_keys, *self.recipe_keys]
        if not keys:
            return []
        with explained(self.path):
            counts = self.connection.execute(
                "SELECT " + ", ".join(f"count(DISTINCT {self._term(key)})" for key in keys)
                + " FROM results"
            ).fetchone()
        return [key for key, count in zip(keys, counts, strict=True) if count > 1]

    def storage_classes(self) -> dict[str, set[str]]:
        """Column to what SQLite stores in it: integer, real, text or null."""
        with explained(self.path):
            found: dict[str, set[str]] = {}
            for key in self.columns:
                query = f"SELECT DISTINCT typeof({self._term(key)}) FROM results"
                found[key] = {row[0] for row in self.connection.execute(query)}
        return found

    def truth_values(self) -> list[str]:
        """Parameters that are true or false."""
        with explained(self.path):
            bases = self.connection.execute("SELECT config FROM bases").fetchall()
        values = {k: v for (text,) in bases for k, v in _object(self.path, text).items()}
        found = [key for key, value in values.items() if isinstance(value, bool)]
        return [*found, FEASIBLE] if self.tells_limits else found

    def where(self, conditions: Sequence[Condition]) -> tuple[str, list[Any]]:
        """Conditions as SQL and its values."""
        terms = ["1"]
        for condition in conditions:
            known = [*self.columns, "failed"]
            if condition.key not in known:
                raise ConfigError(
                    f"{self.path}: no column '{condition.key}'{nearest(condition.key, known)}"
                )
            terms.append(f"{self._term(condition.key)} {condition.operator} ?")
        return " AND ".join(terms), [condition.value for condition in conditions]

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()

    def _term(self, key: str) -> str:
        """The SQL expression of a column."""
        if key in self.config_keys:
            return f"json_extract(config_json, '$.{key}')"
        if key in self.recipe_keys:
            return f"json_extract(recipe_json, '$.{key.removeprefix('recipe.')}')"
        if key == FEASIBLE:
            return f"({LIMITS} = '[]')"
        if key == "failed":
            return "(error IS NOT NULL)"
        return "workload_name" if key == "workload" else f'"{key}"'

    def _row(self, row: Sequence[Any]) -> dict[str, Any]:
        workload, config, recipe, seed, version, wall_s, error, point, digest, *rest = row
        limits, *metrics = rest
        settings = _object(self.path, recipe)
        return {
            "workload": workload,
            **_object(self.path, config),
            **{key: settings.get(key.removeprefix("recipe.")) for key in self.recipe_keys},
            "seed": seed,
            **dict(zip(self.metrics, metrics, strict=True)),
            **({FEASIBLE: None if limits is None else limits == "[]",
                LIMITS: _lines(self.path, limits)} if self.tells_limits else {}),
            "version": version, "wall_s": wall_s, "error": error, "point": point,
            "workload_digest": digest,
        }


def _lines(path: Path, text: Any) -> str | None:
    """What keeps a machine from being built, in one line; empty where nothing does."""
    return None if text is None else "; ".join(limit.line for limit in read_limits(path, text))


def read_limits(path: Path, text: Any) -> list[Limit]:
    """The limits that a row holds, if the file is sound."""
    try:
        return [Limit(**values) for values in json.loads(text)]
    except (ValueError, TypeError, RecursionError):
        raise StoreError(f"{path}: damaged: the limits of a point are no list of limits; restore "
                         f"the file or sweep into a new one") from None


def _keys(path: Path, texts: Sequence[tuple[Any]]) -> list[str]:
    """Keys of JSON objects, each once."""
    return list(dict.fromkeys(key for (text,) in texts for key in _object(path, text)))


def _object(path: Path, text: Any) -> dict[str, Any]:
    """A JSON object, if the file is sound."""
    try:
        values = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise StoreError(f"{path}: damaged: a configuration or recipe is no JSON object; restore "
                         f"the file or sweep into a new one")
    return values


def _check_names(path: Path, names: Sequence[str]) -> None:
    """Names become part of queries, so they are words, as a sweep writes them."""
    for name in names:
        if not _NAME.fullmatch(name):
            raise StoreError(f"{path}: damaged: {name!r} is no name of a parameter or metric; "
                             f"restore the file or sweep into a new one")
