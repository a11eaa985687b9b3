"""Tables of the README files, written from the code: ``python -m accelsim.papers.tables FILE``.

A table stands between ``<!-- table: NAME -->`` and ``<!-- end -->``, behind its name what it
takes; a test compares. Tables of validation and of patterns are made by the functions behind
``accelsim published`` and ``accelsim patterns``.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from functools import cache, partial
from pathlib import Path
from typing import Any

from accelsim.dram import load_part, part_names
from accelsim.dram.rows import reached_gb_per_s
from accelsim.files import read_utf8, write_atomically
from accelsim.machines import load_config, published_sources
from accelsim.machines.eie.counters import Counters
from accelsim.papers import eie_turns, reproduce
from accelsim.papers.ese_sensitivity import sensitivity_table
from accelsim.papers.lowerings import COLUMNS, NETWORKS, lowered_layers, table_rows
from accelsim.papers.pattern_tables import load_balance_table, machines_table, tradeoff_table
from accelsim.papers.searches import (
    codesign_table,
    effects_table,
    mnist_table,
    photos_table,
    systems_table,
    trained_table,
)

_BLOCK = re.compile(r"(<!-- table: ([\w-]+)([ \w./-]*?) -->\n).*?(<!-- end -->)", re.DOTALL)


def markdown(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    lines += ["| " + " | ".join(str(v) for v in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def config_table(machine: str = "eie") -> str:
    """Every configuration value of a machine, its meaning and its source."""
    config, sources = load_config(machine), published_sources(machine)
    rows = [
        (f"`{key}`", getattr(config, key), field.description, sources[key])
        for key, field in type(config).model_fields.items()
    ]
    return markdown(("key", "published", "meaning", "source"), rows)


def counters_table() -> str:
    """Every counter and its meaning."""
    rows = [(f"`{f.name}`", f.metadata["per"], f.metadata["meaning"]) for f in fields(Counters)]
    return markdown(("counter", "per", "meaning"), rows)


@cache
def published_cells(name: str) -> tuple[dict[str, Any], ...]:
    """The cells that ``accelsim published NAME`` gives now, published and ours."""
    return tuple(reproduce(name).records())


def beside(name: str, table: str, columns: dict[str, str]) -> dict[str, list[str]]:
    """By row: published, ours and ratio of each column; rows that both have.

    Parameters
    ----------
    table : how the comparison's title begins
    columns : of the comparison, to the format of our numbers
    """
    rows: dict[str, list[str]] = {}
    for cell in published_cells(name):
        if not cell["table"].startswith(table) or cell["column"] not in columns:
            continue
        if cell["ours"] is not None and cell["published"] is not None:
            mark = " *" if cell["verdict"].startswith("outside") else ""
            rows.setdefault(cell["row"], []).extend([
                f"{cell['published']:,.10g}", format(cell["ours"], columns[cell["column"]]),
                f"{cell['ratio']:.2f}{mark}",
            ])
    return rows


def outside(name: str, table: str) -> str:
    """What the stars mean: a line for every reason."""
    reasons: dict[str, None] = {}
    for cell in published_cells(name):
        if cell["table"].startswith(table) and cell["verdict"].startswith("outside"):
            reasons[f"{cell['row']}: {cell['verdict'].partition('; ')[2]}"] = None
    return "".join(f"\n\\* {text}.\n" for text in reasons)


def eie_times_table() -> str:
    """EIE Table IV and the load balance of the authors' simulator."""
    times = beside("eie-table4", "EIE, 64", {"theoretical": ".1f", "actual": ".1f"})
    balance = beside("eie-table4", "EIE's sim", {"load_balance": ".1f"})
    three = ("ours", "ratio")
    head = ("layer", "theoretical: EIE", *three, "actual: EIE", *three, "load balance %: simulator",
            *three)
    rows = [(name, *cells, *balance.get(name, ("", "", ""))) for name, cells in times.items()]
    return markdown(head, rows) + outside("eie-table4", "EIE, 64")


