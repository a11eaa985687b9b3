"""``accelsim config`` and ``accelsim layers``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from accelsim.cli.common import (
    JsonOption,
    MachineOption,
    SetOption,
    config_from,
    console,
    print_json,
    table,
)
from accelsim.machines import DEFAULT_MACHINE


def config(
    machine: MachineOption = DEFAULT_MACHINE,
    settings: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a machine: every value, what it means and where it comes from."""
    from accelsim.machines import published_sources

    chosen = config_from(machine, settings)
    if as_json:
        print_json(chosen.model_dump())
        return
    published = config_from(chosen.machine, None)
    sources = published_sources(chosen.machine)
    rows = []
    for key, field in type(chosen).model_fields.items():
        value = getattr(chosen, key)
        same = value == getattr(published, key)
        yours = f"yours (published: {getattr(published, key)})"
        source = sources.get(key, "not given") if same else yours
        rows.append((key, str(value), field.description or "", source))
    console().print(table(f"{machine}", ("key", "value", "meaning", "source"), rows))


def layers(
    source: Annotated[
        Path | None, typer.Argument(help="A layer file; without it the published layers.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the layers that can be named: the published ones, or those of a file."""
    from accelsim.workload import list_layers, published_layers

    rows: list[dict[str, object]]
    if source is None:
        title = "Published benchmark layers (EIE Table III)"
        rows = [
            {"layer": name, "outputs": p.n_outputs, "inputs": p.n_inputs,
             "weight density": p.weight_density, "activation density": p.activation_density}
            for name, p in published_layers().items()
        ]
    else:
        title = f"Layers of {source}"
        rows = [
            {"layer": entry.printable, "outputs": entry.n_outputs, "inputs": entry.n_inputs,
             "kind": entry.kind, "bias": entry.has_bias}
            for entry in list_layers(source)
        ]
    if as_json:
        print_json({"source": str(source or "published"), "layers": rows})
        return
    columns = list(rows[0]) if rows else ["layer"]
    console().print(table(title, columns, [tuple(row.values()) for row in rows]))
