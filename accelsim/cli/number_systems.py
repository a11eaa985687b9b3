"""``accelsim tables``: a network in every number system."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from accelsim import __version__
from accelsim.cli.common import (
    CsvOption,
    JsonOption,
    MachineOption,
    SetOption,
    WidthOption,
    config_from,
    console,
    print_csv,
    print_json,
    progress,
    table,
)
from accelsim.cli.network_options import NetworkOption
from accelsim.machines import DEFAULT_MACHINE

if TYPE_CHECKING:
    from accelsim.study.number_systems import SystemRow


def tables(
    source: Annotated[str, typer.Argument(metavar="NETWORK", help="A file of a network's layers, "
                                                                  "before compression.")],
    network: NetworkOption = None,
    digits: Annotated[
        Path, typer.Option(help="Images and labels to calibrate with and classify.")
    ] = Path("traces/lenet-300-100/digits.safetensors"),
    inputs: Annotated[
        Path | None, typer.Option("--images", help="Instead: inputs (npy) whose decisions by the "
                                                   "network in floating point are to be kept.")
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="How many of the images to classify.")] = 200,
    timed: Annotated[
        int, typer.Option(min=1, help="How many of these to run cycle by cycle.")
    ] = 5,
    code_table: Annotated[
        list[str] | None,
        typer.Option("--table", metavar="NAME[:KEY=VALUE]", help="Only rows of this table; "
                                                                 "repeatable."),
    ] = None,
    calibration: Annotated[
        Literal["max", "percentile", "kl"],
        typer.Option(help="How the images settle the range of activations: all fits, a small share "
                          "is cut off, or the levels lose least (KL divergence)."),
    ] = "max",
    picture: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="PICTURE",
                                  help="Draw the front of error and energy: svg, pdf or png.")
    ] = None,
    width: WidthOption = "page",
    machine: MachineOption = DEFAULT_MACHINE,
    settings: SetOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """A network in every number system, untrained: error, size, cycles, energy, gates."""
    from accelsim.compression.decoded import holds_codes
    from accelsim.compression.tables import table_named
    from accelsim.errors import InputError, printable
    from accelsim.report.paper import width_of
    from accelsim.report.plots_style import picture_kind, save
    from accelsim.sources import open_network
    from accelsim.sources.networks import images_of
    from accelsim.study.number_systems import SYSTEMS, draw_front, number_systems
    from accelsim.workload import load_digits

    if picture is not None:
        picture_kind(picture)  # refused before the work is done
    inches = width_of(width)
    config = config_from(machine, settings)
    for name in code_table or ():
        table_named(name)
    systems = [s for s in SYSTEMS if code_table is None or s.table in code_table]
    if not systems:
        raise InputError(f"--table {code_table[0] if code_table else ''}: no row of that table; "
                         f"rows: {', '.join(dict.fromkeys(s.table for s in SYSTEMS))}")
    opened = open_network(source, network)
    images: Any
    labels: Any
    images, labels = load_digits(digits) if inputs is None else (
        images_of(inputs, opened.shapes()["input"], opened.name), None)
    images, labels = images[:count], None if labels is None else labels[:count]
    if holds_codes(opened):
        sys.stderr.write(f"accelsim: {source} holds codes; the weights that they stand for are "
                         f"put into each table\n")
    with progress("running tables", len(systems)) as advance:
        rows = number_systems(config, opened, images, labels, systems, min(timed, len(images)),
                              advance, calibration)
    what = "error" if inputs is None else "decisions lost"
    if picture is not None:
        save(draw_front(rows, f"{what} (%)", inches), picture,
             f"accelsim {__version__}, {source}, {len(images):,} images")
    if as_json:
        print_json({"accelsim": __version__, "network": source, "machine": config.machine,
                    "config": config.model_dump(), "images": len(images),
                    "rows": [row.as_dict() for row in rows]})
    elif as_csv:
        print_csv([row.as_dict() for row in rows])
    else:
        console().print(_view(opened.name, len(images), rows, f"{what} %"))
        if picture is not None:
            sys.stdout.write(f"picture: {printable(str(picture))}\n")


def _view(name: str, count: int, rows: list[SystemRow], what: str) -> Any:
    from accelsim.study.number_systems import front

    best = front(rows)
    return table(
        f"{name} on {count:,} images, post-training; * on the front of error and energy",
        ("table", "bits", "rows", "datapath", what, "kept %", "P+Q KB", "P+Q+H KB", "cycles", "nJ",
         "decoder NAND2", "arithmetic NAND2", "arithmetic mm2", ""),
        [(row.table, row.bits, row.rows or "all", row.multiplier, f"{100 * row.error:.2f}",
          f"{100 * row.kept:.2f}",
          f"{row.plain_bits / 8192:.2f}", f"{row.huffman_bits / 8192:.2f}", round(row.cycles),
          f"{row.energy_nj:.1f}", f"{row.decoder_nand2:.0f}", f"{row.arith_nand2:.0f}",
          f"{row.arith_mm2:.3f}", "*" if on_front else "")
         for row, on_front in zip(rows, best, strict=True)],
    )
