"""Gates and FPGA resources of ESE's units: ``python -m rtl.synth.ese [--liberty PATH] [--write]``.

Units have the sizes of the published machine and of its LSTM. Memories of more than 1 Kbit are left
apart and told in bits. Numbers hold for one version of the tools; pyproject.toml pins them.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from accelsim.errors import AccelsimError
from accelsim.files import write_atomically
from rtl.synth import flows
from rtl.synth.synth import KINDS, OSU018

RTL = Path(__file__).resolve().parents[1]
README = RTL / "ese" / "README.md"
FILES = [path for folder in ("common", "ese") for path in sorted(RTL.glob(f"{folder}/*.v"))
         if path.stem != "ddr_model"]
COLUMNS = ("LUT", "FF", "DSP", "BRAM 36 Kb", "BRAM 18 Kb", "LUTRAM")

_PE = {
    "ActQueueDepth": 8, "CountBits": 4, "WeightBits": 12, "IndexBits": 4, "PointerBits": 16,
    "ActivationBits": 16, "AccumulatorBits": 16, "ColumnBits": 11, "Rows": 32, "RowBits": 5,
    "ShiftBits": 5, "Trace": 0,
}
_ELEMENT = {
    "Lanes": 2, "Latency": 24, "Width": 16, "FracBits": 14, "ShiftBits": 6, "VectorBits": 15,
    "WordBits": 512, "Samples": 2048, "LineBits": 7, "CountBits": 3,
}
_WORD = {"WordBits": 512, "EntryBits": 16, "PeBits": 5}
# Unit, parameters, what it is. NChannels and NPe are 32 where a unit has them.
UNITS: list[tuple[str, dict[str, int], str]] = [
    ("ese_pe", _PE, "one PE, both register files of 32 sums"),
    ("act_queue", {"Depth": 8, "Width": 27, "CountBits": 4}, "8 entries of 27 bits"),
    ("weight_read", {"PointerBits": 16, "ActivationBits": 16}, "one"),
    ("arith_unit", {"IndexBits": 4, "RowBits": 5, "ActivationBits": 16, "WeightValueBits": 12,
                    "AccumulatorBits": 16, "ShiftBits": 5, "Bypass": 1, "Multiplier": 0},
     "four stages, bypass"),
    ("assemble", {"NPe": 32, "AccumulatorBits": 16, "ActivationBits": 16, "RowBits": 5,
                  "VectorBits": 15, "CountBits": 6}, "of 32 PEs"),
    ("elementwise", {**_ELEMENT, "Tables": 0}, "multiplier: two elements a cycle, 24 deep"),
    ("elementwise", {**_ELEMENT, "Tables": 1}, "adder tree with look-up, tables apart"),
    ("spmv_control", {"StartCycles": 1, "WholeMatrix": 0, "ColumnBits": 11}, "one"),
    ("memory_controller", {"AddrBits": 24, "LengthBits": 20, "TagBits": 3}, "of a DDR module"),
    ("ese_operands", {"ColumnBits": 11, "OpBits": 30, "VectorBits": 15, "VectorCopy": 665}, "one"),
    ("weight_loader", {**_WORD, "ColumnBits": 11, "LengthBits": 20}, "32 entries a word"),
    ("weight_route", {"PeBits": 5, "EntryBits": 16, "Lanes": 32, "CountBits": 6}, "of a PE number"),
    ("pointer_route", {"Pe": 31, "WordBits": 512, "ColumnBits": 11, "NumberBits": 20},
     "of the last PE number"),
    ("ping_pong_buffer", {"Entries": 2048}, "of a PE number, two halves of 2,048 entries apart"),
]


def gates(unit: str, parameters: Mapping[str, int], liberty: Path) -> tuple[float, int]:
    """Area in NAND2 of a unit with all in it, and the bits of its memories, left apart."""
    cells = liberty.resolve()
    with tempfile.TemporaryDirectory() as folder:
        stat = flows.yosys([
            *_read(Path(folder), unit, parameters), f"synth -flatten -top {unit} -run :fine",
            f"memory_map {_small()}", "opt -fast -full", "opt -undriven -fine",
            "techmap", "opt -fast", f'dfflibmap -liberty "{cells}"', f'abc -liberty "{cells}"',
            "opt_clean -purge",
        ], Path(folder), f'-liberty "{cells}"')
    (module,) = stat["modules"].values()
    return float(module["area"]) / flows.nand2_area(liberty), _memory_bits(unit, parameters)


def _small() -> str:
    """Selection of memories of 1 Kbit and less: by number of words."""
    return "t:$mem_v2 r:SIZE<=32 %i"


def _memory_bits(unit: str, parameters: Mapping[str, int]) -> int:
    """Bits of memories beyond 1 Kbit that a unit holds."""
    if unit == "ping_pong_buffer":
        return 2 * parameters["Entries"] * 16
    if unit == "elementwise" and parameters["Tables"]:
        return 2 * parameters["Samples"] * parameters["Width"]
    return 0


def area_table(liberty: Path, units: Collection[str] = ()) -> str:
    """Standard cells of these units, all if none is named; rows of the others stay as they are."""
    before = {tuple(line.split(" | ")[:2]): line for line in _table("area")}
    rows = []
    for unit, parameters, what in UNITS:
        if not units or unit in units:
            nand2, bits = gates(unit, parameters, liberty)
            kbit = f"{bits / 1024:,.0f}" if bits else ""
            rows.append(f"| {unit} | {what} | {nand2:,.0f} | {kbit} |")
            print(rows[-1], flush=True)
        elif (row := before.get((f"| {unit}", what))) is not None:
            rows.append(row)
    return "\n".join(["| unit | what | NAND2 | memory apart, Kbit |", "| --- " * 4 + "|", *rows])


def fpga_row(family: str, name: str, top: str, parameters: Mapping[str, int],
             apart: Sequence[str] = ()) -> str:
    """Resources of a design, flattened, units ``apart`` as black boxes."""
    with tempfile.TemporaryDirectory() as folder:
        stat = flows.yosys([*_read(Path(folder), top, parameters, apart),
                            flows.FPGA_FLOWS[family].format(top=top)], Path(folder))
    cells = stat["modules"][f"\\{top}"]["num_cells_by_type"]
    total = dict.fromkeys(COLUMNS, 0)
    for cell, number in cells.items():
        column = next((to for start, to in KINDS[family].items() if cell.startswith(start)), None)
        if column is not None:
            total[column] += number
    target = {"xcu": "Xilinx UltraScale", "ecp5": "Lattice ECP5"}[family]
    return f"| {name} | {target} | {' | '.join(f'{n:,}' for n in total.values())} |"


def fpga_table() -> str:
    """A PE, and the units of a channel."""
    rows = [f"| design | target | {' | '.join(COLUMNS)} |", "| --- " * (2 + len(COLUMNS)) + "|"]
    designs = [("a PE", "ese_pe", _PE), ("Assemble", "assemble", UNITS[4][1]),
               ("element-wise multiplier", "elementwise", UNITS[5][1]),
               ("adder tree with tables", "elementwise", UNITS[6][1])]
    for family in ("xcu", "ecp5"):
        for name, top, parameters in designs:
            rows.append(fpga_row(family, name, top, parameters))
            print(rows[-1], flush=True)
    return "\n".join(rows)


def fmax() -> str:
    """Clock of one PE after place and route, pads included."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        netlist = folder / "netlist.json"
        flows.yosys([*_read(folder, "ese_pe", _PE), flows.FPGA_FLOWS["ecp5"].format(top="ese_pe"),
                     f'write_json "{netlist}"'], folder)
        text = f"ese_pe, ECP5-85F, speed grade 6, seed 1: {flows.ecp5_fmax_mhz(netlist, 6):.1f} MHz"
    print(text)
    return text


