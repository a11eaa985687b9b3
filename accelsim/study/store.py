"""Results: one SQLite file, one row a point, written in whole batches or not at all."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from accelsim import __version__
from accelsim.study.evaluate import Outcome
from accelsim.study.points import Chunk, Point
from accelsim.study.schema import explained, open_store

LIMITS = "limits"
"""The column of what keeps a point's machine from being built: a JSON list, empty where nothing
does; NULL where the machine does not say, of points that failed or that an earlier version stored.
"""

_FIXED = ("digest", "workload", "config", "recipe", "seed", "version", "wall_s", "error", LIMITS)


def compact(value: Any) -> str:
    """JSON on few characters; the order of keys is the caller's, always the same."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


class Store:
    """A results file open for writing.

    The file is in WAL mode: others can read while a sweep writes. A killed process, or a write
    that fails, leaves whole batches.

    Parameters
    ----------
    path : the file; None keeps results in memory
    metrics : columns that this sweep fills; made where they are missing

    Attributes
    ----------
    lacked : those that the file did not have, though it held points

    Raises
    ------
    StoreError
        If the file cannot be opened or written; one line.
    """

    def __init__(self, path: str | Path | None, metrics: Sequence[str]) -> None:
        self.path = None if path is None else Path(path)
        self.metrics = tuple(metrics)
        self.connection = open_store(self.path)
        with explained(self.path):
            self.connection.execute("BEGIN IMMEDIATE")
            there = point_columns(self.connection)
            new = [name for name in self.metrics if name not in there]
            if LIMITS not in there:
                self.connection.execute(f"ALTER TABLE points ADD COLUMN {LIMITS} TEXT")
            for name in new:
                self.connection.execute(f'ALTER TABLE points ADD COLUMN "{name}"')
            self.connection.execute("COMMIT")
        self.lacked = tuple(new) if self.count()[0] else ()
        columns = (*_FIXED, *self.metrics)
        names = ", ".join(f'"{c}"' for c in columns)
        changed = ", ".join(f'"{c}" = excluded."{c}"' for c in columns[1:])
        self._insert = (
            f"INSERT INTO points ({names}) VALUES ({', '.join('?' * len(columns))}) "
            f"ON CONFLICT (digest) DO UPDATE SET {changed}"
        )

    def missing(self, points: Sequence[Point], retry_failed: bool = False) -> tuple[Point, ...]:
        """Those points that are not there yet, or lack a metric."""
        with explained(self.path):
            return missing_points(self.connection, self.metrics, points, retry_failed)

    def write(self, chunk: Chunk, outcomes: Sequence[Outcome]) -> None:
        """Store a chunk's points, all or none.

        Raises
        ------
        StoreError
            If the file cannot be written; what was stored before stays.
        """
        db = self.connection
        with explained(self.path):
            db.execute("BEGIN IMMEDIATE")
            try:
                base = self._id("bases", config=compact(chunk.base))
                recipe = self._id("recipes", settings=compact(chunk.recipe))
                workload = self._id(
                    "workloads", name=chunk.workload.name, digest=chunk.workload.digest
                )
                db.executemany(self._insert, [
                    (point.digest, workload,
                     self._id("configs", base=base, overrides=compact(point.overrides)), recipe,
                     chunk.workload.seed, __version__, outcome.wall_s, outcome.error,
                     _limits_text(outcome),
                     *(outcome.values or [None] * len(self.metrics)))
                    for point, outcome in zip(chunk.points, outcomes, strict=True)
                ])
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def count(self) -> tuple[int, int]:
        """(points, of which failed)."""
        with explained(self.path):
            row = self.connection.execute("SELECT count(*), count(error) FROM points").fetchone()
        return int(row[0]), int(row[1])

    def withdraw(self) -> None:
        """Remove the file if it holds no point and nobody else has it open."""
        with suppress(sqlite3.Error, OSError):
            self.connection.execute("PRAGMA busy_timeout = 0")
            # SQLite leaves WAL for the only one alone.
            left = self.connection.execute("PRAGMA journal_mode = DELETE").fetchone()
            if self.path is not None and left == ("delete",) and self.count()[0] == 0:
                self.connection.close()
                self.path.unlink()

    def close(self) -> None:
        """Close the file; the write-ahead log goes into it."""
        with explained(self.path):
            self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _id(self, table: str, **values: Any) -> int:
        """The id of a row with these values, made where it is missing."""
        names = ", ".join(values)
        found = " AND ".join(f"{name} = ?" for name in values)
        query = f"SELECT id FROM {table} WHERE {found}"
        row = self.connection.execute(query, tuple(values.values())).fetchone()
        if row is None:
            marks = ", ".join("?" * len(values))
            self.connection.execute(
                f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values())
            )
            row = self.connection.execute(query, tuple(values.values())).fetchone()
        return int(row[0])


def _limits_text(outcome: Outcome) -> str | None:
    if outcome.limits is None:
        return None
    return compact([limit.as_dict() for limit in outcome.limits])


def missing_points(
    connection: sqlite3.Connection,
    metrics: Sequence[str],
    points: Sequence[Point],
    retry_failed: bool = False,
) -> tuple[Point, ...]:
    """Those points without a row, or with one that lacks a metric."""
    if not set(metrics) <= set(point_columns(connection)):
        return tuple(points)
    settled = " AND ".join(f'"{name}" IS NOT NULL' for name in metrics)
    if not retry_failed:
        settled = f"({settled} OR error IS NOT NULL)"
    marks = ", ".join("?" * len(points))
    rows = connection.execute(
        f"SELECT digest FROM points WHERE digest IN ({marks}) AND {settled}",
        [point.digest for point in points],
    )
    there = {row[0] for row in rows}
    return tuple(point for point in points if point.digest not in there)


def point_columns(connection: sqlite3.Connection) -> list[str]:
    """Column names of the points table, in their order."""
    return [row[1] for row in connection.execute("PRAGMA table_info(points)")]


def metric_columns(connection: sqlite3.Connection) -> list[str]:
    """Those of them that hold metrics."""
    return [name for name in point_columns(connection) if name not in ("id", *_FIXED)]

