"""What EIE's other parameters give: bits, cycles, energy and area of two layers.

Every row is a run, priced, with memories that fit the layer. The layers are drawn: `HALF` is a
matrix of which every other weight stays, where zero runs cost as much as dense INT4; alex-7 is
EIE's own, of which 9 % stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.api import simulate
from accelsim.compression import Recipe, compress
from accelsim.formats import build_image
from accelsim.machines import EieConfig, load_machine
from accelsim.machines.eie.job import image_for
from accelsim.records import CompressedLayer, CscMatrix
from accelsim.workload import load_layer

HALF = "random:4096x4096:density=0.5:activations=0.3"
LAYERS = {"4096 x 4096, 50 %": HALF, "alex-7, 9 %": "alex-7"}
FIT: Mapping[str, Any] = {"spmat_kb": "fit", "pointer_kb": "fit", "pointer_bits": "fit"}
INDEXES: Mapping[str, Mapping[str, Any]] = {
    "zero runs of 4 bits": {}, "of 2 bits": {"index_bits": 2}, "of 1 bit": {"index_bits": 1},
    "a bitmap": {"index": "bitmap"},
}
OTHERS: Mapping[str, Mapping[str, Any]] = {
    "as published": {}, "rows in blocks": {"rows": "blocked"},
    "a queue for two PEs": {"queue_pes": 2},
    "two entries a cycle": {"issue_width": 2}, "four entries a cycle": {"issue_width": 4},
    "two, and a bitmap": {"issue_width": 2, "index": "bitmap"},
}
COLUMNS = ("layer", "machine", "bits a weight", "SpMat KB a PE", "cycles", "nJ", "mm2")
DENSITIES = (0.1, 0.3, 0.5, 1.0)
DENSITY_COLUMNS = ("kept %", *INDEXES, "dense INT4")
CODE_BITS = 4


def turned_rows(machines: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """A row for each layer on each machine, by `COLUMNS`."""
    rows: list[tuple[str, ...]] = []
    for name, work in LAYERS.items():
        layer = load_layer(work, seed=1)
        packed = compress(layer, Recipe(density=None))
        assert layer.activations is not None
        for told, settings in machines.items():
            result = simulate(load_machine("eie", **FIT, **settings), packed, layer.activations,
                              outputs=False)
            config = result.config
            assert isinstance(config, EieConfig)
            assert result.energy is not None
            bits = image_for(config, packed).stored_bits / packed.matrix.nnz
            rows.append((name, told, f"{bits:.2f}", f"{config.spmat_kb:g}",
                         f"{result.cycles:,}", f"{result.energy.total_pj / 1000:,.0f}",
                         f"{sum(result.energy.area_mm2.values()):.1f}"))
    return rows


def density_rows() -> list[tuple[str, ...]]:
    """Bits of a weight that stays, pointers not counted: 64 rows a PE, 4-bit codes."""
    rows: list[tuple[str, ...]] = []
    for density in DENSITIES:
        bits = [f"{stored / kept:.2f}" for stored, kept in map(stored_and_kept, [
            (density, settings) for settings in INDEXES.values()])]
        rows.append((f"{100 * density:g}", *bits, f"{CODE_BITS / density:.2f}"))
    return rows


def stored_and_kept(what: tuple[float, Mapping[str, Any]]) -> tuple[int, int]:
    """Bits of all PEs' words, and weights that stay, of a density and settings of the index."""
    density, settings = what
    codes = drawn_codes(density)
    packed = CompressedLayer(CscMatrix.from_dense(codes), np.zeros(1 << CODE_BITS, np.float32),
                             CODE_BITS, settings.get("index_bits", 4))
    image = build_image(packed, 64, index=settings.get("index", "zero_runs"))
    return image.stored_bits, packed.matrix.nnz


def drawn_codes(
    density: float, shape: tuple[int, int] = (4096, 256)
) -> npt.NDArray[np.uint8]:
    """Codes of which this share is not 0."""
    rng = np.random.default_rng(1)
    return np.where(rng.random(shape) < density, rng.integers(1, 1 << CODE_BITS, shape),
                    0).astype(np.uint8)
