"""Convolutions of real networks on the Verilog array: LeNet-5's layers on digits, a fire module."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from accelsim.errors import InputError
from accelsim.machines import load_machine, run_job
from accelsim.machines.eie.rtl.host import places
from accelsim.machines.eie.rtl.images import Chained
from accelsim.workload import load_digits
from tests.networks.test_run import command
from tests.rtl.conv_networks import TRACES, chain_fault, fire_chain, lenet5_jobs, middle

MACHINE = {"n_pe": 4, "capacity": "check", "act_sram_kb": 2.0, "pointer_kb": 4.0,
           "regfile_depth": 256}
FIRE = load_machine("eie", **MACHINE | {"regfile_depth": 16, "spmat_kb": 4.0})
LENET = (str(TRACES / "lenet-5" / "pruned.safetensors"), "--network", "lenet-5")


def test_every_kind_of_layer_of_lenet_5_on_a_digit():
    config = load_machine("eie", **MACHINE)
    jobs = lenet5_jobs(config, 7, conv1=8, conv2=6)
    assert [job.name for job, _ in jobs] == ["conv1", "conv2", "fc1", "fc2"]
    assert all(np.any(job.pixels.maps) for job, _ in jobs[:2])
    assert chain_fault(config, jobs) is None
    *_, (last, _) = jobs
    _, labels = load_digits(TRACES / "lenet-300-100" / "digits.safetensors")
    assert np.argmax(run_job("functional", config, last).outputs) == labels[7]


def test_a_fire_module_runs_without_the_host_between_its_convolutions():
    """Both expansions read the squeezed map, the next squeeze reads their concatenation."""
    jobs = fire_chain(FIRE, (24, 8, 16), (4, 5))
    assert [chained and chained.reads for _, chained in jobs] == [None, (1,), (2,), (2, 1)]
    assert chain_fault(FIRE, jobs) is None
    *before, (last, chained) = jobs
    turned = [*before, (last, replace(chained, reads=(1, 2)))]
    assert "next/squeeze1x1: " in chain_fault(FIRE, turned)


def test_no_map_is_written_over_before_it_is_read():
    """Against a drawing of the memory, word by word."""
    jobs = fire_chain(FIRE, (24, 8, 16), (4, 5))
    owner, regions = {}, []
    for number, ((job, chained), place) in enumerate(zip(jobs, places(FIRE, jobs), strict=True)):
        for back in chained.reads if chained else ():
            given, (low, _) = jobs[number - back][0], regions[number - back]
            rows = given.n_vectors * given.geometry.out_channels // FIRE.n_pe
            assert {owner[word] for word in range(low, low + rows)} == {number - back}
        regions.append(place.region)
        owner |= dict.fromkeys(range(*place.region), number)
        biases = sum(step.bias_rows for step in job.one.plan)
        owner |= dict.fromkeys(range(place.bias_base, place.bias_base + biases), "bias")


def test_what_cannot_be_read_as_one_map_is_refused():
    jobs = fire_chain(FIRE, (24, 8, 16), (4, 5))
    (squeeze, _), (narrow, _), (wide, _), (last, chained) = jobs
    far = Chained(True, 2, (5,))
    for wrong, told in [
        ([(squeeze, None), (narrow, far)], "left 5 layers before it; there are 1"),
        ([(squeeze, None), (narrow, Chained(True, 2, ()))], "left no layers before it"),
        ([*jobs[:3], (last, Chained(True, 2, (1,)))], "is no map of 20 pixels of 32 channels"),
        ([*jobs[:3], (wide, Chained(True, 2, (3, 3)))], "is no map of 20 pixels of 8 channels"),
    ]:
        with pytest.raises(InputError, match=told):
            list(places(FIRE, wrong))
    three = load_machine("eie", **MACHINE | {"n_pe": 3, "regfile_depth": 64})
    with pytest.raises(InputError, match="multiple of 3 PEs"):
        list(places(three, fire_chain(three, (24, 8, 16), (4, 5))))
    assert chained.reads == (2, 1)


@pytest.mark.slow
def test_the_whole_of_lenet_5():
    config = load_machine("eie", **MACHINE | {"n_pe": 8})
    jobs = lenet5_jobs(config, 7)
    assert sum(job.n_vectors for job, _ in jobs[:2]) == 24 * 24 + 8 * 8
    assert chain_fault(config, jobs) is None


@pytest.mark.slow
def test_fire2_of_squeezenet_with_all_its_channels():
    config = load_machine("eie", capacity="check", spmat_kb=8.0, pointer_kb=8.0)
    jobs = fire_chain(config, (96, 16, 64), (9, 9))
    with pytest.raises(InputError, match="multiple of 64 PEs"):
        list(places(config, fire_chain(config, (96, 16, 48), (3, 3))))
    assert chain_fault(config, jobs, sim="verilator") is None


def cosim(capsys, monkeypatch, *arguments):
    status, out, err = command(capsys, monkeypatch, "cosim", *arguments, "--json")
    assert status == 0, err
    return json.loads(out)


@pytest.fixture
def digit(tmp_path):
    images, _ = load_digits(TRACES / "lenet-300-100" / "digits.safetensors")
    path = tmp_path / "digit.png"
    pixels = images[7].reshape(28, 28)
    Image.fromarray(np.rint(pixels * (255 if pixels.max() <= 1 else 1)).astype(np.uint8)).save(path)
    return path


@pytest.mark.parametrize("layer", [
    pytest.param("conv1", marks=pytest.mark.slow), pytest.param("conv2", marks=pytest.mark.slow),
    pytest.param("fc1", marks=pytest.mark.slow), "fc2",
])
def test_cosim_takes_each_layer_of_a_network(capsys, monkeypatch, digit, layer):
    told = cosim(capsys, monkeypatch, *LENET, "-l", layer, "--image", digit, "--set", "n_pe=8")
    assert told["equal"]
    assert told["cycles_rtl"] == told["cycles_model"] > 100


GRAPH = """
name = "fire"
input = [6, 4, 4]
node = [
  {name = "squeeze1x1", conv = 4, kernel = 1},
  {name = "expand1x1", conv = 8, kernel = 1},
  {name = "expand3x3", conv = 8, kernel = 3, padding = 1, from = "squeeze1x1"},
  {name = "concat", concat = ["expand1x1", "expand3x3"]},
  {name = "next", conv = 4, kernel = 1},
]
"""


@pytest.mark.parametrize("layer", ["expand3x3", "next"])
def test_cosim_takes_a_fire_module_of_a_graph_of_ones_own(capsys, monkeypatch, tmp_path, layer):
    (tmp_path / "fire.toml").write_text(GRAPH)
    np.save(tmp_path / "x.npy", np.random.default_rng(1).random((6, 4, 4)))
    told = cosim(capsys, monkeypatch, tmp_path / "fire.toml", "-l", layer, "--inputs",
                 tmp_path / "x.npy", "--set", "n_pe=2")
    assert told["equal"]
    assert told["run_before"][0] == "squeeze1x1"


def test_the_middle_of_a_map_is_of_the_same_numbers():
    (squeeze, _), *_ = fire_chain(FIRE, (24, 8, 16), (4, 5))
    part = middle(squeeze, 2)
    assert np.array_equal(part.vectors(0, 1), squeeze.vectors(6, 7))
    assert part.n_vectors == 4
