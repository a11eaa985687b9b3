"""EIE Table II: power and area of a PE by module, and the chip's power on every layer."""

from __future__ import annotations

from accelsim.errors import CapacityError
from accelsim.papers.bench import LAYERS, energy, run, unlimited
from accelsim.papers.calibration import LAYER, ROWS
from accelsim.papers.comparison import Published
from accelsim.papers.facts import grids


def eie_table2(seed: int = 1) -> Published:
    """One PE on the layer that the energy model was calibrated on; the chip on all of them."""
    report = energy(LAYER, seed)
    # pJ a us is uW; one PE's share.
    milliwatts = {m: pj / report.time_us / report.n_pe * 1e-3 for m, pj in
                  report.modules_pj.items()}
    areas = {module: mm2 * 1e6 / report.n_pe for module, mm2 in report.area_mm2.items()}
    ours = {
        row: {"power_mw": milliwatts[module], "area_um2": areas[module]}
        for module, row in ROWS.items()
    }
    ours["total"] = {"power_mw": sum(milliwatts.values()), "area_um2": sum(areas.values())}
    ours["filler cell"] = {"area_um2": areas["filler"]}
    chip, larger = {}, []
    for name in LAYERS:
        try:
            each = energy(name, seed, capacity="check")
        except CapacityError:
            larger.append(name)
            each = energy(name, seed)
        chip[name] = {"power": each.power_w, "area": each.total_mm2,
                      "frames_per_energy": each.frames_per_j, "energy_per_mac": each.pj_per_mac}
    tables = (
        grids()["eie-table2"].beside(f"One PE on {LAYER}", "module", ours),
        grids()["eie-chip"].beside("The chip of 64 PEs", "layer", chip),
    )
    notes = (
        f"The energy model was calibrated once, to this table on {LAYER}; the other "
        f"layers, frames a joule and the area of the chip are checks.",
        "What the paper measured is one power, 0.59 W, for the whole chip.",
        f"The chip has the published memories, and layers larger than its register files run in "
        f"batches; {', '.join(larger)} needs larger SRAMs, and has them for free.",
        *report.notes,
    )
    return Published("eie-table2", "EIE Table II: power and area", tables, notes,
                     unlimited([run(LAYER, seed)]))
