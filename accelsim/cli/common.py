"""Options and output that several commands share."""

from __future__ import annotations

import csv
import math
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from accelsim.cli.tables import Grid

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

WidthOption = Annotated[
    str, typer.Option("--width", metavar="column|page|INCHES",
                      help="Width of the picture: column is 3.4 inches, page 7.")
]

_COMPILING = "accelsim: compiling the kernels of this run; the next one has them\n"
_COMPILING_EVERY_TIME = (
    "accelsim: compiling the kernels of this run, as in every run: they cannot be kept (remedy: "
    "set NUMBA_CACHE_DIR to a folder that can be written)\n"
)


def config_from(machine: str, settings: Sequence[str] | None) -> Any:
    """The configuration of any machine with the command line's overrides."""
    from accelsim.machines import load_machine

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


def announce() -> None:
    """Say that a pause begins, because kernels are compiled."""
    from accelsim.kernels.compiling import are_kept

    sys.stderr.write(_COMPILING if are_kept() else _COMPILING_EVERY_TIME)


def _overrides(settings: Sequence[str] | None) -> dict[str, Any]:
    from accelsim.machines import parse_setting

    return dict(parse_setting(text) for text in settings or [])


def console(stderr: bool = False) -> Console:
    """A rich console that shows text as it is; where there is no terminal, and COLUMNS says no
    width, plain text that is wide enough for most tables."""
    from rich.console import Console

    from accelsim.errors import printable

    class Plain(Console):
        """Texts are lines: not markup, never wrapped, without control characters."""

        def print(self, *things: Any, **options: Any) -> None:
            for thing in things:
                if isinstance(thing, str):
                    self.file.write("\n".join(map(printable, thing.split("\n"))) + "\n")
                else:
                    super().print(thing, **options)

    stream = sys.stderr if stderr else sys.stdout
    known = stream.isatty() or os.environ.get("COLUMNS", "").isdecimal()
    return Plain(stderr=stderr, highlight=False, markup=False, emoji=False,
                 width=None if known else 160)


def table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], keep: Sequence[str] = ()
) -> Grid:
    """A table whose numeric columns are right-aligned; see `accelsim.cli.tables`."""
    from accelsim.cli.tables import Grid

    return Grid(title, columns, rows, keep)


def print_json(value: Mapping[str, Any]) -> None:
    """One JSON object on standard output."""
    from accelsim import strict_json

    sys.stdout.write(strict_json.dumps(value, indent=2) + "\n")


def print_csv(rows: Sequence[Mapping[str, Any]]) -> None:
    """A header and one line a row on standard output; what is no finite number is empty."""
    if not rows:
        return
    columns = list(dict.fromkeys(key for row in rows for key in row))
    writer = csv.DictWriter(sys.stdout, fieldnames=columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows([
        {key: "" if isinstance(value, float) and not math.isfinite(value) else value
         for key, value in row.items()} for row in rows
    ])


def written(path: Path, more: str = "") -> None:
    """Say what was written where: beside the output, where that itself was a stream."""
    from accelsim.errors import printable
    from accelsim.files import is_plain

    size = f" ({path.stat().st_size:,} bytes)" if is_plain(path) else ""
    stream = sys.stdout if is_plain(path) else sys.stderr
    stream.write(f"written: {printable(str(path))}{size}{printable(more)}\n")


@contextmanager
def progress(label: str, total: int) -> Iterator[Any]:
    """A progress bar with the time left on standard error, shown on a terminal only.

    Yields a function that advances the bar by one step.
    """
    from rich.progress import Progress, TextColumn, TimeRemainingColumn

    left = TimeRemainingColumn(elapsed_when_finished=True)
    said = TextColumn("{task.description}", markup=False)
    columns = (said, *Progress.get_default_columns()[1:-1], left)
    where = console(stderr=True)
    bar = Progress(*columns, console=where, transient=True, disable=not where.is_terminal)
    with bar:
        task = bar.add_task(label, total=total)
        yield lambda: bar.advance(task)
