"""EIE Figs. 6 and 7: speedup and energy efficiency over a dense CPU."""

from __future__ import annotations

import math
from collections.abc import Mapping

from accelsim.papers import cpu
from accelsim.papers.bench import LAYERS, energy, run, unlimited
from accelsim.papers.comparison import Published
from accelsim.papers.facts import grids

_CPU = "CPU i7-5930k, batch 1, dense"
_PUBLISHED_W = 0.59  # EIE Table V: 64 PEs
_FROM_TABLE_IV = {
    "CPU compressed": "CPU i7-5930k, batch 1, sparse",
    "GPU dense": "GPU Titan X, batch 1, dense",
    "GPU compressed": "GPU Titan X, batch 1, sparse",
    "mGPU dense": "mGPU Tegra K1, batch 1, dense",
    "mGPU compressed": "mGPU Tegra K1, batch 1, sparse",
}


def eie_fig6(seed: int = 1) -> Published:
    """Speedup of our EIE over the published CPU, and over this machine's."""
    times = grids()["eie-table4-platforms"]
    dense = {name: times.value(_CPU, name) for name in LAYERS}
    ours = {
        label: with_geomean({name: dense[name] / times.value(row, name) for name in LAYERS})
        for label, row in _FROM_TABLE_IV.items()
    }
    actual = {name: run(name, seed).time_us for name in LAYERS}
    ours["EIE"] = with_geomean({name: dense[name] / actual[name] for name in LAYERS})
    here = {name: cpu.measure_us(name, seed) for name in LAYERS}
    ours["this machine, CPU dense"] = with_geomean({n: dense[n] / here[n][0] for n in LAYERS})
    ours["this machine, CPU compressed"] = with_geomean({n: dense[n] / here[n][1] for n in LAYERS})
    table = grids()["eie-fig6"].beside("Speedup over the i7-5930k, dense", "platform", ours)
    notes = (
        "EIE: Table IV's dense CPU time over our actual time. Other platforms: recomputed from "
        "Table IV, a check of the labels, not of the simulator.",
        "Two of the figure's labels disagree with the paper's own Table IV: 63 (NT-We) implies "
        "9.6 us and 60 (NT-LSTM) 7.8 us, the table says 8.0 and 7.5.",
        f"This machine: {cpu.describe()}.",
    )
    return Published("eie-fig6", "EIE Fig. 6: speedup", (table,), notes,
                     unlimited(run(name, seed) for name in LAYERS))


def eie_fig7(seed: int = 1) -> Published:
    """Energy efficiency: the CPU's energy, recovered from the figure, over ours."""
    labels = grids()["eie-fig7"]
    ours = with_geomean({
        name: labels.value("EIE", name) * _PUBLISHED_W * grids()["eie-table4"].value(name, "actual")
        / energy(name, seed).total_uj
        for name in LAYERS
    })
    table = labels.beside("Energy efficiency over the i7-5930k, dense", "platform", {"EIE": ours})
    notes = (
        "The CPU's energy is not printed; it is the figure's label times the paper's EIE time "
        "times 0.59 W, the one power that the paper uses for every layer. Ours is priced layer by "
        "layer: padding and empty columns cost energy too.",
    )
    return Published("eie-fig7", "EIE Fig. 7: energy efficiency", (table,), notes,
                     unlimited(run(name, seed) for name in LAYERS))


def with_geomean(values: Mapping[str, float]) -> dict[str, float]:
    """The values and, last, their geometric mean."""
    mean = math.exp(sum(math.log(value) for value in values.values()) / len(values))
    return {**values, "geomean": mean}
