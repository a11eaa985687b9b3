"""EIE Table V: other platforms, matrix times vector of AlexNet fc7."""

from __future__ import annotations

from accelsim.papers.bench import energy, run, unlimited
from accelsim.papers.comparison import Published
from accelsim.papers.facts import grids

_LAYER = "alex-7"


def eie_table5(seed: int = 1) -> Published:
    """Our 64 PEs at 45 nm and 800 MHz, and 256 PEs projected to 28 nm and 1,200 MHz."""
    few = energy(_LAYER, seed)
    many = energy(_LAYER, seed, n_pe=256).scaled(28.0, clock_ratio=1.5)
    ours = {
        f"EIE {report.n_pe} PE": {
            "clock": clock_mhz, "area": report.total_mm2, "power": report.power_w,
            "frames": report.frames_per_s,
            "frames_per_area": report.frames_per_s / report.total_mm2,
            "frames_per_energy": report.frames_per_j,
        }
        for report, clock_mhz in ((few, 800.0), (many, 1200.0))
    }
    table = grids()["eie-table5"].beside("Platforms", "platform", ours)
    notes = (
        "256 PEs: the paper projects to 28 nm, 81,967 frames/s x 3.25 (PEs) x 1.6, though the "
        "clocks it prints are 1200 / 800 = 1.5. Ours simulates 256 PEs and scales: area with the "
        "square of the length, energy with the length, the voltage left as it is.",
    )
    return Published("eie-table5", "EIE Table V: platforms", (table,), notes,
                     unlimited(run(_LAYER, seed, **pes) for pes in ({}, {"n_pe": 256})))
