"""EIE Table IV: theoretical and actual time of the nine layers, beside CPU, GPU and mobile GPU."""

from __future__ import annotations

import numpy as np

from accelsim.api import simulate
from accelsim.compression import compress
from accelsim.papers import cpu
from accelsim.papers.bench import LAYERS, SIMULATOR_QUEUE, machine, run, unlimited
from accelsim.papers.comparison import Published
from accelsim.papers.facts import grids
from accelsim.workload import published_layers, random_layer

_IMAGE, _IMAGE_DENSITIES = "alex-8", (0.2566, 0.429)
"""Weight and activation density of what the authors ran for Alex-8, counted in their data."""


def eie_table4(seed: int = 1) -> Published:
    """Our times on synthetic layers beside the paper's and the authors' simulator's."""
    paper, simulator = {}, {}
    for name in LAYERS:
        result = run(name, seed)
        paper[name] = {"theoretical": result.theoretical_us, "actual": result.time_us}
        same = run(name, seed, act_queue_depth=SIMULATOR_QUEUE)
        simulator[name] = {
            "theoretical": same.theoretical_us, "actual": same.time_us,
            "load_balance": 100 * same.load_balance,
        }
    measured = {name: cpu.measure_us(name, seed) for name in LAYERS}
    platforms = {
        cpu.DENSE: {name: times[0] for name, times in measured.items()},
        cpu.SPARSE: {name: times[1] for name, times in measured.items()},
        "EIE 64 PE, ours": {name: times["actual"] for name, times in paper.items()},
    }
    paper[f"{_IMAGE} as run"] = _one_image(seed)
    tables = (
        grids()["eie-table4"].beside("EIE, 64 PEs, queue of 8", "layer", paper),
        grids()["eie-simulator"].beside(
            "EIE's simulator on synthetic layers, queue holds 7", "layer", simulator
        ),
        grids()["eie-table4-platforms"].beside("Other platforms", "platform", platforms),
    )
    notes = (
        "Theoretical: stored entries of the active columns (padding too) / PEs / clock. Actual: "
        "cycles / clock, from the start cycle to the last write.",
        "Table IV was measured on real pruned matrices and one image; ours are random matrices of "
        "the printed densities. The last row is Alex-8 at the densities of that image and matrix.",
        f"Measured here: {cpu.describe()}; float32, fastest of up to 20 runs.",
    )
    return Published("eie-table4", "EIE Table IV: time a layer", tables, notes,
                     unlimited(run(name, seed) for name in LAYERS))


def _one_image(seed: int) -> dict[str, float]:
    """Times of Alex-8 on a random layer of the densities that the authors ran."""
    row = published_layers()[_IMAGE]
    layer = random_layer((row.n_outputs, row.n_inputs), *_IMAGE_DENSITIES, seed, name="alex-8-run")
    result = simulate(machine(), compress(layer), np.asarray(layer.activations), outputs=False)
    return {"theoretical": result.theoretical_us, "actual": result.time_us}