def _read(folder: Path, top: str, parameters: Mapping[str, int], apart: Sequence[str] = ()
          ) -> list[str]:
    """Commands that read all units and set the parameters; copied, so that names do not differ."""
    for path in FILES:
        shutil.copy(path, folder)
    text = " ".join(f'"{path.name}"' for path in FILES if path.stem not in apart)
    values = " ".join(f"-chparam {key} {value}" for key, value in parameters.items())
    return [*(f'read_verilog -lib "{unit}.v"' for unit in apart), f"read_verilog {text}",
            f"hierarchy -check -top {top} {values}"]


def write(name: str, table: str) -> None:
    """Renew one table of rtl/ese/README.md, between its markers."""
    before, begin, rest = README.read_text().partition(f"<!-- {name}: begin -->\n")
    _, end, after = rest.partition(f"<!-- {name}: end -->")
    write_atomically(README, f"{before}{begin}{table}\n{end}{after}")


def _table(name: str) -> list[str]:
    """Its lines."""
    _, _, rest = README.read_text().partition(f"<!-- {name}: begin -->\n")
    return rest.partition(f"<!-- {name}: end -->")[0].splitlines()


def main() -> int:
    """Print the tables, or write them."""
    parser = argparse.ArgumentParser(prog="python -m rtl.synth.ese", description=__doc__)
    parser.add_argument("--liberty", type=Path, default=OSU018, help="standard cells")
    parser.add_argument("--only", choices=["area", "fpga", "fmax"], help="one of the tables")
    parser.add_argument("--units", nargs="+", default=[], metavar="UNIT",
                        choices=sorted({unit for unit, _, _ in UNITS}),
                        help="these rows of the areas alone; all if absent")
    parser.add_argument("--write", action="store_true", help="renew rtl/ese/README.md")
    arguments = parser.parse_args()
    tables = {"area": lambda: area_table(arguments.liberty, arguments.units), "fpga": fpga_table,
              "fmax": fmax}
    try:
        for name, make in tables.items():
            if arguments.only in (None, name):
                table = make()
                if arguments.write:
                    write(name, table)
    except AccelsimError as error:
        print(f"synth: error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
