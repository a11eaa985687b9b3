"""Small machines and layers for the contract: everything that the timing contract allows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.dram import part_names
from accelsim.records import BinaryPoints, CompressedConv, CompressedLayer, CscMatrix, Geometry

AS_BUILT = {"row_change_cycles": 1, "empty_column_cycles": 1, "overlap": False,
            "capacity": "check", "spmat_kb": 128.0, "pointer_kb": 32.0,
            "index": "zero_runs", "issue_width": 1, "queue_pes": 1}
"""What the Verilog is built for; it refuses other values by name (rtl/README.md)."""

Case = tuple[dict[str, Any], CompressedLayer | CompressedConv, Any]


def case(rng: np.random.Generator) -> Case:
    """(overrides, layer or convolution, input vector or image)."""
    weight_bits, index_bits = int(rng.integers(2, 6)), int(rng.integers(1, 6))
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
        "overlap": bool(rng.integers(2)),
        "start_cycles": int(rng.integers(4)),
        "capacity": str(rng.choice(["check", "stream", "ignore"])),
        "spmat_kb": float(rng.choice([0.1, 0.5, 128.0])),
        "pointer_kb": float(rng.choice([0.1, 0.5, 32.0])),
        "dma_width_bits": int(rng.integers(1, 100)),
        "index": str(rng.choice(["zero_runs", "bitmap"])),
        "issue_width": int(rng.choice([1, 1, 2, 3])),
        "queue_pes": int(rng.choice([1, 1, 2])),
        "refill": str(rng.choice(["all", "active"])),
        "refill_overlap": bool(rng.integers(2)),
        "refill_split": float(rng.choice([0.3, 0.5, 0.75])),
        "dram": str(rng.choice(["none", *part_names()])),
        "dram_channels": int(rng.integers(1, 4)),
        "clock_mhz": float(rng.choice([100.0, 333.3, 800.0])),
    }
    if overrides["issue_width"] > 1 or overrides["queue_pes"] > 1:
        overrides["bypass"] = True  # neither waits for accumulators
    if overrides["index"] == "bitmap" or overrides["issue_width"] > 1:
        overrides["capacity"] = str(rng.choice(["check", "ignore"]))  # neither is refilled
    if rng.random() < 0.4:
        overrides |= AS_BUILT
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
    vector = np.where(active, rng.normal(size=n_in) * 4, 0.0)
    if rng.random() < 0.3 and not AS_BUILT.items() <= overrides.items() and (
            overrides["index"] == "zero_runs"
            and overrides["issue_width"] == overrides["queue_pes"] == 1):
        layer = _with_tables(rng, layer, overrides)
    elif rng.random() < 0.75:
        overrides["rows"] = str(rng.choice(["interleaved", "blocked"]))
        return overrides, layer, vector
    if rng.random() < 0.25:
        return (overrides, *_of_image(rng, layer, vector))
    return overrides, layer, vector


def _with_tables(
    rng: np.random.Generator, layer: CompressedLayer, overrides: dict[str, Any]
) -> CompressedLayer:
    """The same codes with a table for some rows each (contract D1)."""
    n_pe = overrides["n_pe"]
    divisors = [k for k in range(1, n_pe + 1) if n_pe % k == 0]
    rows = int(rng.choice([*divisors, 2 * n_pe, 4 * n_pe]))
    tables = rng.normal(size=(-(-layer.n_outputs // rows), 1 << layer.weight_bits))
    tables[:, 0] = 0
    overrides["decoder_tables"] = "fit"
    return replace(layer, codebook=tables.astype(np.float32), rows_per_table=rows)


def _of_image(
    rng: np.random.Generator, layer: CompressedLayer, vector: npt.NDArray[np.float64]
) -> tuple[CompressedConv, npt.NDArray[np.float64]]:
    """The same matrix as that of a convolution, with an image of the vector's values."""
    positions = max(n for n in (1, 2, 4) if layer.n_inputs % n == 0)
    channels = layer.n_inputs // positions
    kernel = {1: (1, 1), 2: (1, 2), 4: (2, 2)}[positions]
    a, b, c, d, top, bottom, left, right = rng.integers(2, size=8).tolist()
    geometry = Geometry(layer.n_outputs, channels, kernel, (1 + a, 1 + b),
                        ((top, bottom), (left, right)), (1 + c, 1 + d))
    return CompressedConv(layer, geometry), rng.choice(vector, (channels, 3, 4))
