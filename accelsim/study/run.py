"""A study in one call: a data frame of its points; and chosen designs, for searches."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from accelsim.errors import InputError
from accelsim.records.limits import Limit, worst
from accelsim.study.axes import Scalar
from accelsim.study.definition import Study, load_study
from accelsim.study.export import frame
from accelsim.study.extras import extra
from accelsim.study.metrics import combined
from accelsim.study.points import Plan
from accelsim.study.query import Results, read_limits
from accelsim.study.schema import explained, open_results
from accelsim.study.store import LIMITS
from accelsim.study.sweep import Progress, sweep


def run_study(
    study: str | Path | Study,
    store: str | Path | None = None,
    *,
    jobs: int = 1,
    dask: str | None = None,
    limit: int | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Any:
    """Run a study and give its points as a ``pandas.DataFrame``.

    One row a point of this study, with the columns of `Results.columns`: workload, every
    parameter, the recipe, the seed, the metrics, and ``error`` where a point failed. With
    ``jobs`` above 1 or ``dask``, a script needs ``if __name__ == "__main__":`` around the call.

    Parameters
    ----------
    store : a results file to resume and keep; None keeps nothing
    jobs, dask, limit : as `sweep`

    Raises
    ------
    ConfigError, InputError, FormatError, StoreError
        As `sweep`; ConfigError if pandas is not installed.
    KeyboardInterrupt
        After Ctrl-C; what is finished is in the store.
    """
    extra("pandas")
    if store is None:
        with TemporaryDirectory(prefix="accelsim-") as folder:
            return run_study(study, Path(folder) / "results.sqlite", jobs=jobs, dask=dask,
                             limit=limit, on_progress=on_progress)
    plan = Plan(load_study(study))
    progress = sweep(plan, store, jobs=jobs, dask=dask, limit=limit, on_progress=on_progress)
    if progress.interrupted:
        raise KeyboardInterrupt
    with Results(store) as results:
        rows = frame(results)
    wanted = {
        point.digest.hex() for stream in plan.streams() for group in stream.groups
        for point in group
    }
    return rows[rows["point"].isin(wanted)].reset_index(drop=True)


CANNOT = "cannot be built: "
"""How the answer of a design begins that ran and is not feasible."""


def run_designs(
    study: Study,
    designs: Sequence[Mapping[str, Scalar]],
    store: str | Path,
    metrics: Sequence[str],
    jobs: int = 1,
    dask: str | None = None,
    infeasible: bool = True,
) -> tuple[list[list[float] | str | None], bool]:
    """Run chosen designs on all workloads of a study.

    Parameters
    ----------
    infeasible : whether a design that cannot be built is answered by its metrics; else by a text
        that begins with `CANNOT`

    Returns
    -------
    for each design its metrics over all workloads, or the text of its error, or None where the
    run was interrupted before; and whether it was
    """
    plan = Plan(study, designs)
    unknown = set(metrics) - {metric.name for metric in plan.metrics}
    if unknown:
        raise InputError(f"the study does not keep {', '.join(sorted(unknown))}; "
                         f"add it to its metrics")
    progress = sweep(plan, store, jobs=jobs, dask=dask)
    with closing(open_results(Path(store))) as connection, explained(Path(store)):
        answers = [_answer(connection, plan, design, metrics, Path(store), infeasible)
                   for design in designs]
    return answers, progress.interrupted


def _answer(
    connection: sqlite3.Connection, plan: Plan, design: Mapping[str, Scalar],
    metrics: Sequence[str], store: Path, infeasible: bool,
) -> list[float] | str | None:
    columns = ", ".join(f'"{name}"' for name in metrics)
    broken: list[Limit] = []
    rows = []
    for point in plan.points_of(design):
        row = connection.execute(
            f"SELECT error, {LIMITS}, {columns} FROM points WHERE digest = ?", [point.digest]
        ).fetchone()
        if row is None:
            return None
        if row[0] is not None:
            return str(row[0])
        if row[1] is not None and not infeasible:
            broken += read_limits(store, row[1])
        rows.append(row[2:])
    if broken:
        return f"{CANNOT}{'; '.join(limit.what for limit in worst(broken))}"
    known = {metric.name: metric for metric in plan.metrics}
    return [
        combined(known[name], [row[k] for row in rows]) for k, name in enumerate(metrics)
    ]
