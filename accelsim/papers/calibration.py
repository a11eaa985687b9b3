"""The one calibration: EIE Table II on Alex-7. ``python -m accelsim.papers.calibration FILE``.

For each module, what Table II has beyond the counted events and the leakage becomes the energy of
clock and control in a cycle; nothing is taken off where the events already cost more. Areas: the
SRAM macros of the two large memories get one factor each; the other modules, what Table II has
beyond the activation SRAM. Nothing else is fitted, and nothing to another layer.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from accelsim.api import simulate
from accelsim.compression import compress
from accelsim.energy import EnergyReport, price
from accelsim.energy.technology import Calibration
from accelsim.files import write_atomically
from accelsim.machines import EieConfig, load_config
from accelsim.machines.eie.counters import Counters
from accelsim.papers.facts import grids
from accelsim.workload import load_layer

LAYER = "alex-7"
ROWS = {
    "act_queue": "Act_queue", "ptr_read": "PtrRead", "spmat_read": "SpmatRead",
    "arith_unit": "ArithmUnit", "act_rw": "ActRW",
}
"""Modules of a PE, and what EIE Table II calls them."""


@dataclass(frozen=True)
class ModuleRow:
    """A module of one PE beside Table II."""

    module: str
    events_mw: float
    leakage_mw: float
    clock_mw: float
    published_mw: float
    area_um2: float
    published_um2: float

    @property
    def power_mw(self) -> float:
        """Ours, calibrated."""
        return self.events_mw + self.leakage_mw + self.clock_mw


def published_modules() -> dict[str, tuple[float, float]]:
    """EIE Table II: power of a PE's modules in mW and area in um2."""
    table = grids()["eie-table2"]
    return {module: (table.value(row, "power_mw"), table.value(row, "area_um2"))
            for module, row in ROWS.items()}


def calibration_run() -> tuple[EieConfig, Counters]:
    """The published machine on the calibration layer."""
    config = load_config("eie", capacity="ignore")
    layer = load_layer(LAYER, seed=1)
    result = simulate(config, compress(layer), np.asarray(layer.activations))
    return config, result.timed


def calibrate(config: EieConfig, counters: Counters) -> Calibration:
    """Settle the calibration from one run."""
    bare = Calibration({}, {}, {}, grids()["eie-table2"].value("filler cell", "area_um2"), LAYER)
    report = price(config, counters, calibration=bare)
    clock, factor, area = {}, {}, {}
    for module, (power_mw, area_um2) in published_modules().items():
        residual_mw = power_mw - _mw(report, report.events_pj, module) - _mw(
            report, report.leakage_pj, module)
        # 1 mW over a cycle of 1 / clock_mhz us is 1000 / clock_mhz pJ.
        clock[module] = max(residual_mw, 0.0) * 1e3 / config.clock_mhz
        macro = report.area_mm2[module] * 1e6 / config.n_pe
        if module in ("ptr_read", "spmat_read"):
            factor[module] = area_um2 / macro
        else:
            area[module] = area_um2 - macro
    return replace(bare, clock_pj=clock, macro_factor=factor, area_um2=area)


def module_rows(report: EnergyReport) -> list[ModuleRow]:
    """A priced run of the published machine beside Table II, one PE's share."""
    return [
        ModuleRow(
            module, _mw(report, report.events_pj, module), _mw(report, report.leakage_pj, module),
            _mw(report, report.clock_pj, module), power_mw,
            report.area_mm2[module] * 1e6 / report.n_pe, area_um2,
        )
        for module, (power_mw, area_um2) in published_modules().items()
    ]


def _mw(report: EnergyReport, energies: Mapping[str, float], module: str) -> float:
    return energies[module] / report.time_us * 1e-3 / report.n_pe


def to_toml(found: Calibration) -> str:
    """The text of ``accelsim/energy/data/calibration_45nm.toml``."""
    lines = [
        "# Made by accelsim.papers.calibration from EIE Table II (45 nm, 800 MHz) and a run of",
        f"# {found.layer}; do not edit.",
        f'layer = "{found.layer}"',
        f"filler_um2 = {found.filler_um2}",
    ]
    for name in ("clock_pj", "macro_factor", "area_um2"):
        lines += ["", f"[{name}]"]
        lines += [f"{module} = {value:.6g}" for module, value in getattr(found, name).items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    write_atomically(Path(sys.argv[1]), to_toml(calibrate(*calibration_run())).encode())
