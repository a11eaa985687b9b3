"""A tiny network in a folder, stored as traces/silero-lstm is."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

N_IN, N_CELLS, N_STEPS, N_CHANNELS = 5, 16, 6, 3


def network_folder(path: Path) -> Path:
    """A random LSTM of 16 cells, six steps on three channels, one layer pruned to 30 %."""
    rng = np.random.default_rng(8)
    weights = rng.normal(0, 0.4, (4 * N_CELLS, N_IN + N_CELLS))
    mask = rng.random(weights.shape) < 0.3
    path.mkdir()
    facts = {"provenance": json.dumps({"input_frac_bits": 8, "hidden_frac_bits": 15})}
    save_file({"weights": weights.astype(np.float32), "bias": rng.normal(0, 0.1, 4 * N_CELLS),
               "head.weight": np.ones(N_CELLS), "head.bias": np.zeros(1)},
              path / "dense.safetensors", {"provenance": "{}"})
    inputs = rng.integers(-500, 500, (N_STEPS, N_CHANNELS, N_IN)).astype(np.int16)
    save_file({"inputs": inputs, "hidden": np.zeros((N_STEPS, N_CHANNELS, N_CELLS), np.int16)},
              path / "speech.safetensors", facts)
    save_file({"mask.30": np.packbits(mask), "values.30": weights[mask].astype(np.float32),
               "bias.30": np.zeros(4 * N_CELLS)},
              path / "unstructured.safetensors", {"provenance": "{}"})
    return path
