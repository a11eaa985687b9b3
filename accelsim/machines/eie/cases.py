"""Small machines and layers for the contract: everything that the timing contract allows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from accelsim.records import BinaryPoints, CompressedLayer, CscMatrix

Case = tuple[dict[str, Any], CompressedLayer, Any]


def case(rng: np.random.Generator) -> Case:
    """(overrides, layer, input vector as integers or floats)."""
    weight_bits, index_bits = (int(rng.integers(2, 6)) for _ in range(2))
    n_out, n_in = (int(n) for n in rng.integers(1, 25, 2))
    overrides: dict[str, Any] = {
        "n_pe": int(rng.integers(1, 9)),
        "act_queue_depth": int(rng.integers(1, 7)),
        "weight_bits": weight_bits,
        "index_bits": index_bits,
        "spmat_width_bits": int(rng.choice([16, 24, 64])),
        "regfile_depth": int(rng.integers(1, 9)),
        "accumulator_bits": int(rng.integers(6, 21)),
        "row_change_cycles": int(rng.integers(2)),
        "empty_column_cycles": int(rng.integers(2)),
        "bypass": bool(rng.integers(2)),
        "start_cycles": int(rng.integers(4)),
        "capacity": str(rng.choice(["check", "stream", "ignore"])),
        "spmat_kb": float(rng.choice([0.1, 0.5, 128.0])),
        "pointer_kb": float(rng.choice([0.1, 0.5, 32.0])),
        "dma_width_bits": int(rng.integers(1, 100)),
    }
    bias = bool(rng.integers(2))
    shape = (n_out, n_in + bias)
    kept = rng.random(shape) < rng.choice([0.05, 0.4, 1.0])
    codes = kept * rng.integers(1, 1 << weight_bits, shape)
    codebook = rng.normal(size=1 << weight_bits).astype(np.float32)
    codebook[0] = 0
    layer = CompressedLayer(
        CscMatrix.from_dense(codes.astype(np.uint8)), codebook, weight_bits, index_bits, bias,
        relu=bool(rng.integers(2)),
        # Few whole bits, so that sums saturate now and then.
        binary_points=BinaryPoints(10, 8, int(rng.integers(2, 15))),
    )
    if not bias and rng.integers(2):
        biases = rng.normal(size=n_out) * rng.choice([0.1, 8.0])
        layer = replace(layer, bias=biases.astype(np.float32))
    active = rng.random(n_in) < rng.choice([0.0, 0.4, 1.0])
    return overrides, layer, np.where(active, rng.normal(size=n_in) * 4, 0.0)
