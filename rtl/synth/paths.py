"""The longest path of every unit in gate delays: ``python -m rtl.synth.paths [--write]``.

A unit is mapped alone with buffers and sizes for speed; its delay is told in ns of the library and
in FO4, the delay of an inverter that drives four, which hardly depends on the process: a clock in
FO4 is what a unit needs in any. The array's longest path is that of a small array, whole.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from pathlib import Path

from accelsim.errors import AccelsimError
from rtl.synth.flows import published_parameters
from rtl.synth.liberty import read_library
from rtl.synth.netlist import OSU018, make_netlist
from rtl.synth.timing import Path as Longest
from rtl.synth.timing import Timing, fo4_ns

# Unit: what of it is mapped, where that is not what its defaults say, which are the published ones.
UNITS: dict[str, dict[str, int]] = {
    "act_queue": {"Depth": 8, "Width": 30, "CountBits": 4}, "ptr_read": {}, "spmat_read": {},
    "weight_decoder": {"WeightBits": 4, "WeightValueBits": 16}, "arith_unit": {}, "act_rw": {},
    "lnzd_tree": {"NPe": 64, "PositionBits": 6, "ActivationBits": 16}, "scan": {},
}
STAGES = {
    "arith_unit": [
        ("stage 1, row and hazard", r".*", r"s2_|after_q|wait_o"),
        ("stage 2, product", r"s2_(weight|activation)", r"u_round_shift|s3_product"),
        ("stage 3, shift, sum, saturation, forwarding", r"u_round_shift|s3_|shift_i",
         r"s4_value|s3_accumulator"),
    ],
}
SMALL = {"NPe": 4, "SpmatLines": 1024, "PointerWords": 2048, "RegfileDepth": 16, "Counters": 0,
         "ProgramDepth": 2}


def table(liberty: Path, folder: Path) -> str:
    """As Markdown."""
    library = read_library(liberty)
    fo4 = fo4_ns(library)
    lines = [f"| unit | from | to | cells on the way | ns, {library.name} | FO4 of {fo4:.3f} ns |",
             "| --- " * 6 + "|"]

    def add(name: str, found: Longest) -> None:
        lines.append(f"| {name} | `{short(found.start)}` | `{short(found.end)}` | {found.cells} "
                     f"| {found.ns:.2f} | {found.ns / fo4:.0f} |")

    for unit, parameters in UNITS.items():
        timing = Timing(make_netlist(parameters, liberty, folder / unit, top=unit, fast=True),
                        library)
        add(unit, timing.longest())
        for stage, start, end in STAGES.get(unit, []):
            add(f"{unit}, {stage}", timing.longest(
                lambda name, start=start: re.match(start, name) is not None,
                lambda name, end=end: re.match(end, name) is not None))
    shared = published_parameters() | SMALL
    timing = Timing(make_netlist(shared, liberty, folder / "array", fast=True), library)
    found = timing.longest()
    add(f"array of {SMALL['NPe']} PEs, {SMALL['RegfileDepth']} rows", found)
    return "\n".join([*lines, "", f"So that array runs at {1000 / found.ns:.0f} MHz in "
                      f"{library.name}, before wires and a clock tree."])


def short(name: str) -> str:
    """Without what Yosys puts in front, and without the bit."""
    return re.sub(r"\[\d+\]$", "", name.replace("$flatten\\", "").replace("\\", ""))


def main() -> int:
    """Print the table, or write it."""
    from rtl.synth.synth import write

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--liberty", type=Path, default=OSU018, help="standard cells")
    parser.add_argument("--write", action="store_true", help="renew rtl/README.md")
    arguments = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as folder:
            text = table(arguments.liberty, Path(folder))
    except AccelsimError as error:
        print(f"paths: error: {error}", file=sys.stderr)
        return 2
    print(text)
    if arguments.write:
        write("paths", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
