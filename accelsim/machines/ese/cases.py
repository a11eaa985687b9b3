"""Small machines, layers and utterances for the contract."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.dram import part_names
from accelsim.records.recurrent import RecurrentLayer
from accelsim.workload.random_recurrent import random_recurrent

Case = tuple[dict[str, Any], RecurrentLayer, npt.NDArray[np.float64]]


def case(rng: np.random.Generator) -> Case:
    """(overrides, layer, (n_steps, n_channels, n_inputs) utterance)."""
    n_pe, n_channels = int(rng.integers(1, 7)), int(rng.integers(1, 4))
    overrides: dict[str, Any] = {
        "n_pe": n_pe,
        "n_channels": n_channels,
        "act_queue_depth": int(rng.integers(1, 7)),
        "index_bits": int(rng.integers(2, 6)),
        "accumulator_bits": int(rng.choice([10, 16, 24])),
        "start_cycles": int(rng.integers(4)),
        "ddr_word_bits": int(rng.choice([32, 64, 512])),
        "ddr_latency_cycles": int(rng.integers(1, 20)),
        "ddr_burst_words": int(rng.integers(1, 9)),
        "ddr_burst_gap_cycles": int(rng.integers(4)),
        "dram": str(rng.choice(["none", "none", *part_names()])),
        "dram_channels": int(rng.integers(1, 3)),
        "column_align_bits": int(rng.choice([1, 16, 64])),
        "vector_path_bits": int(rng.choice([5, 16, 64])),
        "weights_ready": str(rng.choice(["column", "matrix"])),
        "elementwise_width": int(rng.integers(1, n_pe + 1)),
        "elementwise_latency_cycles": int(rng.integers(1, 9)),
        "table_interpolation": str(rng.choice(["linear", "nearest"])),
        "capacity": "ignore",
    }
    layer = random_recurrent(rng, str(rng.choice(["lstm", "lstm", "gru", "linear"])))
    used = int(rng.integers(1, n_channels + 1))
    steps = rng.normal(0, 0.5, (int(rng.integers(1, 4)), used, layer.n_inputs))
    return overrides, layer, np.cumsum(steps, axis=0)
