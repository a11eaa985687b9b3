"""Small machines, layers and vectors for the contract."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.records.recurrent import RecurrentLayer
from accelsim.workload.random_recurrent import random_recurrent

Case = tuple[dict[str, Any], RecurrentLayer, npt.NDArray[np.float64]]


def case(rng: np.random.Generator) -> Case:
    """(overrides, layer, (n_steps, n_channels, n_inputs) vectors)."""
    overrides: dict[str, Any] = {
        "n_pe": int(rng.integers(1, 6)),
        "n_banks": int(rng.integers(1, 8)),
        "start_cycles": int(rng.integers(4)),
        "activation_bits": int(rng.choice([8, 16])),
        "elementwise_width": int(rng.integers(1, 9)),
        "elementwise_latency_cycles": int(rng.integers(1, 9)),
    }
    layer = random_recurrent(rng, str(rng.choice(["linear", "lstm"])))
    steps, channels = (int(n) for n in rng.integers(1, 4, 2))
    return overrides, layer, rng.normal(size=(steps, channels, layer.n_inputs))
