"""Options and output that several commands share."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

MachineOption = Annotated[
    str, typer.Option("--machine", "-m", help="A machine's name (see `accelsim config`), one that "
                                              "--plugin brings, or a TOML file.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", "-s", metavar="KEY=VALUE", help="Override one value; repeatable."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
CsvOption = Annotated[bool, typer.Option("--csv", help="Print comma-separated values.")]

_COMPILING = "accelsim: compiling the kernels of this run; the next one has them\n"
_COMPILING_EVERY_TIME = (
    "accelsim: compiling the kernels of this run, as in every run: they cannot be kept (remedy: "
    "set NUMBA_CACHE_DIR to a folder that can be written)\n"
)


def config_from(machine: str, settings: Sequence[str] | None) -> Any:
    """The configuration of any machine with the command line's overrides."""
    from accelsim.kernels.compiling import on_first_compile
    from accelsim.machines import load_machine

    on_first_compile(_announce)
    return load_machine(machine, **_overrides(settings))


def config_as(kind: str, machine: str, settings: Sequence[str] | None) -> Any:
    """The configuration of one kind of machine; an error for others."""
    from accelsim.errors import ConfigError

    config = config_from(machine, settings)
    if config.machine != kind:
        raise ConfigError(f"{machine}: describes the machine '{config.machine}'; "
                          f"this needs machine = '{kind}'")
    return config


def runnable(config: Any, engine: str | None = None) -> str:
    """The engine to use; an error where the machine is not told by it, or is numbers only."""
    from accelsim.machines import machine_of

    return machine_of(config).check_engine(engine)


def _announce() -> None:
    from accelsim.kernels.compiling import are_kept

    sys.stderr.write(_COMPILING if are_kept() else _COMPILING_EVERY_TIME)


def _overrides(settings: Sequence[str] | None) -> dict[str, Any]:
    from accelsim.machines import parse_setting

    return dict(parse_setting(text) for text in settings or [])


def console(stderr: bool = False) -> Console:
    """A rich console; plain text, wide enough for every table, where there is no terminal."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, highlight=False, width=None if stream.isatty() else 160)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table whose numeric columns are right-aligned."""
    from rich import box
    from rich.table import Table
    built = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    body = [[_cell(value) for value in row] for row in rows]
    for index, name in enumerate(columns):
        numeric = all(_is_number(row[index]) for row in body)
        built.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in body:
        built.add_row(*row)
    return built


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.1f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)


def _is_number(text: str) -> bool:
    return text.replace(",", "").replace(".", "").strip("-+%x ").isdigit() or text in ("", "-")


def print_json(value: Mapping[str, Any]) -> None:
    """One JSON object on standard output."""
    sys.stdout.write(json.dumps(value, indent=2, default=_plain) + "\n")


def print_csv(rows: Sequence[Mapping[str, Any]]) -> None:
    """A header and one line a row on standard output."""
    if not rows:
        return
    writer = csv.DictWriter(sys.stdout, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    return str(value)


@contextmanager
def progress(label: str, total: int) -> Iterator[Any]:
    """A progress bar with the time left on standard error, shown on a terminal only.

    Yields a function that advances the bar by one step.
    """
    from rich.progress import Progress, TimeRemainingColumn

    left = TimeRemainingColumn(elapsed_when_finished=True)
    columns = (*Progress.get_default_columns()[:-1], left)
    where = console(stderr=True)
    bar = Progress(*columns, console=where, transient=True, disable=not where.is_terminal)
    with bar:
        task = bar.add_task(label, total=total)
        yield lambda: bar.advance(task)
