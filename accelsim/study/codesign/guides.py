"""What a search looks at while it cuts: the exact machine, or a proxy that it is compared with.

``exact``    the budget's ratio, the network run whole
``table``    an additive table, as NetAdapt's (Yang et al., ECCV 2018, sec. 3.3): each layer's
             energy at some densities, the others uncut, interpolated and added up
``macs``     multiply-accumulates by kept weights, whatever the activations (FLOP-optimal)
``weights``  kept weights
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from accelsim.compression.prune import largest
from accelsim.records import Conv2d
from accelsim.study.codesign.candidate import Bench
from accelsim.study.codesign.design import Design
from accelsim.study.codesign.setting import Known, Setting, known
from accelsim.training.network import matrix_of

Guide = Literal["exact", "table", "macs", "weights"]
GUIDES = get_args(Guide)
Line = npt.NDArray[np.float64]
TABLE_DENSITIES = (1.0, 0.7, 0.5, 0.35, 0.25, 0.17, 0.12, 0.08, 0.05, 0.03, 0.02, 0.01)
"""Where the additive table is measured; chosen."""


def proxy(guide: Guide, setting: Setting, design: Design) -> float:
    """What a proxy says of a design, in its own unit: uJ, multiply-accumulates or weights."""
    sizes = layer_sizes(setting)
    if guide == "table":
        table = additive_table(setting)
        total = 0.0
        for name, choice in design.layers.items():
            densities, energies = table[name]
            total += float(np.interp(np.log(choice.density), densities, energies))
        return total
    total = 0.0
    for name, choice in design.layers.items():
        size, uses, there = sizes[name]
        # Of a network that is sparse already a density above its own cuts nothing.
        total += min(choice.density * size, there) * (uses if guide == "macs" else 1)
    return total


def predicted_uj(guide: Guide, setting: Setting, design: Design, start_uj: float) -> float:
    """The energy that a proxy predicts: the table's own; of counts, in proportion to the start's.
    """
    value = proxy(guide, setting, design)
    if guide == "table":
        return value
    return start_uj * value / proxy(guide, setting, known(setting).start)


@lru_cache(maxsize=2)
def layer_sizes(setting: Setting) -> Mapping[str, tuple[int, int, int]]:
    """By layer: weights, vectors an image that its matrix is multiplied with, and the weights that
    are not zero from the start."""
    network = known(setting).network
    shapes = network.shapes()
    found = {}
    for node in network.nodes:
        if not node.on_host:
            shape = shapes[node.name]
            uses = int(np.prod(shape[1:])) if isinstance(node.work, Conv2d) else 1
            there = int(np.count_nonzero(known(setting).weights[node.name]))
            found[node.name] = (matrix_of(node.work).size, uses, there)
    return found


@lru_cache(maxsize=2)
def additive_table(setting: Setting) -> Mapping[str, tuple[Line, Line]]:
    """By layer: logarithms of densities, ascending, and the layer's energy in uJ at each."""
    here: Known = known(setting)
    bench = Bench(here, here.weights)
    found = {}
    for name in here.start.layers:
        energies = []
        for density in TABLE_DENSITIES:
            matrix = here.weights[name]
            cut = bench.with_weights({name: largest_kept(matrix, np.abs(matrix), density)})
            energies.append(cut.measure(here.start).layer_uj[name])
        ascending = np.argsort(TABLE_DENSITIES)
        found[name] = (np.log(np.array(TABLE_DENSITIES))[ascending],
                       np.array(energies)[ascending])
    return found


def largest_kept(
    matrix: npt.NDArray[np.float32], importance: npt.NDArray[np.float32], density: float
) -> npt.NDArray[np.float32]:
    """The matrix with the most important weights, so many of all."""
    count = max(1, round(density * matrix.size))
    return np.where(largest(np.ascontiguousarray(importance), count), matrix, np.float32(0))
