"""A study names work as commands and Python do: shapes, files behind colons; and refuses as they
do."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from accelsim import compress, load_layer, load_machine, simulate
from accelsim.compression import save_compressed
from accelsim.compression.prepare import recipe_for
from accelsim.errors import InputError
from accelsim.records import Layer
from accelsim.study import Study, run_study
from accelsim.study.workloads import find_workloads

SHAPE = "random:48x32:density=0.5:activations=0.25"
LSTM = "random:lstm:32x16:density=0.5:steps=2:channels=2"


def study(folder: Path = Path(), **values: Any) -> Study:
    return Study(**{"workloads": [SHAPE], "metrics": ["cycles"], "folder": folder, **values})


def test_a_shape_is_the_layer_that_python_draws(tmp_path: Path) -> None:
    frame = run_study(study(seed=5, axes={"n_pe": [2, 4]}), tmp_path / "r.sqlite")
    layer = load_layer(SHAPE, seed=5)
    assert set(frame.workload) == {SHAPE}
    for n_pe, cycles in zip(frame.n_pe, frame.cycles, strict=True):
        config = load_machine("eie", n_pe=int(n_pe))
        packed = compress(layer, recipe_for(config, {}))
        assert simulate(config, packed, layer.activations).cycles == cycles


def test_a_recurrent_shape(tmp_path: Path) -> None:
    frame = run_study(study(machine="ese", workloads=[LSTM]), tmp_path / "r.sqlite")
    assert list(frame.workload) == [LSTM]
    assert frame.cycles[0] > 0


def test_the_study_s_inputs_where_the_name_has_none() -> None:
    bare = SHAPE.rpartition(":")[0]
    found, = find_workloads(study(workloads=[bare], activation_density=0.25))
    assert found == find_workloads(study())[0]
    with pytest.raises(InputError, match="give activation_density"):
        find_workloads(study(workloads=[bare]))


def test_spellings_are_one_workload_and_seeds_are_not() -> None:
    with pytest.raises(InputError, match="named twice"):
        find_workloads(study(workloads=[SHAPE, "random:48x32:activations=.25:density=.50"]))
    a, b = find_workloads(study(workloads=[SHAPE, f"{SHAPE}:seed=2"]))
    assert a.digest != b.digest


def test_a_layer_s_name_may_hold_the_colon(tmp_path: Path) -> None:
    np.savez(tmp_path / "net.npz", **{"block:0/fc": np.eye(3, dtype=np.float32),
                                      "b": np.eye(4, dtype=np.float32)})
    found = find_workloads(study(tmp_path, workloads=["net.npz:block:0/fc"],
                                 activation_density=0.5))
    assert [workload.name for workload in found] == ["net.npz:block:0/fc"]


@pytest.mark.parametrize(("text", "told"), [
    ("done.safetensors", "compressed already"), ("random:4", "OUTPUTSxINPUTS"),
    (LSTM, "does not take"), (".", "a folder without layers"), ("alex7", "did you mean 'alex-7'"),
])
def test_what_is_refused(text: str, told: str, tmp_path: Path) -> None:
    save_compressed(tmp_path / "done.safetensors", [compress(Layer(np.eye(3, dtype=np.float32)))])
    with pytest.raises(InputError, match=told):
        find_workloads(study(tmp_path, workloads=[text]))
