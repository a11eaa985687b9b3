"""What may be run of an ONNX model: not a convolution as one product, nor what has gaps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from accelsim import load_machine, simulate
from accelsim.compression import compress, compress_network, load_compressed, save_compressed
from accelsim.compression.prepare import prepare, recipe_for
from accelsim.errors import UnsupportedError
from accelsim.machines import machine_of
from accelsim.network import calibrated, network_floats, simulate_network
from accelsim.workload import load_layer, load_network
from tests.workload.onnx_judge import deviation
from tests.workload.onnx_models import floats, node, save

MACHINES = {"eie": {"capacity": "ignore"}, "ese": {"capacity": "ignore"}, "bbs": {}}


def conv_model(path: Path, shape: list[Any], kernel: list[int], **attributes: Any) -> Path:
    nodes = [node("Conv", "x w b", "h", name="conv", **attributes), node("Relu", "h")]
    return save(path, nodes, {"w": floats(*kernel), "b": floats(kernel[0])}, shape)


@pytest.mark.parametrize(
    ("shape", "kernel", "attributes", "told"),
    [
        ([1, 3, 8, 9], [4, 3, 3, 3], {}, "3 x 3 over 6 x 7 positions"),
        ([1, 3, 8, 9], [4, 3, 3, 3], {"pads": [1, 1, 1, 1], "strides": [2, 1]},
         "3 x 3 over 4 x 9 positions"),
        ([1, 3, 20], [4, 3, 5], {}, "5 over 16 positions"),
        ([1, 3, "height", 9], [4, 3, 1, 1], {}, "1 x 1 over ? x 9 positions"),
        ([1, 3, 4, 5, 6], [4, 3, 2, 2, 2], {}, "2 x 2 x 2 over 3 x 4 x 5 positions"),
    ],
)
def test_a_convolution_is_compressed_and_not_run(
    tmp_path: Path, shape: list[Any], kernel: list[int], attributes: dict[str, Any], told: str
) -> None:
    path = conv_model(tmp_path / "m.onnx", shape, kernel, **attributes)
    layer = load_layer(path)
    x = floats(*(5 if isinstance(n, str) else n for n in shape))
    assert deviation(path, {"x": x}) == {"conv": pytest.approx(0, abs=1e-6)}
    save_compressed(tmp_path / "m.safetensors", [compress(layer)])
    (stored,) = load_compressed(tmp_path / "m.safetensors")
    inputs = np.ones(layer.shape[1], np.float32)
    for name, settings in MACHINES.items():
        config = load_machine(name, **settings)
        machine = machine_of(config)
        for work in (layer, stored):
            ready = prepare(work, machine.takes, recipe_for(config, machine.recipe))
            with pytest.raises(UnsupportedError, match=r"conv: a convolution of ") as caught:
                simulate(config, ready, inputs)
            assert told in str(caught.value)
            with pytest.raises(UnsupportedError, match="a convolution of"):
                simulate_network(config, [ready], inputs)
    with pytest.raises(UnsupportedError, match="a convolution of"):
        network_floats([stored], inputs)
    with pytest.raises(UnsupportedError, match="a convolution of"):
        calibrated([stored], inputs)


def test_at_one_position_it_is_a_layer(tmp_path: Path) -> None:
    path = conv_model(tmp_path / "m.onnx", [1, 3, 2, 4], [6, 3, 2, 4])
    layer = load_layer(path)
    result = simulate(load_machine("eie", n_pe=4), compress(replace(layer, bias=None)),
                      np.ones(24, np.float32))
    assert result.cycles > 0


def two_layers(path: Path, between: list[Any]) -> Path:
    nodes = [node("Gemm", "x w1", "h1", name="fc1"), *between, node("Gemm", "h2 w2", name="fc2")]
    return save(path, nodes, {"w1": floats(6, 5), "w2": floats(5, 4), "b": floats(5),
                              "t": np.array([-1, 5])}, [1, 6])


NOTHING = {
    "ReLU": [node("Relu", "h1", "h2")],
    "Identity": [node("Identity", "h1", "h2")],
    "Reshape and ReLU": [node("Reshape", "h1 t", "r"), node("Relu", "r", "h2")],
    "ReLU and Reshape": [node("Relu", "h1", "r"), node("Reshape", "r t", "h2")],
    "Add of a bias": [node("Add", "h1 b", "h2")],
}
SOMETHING = {
    "Sigmoid": [node("Sigmoid", "h1", "h2")],
    "LeakyRelu": [node("LeakyRelu", "h1", "h2")],
    "a residual": [node("MatMul", "x w1", "g", name="side"), node("Add", "h1 g", "h2")],
    "a scale": [node("Mul", "h1 b", "h2")],
    "a Transpose": [node("Transpose", "h1", "t1", perm=[1, 0]), node("Reshape", "t1 t", "h2")],
}


@pytest.mark.parametrize("between", NOTHING)
def test_a_sequence_without_gaps_runs(tmp_path: Path, between: str) -> None:
    path = two_layers(tmp_path / "m.onnx", NOTHING[between])
    x = floats(1, 6)
    assert max(deviation(path, {"x": x}).values()) < 1e-6
    packed = compress_network(load_network(path).layers)
    config = load_machine("eie", n_pe=4)
    assert len(simulate_network(config, calibrated(packed, x), x)[0]) == 2


@pytest.mark.parametrize("between", SOMETHING)
@pytest.mark.parametrize("name", MACHINES)
def test_a_gap_in_a_sequence_is_refused(tmp_path: Path, between: str, name: str) -> None:
    path = two_layers(tmp_path / "m.onnx", SOMETHING[between])
    config = load_machine(name, **MACHINES[name])
    machine = machine_of(config)
    layers = [load_layer(path, fc) for fc in ("fc1", "fc2")]
    works = [prepare(layer, machine.takes, recipe_for(config, machine.recipe)) for layer in layers]
    with pytest.raises(UnsupportedError, match=r"fc2: its inputs are '\w+', not 'h1' that fc1"):
        simulate_network(config, works, np.ones(6, np.float32))
    with pytest.raises(UnsupportedError, match="something stands between"):
        calibrated([compress(layer) for layer in layers], np.ones(6, np.float32))
    for work in works:  # one by one they run
        width = work.n_inputs
        assert simulate(config, work, np.ones((1, 1, width) if name != "eie" else width,
                                              np.float32)).cycles > 0
