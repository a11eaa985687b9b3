"""Networks in studies: what `simulate` gives, added up; single layers; lowering; refusals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.signal import correlate2d

import accelsim
from accelsim.compression import Recipe, save_compressed
from accelsim.errors import AccelsimError, InputError
from accelsim.machines import machine_of
from accelsim.machines.network_alone import run_alone
from accelsim.study import Study, run_study, sensitivity, sweep
from accelsim.study.workloads import find_workloads

pytestmark = pytest.mark.filterwarnings("ignore::accelsim.LossWarning")

GRAPH = """
name = "small"
input = [1, 6, 6]
image = {channels = "L", scale = 0.01}
node = [
  {name = "a", conv = 3, kernel = 3, padding = 1, weight_density = 0.5, activation_density = 0.4},
  {name = "pool", max_pool = 2},
  {name = "b", conv = 4, kernel = 1, weight_density = 0.5, activation_density = 0.4},
  {name = "flatten", flatten = true},
  {name = "fc", fc = 5, relu = false, weight_density = 0.5},
]
"""
METRICS = ["cycles", "time_us", "energy_uj", "area_mm2", "load_balance", "utilisation"]
SET = {"capacity": "ignore", "n_pe": 4}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "net.toml").write_text(GRAPH)
    rng = np.random.default_rng(1)
    shapes = {"a": (3, 1, 3, 3), "b": (4, 3, 1, 1), "fc": (5, 36)}
    np.savez(tmp_path / "arrays.npz", **{
        f"{name}.weight": rng.standard_normal(shape).astype(np.float32)
        for name, shape in shapes.items()})
    pixels = rng.integers(0, 255, (6, 6)).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "x.png")
    np.save(tmp_path / "x.npy", pixels[None] * 0.01)
    return tmp_path


def study(folder: Path, **values: Any) -> Study:
    return Study(**{"workloads": ["net.toml"], "metrics": METRICS, "folder": folder, "set": SET,
                    **values})


def test_a_network_is_the_sum_of_its_layers(folder: Path) -> None:
    frame = run_study(study(folder, workloads=["net.toml", "net.toml:*"]), folder / "r.sqlite")
    rows = {row["workload"]: row for row in frame.to_dict("records")}
    assert set(rows) == {"net.toml", "net.toml:a", "net.toml:b", "net.toml:fc"}
    whole = rows.pop("net.toml")
    for name in ("cycles", "time_us", "energy_uj"):
        assert whole[name] == pytest.approx(sum(row[name] for row in rows.values()))
    assert whole["area_mm2"] == pytest.approx(rows["net.toml:a"]["area_mm2"])
    # `simulate` and the study share no code between the network and its layers' results.
    config = accelsim.load_machine("eie", **SET)
    ran = run_alone(machine_of(config), config, accelsim.load_network(folder / "net.toml"))
    assert whole["cycles"] == ran.cycles
    assert whole["load_balance"] == pytest.approx(ran.load_balance)
    useful = sum(int(own.counters.states()["useful"].sum()) for own in ran.layers.values())
    assert whole["utilisation"] == pytest.approx(useful / (ran.cycles * 4))
    assert {name: rows[f"net.toml:{name}"]["cycles"] for name in ran.layers} == {
        name: own.cycles for name, own in ran.layers.items()}


@pytest.mark.parametrize("inputs", ["x.png", "x.npy"])
def test_a_photo_runs_through(folder: Path, inputs: str) -> None:
    frame = run_study(study(folder, workloads=["arrays.npz", "arrays.npz:fc"], network="net.toml",
                            inputs=[inputs], axes={"recipe.density": [0.3, 0.8]}),
                      folder / "r.sqlite")
    net = accelsim.load_network(folder / "arrays.npz", network=folder / "net.toml")
    image = np.load(folder / "x.npy")
    config = accelsim.load_machine("eie", **SET)
    for density, name, cycles, energy in zip(frame["recipe.density"], frame.workload, frame.cycles,
                                             frame.energy_uj, strict=True):
        packed = accelsim.compress(net, Recipe(density=density), calibration=image)
        ran = accelsim.simulate(config, packed, image)
        told = ran if name == "arrays.npz" else ran.layers["fc"]
        assert (cycles, energy) == (told.cycles, pytest.approx(told.energy.total_uj))


def test_lowering_is_a_parameter(folder: Path) -> None:
    chosen = study(folder, axes={"lowering": ["im2col", "a=shifted", "auto"]})
    frame = run_study(chosen, folder / "r.sqlite")
    net = accelsim.load_network(folder / "net.toml")
    config = accelsim.load_machine("eie", **SET)
    for way, cycles in zip(frame["recipe.lowering"], frame.cycles, strict=True):
        asked = {"a": "shifted"} if "=" in way else way
        ran = run_alone(machine_of(config), config, net, lowering=asked)
        assert ran.cycles == cycles
    assert frame.cycles.nunique() > 1
    assert sweep(chosen, folder / "r.sqlite").done == 0  # they are all there
    found = sensitivity(study(folder, axes={"lowering": ["im2col", "a=shifted"]}),
                        folder / "r.sqlite", ["cycles"])
    assert [effect.parameter for effect in found.effects] == ["recipe.lowering"]


@pytest.mark.parametrize("inputs", [[], ["x.npy"]])
def test_rank_is_a_parameter(folder: Path, inputs: list[str]) -> None:
    """Two layers for one: run by hand, the second on what the first makes of its inputs."""
    frame = run_study(study(folder, workloads=["net.toml", "net.toml:b"], inputs=inputs,
                            axes={"recipe.rank": [1, 2]}), folder / "r.sqlite")
    assert frame.error.isna().all()
    cycles = {(row["workload"], row["recipe.rank"]): row["cycles"]
              for row in frame.to_dict("records")}
    config, net = accelsim.load_machine("eie", **SET), accelsim.load_network(folder / "net.toml")
    for rank in (1, 2):
        recipe = Recipe(rank=rank)
        if inputs:
            image = np.load(folder / "x.npy")
            ran = accelsim.simulate(config, accelsim.compress(net, recipe, calibration=image),
                                    image).layers
        else:
            packed = {layer.name: layer for layer in accelsim.compress(net, recipe).layers}
            ran = {}
            for layer in net.layers:
                first, second = packed[f"{layer.name}.rank"], packed[layer.name]
                own = np.asarray(layer.activations)
                if layer.name == "fc":
                    own = own.ravel()
                    middle = first.decoded().to_dense() @ own
                else:
                    middle = correlated(first.decoded_weights(), own, int(layer.name == "a"))
                ran[first.name] = accelsim.simulate(config, first, own)
                ran[layer.name] = accelsim.simulate(config, second, middle)
        assert cycles["net.toml", rank] == sum(own.cycles for own in ran.values())
        assert cycles["net.toml:b", rank] == ran["b.rank"].cycles + ran["b"].cycles


def correlated(weights: Any, image: Any, padding: int) -> Any:
    """A convolution of stride one by SciPy."""
    padded = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
    return np.array([sum(correlate2d(channel, kernel, "valid")
                         for channel, kernel in zip(padded, one, strict=True)) for one in weights])


def test_a_stored_network_keeps_its_codes_and_lowering(folder: Path) -> None:
    net = accelsim.load_network(folder / "arrays.npz", network=folder / "net.toml")
    image = np.load(folder / "x.npy")
    packed = replace(accelsim.compress(net, calibration=image), lowerings={"a": "shifted"})
    save_compressed(folder / "net.safetensors", packed)
    frame = run_study(study(folder, workloads=["net.safetensors"], inputs=["x.npy"]),
                      folder / "r.sqlite")
    ran = accelsim.simulate(accelsim.load_machine("eie", **SET), packed, image)
    assert ran.layers["a"].lowering == "shifted"
    assert list(frame.cycles) == [ran.cycles]


def test_drawn_inputs_where_there_are_none(folder: Path) -> None:
    values = {"workloads": ["arrays.npz:b"], "network": "net.toml"}
    full = run_study(study(folder, **values, activation_density=1.0), folder / "r.sqlite")
    half = run_study(study(folder, **values, activation_density=0.2), folder / "r.sqlite")
    assert half.cycles[0] < full.cycles[0]


def test_words_size_every_layer_and_changed_files_are_seen(folder: Path) -> None:
    frame = run_study(study(folder, set={"n_pe": 4, "spmat_kb": "fit"}), folder / "r.sqlite")
    assert frame.error.isna().all()
    found, = find_workloads(study(folder))
    (folder / "net.toml").write_text(GRAPH.replace("0.4", "0.5"))
    assert find_workloads(study(folder))[0].digest != found.digest
    with pytest.raises(InputError, match="has changed since the study began"):
        found.load()


@pytest.mark.parametrize("workload", ["wide.toml", "wide.toml:a"])
def test_words_hold_maps(folder: Path, workload: str) -> None:
    """40 x 40 pixels and one of zeros before, 40 x 40 after: 3,201 rows of 2 bytes, 2 KB given."""
    (folder / "wide.toml").write_text(
        'name = "wide"\ninput = [1, 40, 40]\nnode = [{name = "a", conv = 3, kernel = 3, '
        'padding = 1, activation_density = 0.1}]\n')
    fixed = run_study(study(folder, workloads=[workload]), folder / "r.sqlite")
    assert "maps in the activation SRAM: 6.3 KB a PE, at most 2" in fixed.limits[0]
    fit = run_study(study(folder, workloads=[workload], set={**SET, "act_sram_kb": "fit"}),
                    folder / "r.sqlite")
    assert "maps" not in fit.limits[0]
    assert fit.area_mm2[0] > fixed.area_mm2[0]


@pytest.mark.parametrize(("values", "words"), [
    ({"workloads": ["net.toml:c"]}, "'c' is not there"),
    ({"workloads": ["net.toml:pool"]}, "runs on the host"),
    ({"workloads": ["none.net"]}, "no such file"),
    ({"machine": "ese", "set": {}, "metrics": ["cycles"]}, "'ese' does not take"),
    ({"workloads": ["net.toml", "net.toml:a", "net.toml:*"]}, "named twice"),
    ({"axes": {"lowering": ["fft"]}}, "no lowering 'fft'"),
    ({"workloads": ["nt-we"], "axes": {"lowering": ["auto"]}}, "lowering: is for networks"),
    ({"workloads": ["nt-we"], "axes": {"recipe.rank": [4, 8]}}, "rank: is for networks"),
    ({"workloads": ["nt-we"], "set": {"recipe.winograd": "after"}}, "winograd: is for networks"),
    ({"workloads": ["nt-we"], "inputs": ["x.png"]}, "inputs: is for networks"),
    ({"inputs": ["none.png"]}, "inputs: none.png: no such file"),
    ({"workloads": ["arrays.npz"], "network": "net.toml"}, "holds no inputs"),
    ({"inputs": ["x.png", "x.npy"]}, "give photos, or one file of arrays"),
    ({"workloads": ["done.safetensors"], "axes": {"recipe.density": [0.1]}}, "holds codes already"),
])
def test_what_is_refused(folder: Path, values: dict[str, Any], words: str) -> None:
    save_compressed(folder / "done.safetensors", accelsim.compress(
        accelsim.load_network(folder / "net.toml")))
    with pytest.raises(AccelsimError) as caught:
        find_workloads(study(folder, **values))[0].load()
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
