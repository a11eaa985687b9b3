"""EIE Figs. 11 to 13: speedup, padding and load balance from 1 to 256 PEs."""

from __future__ import annotations

from collections.abc import Callable

from accelsim.papers.bench import LAYERS, SIMULATOR_QUEUE, run, unlimited
from accelsim.papers.comparison import Published
from accelsim.papers.facts import grids
from accelsim.records.result import RunResult

N_PES = (1, 2, 4, 8, 16, 32, 64, 128, 256)

Quantity = Callable[[RunResult, RunResult], float]
"""Of a run, and of the same layer's run on one PE."""


def eie_fig11(seed: int = 1) -> Published:
    """Speedup over one PE."""
    notes = (
        "The paper's text: near-linear but for NT-We; 256 PEs give 3.25 times the throughput of "
        f"64. Ours on Alex-7: {_ratio_256_64(seed):.2f} times.",
        "Tolerance: 2 points of the ideal speedup. The queue holds 7, as in the authors' "
        "simulator.",
    )
    return _figure("eie-fig11", "speedup over one PE", _speedup, seed, notes)


def eie_fig12(seed: int = 1) -> Published:
    """Real work over total work: entries that are no padding."""
    notes = ("More PEs, shorter columns, fewer runs of 16 zeros and so less padding.",)
    return _figure("eie-fig12", "real work / total work", _real_work, seed, notes)


def eie_fig13(seed: int = 1) -> Published:
    """Load balance."""
    notes = (
        "More PEs, fewer entries a PE and column, more imbalance; the queue holds 7.",
        "At one PE the authors' simulator can end early (raw values reach 100.6 %, here clipped).",
    )
    return _figure("eie-fig13", "load balance", _balance, seed, notes)


def _figure(
    name: str, title: str, quantity: Quantity, seed: int, notes: tuple[str, ...]
) -> Published:
    ours = {}
    every: list[RunResult] = []
    for layer in LAYERS:
        runs = {n: run(layer, seed, n_pe=n, act_queue_depth=SIMULATOR_QUEUE) for n in N_PES}
        every += runs.values()
        ours[layer] = {str(n): quantity(result, runs[1]) for n, result in runs.items()}
    table = grids()[name].beside(f"{title.capitalize()}, by number of PEs", "layer", ours)
    return Published(name, f"EIE Fig. {name.removeprefix('eie-fig')}: {title}", (table,), notes,
                     unlimited(every))


def _speedup(result: RunResult, one: RunResult) -> float:
    return one.cycles / result.cycles


def _real_work(result: RunResult, one: RunResult) -> float:
    return 100 * result.operations["macs"] / result.operations["entries"]


def _balance(result: RunResult, one: RunResult) -> float:
    return 100 * result.load_balance


def _ratio_256_64(seed: int) -> float:
    few, many = (run("alex-7", seed, n_pe=n, act_queue_depth=SIMULATOR_QUEUE) for n in (64, 256))
    return few.cycles / many.cycles
