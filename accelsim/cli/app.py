"""The list of commands."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer
from typer.models import OptionInfo

from accelsim import __version__
from accelsim.cli import (
    codesign,
    cosim,
    demo,
    explain,
    front,
    frontend,
    layers,
    machine,
    number_systems,
    patterns,
    plot,
    published,
    recurrent,
    report,
    run,
    study,
    trace,
)
from accelsim.cli.manual import PAGES, ROOT, SUMMARY
from accelsim.errors import AccelsimError

app = typer.Typer(
    name="accelsim",
    help=SUMMARY,
    epilog=ROOT,
    context_settings={"max_content_width": 100},
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


_PLACES = {int: "N", float: "X", Path: "FILE", str: "NAME"}


def named_values(command: Callable[..., None]) -> None:
    """Let the help say N, X, FILE or NAME for a value that an option names no better itself."""
    hints = get_type_hints(command, include_extras=True)
    for name, hint in hints.items():
        kind, *infos = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        # list[str] | None, say: the type inside.
        while inner := [part for part in get_args(kind) if part is not type(None)]:
            kind = inner[0]
        for info in infos:
            if info.metavar is None:
                is_option = isinstance(info, OptionInfo)
                info.metavar = _PLACES.get(kind) if is_option else name.upper()
    command.__annotations__ = hints


PluginOption = Annotated[
    list[Path] | None,
    typer.Option("--plugin", metavar="FILE", help="A Python file that brings a machine of your "
                                                  "own; repeatable."),
]


def with_plugins(command: Callable[..., None]) -> Callable[..., None]:
    """The same command with ``--plugin``: what it brings can be named by every other option."""

    @wraps(command)
    def run(*args: Any, plugin: list[Path] | None = None, **kwargs: Any) -> None:
        if plugin:
            from accelsim.machines.plugins import load_plugin

            for path in plugin:
                load_plugin(path)
        try:
            command(*args, **kwargs)
        except AccelsimError:
            raise
        except Exception as problem:
            from accelsim.machines.plugins import fault_of

            # A study may have brought plug-ins of its own.
            if fault := fault_of(problem):
                raise fault from problem
            raise

    own = inspect.signature(command)
    option = inspect.Parameter(
        "plugin", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=PluginOption)
    run.__annotations__ = {**command.__annotations__, "plugin": PluginOption}
    # Typer reads the signature; mypy does not know that a function may have one of its own.
    run.__signature__ = own.replace(  # type: ignore[attr-defined]
        parameters=[*own.parameters.values(), option])
    return run


def interruptible(command: Callable[..., None]) -> Callable[..., None]:
    """The same command, which says so when it was interrupted; Typer would leave in silence."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except KeyboardInterrupt:
            sys.stderr.write("accelsim: interrupted\n")
            raise typer.Exit(130) from None

    return run


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"accelsim {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


for command in (
    demo.demo,
    machine.config,
    layers.layers,
    frontend.compress,
    run.simulate,
    run.accuracy,
    recurrent.recurrent,
    patterns.patterns,
    cosim.cosim,
    trace.trace,
    explain.explain,
    report.report,
    study.sweep,
    study.results,
    front.pareto,
    plot.plot,
    study.explore,
    study.sensitivity,
    published.published,
    number_systems.tables,
    codesign.codesign,
):
    page = PAGES[command.__name__]
    named_values(command)
    app.command(short_help=page.line, epilog=page.epilog())(
        interruptible(with_plugins(command)))
