"""``accelsim config``."""

from __future__ import annotations

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
