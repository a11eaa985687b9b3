"""``accelsim sweep``, ``results``, ``explore`` and ``sensitivity``."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from accelsim.cli.common import CsvOption, SetOption, console, print_csv, table
from accelsim.cli.losses import tell
from accelsim.cli.study_progress import sweep_progress
from accelsim.errors import InputError, nearest

if TYPE_CHECKING:
    from accelsim.study import Condition, Results, Study

# Columns of the table where none are asked for.
SHOWN = (
    "cycles", "time_us", "load_balance", "utilisation", "energy_uj", "area_mm2", "relative_error",
)

StudyArgument = Annotated[Path, typer.Argument(metavar="STUDY", help="A study file (TOML).")]
StoreArgument = Annotated[Path, typer.Argument(metavar="RESULTS", help="A results file.")]
StoreOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="RESULTS",
                 help="The results file; made, or resumed. Default: the study's name, .sqlite."),
]
JobsOption = Annotated[
    int | None,
    typer.Option("--jobs", "-j", min=1,
                 help="Processes here, or Dask workers; all cores if not given."),
]
DaskOption = Annotated[
    str | None,
    typer.Option("--dask", metavar="local|ADDRESS",
                 help="Run on Dask: 'local', or a scheduler such as tcp://host:8786."),
]
WhereOption = Annotated[
    list[str] | None,
    typer.Option("--where", "-w", metavar="KEY=VALUE",
                 help="Only these rows; also !=, <, <=, >, >=; repeatable."),
]
MinOption = Annotated[
    list[str] | None, typer.Option("--min", metavar="METRIC", help="Make small; repeatable.")
]
AllOption = Annotated[
    bool, typer.Option("--all", help="Also designs that cannot be built, which are marked.")
]
MaxOption = Annotated[
    list[str] | None, typer.Option("--max", metavar="METRIC", help="Make large; repeatable.")
]


def sweep(
    study: StudyArgument,
    output: StoreOption = None,
    settings: SetOption = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Work out at most so many points.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say how many points, and about how long.")
    ] = False,
    jobs: JobsOption = None,
    dask: DaskOption = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try points again that failed before.")
    ] = False,
) -> None:
    """Run a study; points that the results file holds are not run again."""
    from accelsim.study import sweep as run

    chosen, store = _study(study, settings), _store(study, output)
    workers = jobs or cores()
    if dry_run:
        _say_estimate(chosen, store, limit, workers)
        return
    with sweep_progress(study.stem) as show:
        done = run(chosen, store, jobs=workers, dask=dask, limit=limit,
                   retry_failed=retry_failed, on_progress=show)
    failed = f", {done.failed:,} failed (accelsim results {store} --where failed=true)"
    sys.stderr.write(
        f"accelsim: {store}: {done.done:,} points in {done.seconds:.1f} s "
        f"({done.points_per_s:,.0f} points/s), {done.stored:,} were there"
        f"{failed if done.failed else ''}\n"
    )
    tell(done.losses)
    if done.lacked:
        sys.stderr.write(f"accelsim: points in {store} lacked {', '.join(done.lacked)}, and ran "
                         f"again; metrics = [...] in the study keeps those that you need\n")
    if done.interrupted:
        left = done.total - done.stored - done.done
        sys.stderr.write(f"accelsim: interrupted with at most {left:,} of {done.total:,} points "
                         f"left; run the same command again to resume\n")
        raise typer.Exit(130)


def results(
    store: StoreArgument,
    where: WhereOption = None,
    metrics: Annotated[
        list[str] | None, typer.Option("--metric", metavar="METRIC", help="Columns of the table.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=0, help="At most so many rows.")
    ] = None,
    as_csv: CsvOption = False,
    parquet: Annotated[
        Path | None, typer.Option("--parquet", metavar="FILE", help="Write a Parquet file.")
    ] = None,
) -> None:
    """List results; --csv and --parquet export every column."""
    from accelsim.study import Results
    from accelsim.study.export import write_csv, write_parquet

    chosen = conditions(where)
    with Results(store) as found:
        if parquet is not None:
            count = write_parquet(found, parquet, chosen, limit)
            sys.stderr.write(f"accelsim: {parquet}: {count:,} rows\n")
        elif as_csv:
            write_csv(found, sys.stdout, chosen, limit)
        else:
            _list(found, chosen, metrics, 40 if limit is None else limit)


def explore(
    study: StudyArgument,
    minimise: MinOption = None,
    maximise: MaxOption = None,
    trials: Annotated[int, typer.Option("--trials", min=1, help="Designs to try in all.")] = 100,
    sampler: Annotated[
        Literal["nsga2", "tpe"], typer.Option("--sampler", help="Optuna's sampler.")
    ] = "nsga2",
    output: StoreOption = None,
    settings: SetOption = None,
    jobs: JobsOption = None,
    dask: DaskOption = None,
    infeasible: AllOption = False,
    as_csv: CsvOption = False,
) -> None:
    """Search the study's axes with Optuna; run again to go on."""
    from accelsim.study import Objective
    from accelsim.study import explore as search

    goals = [Objective(name, "minimize") for name in minimise or ()]
    goals += [Objective(name, "maximize") for name in maximise or ()]
    store = _store(study, output)
    found = search(
        _study(study, settings), store, goals, trials=trials, sampler=sampler,
        jobs=jobs or cores(), dask=dask,
        on_trials=lambda n: typer.echo(f"accelsim: {n:,} of {trials:,} designs", err=True),
        infeasible=infeasible,
    )
    names = [goal.metric for goal in goals]
    rows = [{**design, **dict(zip(names, values, strict=True))} for design, values in found.best]
    if as_csv:
        print_csv(rows)
    elif rows:
        title = f"Best of {found.trials:,} designs ({found.failed:,} cannot be built)"
        console().print(table(title, list(rows[0]), [list(row.values()) for row in rows],
                              keep=names))
    else:
        sys.stderr.write(f"accelsim: none of {found.trials:,} designs can be built\n")
    if found.reasons:
        why = ", ".join(f"{what} {count:,}" for what, count in found.reasons.items())
        sys.stderr.write(f"accelsim: designs that cannot be built: {why}; --all keeps them\n")
    if found.interrupted:
        sys.stderr.write("accelsim: interrupted; run the same command again to resume\n")
        raise typer.Exit(130)


