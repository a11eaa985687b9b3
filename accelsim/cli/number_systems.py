"""``accelsim tables``: a network in every number system."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from accelsim import __version__
from accelsim.cli.common import (
    CsvOption,
    JsonOption,
    MachineOption,
    SetOption,
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
    machine: MachineOption = DEFAULT_MACHINE,
    settings: SetOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """A network in every number system, untrained: error, size, cycles, energy, gates."""
    from accelsim.compression.tables import table_named
    from accelsim.errors import InputError
    from accelsim.sources import open_network
    from accelsim.study.number_systems import SYSTEMS, number_systems
    from accelsim.workload import load_digits

    config = config_from(machine, settings)
    for name in code_table or ():
        table_named(name)
    systems = [s for s in SYSTEMS if code_table is None or s.table in code_table]
    if not systems:
        raise InputError(f"--table {code_table[0] if code_table else ''}: no row of that table; "
                         f"rows: {', '.join(dict.fromkeys(s.table for s in SYSTEMS))}")
    opened = open_network(source, network)
    images, labels = load_digits(digits)
    images, labels = images[:count], labels[:count]
    with progress("running tables", len(systems)) as advance:
        rows = number_systems(config, opened, images, labels, systems, min(timed, len(images)),
                              advance, calibration)
    if as_json:
        print_json({"accelsim": __version__, "network": source, "machine": config.machine,
                    "config": config.model_dump(), "images": len(images),
                    "rows": [row.as_dict() for row in rows]})
    elif as_csv:
        print_csv([row.as_dict() for row in rows])
    else:
        console().print(_view(opened.name, len(images), rows))


def _view(name: str, count: int, rows: list[SystemRow]) -> Any:
    best = _front(rows)
    return table(
        f"{name} on {count:,} images, post-training; * on the front of error and energy",
        ("table", "bits", "datapath", "error %", "kept %", "P+Q KB", "P+Q+H KB", "cycles", "nJ",
         "decoder NAND2", "arithmetic NAND2", "arithmetic mm2", ""),
        [(row.table, row.bits, row.multiplier, f"{100 * row.error:.2f}", f"{100 * row.kept:.2f}",
          f"{row.plain_bits / 8192:.2f}", f"{row.huffman_bits / 8192:.2f}", round(row.cycles),
          f"{row.energy_nj:.1f}", f"{row.decoder_nand2:.0f}", f"{row.arith_nand2:.0f}",
          f"{row.arith_mm2:.3f}", "*" if row in best else "") for row in rows],
    )


def _front(rows: list[SystemRow]) -> list[SystemRow]:
    """Rows that no other beats in error and energy."""
    return [row for row in rows if not any(
        other.error <= row.error and other.energy_nj <= row.energy_nj
        and (other.error, other.energy_nj) != (row.error, row.energy_nj) for other in rows)]
