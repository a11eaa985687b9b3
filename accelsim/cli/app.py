"""The list of commands."""

from __future__ import annotations

from typing import Annotated

import typer

from accelsim import __version__
from accelsim.cli import cosim, demo, frontend, inside, machine, published, recurrent, run, study

app = typer.Typer(
    name="accelsim",
    help="Cycle-level simulator for sparse deep-learning accelerators (EIE, ESE).",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


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
    machine.layers,
    frontend.compress,
    run.simulate,
    run.accuracy,
    recurrent.recurrent,
    recurrent.patterns,
    cosim.cosim,
    inside.trace,
    inside.explain,
    inside.report,
    study.sweep,
    study.results,
    study.pareto,
    study.explore,
    study.sensitivity,
    published.published,
):
    app.command()(command)
