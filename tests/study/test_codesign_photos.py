"""`accelsim codesign` on a network that is not trained: branches, codes, decisions of inputs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from accelsim import Recipe, compress, load_machine
from accelsim.compression import save_compressed
from accelsim.compression.decoded import decoded_network
from accelsim.lowering.network_floats import run_floats
from accelsim.sources import open_network
from accelsim.study.codesign import Budget, Setting, codesign
from accelsim.study.codesign.least_squares import output_importance
from accelsim.study.codesign.rounds import Plan
from accelsim.study.codesign.setting import known, parted

FIRE = """
name = "fire"
input = [3, 9, 8]
node = [
  {name = "squeeze", conv = 4, kernel = 3, stride = 2},
  {name = "one", conv = 6, kernel = 1},
  {name = "three", conv = 6, kernel = 3, padding = 1, from = "squeeze"},
  {name = "both", concat = ["one", "three"]},
  {name = "last", conv = 5, kernel = 1, relu = false},
  {name = "mean", global_pool = "average"},
  {name = "flat", flatten = true},
]
"""
SHAPES = {"squeeze": (4, 3, 3, 3), "one": (6, 4, 1, 1), "three": (6, 4, 3, 3),
          "last": (5, 12, 1, 1)}


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Setting:
    folder, rng = tmp_path_factory.mktemp("fire"), np.random.default_rng(3)
    (folder / "fire.toml").write_text(FIRE)
    save_file({f"{name}.weight": rng.standard_normal(shape).astype(np.float32)
               for name, shape in SHAPES.items()}, folder / "fire.safetensors")
    np.save(folder / "inputs.npy", rng.standard_normal((6, 3, 9, 8)).astype(np.float32))
    machine = load_machine("eie", n_pe=4)
    return Setting(str(folder / "fire.safetensors"), str(folder / "fire.toml"),
                   tuple(machine.model_dump().items()), images=str(folder / "inputs.npy"),
                   timed=2, judged=6, choose=())


def test_the_inputs_behind_a_branch_are_those_of_the_branch(setting: Setting) -> None:
    here = known(setting)
    found = output_importance(parted(here.network, here.weights), here.timed, "last")
    maps = run_floats(here.network, here.timed)["both"]
    rms = np.sqrt(np.square(maps).mean(axis=(0, 2, 3)))
    np.testing.assert_allclose(found, np.abs(here.weights["last"]) * rms, rtol=1e-5)


@pytest.mark.parametrize("kind", ["greedy", "energy", "uniform"])
def test_searches_take_a_network_with_branches(setting: Setting, kind: str) -> None:
    here = known(setting)
    start = codesign(setting, Budget({"energy_uj": 1.0}), Plan("given", 1, densities={"last": 1.0}),
                     ).start.values["energy_uj"]
    found = codesign(setting, Budget({"energy_uj": 0.97 * start}), Plan(kind, 2, 0, 0))
    assert found.step.values["energy_uj"] <= 0.97 * start
    assert found.step.values["weights"] < sum(np.prod(shape) for shape in SHAPES.values())
    assert here.model is None


def test_codes_are_searched_from_what_they_stand_for(setting: Setting, tmp_path: Path) -> None:
    network = open_network(setting.network, setting.graph)
    coded = compress(network, Recipe(weight_bits=3), calibration=np.load(str(setting.images)))
    save_compressed(tmp_path / "coded.safetensors", coded)
    here = known(replace(setting, network=str(tmp_path / "coded.safetensors"), graph=None))
    want = {layer.name: layer.weights for layer in decoded_network(coded).layers}
    for name, weights in want.items():
        assert len(np.unique(weights)) <= 8
        np.testing.assert_array_equal(
            here.weights[name], weights.transpose(0, 2, 3, 1).reshape(len(weights), -1))
