"""SRAM energy, leakage and area: a table made with CACTI, interpolated."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources

from accelsim.errors import InputError, nearest
from accelsim.records.shown import Short

GOALS = {
    "balanced": "sram_45nm.csv",
    "800mhz": "sram_45nm_800mhz_ed2.csv",
    "800mhz_energy": "sram_45nm_800mhz.csv",
}
"""What CACTI was asked for: its own balance, least energy times delay squared (ED^2); least ED^2
among the arrays with a cycle of 1.25 ns; least read energy among those with such a cycle and an
access of at most three of them."""

DEVICES = ("hp", "lop", "lstp", "mixed")
COLUMNS = ("read_pj", "write_pj", "leakage_mw", "area_um2", "access_ns", "cycle_ns")


@dataclass(frozen=True)
class SramPoint:
    """One array. Energies are per access, leakage and area per array.

    Attributes
    ----------
    extrapolated : it lies outside of the table
    beyond : it is larger than what the table has: (asked for, most, "KB" or "bits"). A smaller one
        may be made of flip-flops, and has none
    """

    read_pj: float
    write_pj: float
    leakage_mw: float
    area_um2: float
    access_ns: float
    cycle_ns: float
    extrapolated: bool = False
    device: str = ""
    beyond: tuple[float, float, str] | None = None


@dataclass(frozen=True)
class SramTable(Short):
    """Arrays of one device type by (size in KB, width in bits)."""

    device: str
    goal: str
    points: Mapping[tuple[float, int], SramPoint]
    known: dict[tuple[float, float], SramPoint] = field(
        default_factory=dict, repr=False, compare=False)

    def at(self, size_kb: float, width_bits: float) -> SramPoint:
        """An array of any size and width, log-log interpolated between its table neighbours.

        Beyond the table, or at a corner that CACTI could not solve, the nearest points are
        continued with their own slope and ``extrapolated`` is set.

        Raises
        ------
        InputError
            If size or width is not positive.
        """
        found = self.known.get((size_kb, width_bits))
        if found is None:
            found = self.known[size_kb, width_bits] = self._at(size_kb, width_bits)
        return found

    def _at(self, size_kb: float, width_bits: float) -> SramPoint:
        if size_kb <= 0 or width_bits <= 0:
            raise InputError(f"SRAM of {size_kb} KB and {width_bits} bits; need positive numbers")
        sizes = sorted({s for s, _ in self.points})
        size_pair, size_t, out_s = _bracket(size_kb, sizes)
        rows = []
        outside = out_s
        beyond = (size_kb, sizes[-1], "KB") if size_kb > sizes[-1] else None
        for size, share in zip(size_pair, (1 - size_t, size_t), strict=True):
            widths = sorted(w for s, w in self.points if s == size)
            pair, t, out_w = _bracket(width_bits, widths)
            outside = outside or (out_w and share != 0)
            if width_bits > widths[-1] and share != 0:
                beyond = beyond or (width_bits, float(widths[-1]), "bits")
            low, high = (self.points[size, int(w)] for w in pair)
            rows.append({c: _mix(getattr(low, c), getattr(high, c), t) for c in COLUMNS})
        values = {c: _mix(rows[0][c], rows[1][c], size_t) for c in COLUMNS}
        return replace(_point(values), extrapolated=outside, device=self.device, beyond=beyond)


@cache
def load_sram_table(device: str = "lstp", goal: str = "800mhz") -> SramTable:
    """The shipped table of one device type.

    Raises
    ------
    InputError
        If there is no such device type or goal.
    """
    if device not in DEVICES:
        raise InputError(f"SRAM device type is '{device}'{nearest(device, DEVICES)}")
    if goal not in GOALS:
        raise InputError(f"SRAM goal is '{goal}'{nearest(goal, GOALS)}")
    text = resources.files("accelsim.energy.data").joinpath(GOALS[goal]).read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    points = {}
    for row in csv.DictReader(lines):
        if row["device"] == device:
            values = {c: float(row[c]) for c in COLUMNS}
            points[float(row["size_kb"]), int(row["width_bits"])] = _point(values)
    return SramTable(device, goal, points)


def table_step(size_kb: float) -> float:
    """The smallest size of the table that holds so many KB; beyond it, the next power of two."""
    sizes = sorted({size for size, _ in load_sram_table().points})
    fits = next((size for size in sizes if size >= size_kb), None)
    return fits if fits is not None else 2.0 ** math.ceil(math.log2(size_kb))


def _point(values: Mapping[str, float]) -> SramPoint:
    return SramPoint(
        values["read_pj"], values["write_pj"], values["leakage_mw"], values["area_um2"],
        values["access_ns"], values["cycle_ns"],
    )


def _bracket(value: float, grid: Sequence[float]) -> tuple[tuple[float, float], float, bool]:
    """Neighbours of ``value`` in a sorted grid, its log position between them, and whether it
    lies outside."""
    above = next((i for i, g in enumerate(grid) if g >= value), len(grid) - 1)
    high = max(above, 1)
    low = high - 1
    position = math.log(value / grid[low]) / math.log(grid[high] / grid[low])
    return (grid[low], grid[high]), position, not grid[0] <= value <= grid[-1]


def _mix(low: float, high: float, position: float) -> float:
    return math.exp(math.log(low) + position * (math.log(high) - math.log(low)))
