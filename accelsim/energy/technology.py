"""Energies of single events at 45 nm, the rules that scale them, and the calibration."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

NODE_NM = 45.0
MODULES = ("act_queue", "ptr_read", "spmat_read", "arith_unit", "act_rw", "lnzd")
"""Modules of EIE Table II, and the LNZD nodes that it lists in the text."""


def _data(name: str) -> dict[str, Any]:
    text = resources.files("accelsim.energy.data").joinpath(name).read_text("utf-8")
    return tomllib.loads(text)


@dataclass(frozen=True)
class Events:
    """Energies of events that do not come from the SRAM table (``data/events_45nm.toml``)."""

    rows: dict[str, Any]

    def multiply_pj(self, a_bits: float, b_bits: float) -> float:
        """One multiplication; the width that counts is the geometric mean of the operands'."""
        row = self.rows["multiply"]
        return float(row["pj"] * ((a_bits * b_bits) ** 0.5 / row["bits"]) ** row["exponent"])

    def linear_pj(self, event: str, bits: float) -> float:
        """An event whose energy grows linearly with its width: add, register, dram."""
        row = self.rows[event]
        return float(row["pj"] * bits / row["bits"])


@cache
def load_events() -> Events:
    """The shipped events."""
    return Events(_data("events_45nm.toml"))


@dataclass(frozen=True)
class Calibration:
    """What one comparison with EIE Table II on one layer settles (``data/calibration_45nm.toml``).

    Attributes
    ----------
    clock_pj : per module, energy of clock tree, control and glue of one PE in one cycle, at the
        published sizes: what Table II has beyond the counted events
    macro_factor : per module, area of its SRAM macros over CACTI's
    area_um2 : per module, area beyond the SRAM macros, at the published sizes
    filler_um2 : filler cells of one PE
    """

    clock_pj: dict[str, float]
    macro_factor: dict[str, float]
    area_um2: dict[str, float]
    filler_um2: float
    layer: str


@cache
def load_calibration() -> Calibration:
    """The shipped calibration; `accelsim.papers.calibration` makes it."""
    rows = _data("calibration_45nm.toml")
    return Calibration(
        rows["clock_pj"], rows["macro_factor"], rows["area_um2"], rows["filler_um2"],
        rows["layer"],
    )


def scale_energy(node_nm: float, voltage_ratio: float = 1.0) -> float:
    """Dynamic energy at another node over that at 45 nm: capacitance shrinks with the length,
    energy with the square of the voltage (constant-field scaling with a free voltage)."""
    return node_nm / NODE_NM * voltage_ratio**2


def scale_area(node_nm: float) -> float:
    """Area at another node over that at 45 nm: the square of the length."""
    return (node_nm / NODE_NM) ** 2
