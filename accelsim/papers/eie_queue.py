"""EIE Fig. 8: load balance against the depth of the activation queue."""

from __future__ import annotations

from accelsim.papers.bench import LAYERS, run, unlimited
from accelsim.papers.comparison import Published
from accelsim.papers.facts import grids

DEPTHS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


def eie_fig8(seed: int = 1) -> Published:
    """Load balance in percent, at the figure's depths and where the authors' simulator was run."""
    measured = grids()["eie-fig8"]
    paper = grids()["eie-fig8-depth8"]
    at_rings = {
        name: {depth: _balance(name, seed, int(depth)) for depth in measured.columns}
        for name in LAYERS
    }
    at_depths = {name: {str(d): _balance(name, seed, d) for d in DEPTHS} for name in LAYERS}
    tables = (
        measured.beside("By columns the queue holds", "layer",
                        at_rings),
        paper.beside("At the depths of the figure's legend", "layer", at_depths),
    )
    notes = (
        "Load balance: 1 - bubbles / total cycles, that is active entries / PEs / cycles.",
        "The authors' sweep sets rings of 2 to 512 slots; a ring of n holds n - 1. The bars have "
        "no labels; at depth 8 they equal Table IV's theoretical over actual time.",
    )
    return Published("eie-fig8", "EIE Fig. 8: queue depth", tables, notes,
                     unlimited(run(name, seed) for name in LAYERS))


def _balance(name: str, seed: int, depth: int) -> float:
    return 100 * run(name, seed, act_queue_depth=depth).load_balance
