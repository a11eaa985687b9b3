"""``accelsim published``."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from accelsim import __version__
from accelsim.cli.common import (
    CsvOption,
    JsonOption,
    WidthOption,
    console,
    print_csv,
    print_json,
    progress,
    table,
)
from accelsim.cli.frontend import SeedOption
from accelsim.cli.lowerings import show_lowerings

if TYPE_CHECKING:
    from accelsim.papers import Cell, Comparison, Published

FEW_COLUMNS = 3
"""A table of so few columns has room for ours, published and their ratio side by side."""


def published(
    name: Annotated[str, typer.Argument(help="eie-table3, eie-fig8, deep-compression, ese ...; "
                                             "'all' for every one.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder for the figures; accelsim-published if absent, "
                                            "none with --json and --csv."),
    ] = None,
    picture: Annotated[
        str, typer.Option("--picture", help="Format of the figures: svg, pdf or png.")
    ] = "svg",
    network: Annotated[
        Path | None, typer.Option(help="A LeNet-300-100 for the deep-compression table.")
    ] = None,
    by_lowering: Annotated[
        list[str] | None,
        typer.Option(metavar="NETWORK", help="With networks: every layer of alexnet, vgg-16, "
                                             "resnet-50 or squeezenet under every lowering "
                                             "(minutes); repeatable.")
    ] = None,
    seed: SeedOption = 1,
    seeds: Annotated[
        int, typer.Option("--seeds", min=1, max=100,
                          help="Repeat with so many seeds: ours is the mean, bars of the figures "
                               "go from the least to the most.")
    ] = 1,
    width: WidthOption = "page",
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """Reproduce the papers' tables and figures, side by side with the published numbers."""
    from accelsim.errors import InputError, nearest
    from accelsim.papers import NAMES
    from accelsim.report.paper import width_of

    inches = width_of(width)
    if by_lowering:
        if name != "networks":
            raise InputError(f"--by-lowering is for networks, not {name}")
        show_lowerings(by_lowering, seed, as_json, as_csv)
        return
    names = list(NAMES) if name == "all" else [name]
    if names[0] not in NAMES:
        raise InputError(f"no published table '{name}'{nearest(name, [*NAMES, 'all'])}")
    if picture not in ("svg", "pdf", "png"):
        raise InputError(f"--picture is '{picture}'; need svg, pdf or png")
    folder = output or (None if as_json or as_csv else Path("accelsim-published"))
    done: list[Published] = []
    seconds: list[float] = []
    with progress("reproducing", len(names)) as advance:
        for each in names:
            start = time.perf_counter()
            done.append(_over_seeds(each, range(seed, seed + seeds), network))
            seconds.append(time.perf_counter() - start)
            advance()
    figures = [_draw(result, folder, picture, inches) for result in done] if folder else []
    if as_json:
        print_json({"accelsim": __version__, "seed": seed,
                    "published": [result.as_dict() for result in done],
                    "figures": [str(path) for path in figures]})
    elif as_csv:
        print_csv([record for result in done for record in result.records()])
    else:
        for result, figure in zip(done, figures, strict=True):
            _show(result)
            console().print(f"figure: {figure}\n")
        if len(done) > 1:
            _summary(done, seconds)


def _over_seeds(name: str, seeds: Iterable[int], network: Path | None) -> Published:
    from accelsim.papers.seeds import over_seeds

    return over_seeds([_reproduce(name, seed, network) for seed in seeds])


def _reproduce(name: str, seed: int, network: Path | None) -> Published:
    from accelsim.papers import reproduce
    from accelsim.papers.deep_compression import deep_compression, lenet_recipe

    if name != "deep-compression" or network is None:
        return reproduce(name, seed)
    from accelsim.sources import open_source

    return deep_compression(seed, open_source(str(network), recipe=lenet_recipe()).layers)


def _draw(result: Published, folder: Path, picture: str, inches: float) -> Path:
    from accelsim.papers.figures import figure_of
    from accelsim.report.plots import save

    return save(figure_of(result, inches), folder / f"{result.name}.{picture}")


def _show(result: Published) -> None:
    out = console()
    out.print(f"{result.title}\n")
    for comparison in result.tables:
        view = _wide if len(comparison.columns) <= FEW_COLUMNS else _compact
        out.print(view(comparison))
        for cell in comparison.outside():
            out.print(f"  {cell.row}, {cell.column}: {cell.verdict}")
        if compared := comparison.compared():
            out.print(f"  {len(compared) - len(comparison.outside())} of {len(compared)} cells "
                      f"within their tolerance\n")
    for note in result.notes:
        out.print(f"note: {note}")


def _wide(comparison: Comparison) -> Any:
    """Ours, published, ratio and whether within, for each column."""
    heads = [comparison.row_label]
    for column in comparison.columns:
        unit = comparison.unit(column)
        heads += [f"{column} {unit}".strip(), comparison.against, "ratio", ""]
    rows = []
    for row in comparison.rows:
        line: list[object] = [row]
        for column in comparison.columns:
            cell = comparison.cell(row, column)
            ratio = "" if cell.ratio is None else f"{cell.ratio:.3f}"
            line += [_number(cell.ours), _number(cell.published), ratio, _mark(cell)]
        rows.append(line)
    return table(f"{comparison.title} ({comparison.against}: {comparison.source})", heads, rows)


def _compact(comparison: Comparison) -> Any:
    """Each cell as ``ours|theirs``."""
    rows = [
        [row, *(_pair(comparison.cell(row, column)) for column in comparison.columns)]
        for row in comparison.rows
    ]
    title = f"{comparison.title}: ours|{comparison.against}, ! outside ({comparison.source})"
    heads = [f"{c} {comparison.unit(c)}".strip() for c in comparison.columns]
    return table(title, [comparison.row_label, *heads], rows)


def _pair(cell: Cell) -> str:
    both = [_number(value) for value in (cell.ours, cell.published) if value is not None]
    return "|".join(both) + ("!" if cell.within is False else "")


def _mark(cell: Cell) -> str:
    return {True: "within", False: "OUTSIDE", None: ""}[cell.within]


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _summary(done: list[Published], seconds: list[float]) -> None:
    rows = [
        (result.name, sum(len(t.compared()) for t in result.tables),
         sum(len(t.outside()) for t in result.tables), f"{spent:.1f}")
        for result, spent in zip(done, seconds, strict=True)
    ]
    console().print(table("All", ("name", "cells compared", "outside", "seconds"), rows))
