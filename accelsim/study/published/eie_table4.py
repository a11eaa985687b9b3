"""EIE Table IV: theoretical and actual time of the nine layers, beside CPU, GPU and mobile GPU."""

from __future__ import annotations

from accelsim.study.published import cpu
from accelsim.study.published.bench import LAYERS, SIMULATOR_QUEUE, run
from accelsim.study.published.comparison import Published
from accelsim.study.published.facts import grids


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
        "the printed densities.",
        f"Measured here: {cpu.describe()}; float32, fastest of up to 20 runs.",
    )
    return Published("eie-table4", "EIE Table IV: time a layer", tables, notes)
