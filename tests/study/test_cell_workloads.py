"""Studies of a file's recurrent layers on the user's own sequence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from accelsim import simulate
from accelsim.compression import Recipe
from accelsim.compression.recurrent import compress_recurrent
from accelsim.errors import InputError
from accelsim.lowering.float_run import run_float
from accelsim.machines import EseConfig, load_as
from accelsim.study import Study, run_study
from accelsim.study.evaluate import compressed
from accelsim.study.points import Plan
from accelsim.workload.cells import recurrent_contents

N_IN, N, STEPS = 5, 8, 4
LENGTHS = [4, 2, 3]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(6)
    arrays = {}
    for layer, width in ((0, N_IN), (1, N)):
        arrays[f"lstm.weight_ih_l{layer}"] = rng.normal(0, 0.4, (4 * N, width))
        arrays[f"lstm.weight_hh_l{layer}"] = rng.normal(0, 0.4, (4 * N, N))
    save_file(arrays, tmp_path / "m.safetensors")
    np.savez(tmp_path / "x.npz", inputs=rng.normal(size=(STEPS, 3, N_IN)), lengths=LENGTHS)
    return tmp_path


def study(folder: Path, **changed: Any) -> Study:
    values = {"machine": "ese", "workloads": ["m.safetensors"], "inputs": "x.npz",
              "fixed": {"recipe.density": 0.5}, "axes": {"n_pe": [2, 4], "n_channels": [3, 8]},
              "folder": folder}
    return Study(**(values | changed))


def test_points_are_single_runs_on_the_sequence(folder: Path) -> None:
    frame = run_study(study(folder))
    assert frame["error"].isna().all()
    assert len(frame) == 8
    layers = [entry.load() for entry in recurrent_contents(folder / "m.safetensors").layers]
    x = np.load(folder / "x.npz")["inputs"]
    given = [x, run_float(layers[0], x, LENGTHS).outputs]
    for row in frame.to_dict("records"):
        k = int(row["workload"][-1])
        config = load_as(EseConfig, "ese", n_pe=row["n_pe"], n_channels=row["n_channels"])
        packed = compress_recurrent(layers[k], Recipe(density=0.5, values="linear",
                                                      weight_bits=12, index_bits=4))
        result = simulate(config, packed, given[k], lengths=LENGTHS)
        assert row["cycles"] == result.cycles
        wanted = run_float(layers[k], given[k], LENGTHS).outputs
        off = np.sqrt(((result.outputs_float - wanted) ** 2).sum() / (wanted**2).sum())
        assert row["relative_error"] == pytest.approx(off, rel=1e-9)
        assert row["time_us_a_channel"] == pytest.approx(result.time_us / row["n_channels"])


def test_a_layer_by_name_runs_on_the_sequence_itself(folder: Path) -> None:
    np.save(folder / "own.npy", np.ones((2, N)))
    (workload,) = Plan(study(folder, workloads=["m.safetensors:lstm.l1"], inputs="own.npy")
                       ).workloads
    assert np.array_equal(workload.load().inputs, np.ones((2, 1, N)))
    assert compressed(workload, {"values": "linear", "weight_bits": 12})[0].n_inputs == N


def test_without_a_sequence_one_is_drawn(folder: Path) -> None:
    first, _ = Plan(study(folder, inputs=None, axes={})).workloads
    assert first.load().inputs.shape == (10, 32, N_IN)


@pytest.mark.parametrize(("changed", "said"), [
    ({"inputs": "none.npy"}, "none.npy"),
    ({"workloads": ["google-lstm"]}, "no workload is one"),
    ({"workloads": ["m.safetensors:lstm.l7"]}, "lstm.l7"),
    ({"workloads": ["m.safetensors:lstm.l1"]}, "takes \\(steps, 8\\)"),
    ({"activation_density": 0.5}, "leave it out"),
])
def test_mistakes_are_one_line(folder: Path, changed: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Plan(study(folder, **changed))


def test_a_changed_sequence_is_seen(folder: Path) -> None:
    first, _ = Plan(study(folder)).workloads
    np.savez(folder / "x.npz", inputs=np.zeros((STEPS, 3, N_IN)))
    with pytest.raises(InputError, match="has changed since the study began"):
        first.load()
