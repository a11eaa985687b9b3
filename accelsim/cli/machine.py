"""``accelsim config`` and ``accelsim layers``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from accelsim.cli.common import JsonOption, MachineOption, SetOption, config_from, console
from accelsim.cli.common import print_json as _print_json
from accelsim.cli.common import table as _table


def config(machine: MachineOption = "eie", settings: SetOption = None, as_json: JsonOption = False
           ) -> None:
    """Show a machine: every value, what it means and where it comes from."""
    from accelsim.arch import published_sources

    chosen = config_from(machine, settings)
    if as_json:
        _print_json(chosen.model_dump())
        return
    published = config_from(chosen.machine, None)
    sources = published_sources(chosen.machine)
    rows = []
    for key, field in type(chosen).model_fields.items():
        value = getattr(chosen, key)
        same = value == getattr(published, key)
        source = sources[key] if same else f"yours (published: {getattr(published, key)})"
        rows.append((key, str(value), field.description or "", source))
    console().print(_table(f"{machine}", ("key", "value", "meaning", "source"), rows))


def layers(
    source: Annotated[
        Path | None, typer.Argument(help="A layer file; without it the published layers.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the layers that can be named: the published ones, or those of a file."""
    from accelsim.workload import list_layers

    found = list_layers(source)
    if as_json:
        _print_json({"source": str(source or "published"), "layers": found})
        return
    columns = list(found[0]) if found else []
    title = f"Layers of {source}" if source else "Published benchmark layers (EIE Table III)"
    console().print(_table(title, columns, [tuple(row.values()) for row in found]))
