"""EIE Table V: other platforms, matrix times vector of AlexNet fc7."""

from __future__ import annotations

from accelsim.study.published.bench import run
from accelsim.study.published.comparison import Published
from accelsim.study.published.facts import grids

_LAYER = "alex-7"


def eie_table5(seed: int = 1) -> Published:
    """Frames a second of our 64 PEs at 800 MHz and 256 PEs at 1,200 MHz."""
    ours = {
        f"EIE {n_pe} PE": {
            "clock": clock_mhz,
            "frames": 1e6 / run(_LAYER, seed, n_pe=n_pe, clock_mhz=clock_mhz).time_us,
        }
        for n_pe, clock_mhz in ((64, 800.0), (256, 1200.0))
    }
    table = grids()["eie-table5"].beside("Platforms", "platform", ours)
    notes = (
        "The published 256-PE column is projected to 28 nm: 81,967 frames/s x 3.25 (PEs) x 1.6, "
        "though the clocks it prints are 1200 / 800 = 1.5. Ours runs 256 PEs at 1200 MHz.",
    )
    return Published("eie-table5", "EIE Table V: platforms", (table,), notes)
