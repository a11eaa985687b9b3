"""The tables of a results file, and opening it: every way in which that fails is one line."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from accelsim.errors import AccelsimError
from accelsim.files import is_plain

APPLICATION_ID = 0x61637369  # "acsi", in the file's header
SCHEMA_VERSION = 1
BUSY_SECONDS = 20.0
_TRY_AGAIN_SECONDS = 0.05

# Configurations are stored as what differs from a base, each once; the view puts them together.
_SCHEMA = f"""
CREATE TABLE bases (id INTEGER PRIMARY KEY, config TEXT NOT NULL UNIQUE);
CREATE TABLE configs (
  id INTEGER PRIMARY KEY, base INTEGER NOT NULL REFERENCES bases, overrides TEXT NOT NULL,
  UNIQUE (base, overrides)
);
CREATE TABLE recipes (id INTEGER PRIMARY KEY, settings TEXT NOT NULL UNIQUE);
CREATE TABLE workloads (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL, UNIQUE (name, digest)
);
CREATE TABLE points (
  id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE,
  workload INTEGER NOT NULL REFERENCES workloads, config INTEGER NOT NULL REFERENCES configs,
  recipe INTEGER NOT NULL REFERENCES recipes, seed INTEGER NOT NULL, version TEXT NOT NULL,
  wall_s REAL NOT NULL, error TEXT
);
CREATE VIEW results AS
  SELECT lower(hex(points.digest)) AS point, workloads.name AS workload_name,
         workloads.digest AS workload_digest,
         json_patch(bases.config, configs.overrides) AS config_json,
         recipes.settings AS recipe_json, points.*
  FROM points JOIN workloads ON workloads.id = points.workload
  JOIN configs ON configs.id = points.config JOIN bases ON bases.id = configs.base
  JOIN recipes ON recipes.id = points.recipe;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
"""


class StoreError(AccelsimError):
    """A results file cannot be opened, read or written."""


def open_store(path: Path | None) -> sqlite3.Connection:
    """Open a results file for writing, making it where there is none; None keeps it in memory.

    Raises
    ------
    StoreError
        If it is locked, cannot be written, is of a newer version or is something else.
    """
    if path is not None and not is_plain(path):
        raise StoreError(f"{path}: a pipe or device; name a file with -o")
    with explained(path):
        give_up = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                return _open_once(path)
            except sqlite3.OperationalError as problem:
                # SQLite does not wait when two programs turn a file to WAL at the same moment.
                if not _is_busy(problem) or time.monotonic() > give_up:
                    raise
            time.sleep(_TRY_AGAIN_SECONDS)


def _open_once(path: Path | None) -> sqlite3.Connection:
    name = ":memory:" if path is None else str(path)
    connection = sqlite3.connect(name, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        # SQLite opens a file that it must not write as read-only, and says so at the first
        # write; better now than after an hour of simulation.
        if not check_kind(connection, path):
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN IMMEDIATE")
        # Another sweep may have made the tables meanwhile.
        if not check_kind(connection, path):
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


def open_results(path: Path) -> sqlite3.Connection:
    """Open a results file for reading.

    Raises
    ------
    StoreError
        If there is none, or it is of a newer version or something else.
    """
    if not path.is_file():
        if path.exists():
            raise StoreError(f"{path}: is no file; name a results file")
        raise StoreError(f"{path}: no such results file; 'accelsim sweep STUDY -o {path}' makes it")
    uri = path.absolute().as_uri()
    with explained(path):
        connection = sqlite3.connect(f"{uri}?mode=ro", uri=True, timeout=BUSY_SECONDS)
        try:
            found = check_kind(connection, path)
        except sqlite3.OperationalError:
            # In a read-only folder the files that WAL needs cannot be made; without them around,
            # nobody is writing.
            connection.close()
            if Path(f"{path}-wal").exists():
                raise
            connection = sqlite3.connect(f"{uri}?immutable=1", uri=True)
            found = check_kind(connection, path)
    if not found:
        connection.close()
        raise StoreError(f"{path}: empty; 'accelsim sweep STUDY -o {path}' fills it")
    return connection


def check_kind(connection: sqlite3.Connection, path: Path | None) -> bool:
    """Whether the file holds our tables; False for an empty file.

    Raises
    ------
    StoreError
        If it is of a newer version, or another application's.
    """
    # One statement, so that the three are of one moment.
    application, version, tables = connection.execute(
        "SELECT (SELECT application_id FROM pragma_application_id), "
        "(SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)"
    ).fetchone()
    if application == APPLICATION_ID and version > SCHEMA_VERSION:
        raise StoreError(f"{path}: results of version {version}, this accelsim reads up to "
                         f"{SCHEMA_VERSION}; use a newer accelsim or another file")
    if application == APPLICATION_ID and version == SCHEMA_VERSION and tables:
        return True
    if application or version or tables:
        raise StoreError(f"{path}: a database of another program; name another file")
    return False


@contextmanager
def explained(path: Path | None) -> Iterator[None]:
    """Turn SQLite's errors into one line that names the file and the remedy."""
    try:
        yield
    except sqlite3.Error as problem:
        name = getattr(problem, "sqlite_errorname", "")
        reason = " ".join(_reason(name, problem, path).split())  # SQLite quotes its tables' text
        raise StoreError(f"{path or 'results'}: {reason}") from None
    except UnicodeDecodeError:  # from SQLite's own messages, which quote a damaged file
        raise StoreError(f"{path or 'results'}: damaged: text that is not UTF-8; restore the file "
                         f"or sweep into a new one") from None


def _is_busy(problem: sqlite3.Error) -> bool:
    name: str = getattr(problem, "sqlite_errorname", "")
    return name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def _reason(name: str, problem: sqlite3.Error, path: Path | None) -> str:
    if _is_busy(problem):
        return (f"locked by another program for more than {BUSY_SECONDS:g} s; "
                f"wait for it to end, then run the same command again")
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
        return (f"cannot be written: {problem} (disk full, or a file size limit?); what was stored "
                f"before is safe; make room, then run the same command again")
    if name.startswith("SQLITE_READONLY"):
        return "cannot be written; give a file that you may write with -o"
    if name.startswith("SQLITE_CANTOPEN"):
        if path is not None and path.is_dir():
            return "is a folder; name a file with -o"
        return "cannot be opened or made; the folder must exist and be writable"
    return f"not a results file, or damaged: {problem}; name another file"
