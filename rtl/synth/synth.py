"""Gates, area and clock of the Verilog units: ``python -m rtl.synth.synth [--liberty PATH]``.

Prints the tables of rtl/README.md; ``--write`` puts them there. Numbers hold for one version of the
tools; pyproject.toml pins them.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from accelsim.errors import AccelsimError
from accelsim.files import write_atomically
from accelsim.papers.facts import grids
from rtl.synth import flows

HERE = Path(__file__).resolve().parent
OSU018 = Path("/usr/share/qflow/tech/osu018/osu018_stdcells.lib")
IDEAL_SHRINK = (180 / 45) ** 2
# Unit of ours: row of EIE Table II, or the area in um2 that the text of the paper gives.
PUBLISHED_ROWS = {"act_queue": "Act_queue", "arith_unit": "ArithmUnit", "act_rw": "ActRW"}
LNZD_UM2 = 189  # EIE sec. VI: one LNZD node
UNITS = {
    "act_queue": "8 entries of 30 bits",
    "ptr_read": "SRAM apart",
    "spmat_read": "SRAM apart",
    "weight_decoder": "16 weights of 16 bits",
    "arith_unit": "four stages, bypass",
    "act_rw": "two files of 64 × 16 bits, SRAM apart",
    "pe_counters": "for measuring only",
    "pe": "all of the above",
    "lnzd_node": "first level",
    "lnzd_tree": "21 nodes for 64 PEs",
    "scan": "part of ccu",
    "ccu": "with scan, program of 16 passes, counters",
}
# Primitive name to column, by its beginning; the first that fits.
KINDS = {
    "xcu": {"LUT": "LUT", "INV": "LUT", "FD": "FF", "DSP": "DSP", "RAMB36": "BRAM 36 Kb",
            "RAMB18": "BRAM 18 Kb", "RAM": "LUTRAM"},
    "ecp5": {"LUT4": "LUT", "TRELLIS_FF": "FF", "MULT18": "DSP", "DP16KD": "BRAM 18 Kb",
             "TRELLIS_DPR": "LUTRAM"},
}
COLUMNS = ("LUT", "FF", "DSP", "BRAM 36 Kb", "BRAM 18 Kb", "LUTRAM")
PE_ALONE = {"Counters": 0, "Trace": 0}
SMALL_SRAMS = {"SpmatLines": 1024, "PointerWords": 2048}
ARRAYS = (4,)  # PEs that are placed and routed
_ARRAY_ONLY = ("NPe", "ProgramDepth", "Gather", "StartCycles")  # parameters that a PE does not have
_NO_HARNESS = ("Counters", "Trace", "Gather", "Multiplier", "StartCycles", "DecoderTables")


def area_table(liberty: Path) -> str:
    """Standard cells by unit, beside the published areas."""
    areas = flows.unit_areas(liberty)
    is_osu018 = liberty.name == OSU018.name
    library = "OSU018" if is_osu018 else liberty.stem
    head = ["unit", "what", "NAND2", f"{library} µm²"]
    head += ["÷ 16", "published, 45 nm µm²"] if is_osu018 else []
    rows = [_row(head), _row(["---"] * len(head))]
    published = grids()["eie-table2"]
    for unit, what in UNITS.items():
        found = areas[unit][0]
        row = [unit, what, f"{found.nand2:,.0f}", f"{found.area:,.0f}"]
        if is_osu018:
            known = LNZD_UM2 if unit == "lnzd_node" else None
            if unit in PUBLISHED_ROWS:
                known = published.value(PUBLISHED_ROWS[unit], "area_um2")
            row += [f"{found.area / IDEAL_SHRINK:,.0f}", "" if known is None else f"{known:,.0f}"]
        rows.append(_row(row))
    return "\n".join(rows)


def fpga_table(netlists: Path) -> str:
    """Resources and clock of one PE and of arrays; of all that 64 PEs share, the resources."""
    shared = flows.published_parameters()
    one = {key: value for key, value in shared.items() if key not in _ARRAY_ONLY}
    rows = [_row(["design", "target", *COLUMNS, "MHz"]), _row(["---"] * (len(COLUMNS) + 3))]
    for family, target in (("xcu", "Xilinx UltraScale"), ("ecp5", "Lattice ECP5")):
        cells = flows.fpga_cells(family, "pe", one | PE_ALONE)
        mhz = _routed("pe_harness", _of_harness(one), netlists)[1] if family == "ecp5" else ""
        rows.append(_row(["pe", target, *_counted(family, cells), mhz]))
        cells = flows.fpga_cells(family, "eie_array", shared | PE_ALONE, apart=["pe"])
        rows.append(_row(["ccu and lnzd_tree for 64 PEs", target, *_counted(family, cells), ""]))
    small = _of_harness(shared | SMALL_SRAMS)
    designs = [("pe_harness", "pe", {key: small[key] for key in _of_harness(one)})]
    designs += [("array_harness", f"{n_pe} PEs", small | {"NPe": n_pe}) for n_pe in ARRAYS]
    for top, name, parameters in designs:
        counted, mhz = _routed(top, parameters, netlists)
        rows.append(_row([f"{name} in a harness, SpMat 8 KB, pointers 4 KB", "Lattice ECP5",
                          *counted, mhz]))
    return "\n".join(rows)


def harnessed() -> dict[str, dict[str, int]]:
    """Harness to the parameters that it is given."""
    shared = flows.published_parameters()
    one = {key: value for key, value in shared.items() if key not in _ARRAY_ONLY}
    return {"pe_harness": _of_harness(one), "array_harness": _of_harness(shared)}


def _of_harness(parameters: dict[str, int]) -> dict[str, int]:
    return {key: value for key, value in parameters.items() if key not in _NO_HARNESS}


def _routed(top: str, parameters: dict[str, int], netlists: Path) -> tuple[list[str], str]:
    """Resources of a harness on ECP5, and its clock after place and route."""
    netlist = netlists / "netlist.json"
    cells = flows.fpga_cells(
        "ecp5", top, parameters, sources=[HERE / f"{top}.v"], netlist=netlist)
    return _counted("ecp5", cells), f"{flows.ecp5_fmax_mhz(netlist, speed=6):.1f}"


def _counted(family: str, cells: dict[str, int]) -> list[str]:
    """Numbers in the order of `COLUMNS`; carry chains and wide multiplexers are in no column."""
    total = dict.fromkeys(COLUMNS, 0)
    for name, number in cells.items():
        column = next((to for start, to in KINDS[family].items() if name.startswith(start)), None)
        if column is not None:
            total[column] += number
    return [f"{number:,}" for number in total.values()]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def write(name: str, table: str) -> None:
    """Renew one table of rtl/README.md, between its markers."""
    readme = HERE.parent / "README.md"
    before, begin, rest = readme.read_text().partition(f"<!-- {name}: begin -->\n")
    _, end, after = rest.partition(f"<!-- {name}: end -->")
    write_atomically(readme, f"{before}{begin}{table}\n{end}{after}")


def main() -> int:
    """Print the tables, or write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--liberty", type=Path, default=OSU018, help="standard cells")
    parser.add_argument("--only", choices=["area", "fpga"], help="one of the tables")
    parser.add_argument("--write", action="store_true", help="renew rtl/README.md")
    arguments = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as folder:
            tables = {
                "area": lambda: area_table(arguments.liberty),
                "fpga": lambda: fpga_table(Path(folder)),
            }
            for name, make in tables.items():
                if arguments.only in (None, name):
                    table = make()
                    print(table, end="\n\n", flush=True)
                    if arguments.write:
                        write(name, table)
    except AccelsimError as error:
        print(f"synth: error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
