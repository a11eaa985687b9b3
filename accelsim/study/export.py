"""Results for other programs: a pandas.DataFrame, CSV lines, a Parquet file.

Files have the rows in the order of their points and leave out how long each took, so that the same
study gives the same bytes on any machine.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from accelsim.files import atomic_path
from accelsim.study.extras import extra
from accelsim.study.query import Condition, Results

_BATCH_ROWS = 10_000


def frame(results: Results, conditions: Sequence[Condition] = ()) -> Any:
    """The rows as a ``pandas.DataFrame``, one column for each of `Results.columns`.

    Raises
    ------
    ConfigError
        If pandas is not installed.
    """
    return extra("pandas").DataFrame(list(results.rows(conditions)), columns=results.columns)


def write_csv(
    results: Results,
    stream: TextIO,
    conditions: Sequence[Condition] = (),
    limit: int | None = None,
) -> None:
    """A header and one line a point."""
    writer = csv.DictWriter(stream, _columns(results), extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    with closing(results.rows(conditions, limit, by_point=True)) as rows:
        writer.writerows(rows)


def write_parquet(
    results: Results,
    target: str | Path,
    conditions: Sequence[Condition] = (),
    limit: int | None = None,
) -> int:
    """Write a Parquet file, batch by batch; returns the number of rows.

    Raises
    ------
    ConfigError
        If pyarrow is not installed.
    InputError
        If the file cannot be written; nothing half-written stays.
    """
    pyarrow, parquet = extra("pyarrow"), extra("pyarrow.parquet")
    schema = _schema(pyarrow, results)
    written = 0
    with (
        atomic_path(target) as partial,
        closing(results.rows(conditions, limit, by_point=True)) as rows,
        parquet.ParquetWriter(partial, schema) as writer,
    ):
        while batch := list(islice(rows, _BATCH_ROWS)):
            writer.write_table(pyarrow.Table.from_pylist(batch, schema=schema))
            written += len(batch)
    return written


def _columns(results: Results) -> list[str]:
    return [name for name in results.columns if name != "wall_s"]


def _schema(pyarrow: Any, results: Results) -> Any:
    truth = results.truth_values()
    kinds = {"integer": pyarrow.int64(), "real": pyarrow.float64(), "text": pyarrow.string()}
    fields = []
    classes = results.storage_classes()
    for name in _columns(results):
        stored = classes[name] - {"null"}
        if name in truth:
            kind = pyarrow.bool_()
        elif not stored:
            kind = pyarrow.string() if name == "error" else pyarrow.float64()
        elif len(stored) == 1:
            kind = kinds[next(iter(stored))]
        else:
            kind = pyarrow.float64() if stored <= {"integer", "real"} else pyarrow.string()
        fields.append((name, kind))
    return pyarrow.schema(fields)