def sensitivity(
    study: StudyArgument,
    metrics: Annotated[
        list[str] | None, typer.Option("--metric", metavar="METRIC", help="What to look at.")
    ] = None,
    output: StoreOption = None,
    settings: SetOption = None,
    jobs: JobsOption = None,
    dask: DaskOption = None,
    as_csv: CsvOption = False,
) -> None:
    """What one step of each parameter does to each metric, the largest effect first."""
    from accelsim.study import sensitivity as work_out
    from accelsim.study.metrics import metrics_of

    chosen = _study(study, settings)
    known = metrics_of(chosen.base_config().machine)
    usual = ("time_us", "load_balance", "utilisation", "spmat_read_mbit", "dram_mbit")
    wanted = metrics or [name for name in usual if name in known]
    found = work_out(chosen, _store(study, output), wanted, jobs=jobs or cores(), dask=dask)
    rows: list[dict[str, Any]] = [
        {
            "parameter": effect.parameter, "from": effect.before, "to": effect.after,
            **dict(zip(found.metrics, effect.change, strict=True)), "error": effect.error or "",
        }
        for effect in found.effects
    ]
    if as_csv:
        print_csv(rows)
        return
    base = ", ".join(
        f"{name} {value:,.4g}" for name, value in zip(found.metrics, found.base, strict=True)
    )
    for row in rows:
        row |= {name: "-" if row[name] is None else f"{row[name]:+.1%}" for name in found.metrics}
    if not any(row["error"] for row in rows):
        for row in rows:
            del row["error"]
    console().print(table(f"One step at a time from {base}", list(rows[0]),
                          [list(row.values()) for row in rows]))


def _study(path: Path, settings: list[str] | None) -> Study:
    from accelsim.machines import parse_setting
    from accelsim.study import load_study

    study = load_study(path)
    overrides = dict(parse_setting(text) for text in settings or [])
    return study.with_settings(overrides) if overrides else study


def _store(study: Path, output: Path | None) -> Path:
    return output or Path(f"{study.stem}.sqlite")


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def conditions(where: list[str] | None) -> list[Condition]:
    """The conditions of ``--where``."""
    from accelsim.study import Condition

    return [Condition.parse(text) for text in where or []]


def _say_estimate(study: Study, store: Path, limit: int | None, workers: int) -> None:
    from accelsim.study.estimate import estimate

    begin = time.perf_counter()
    found = estimate(study, store)
    run = min(found.missing, limit or found.missing)
    seconds = found.seconds * run / found.missing / workers if found.missing else 0.0
    about = f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
    sys.stdout.write(
        f"{found.total:,} points, {found.total - found.missing:,} of them in {store}; {run:,} to "
        f"run, about {about} on {workers} cores (from {found.probed} points in "
        f"{time.perf_counter() - begin:.1f} s)\n"
    )


def _list(
    found: Results, chosen: list[Condition], metrics: list[str] | None, limit: int
) -> None:
    """The parameters that vary, some metrics, and errors if there are any."""
    for name in metrics or ():
        if name not in found.metrics:
            raise InputError(f"{found.path}: no metric '{name}'{nearest(name, found.metrics)}")
    shown = metrics or [name for name in SHOWN if name in found.metrics]
    total = found.count(chosen)
    rows = list(found.rows(chosen, limit))
    failed = [row for row in rows if row["error"]]
    shown = [] if len(failed) == len(rows) else shown
    marked = ["limits"] if any(row.get("limits") for row in rows) else []
    columns = ["workload", *found.varying(), *shown, *marked, *(["error"] if failed else [])]
    title = f"{total:,} points" if len(rows) == total else f"{len(rows):,} of {total:,} points"
    body = [["" if row[key] is None else row[key] for key in columns] for row in rows]
    console().print(table(title, columns, body, keep=["error"]))
