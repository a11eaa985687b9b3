"""The energy of saved runs as a section of a page, and what keeps their machines from being built.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from accelsim.errors import FormatError
from accelsim.records.limits import Limit, worst
from accelsim.report import html
from accelsim.report.plots_energy import energy_breakdown

Layer = Mapping[str, Any]

_BY = (("modules_pj", "by module"), ("causes_pj", "by cause"))


def energy_section(layers: Sequence[tuple[str, Layer]]) -> list[str]:
    """Energy by module and by cause in nJ with a picture of each, and the notes; nothing where no
    layer was priced.

    Parameters
    ----------
    layers : (name, what `accelsim.report.summary.run_object` says of it)

    Raises
    ------
    FormatError
        If an energy is not a table of numbers.
    """
    priced = [(name, layer["energy"]) for name, layer in layers if layer.get("energy")]
    if not priced:
        return []
    parts = []
    for key, title in _BY:
        tables = {name: _numbers(name, energy, key) for name, energy in priced}
        columns = list(dict.fromkeys(part for table in tables.values() for part in table))
        rows = [(name, *(table.get(part, 0.0) * 1e-3 for part in columns),
                 sum(table.values()) * 1e-3) for name, table in tables.items()]
        figure = energy_breakdown(
            {name: {part: pj * 1e-3 for part, pj in table.items()}
             for name, table in tables.items()})
        parts += [html.heading(f"nJ, {title}"), html.table(["layer", *columns, "total"], rows),
                  html.picture(figure, f"Energy of each layer {title}")]
    notes = dict.fromkeys(str(note) for _, energy in priced for note in energy.get("notes") or ())
    parts += [html.paragraph(f"Note: {note}") for note in notes]
    return [html.section("Energy", *parts)]


def limit_paragraphs(told: Sequence[Layer | None]) -> list[str]:
    """A line for each thing that keeps the machine from being built.

    Parameters
    ----------
    told : what is said of layers, of a network as a whole

    Raises
    ------
    FormatError
        If a limit is none.
    """
    try:
        found = worst(Limit(**values) for one in told for values in (one or {}).get("limits") or ())
        lines = [limit.line for limit in found]
    except (TypeError, ValueError, AttributeError):
        raise FormatError("limits of a run are no list of limits; the file is damaged") from None
    return [html.paragraph(f"Cannot be built as configured: {line}") for line in lines]


def _numbers(name: str, energy: Any, key: str) -> dict[str, float]:
    table = energy.get(key) if isinstance(energy, Mapping) else None
    if not isinstance(table, Mapping) or not all(
            isinstance(pj, int | float) for pj in table.values()):
        raise FormatError(f"{name}: {key} of its energy is no table of numbers; the file is "
                          f"damaged")
    return {str(part): float(pj) for part, pj in table.items()}
