"""The longest path of every unit in gate delays: ``python -m rtl.synth.paths [--write]``.

A unit is mapped alone with buffers and sizes for speed; its delay is told in ns of the library and
in FO4, the delay of an inverter that drives four, which hardly depends on the process: a clock in
FO4 is what a unit needs in any. The array's longest path is that of a small array, whole; beside it
stands what a register in its middle would give, which is not built.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from accelsim.errors import AccelsimError
from accelsim.machines import load_config
from rtl.synth.command import table_command
from rtl.synth.flows import RTL, nand2_area, published_parameters
from rtl.synth.liberty import Library, read_library
from rtl.synth.netlist import Netlist, make_netlist
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
# An inverter that drives four at 45 nm and 1.1 V: Stillmaker and Baas 2017, Table 2, as in
# accelsim/energy/data/nodes.toml.
FO4_45_NM_PS = 10.9
# What the scan looks at, a cycle late: values of the next row are read while this one is scanned.
_TREE = "    .values_i(scan_values), .position_i(position)"
_REGISTER = """
  reg [NPe*ActivationBits-1:0] scan_values_q;
  always @(posedge clk_i) if (pass_start || row_change) scan_values_q <= scan_values;

  lnzd_tree #("""


def retimed(folder: Path) -> Path:
    """An array with that register, for its timing only: it scans a row too late."""
    text = (RTL / "eie" / "eie_array.v").read_text()
    for old, new in ((_TREE, _TREE.replace("scan_values", "scan_values_q")),
                     ("\n  lnzd_tree #(", _REGISTER)):
        if text.count(old) != 1:
            raise AccelsimError(f"eie_array.v: has not one {old.strip()!r}")
        text = text.replace(old, new)
    path = folder / "eie_array.v"
    path.write_text(text)
    return path


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
    whole = make_netlist(shared, liberty, folder / "array", fast=True)
    found = Timing(whole, library).longest()
    add(f"array of {SMALL['NPe']} PEs, {SMALL['RegfileDepth']} rows", found)
    later = make_netlist(shared, liberty, folder / "retimed", fast=True,
                         sources=[retimed(folder)])
    then = Timing(later, library).longest()
    add("the same, the scan's values in a register (not built)", then)
    more = _held_area(later, "scan_values_q", library) / nand2_area(liberty) / SMALL["NPe"]
    mhz = load_config("eie").clock_mhz
    return "\n".join([
        *lines, "",
        f"So that array runs at {1000 / found.ns:.0f} MHz in {library.name}, before wires and a "
        f"clock tree; with the register, at {1000 / then.ns:.0f} MHz, for {more:,.0f} NAND2 of "
        f"flip-flops a PE.",
        f"The published {mhz:,.0f} MHz are {1e6 / mhz / FO4_45_NM_PS:.0f} FO4 of {FO4_45_NM_PS} ps "
        f"at 45 nm (Stillmaker and Baas 2017, nominal voltage).",
    ])


def _held_area(netlist: Netlist, register: str, library: Library) -> float:
    """Area of the flip-flops of a register."""
    return sum(
        library.cells[cell.kind].area for cell in netlist.cells
        if cell.kind in library.cells and library.cells[cell.kind].clocked
        and netlist.names.get(cell.nets["Q"][0], "").startswith(register)
    )


def short(name: str) -> str:
    """Without what Yosys puts in front, and without the bit."""
    return re.sub(r"\[\d+\]$", "", name.replace("$flatten\\", "").replace("\\", ""))


if __name__ == "__main__":
    sys.exit(table_command("paths", __doc__, table))
