"""``accelsim plot``: designs of a results file as a picture for a paper."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from accelsim.cli.common import WidthOption
from accelsim.cli.front import say_left_out
from accelsim.cli.study import AllOption, StoreArgument, WhereOption, conditions

if TYPE_CHECKING:
    from accelsim.study.scatter import Drawn

AxisOption = Annotated[
    str, typer.Option(metavar="NAME", help="A metric, or a parameter that is a number.")
]


def plot(
    store: StoreArgument,
    x: AxisOption = "area_mm2",
    y: AxisOption = "time_us",
    front: Annotated[
        bool, typer.Option("--front", help="Mark and join the designs that no other beats.")
    ] = False,
    maximise: Annotated[
        list[str] | None,
        typer.Option("--max", metavar="METRIC",
                     help="Of --x and --y, one that is better when large; repeatable."),
    ] = None,
    colour: Annotated[
        str | None,
        typer.Option("--colour", "--color", metavar="NAME",
                     help="A parameter or metric that colours the designs."),
    ] = None,
    labels: Annotated[
        list[str] | None,
        typer.Option("--label", metavar="KEY",
                     help="A parameter that names the designs of the front; repeatable; 'none' "
                          "for no names. Default: those that vary along it."),
    ] = None,
    where: WhereOption = None,
    infeasible: AllOption = False,
    log: Annotated[bool, typer.Option("--log", help="Logarithmic axes.")] = False,
    width: WidthOption = "column",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="PICTURE",
                     help="svg, pdf or png. Default: the results file's name, .svg."),
    ] = None,
) -> None:
    """Draw designs by two of their numbers; what cannot be built is left out, and counted."""
    from accelsim import __version__
    from accelsim.errors import printable
    from accelsim.report.paper import width_of
    from accelsim.report.plots_style import picture_kind, save
    from accelsim.study import Results
    from accelsim.study.scatter import scatter

    picture = output or store.with_suffix(".svg")
    picture_kind(picture)  # refused before the work is done
    inches = width_of(width)
    named = None if labels is None else [key for key in labels if key != "none"]
    with Results(store) as found:
        drawn = scatter(
            found, x, y, maximise=maximise or (), front=front, colour=colour, labels=named,
            conditions=conditions(where), infeasible=infeasible, log=log, width=inches)
    said = " ".join(f"--where {text}" for text in where or ())
    note = (f"accelsim {__version__}, {store.name}, {_told(drawn)}; {drawn.infeasible:,} cannot be "
            f"built{', drawn too' if infeasible else ''} {said}").strip()
    save(drawn.figure, picture, note)
    _say(drawn, infeasible)
    sys.stdout.write(f"picture: {printable(str(picture))}, {_told(drawn)}\n")


def _told(drawn: Drawn) -> str:
    parts = [f"{drawn.designs:,} designs"]
    if drawn.front:
        parts.append(f"{drawn.front:,} of them on the front")
    if drawn.seeds > 1:
        parts.append(f"bars from the least to the most of {drawn.seeds} seeds")
    return ", ".join(parts)


def _say(drawn: Drawn, infeasible: bool) -> None:
    say_left_out(drawn.reasons, drawn.infeasible, drawn.unknown, infeasible, "draws")
    if drawn.unfinished:
        sys.stderr.write(f"accelsim: {drawn.unfinished:,} unfinished designs left out\n")
    if drawn.unlabelled:
        sys.stderr.write(f"accelsim: no room for {len(drawn.unlabelled):,} labels of the front; "
                         f"a larger --width, or --label KEY for shorter ones\n")
