"""Make the tables of 45 nm SRAMs in ``data/``: energy, leakage, area and time, from CACTI.

Run it by hand when a table must change; the package itself only reads the tables::

    pip install --no-binary hwcomponents-cacti ".[cacti]"             # Python 3.12, a C++ compiler
    python accelsim/energy/make_sram_table.py                            # sram_45nm.csv
    python accelsim/energy/make_sram_table.py --clock-mhz 800            # ..._800mhz.csv
    python accelsim/energy/make_sram_table.py --clock-mhz 800 --goal ed2 # ..._800mhz_ed2.csv

The first table holds the arrays that CACTI finds with the settings of the package: least energy
times delay squared (ED^2), whatever clock that gives. The others hold only arrays that take an
access every clock cycle: those of least read energy that answer within three cycles, or those of
least ED^2. To be fast they are cut into more and smaller subarrays, and pay in wires.

The package hwcomponents-cacti brings the CACTI program and a settings file. Its Python interface
fixes the device type and replaces every width below 32 bits by a formula, so this script runs the
program itself: the same settings, the device type and the goal changed, no formula.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import importlib.metadata
import importlib.util
import math
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

Goal = dict[str, str]  # line of the settings file by its beginning
Array = dict[str, float]  # value by column of the table

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
# Settings of every array, beside its size and width.
ARRAY = (
    "-read-write port 1", "-technology (u) 0.045", "-UCA bank count 1",
    '-cache type "ram"', "-tag size (b) 0", "-associativity 1",
)
# Column of our table -> (column CACTI writes, factor). Standby leakage includes gate leakage.
COLUMNS = {
    "read_pj": ("Dynamic read energy (nJ)", 1e3),
    "write_pj": ("Dynamic write energy (nJ)", 1e3),
    "leakage_mw": ("Standby leakage per bank(mW)", 1.0),
    "area_um2": ("Area (mm2)", 1e6),
    "access_ns": ("Access time (ns)", 1.0),
    "cycle_ns": ("Random cycle time (ns)", 1.0),
}
# Lines of the settings file that change from point to point.
CELLS, PERIPHERY = "-Data array cell type", "-Data array peripheral type"
GOAL, WEIGHTS, DEVIATION = "-Optimize ED or ED^2", "-design objective", "-deviate"
DELAY, ENERGY, CYCLE = "100:0:0:0:0", "0:100:0:0:0", "0:0:0:100:0"  # weights of one goal each
ANY_PERCENT = 100_000  # CACTI's way to write "no limit"
ACCESS_CYCLES = 3  # latency that the goal "energy" allows
# CACTI's own words for "there is no such array"; any other failure stops the script.
UNSOLVED = ("no valid data array organizations found", "no cache organizations met optimization")


class TableError(Exception):
    """The table cannot be made; the message says why and what to do."""


class NoArrayError(Exception):
    """There is no such array; the message is the reason that the header gives."""


@dataclass(frozen=True, kw_only=True)
class Clock:
    """A clock that arrays must keep up with, and what the best of them has least of."""

    mhz: float
    goal: str  # energy or ed2

    @property
    def limits(self) -> str:
        """The limits in words. ED^2 weighs the access time by itself."""
        cycle_ns = 1e3 / self.mhz
        access = f" and access_ns <= {ACCESS_CYCLES * cycle_ns:g}" if self.goal == "energy" else ""
        return f"cycle_ns <= {cycle_ns:g}{access}"


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
            install = f"pip install --no-binary {PACKAGE} '.[cacti]'"
            raise TableError(f"no CACTI: run `{install}` under Python 3.12")
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

    def settings_of(self, device: str, size_bytes: int, width_bits: int, goal: Goal) -> list[str]:
        """Return the settings of one point: device and goal changed, array appended."""
        cells, periphery = DEVICES[device]
        lines = list(self.settings)
        device_lines = {CELLS: f'{CELLS} - "{cells}"', PERIPHERY: f'{PERIPHERY} - "{periphery}"'}
        for key, line in (device_lines | goal).items():
            places = [n for n, old in enumerate(lines) if old.startswith(key)]
            if len(places) != 1:
                raise TableError(f"settings file has {len(places)} lines {key!r}, expected one")
            lines[places[0]] = line
        lines += [f"-size (bytes) {size_bytes}", f"-block size (bytes) {width_bits // 8}"]
        return [*lines, f"-output/input bus width {width_bits}", *ARRAY, ""]

    def solve(self, device: str, size_bytes: int, width_bits: int, goal: Goal) -> Array:
        """Return the columns of one array; NoArrayError if CACTI finds none."""
        with tempfile.TemporaryDirectory() as folder:
            point = Path(folder) / "point.cfg"
            point.write_text("\n".join(self.settings_of(device, size_bytes, width_bits, goal)))
            # CACTI reads tech_params/ from its working directory and writes <infile>.out.
            run = subprocess.run(
                [self.program, "-infile", point], cwd=self.program.parent, timeout=300,
                capture_output=True, text=True, errors="replace",
            )
            written = Path(f"{point}.out")
            if not written.exists():
                output = run.stdout + run.stderr
                if reasons := [words for words in UNSOLVED if words in output]:
                    raise NoArrayError(reasons[0])
                where = f"{device}, {size_bytes} bytes, {width_bits} bits"
                raise TableError(f"CACTI failed on {where}: {output.strip()[-80:]!r}")
            row = next(csv.DictReader(written.read_text().splitlines(), skipinitialspace=True))
        return {name: float(row[key]) * factor for name, (key, factor) in COLUMNS.items()}

    def solve_at_clock(self, device: str, size_bytes: int, width_bits: int, clock: Clock) -> Array:
        """Return the best array that keeps up with a clock; NoArrayError if none does.

        Beside ED^2 CACTI knows no limits, and beside "least read energy" it knows them only in per
        cent above the best of all arrays. So this walks the frontier from the array of least energy
        to ever faster ones, until no faster one can have a smaller ED^2.
        """
        shortest_ns = self.solve(device, size_bytes, width_bits, weighted(DELAY))["access_ns"]
        least_ns = self.solve(device, size_bytes, width_bits, weighted(CYCLE))["cycle_ns"]
        period_ns = 1e3 / clock.mhz
        cycle = min(ANY_PERCENT, math.floor((period_ns / least_ns - 1) * 100))
        access, best = ANY_PERCENT, None
        if clock.goal == "energy":
            access = math.floor((ACCESS_CYCLES * period_ns / shortest_ns - 1) * 100)
        while access >= 0 and cycle >= 0:
            goal = weighted(ENERGY, access=access, cycle=cycle)
            try:
                found = self.solve(device, size_bytes, width_bits, goal)
            except NoArrayError:
                break
            if found["cycle_ns"] > period_ns:
                raise TableError(f"CACTI broke its limits at {device}, {size_bytes} bytes: {found}")
            if best is None or ed2(found) < ed2(best):
                best = found
            if clock.goal == "energy" or found["read_pj"] * shortest_ns**2 >= ed2(best):
                break
            # One per cent less at least, or rounded digits could repeat the same array for ever.
            access = min(access, math.ceil((found["access_ns"] / shortest_ns - 1) * 100)) - 1
        if best is None:
            raise NoArrayError(f"none with {clock.limits}")
        return best


def ed2(array: Array) -> float:
    """Return the goal of the package's settings: read energy times access time squared."""
    return array["read_pj"] * array["access_ns"] ** 2