def eie_power_table() -> str:
    """EIE Table II, a PE by module, and the chip on every layer."""
    pe = beside("eie-table2", "One PE", {"power_mw": ".3f", "area_um2": ",.0f"})
    head = ("module", "power mW: EIE", "ours", "ratio", "area um2: EIE", "ours", "ratio")
    full = ((row, *cells) for row, cells in pe.items() if len(cells) == 6)
    chip = beside("eie-table2", "The chip", {"power": ".2f"})
    powers = ", ".join(f"{row} {cells[1]} ({cells[2]})" for row, cells in chip.items())
    published = next(iter(chip.values()))[0]
    text = f"The chip of 64 PEs in W, published {published}, and the ratio: {powers}."
    return f"{markdown(head, full)}\n{text}\n{outside('eie-table2', 'The chip')}"


def ese_table() -> str:
    """ESE's main table."""
    rows = beside("ese", "A time step", {"theoretical": ".2f", "real": ".2f"})
    head = ("matrix", "theoretical: ESE", "ours", "ratio", "real: ESE", "ours", "ratio")
    return markdown(head, ((row, *cells) for row, cells in rows.items()))


def speed_table(path: str) -> str:
    """What `make bench` reached, from the file that ``python -m tests.bench.table`` keeps."""
    kept = json.loads(read_utf8(path))
    rows = []
    for row in kept["rows"]:
        value = row["value"]
        reached = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
        rows.append((row["work"], f"{reached} {row['unit']}", row["goal"] or ""))
    table = markdown(("work", "reached", "goal"), rows)
    return f"Measured on {kept['machine']}, {kept['date']}:\n\n{table}"


def lowerings_table(network: str) -> str:
    """Layers of a network under every lowering."""
    return markdown(COLUMNS, table_rows(lowered_layers(network)))


def dram_table() -> str:
    """Parts of DRAM: bandwidth by model and closed form, energy beside a published figure."""
    rows = []
    for name in part_names():
        part = load_part(name)
        reached = reached_gb_per_s(part)
        rows.append((
            f"`{name}`", part.bus_bits, f"{part.burst_bits // 8}", f"{part.row_bytes:,}",
            part.banks, f"{part.peak_gb_per_s:.2f}", f"{reached:.2f}",
            f"{part.sequential_gb_per_s:.2f}", f"{part.sequential_pj_per_bit:.1f}",
            f"{part.published_pj_per_bit:g}", part.published_in))
    return markdown(("part", "lines", "burst, bytes", "row, bytes", "banks", "GB/s: peak",
                     "sequential", "closed form", "pJ/bit: ours", "published", "in"), rows)


TABLES: dict[str, Callable[..., str]] = {
    "dram-parts": dram_table,
    "config-eie": config_table,
    "counters": counters_table,
    "validation-eie-times": eie_times_table,
    "validation-eie-power": eie_power_table,
    "validation-ese": ese_table,
    "ese-sensitivity": lambda: markdown(*sensitivity_table()),
    "ese-load-balance": lambda: markdown(*load_balance_table()),
    "ese-tradeoff": lambda *given: markdown(*tradeoff_table(*given)),
    **{f"lowerings-{name}": partial(lowerings_table, name) for name in NETWORKS},
    "eie-index-bits": lambda: markdown(eie_turns.DENSITY_COLUMNS, eie_turns.density_rows()),
    "eie-indexes": lambda: markdown(
        eie_turns.COLUMNS, eie_turns.turned_rows(eie_turns.INDEXES)),
    "eie-others": lambda: markdown(
        eie_turns.COLUMNS, eie_turns.turned_rows(eie_turns.OTHERS)),
    "speed": speed_table,
    "codesign": lambda path: markdown(*codesign_table(path)),
    "trained-tables": lambda path: markdown(*trained_table(path)),
    "codesign-photos": lambda path: markdown(*photos_table(path)),
    "codesign-effects": lambda *paths: markdown(*effects_table(*paths)),
    "number-systems": lambda path: markdown(*systems_table(path)),
    "mnist-published": lambda: markdown(*mnist_table()),
    "pattern-machines": lambda *given: markdown(*machines_table(*given)),
}


def refreshed(text: str) -> str:
    """``text`` with every marked table written anew; unknown names raise `KeyError`."""
    return _BLOCK.sub(lambda m: f"{m[1]}{TABLES[m[2]](*m[3].split())}{m[4]}", text)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        write_atomically(path, refreshed(path.read_text("utf-8")))
