"""Energy reports as rows and objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from accelsim.energy import EnergyReport
from accelsim.records.result import RunResult

Table = tuple[Sequence[str], list[tuple[object, ...]]]

RATES = ("total_uj", "power_w", "pj_per_mac", "gops", "gops_per_w", "frames_per_s",
         "frames_per_j", "total_mm2")
"""Properties of an `EnergyReport` that make one row."""


def energy_row(result: RunResult) -> dict[str, float]:
    """What one run costs, as flat columns; units end the names."""
    report: EnergyReport = result.energy
    return {name: float(getattr(report, name)) for name in RATES}


def energy_object(result: RunResult) -> dict[str, Any]:
    """Everything that an energy report holds, as plain values."""
    report: EnergyReport = result.energy
    kept = {f.name: getattr(report, f.name) for f in fields(report)}
    return kept | {"modules_pj": report.modules_pj} | energy_row(result)


def module_rows(results: Sequence[RunResult]) -> Table:
    """Energy by module in nJ, a row a layer."""
    reports: list[EnergyReport] = [result.energy for result in results]
    columns = ("layer", *reports[0].modules_pj, "total")
    rows: list[tuple[object, ...]] = [
        (result.name, *(pj * 1e-3 for pj in report.modules_pj.values()), report.total_pj * 1e-3)
        for result, report in zip(results, reports, strict=True)
    ]
    return columns, rows


def cause_rows(results: Sequence[RunResult]) -> Table:
    """Share of the energy by cause in percent, a row a layer."""
    reports: list[EnergyReport] = [result.energy for result in results]
    rows: list[tuple[object, ...]] = [
        (result.name, *(100 * pj / report.total_pj for pj in report.causes_pj.values()))
        for result, report in zip(results, reports, strict=True)
    ]
    return ("layer", *reports[0].causes_pj), rows


def rate_rows(results: Sequence[RunResult]) -> Table:
    """Power, rates, area, and the same reads from DRAM, a row a layer."""
    rows: list[tuple[object, ...]] = []
    for result in results:
        report: EnergyReport = result.energy
        rows.append((
            result.name, report.power_w, report.pj_per_mac, report.gops, report.gops_per_w,
            report.frames_per_s, report.frames_per_j, report.total_mm2,
            f"{report.dram_pj / report.total_pj:.1f}x",
        ))
    return ("layer", "W", "pJ/MAC", "GOP/s", "GOP/s/W", "frames/s", "frames/J", "mm2",
            "reads from DRAM"), rows
