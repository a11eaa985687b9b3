"""Small layer files and studies over them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

AXES: dict[str, Any] = {"n_pe": [1, 2, 4], "act_queue_depth": [1, 3], "spmat_width_bits": [32, 64]}


def layer_file(folder: Path, name: str = "tiny.npz", seed: int = 1) -> Path:
    """Two sparse layers, 9 x 12 and 5 x 9, the second with a bias."""
    rng = np.random.default_rng(seed)
    path = folder / name
    arrays = {
        "a.weight": rng.normal(size=(9, 12)) * (rng.random((9, 12)) < 0.4),
        "b.weight": rng.normal(size=(5, 9)) * (rng.random((5, 9)) < 0.6),
        "b.bias": rng.normal(size=5),
    }
    np.savez(path, **{key: value.astype(np.float32) for key, value in arrays.items()})
    return path


def study_file(folder: Path, body: str = "", workloads: str = '["tiny.npz"]') -> Path:
    """A study of 24 points in a file beside its layers."""
    layer_file(folder)
    axes = "\n".join(f"{key} = {values}" for key, values in AXES.items())
    path = folder / "study.toml"
    path.write_text(f"workloads = {workloads}\nactivation_density = 0.6\n{body}\n[axes]\n{axes}\n")
    return path
