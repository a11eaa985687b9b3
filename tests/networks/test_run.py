"""Whole networks on machines: LeNet-5's real digits, photos, and what is refused."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file

import accelsim
from accelsim.cli import main
from accelsim.errors import AccelsimError, InputError, UnsupportedError
from accelsim.lowering.network_floats import run_floats
from accelsim.records import Conv2d, Layer
from accelsim.records.host import GlobalPool, Pool
from accelsim.records.host_elementwise import Combine, Flatten
from accelsim.records.network import INPUT, Network, Node

TRACES = Path(__file__).parents[2] / "traces"
LENET = TRACES / "lenet-5" / "pruned.safetensors"
RNG = np.random.default_rng(4)
pytestmark = pytest.mark.filterwarnings("ignore::accelsim.LossWarning")


def digits(count: int) -> tuple[np.ndarray, np.ndarray]:
    data = load_file(TRACES / "lenet-300-100" / "digits.safetensors")
    return data["images"][:count].reshape(-1, 1, 28, 28) / 256, data["labels"][:count]


@pytest.fixture(scope="module")
def lenet() -> Network:
    images, _ = digits(50)
    network = accelsim.load_network(LENET, network="lenet-5")
    return accelsim.compress(network, calibration=images)


def test_lenet_5_reads_real_digits(lenet: Network) -> None:
    images, labels = digits(50)
    result = accelsim.simulate("eie", lenet, images)
    classes = result.outputs_float.argmax(axis=1)
    assert np.count_nonzero(classes != labels) == 0
    in_float = run_floats(lenet, images)[lenet.output]
    assert np.array_equal(classes, in_float.argmax(axis=1))
    assert np.abs(result.outputs_float - in_float).max() < 0.02
    assert list(result.layers) == ["conv1", "conv2", "fc1", "fc2"]
    assert [work.name for work in result.host] == ["pool1", "pool2", "flatten"]
    assert result.cycles == sum(layer.cycles for layer in result.layers.values())
    assert result.energy.total_pj == pytest.approx(
        sum(layer.energy.total_pj for layer in result.layers.values()))
    assert result.layers["conv1"].n_vectors == 50 * 24 * 24


def test_tellings_of_a_network_agree(lenet: Network) -> None:
    images, _ = digits(2)
    config = accelsim.load_machine("eie", n_pe=8)
    fast = accelsim.simulate(config, lenet, images, "fast")
    functional = accelsim.simulate(config, lenet, images, "functional")
    for name, layer in fast.layers.items():
        assert np.array_equal(layer.outputs, functional.layers[name].outputs)
        assert layer.operations == functional.layers[name].operations
    assert np.array_equal(fast.outputs_float, functional.outputs_float)
    # Images do not see each other.
    alone = accelsim.simulate(config, lenet, images[1])
    assert np.array_equal(alone.outputs_float, fast.outputs_float[1])
    first = accelsim.simulate(config, lenet, images[0])
    assert first.cycles + alone.cycles == fast.cycles


def small(seed: int = 0) -> Network:
    rng = np.random.default_rng(seed)
    return Network(nodes=(
        Node("a", Conv2d(rng.standard_normal((6, 3, 3, 3)), rng.standard_normal(6), padding=1,
                         name="a"), (INPUT,)),
        Node("b", Conv2d(rng.standard_normal((6, 6, 1, 1)), relu=False, name="b"), ("a",)),
        Node("sum", Combine("add"), ("a", "b")),
        Node("pool", Pool("max", (2, 2), (2, 2)), ("sum",)),
        Node("mean", GlobalPool("average"), ("pool",)),
        Node("flat", Flatten(), ("mean",)),
        Node("fc", Layer(rng.standard_normal((4, 6)), relu=False, name="fc"), ("flat",)),
    ), input_shape=(3, 6, 6))


@pytest.mark.parametrize("seed", range(3))
def test_a_graph_on_all_tellings(seed: int) -> None:
    images = np.random.default_rng(seed).standard_normal((2, 3, 6, 6))
    recipe = accelsim.Recipe(density=0.5, weight_bits=8)
    packed = accelsim.compress(small(seed), recipe, calibration=images)
    config = accelsim.load_machine("eie", n_pe=4, weight_bits=8)
    runs = [accelsim.simulate(config, packed, images, engine)
            for engine in ("functional", "fast", "reference")]
    for name in ("a", "b", "fc"):
        told = [run.layers[name].outputs for run in runs]
        assert np.array_equal(told[0], told[1])
        assert np.array_equal(told[1], told[2])
        assert runs[1].layers[name].counters.difference(runs[2].layers[name].counters) is None
    in_float = run_floats(packed, images)["fc"]
    assert np.abs(runs[1].outputs_float - in_float).max() < 1e-2 * np.abs(in_float).max()


def test_a_chain_of_matrices_is_what_simulate_network_gives() -> None:
    layers = (Layer(RNG.standard_normal((12, 9)), name="one"),
              Layer(RNG.standard_normal((5, 12)), name="two", relu=False))
    vectors = np.abs(RNG.standard_normal((3, 9)))
    packed = accelsim.compress(Network(layers), calibration=vectors)
    whole = accelsim.simulate("eie", packed, vectors)
    one_by_one = accelsim.simulate_network(accelsim.load_machine("eie"), packed.layers, vectors)
    assert np.array_equal(whole.layers["two"].outputs, [run[1].outputs for run in one_by_one])
    assert whole.cycles == sum(layer.cycles for run in one_by_one for layer in run)


def test_what_a_network_refuses() -> None:
    with pytest.raises(UnsupportedError, match="compress the network first"):
        accelsim.simulate("eie", small(), np.ones((3, 6, 6)))
    packed = accelsim.compress(small())
    with pytest.raises(UnsupportedError, match="the machine 'ese' does not take"):
        accelsim.simulate("ese", packed, np.ones((3, 6, 6)))
    with pytest.raises(InputError, match=r"the image has shape \(3, 6, 7\); need \(3, 6, 6\)"):
        accelsim.simulate("eie", packed, np.ones((3, 6, 7)))
    with pytest.raises(InputError, match="NaN"):
        accelsim.simulate("eie", packed, np.full((3, 6, 6), np.nan))
    with pytest.raises(InputError, match="calibration images are for networks"):
        accelsim.compress(Layer(np.ones((2, 2))), calibration=np.ones(2))


def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: object
            ) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["accelsim", *map(str, arguments)])
    with pytest.raises(SystemExit) as leave:
        main()
    out, err = capsys.readouterr()
    return int(leave.value.code or 0), out, err


def test_a_photo_from_the_command_line(capsys, monkeypatch, tmp_path):
    images, labels = digits(3)
    photo = tmp_path / "digit.png"
    Image.fromarray((images[2, 0] * 256).astype(np.uint8)).save(photo)
    arguments = ["simulate", LENET, "--network", "lenet-5", "--image", photo]
    status, out, err = command(capsys, monkeypatch, *arguments, "--json", "--energy")
    assert (status, err) == (0, "")
    told = json.loads(out)
    assert told["largest"][0][0][0] == labels[2]
    np.save(tmp_path / "x.npy", images[2])
    packed = accelsim.compress(
        accelsim.load_network(LENET, network="lenet-5"), calibration=images[2])
    result = accelsim.simulate("eie", packed, images[2])
    assert told["cycles"] == result.cycles
    assert told["energy_uj"] == pytest.approx(result.energy.total_uj)
    status, out, _ = command(capsys, monkeypatch, *arguments[:-2], "--inputs", tmp_path / "x.npy")
    assert status == 0
    assert f"{result.cycles:,} cycles" in out
    assert "max pool" in out


@pytest.mark.parametrize(("arguments", "words"), [
    (["simulate", LENET, "--network", "lenet-5"], "give --image PHOTO or --inputs FILE.npy"),
    (["simulate", "lenet-5", "--image", "small.png"], "5 x 4 pixels; the network takes 28 x 28"),
    (["simulate", "lenet-5", "--image", "text.png"], "not a picture that can be read"),
    (["simulate", "lenet-5", "--image", "none.png"], "No such file"),
    (["simulate", "lenet-5", "--inputs", "x.npy"], "lenet-5 takes (1, 28, 28)"),
    (["simulate", "vgg-16", "--image", "small.png"], "does not say how a photo becomes its input"),
    (["simulate", "none.net"], "no such file; need a network"),
    (["simulate", "short.net", "--image", "small.png"], "fits none of the networks"),
    (["simulate", "lenet-5", "--image", "small.png", "--fit", "--lowering", "fft"], "no lowering"),
    (["simulate", "alex-7", "--image", "small.png"], "no graph that reads photos"),
    *((["simulate", "lenet-5", "-m", machine, "--image", "small.png", "--fit"],
       f"conv1 is a convolution of a network, which the machine '{machine}' does not take")
      for machine in ("ese", "bbs")),
    (["trace", "short.net", "-o", "x.vcd"], "a trace is of one vector of one layer"),
    (["cosim", "short.net"], "one layer is compared; name it with -l"),
    (["cosim", "short.net", "-l", "conv1"], "fits none of the networks"),
])
def test_faults_are_one_line(capsys, monkeypatch, tmp_path, arguments, words):
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (5, 4)).save("small.png")
    Path("text.png").write_text("no picture")
    Path("short.net").write_bytes(b"\1\2\3")
    np.save("x.npy", np.ones((1, 28, 27)))
    status, out, err = command(capsys, monkeypatch, *arguments)
    assert (status, out) == (2, "")
    lines = [line for line in err.splitlines() if "warning" not in line]
    assert len(lines) == 1
    assert words in lines[0]


def test_published_networks_bring_their_densities() -> None:
    network = accelsim.load_network("lenet-5")
    weights = network.layers[1].weights
    assert np.count_nonzero(weights) / weights.size == pytest.approx(0.12, abs=0.01)
    with pytest.raises(AccelsimError, match="no such file"):
        accelsim.load_network("lenet-6")