def weighted(weights: str, access: int = ANY_PERCENT, cycle: int = ANY_PERCENT) -> Goal:
    """Return the settings that seek one goal within limits, in per cent above the best."""
    limits = f"{access}:{ANY_PERCENT}:{ANY_PERCENT}:{cycle}:{ANY_PERCENT}"
    return {
        GOAL: f'{GOAL} (ED, ED^2, NONE): "NONE"',
        WEIGHTS: f"{WEIGHTS} (delay, dynamic power, leakage power, cycle time, area) {weights}",
        DEVIATION: f"{DEVIATION} (delay, dynamic power, leakage power, cycle time, area) {limits}",
    }


def header(cacti: Cacti, clock: Clock | None, unsolved: list[str]) -> list[str]:
    """Say what was run, with which settings, and what is missing, as comment lines."""
    supply = cacti.supply_v()
    digest = hashlib.sha256("\n".join(cacti.settings).encode()).hexdigest()
    end = next(n for n, line in enumerate(cacti.settings) if line.startswith("-dram_type"))
    fixed = [line for line in cacti.settings[:end] if line.startswith("-")]
    goal = [line for line in fixed if line.startswith((GOAL, WEIGHTS, DEVIATION))]
    kept = [line for line in fixed if not line.startswith((CELLS, PERIPHERY)) and line not in goal]
    goal.append("so ED^2 alone decides; the weights and deviations have no effect")
    if clock is not None:
        least = {"ed2": "ED^2", "energy": "read energy"}[clock.goal]
        goal = [
            f"least {least} among the arrays with {clock.limits} ({clock.mhz:g} MHz)",
            "(found by optimize NONE, weights 0:100:0:0:0, deviations as limits of time)",
        ]
    return [
        "SRAM arrays at 45 nm, one read-write port, one bank, 300 K, made by make_sram_table.py.",
        f"Program: CACTI {cacti.version()}, as in {PACKAGE} "
        f"{importlib.metadata.version(PACKAGE)} built from its source distribution.",
        f"Settings file: its default_cfg.cfg, sha256 {digest}.",
        "One access moves one word of width_bits; energies are per access, leakage and area per",
        "array. leakage_mw is subthreshold plus gate leakage. cycle_ns is the random cycle time.",
        "source: cacti = CACTI solved this very array; scaled = derived from another. Every row",
        "here is cacti, 8 and 16 bits too. (Below 32 bits the Python interface of the package",
        "takes an array of as many 32-bit words and multiplies its energies by 0.3 + 0.7 w / 32.)",
        "CACTI chooses the organisation of each array by itself, so neighbouring points can differ",
        "by a jump: read_pj can even fall where the width or the size grows.",
        "Device types:",
        *[f"  {name}: cells {cells} at {supply[cells]} V, periphery {edge} at {supply[edge]} V"
          for name, (cells, edge) in DEVICES.items()],
        "Left out, because CACTI found no array:",
        *[f"  {line}" for line in unsolved],
        "Settings of the array:",
        *[f"  {line}" for line in ARRAY],
        "Goal of the optimiser:",
        *[f"  {line}" for line in goal],
        "Settings from the file:",
        *[f"  {line}" for line in kept],
    ]


