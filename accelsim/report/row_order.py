"""What the order of a network's rows is worth, a row a layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.compression.permute import original_order
from accelsim.machines import load_config
from accelsim.network import calibrated, simulate_network
from accelsim.records import CompressedLayer


def row_order_gain(
    packed: list[CompressedLayer], n_pe: int, vector: npt.NDArray[Any] | None
) -> list[dict[str, Any]]:
    """What the rows' order is worth, a row a layer: the fullest PE's non-zeros over the mean, and
    with an input vector of the first layer the cycles, before and after."""
    rows: list[dict[str, Any]] = []
    plain = [original_order(layer) for layer in packed]
    for before, after in zip(plain, packed, strict=True):
        rows.append({"layer": after.name, "fullest_over_mean": _fullest(before, n_pe),
                     "fullest_over_mean_permuted": _fullest(after, n_pe)})
    if vector is not None:
        config = load_config(n_pe=n_pe, capacity="ignore", index_bits=packed[0].index_bits,
                             weight_bits=packed[0].weight_bits)
        runs = (simulate_network(config, calibrated(own, vector), vector)[0]
                for own in (plain, packed))
        for row, old, new in zip(rows, *runs, strict=True):
            row |= {"cycles": old.cycles, "cycles_permuted": new.cycles,
                    "saved": old.cycles - new.cycles}
    return rows


def _fullest(packed: CompressedLayer, n_pe: int) -> float:
    work = np.bincount(packed.matrix.rows % n_pe, minlength=n_pe)
    return float(work.max() / work.mean()) if work.any() else 1.0
