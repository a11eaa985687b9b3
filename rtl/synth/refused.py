"""Gates and delay of settings: ``python -m rtl.synth.refused [--write]``.

What the array refuses are the units of ``priced/``, mapped alone, as `rtl.synth.paths` maps those
of the array, beside the unit in whose place they would stand; what it has for another setting than
the published one is that unit with its parameters.
"""

from __future__ import annotations

import sys
from pathlib import Path

from rtl.synth.command import table_command
from rtl.synth.flows import nand2_area
from rtl.synth.liberty import read_library
from rtl.synth.netlist import make_netlist
from rtl.synth.paths import short
from rtl.synth.timing import Timing, fo4_ns

PRICED = Path(__file__).resolve().parent / "priced"
# Setting, how many of it an array has, unit, its parameters.
ROWS: list[tuple[str, str, str, dict[str, int]]] = [
    ("as published", "an array", "ccu", {"Counters": 0}),
    ("`start_cycles = 0`", "an array", "ccu", {"Counters": 0, "StartCycles": 0}),
    ("as published", "a PE", "weight_decoder", {}),
    ("`decoder_tables = 3`", "a PE", "weight_decoder", {"Tables": 3, "TableBits": 2}),
    ("as published", "a PE", "act_queue", {"Depth": 8, "Width": 30, "CountBits": 4}),
    ("`empty_column_cycles = 0`", "a PE, for act_queue", "skip_queue", {}),
    ("`row_change_cycles = 0`", "an array", "row_skip", {}),
    ('`capacity = "stream"`', "an array", "refill_port", {}),
]


def table(liberty: Path, folder: Path) -> str:
    """As Markdown."""
    library, nand2 = read_library(liberty), nand2_area(liberty)
    fo4 = fo4_ns(library)
    lines = ["| setting | unit | NAND2 | longest path, FO4 | from | to |", "| --- " * 6 + "|"]
    for setting, where, unit, parameters in ROWS:
        priced = PRICED / f"{unit}.v"
        netlist = make_netlist(parameters, liberty, folder / unit, top=unit, fast=True,
                               sources=[priced] if priced.is_file() else [])
        area = sum(library.cells[cell.kind].area for cell in netlist.cells
                   if cell.kind in library.cells)
        found = Timing(netlist, library).longest()
        lines.append(f"| {setting} | {unit}, {where} | {area / nand2:,.0f} | {found.ns / fo4:.0f} "
                     f"| `{short(found.start)}` | `{short(found.end)}` |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(table_command("refused", __doc__, table))