def make_table(cacti: Cacti, clock: Clock | None) -> str:
    """Run every device, size and width and return the text of the table."""
    rows, unsolved = [], []
    for device in DEVICES:
        for size_kb in SIZES_KB:
            missing: dict[str, list[int]] = {}
            for width_bits in WIDTHS_BITS:
                at = device, int(size_kb * 1024), width_bits
                try:
                    values = cacti.solve_at_clock(*at, clock) if clock else cacti.solve(*at, {})
                except NoArrayError as error:
                    missing.setdefault(str(error), []).append(width_bits)
                    continue
                digits = [f"{values[name]:.6g}" for name in COLUMNS]  # as many as CACTI prints
                rows.append(",".join([device, f"{size_kb:g}", str(width_bits), *digits, "cacti"]))
            for reason, widths in missing.items():
                unsolved.append(f"{device} {size_kb:g} KB at {str(widths)[1:-1]} bits: {reason}")
            print(f"{device} {size_kb:g} KB done", file=sys.stderr)
    comments = [f"# {line}".rstrip() for line in header(cacti, clock, unsolved)]
    names = ",".join(["device", "size_kb", "width_bits", *COLUMNS, "source"])
    return "\n".join([*comments, names, *rows]) + "\n"


def main() -> int:
    """Write the table; exit status 2 and one line if it cannot be made."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clock-mhz", type=float, help="arrays that keep up with this clock")
    parser.add_argument("--goal", choices=["energy", "ed2"], default="energy", help="at the clock")
    parser.add_argument("--out", type=Path, help="file to write")
    asked = parser.parse_args()
    clock = None if asked.clock_mhz is None else Clock(mhz=asked.clock_mhz, goal=asked.goal)
    name = "sram_45nm" if clock is None else f"sram_45nm_{clock.mhz:g}mhz"
    name += "_ed2" if clock and clock.goal == "ed2" else ""
    out: Path = asked.out or Path(__file__).parent / "data" / f"{name}.csv"
    try:
        if clock is not None and not clock.mhz > 0:
            raise TableError(f"--clock-mhz {clock.mhz:g}: must be above 0")
        if not out.parent.is_dir():
            raise TableError(f"--out {out}: its folder does not exist; make it or name another")
        partial = out.with_suffix(".partial")
        partial.write_text(make_table(Cacti.installed(), clock))
        os.replace(partial, out)
    except (TableError, OSError, subprocess.TimeoutExpired) as error:
        print(f"make_sram_table: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
