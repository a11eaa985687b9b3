"""ONNX models as graphs: what onnxruntime computes, on a machine too, or refused by name."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

import accelsim
from accelsim.cli import main
from accelsim.errors import InputError
from accelsim.lowering.network_floats import run_floats
from accelsim.records.host_elementwise import Affine, Combine, Relu, Upsample
from accelsim.records.host_layout import Transpose
from accelsim.records.network import Network
from tests.workload.onnx_models import Array, floats, node, save

onnxruntime.set_default_logger_severity(4)
RTOL = 1e-4


def norm(name: str, channels: int) -> dict[str, Array]:
    """Constants of a batch normalisation."""
    return {**{f"{name}{part}": floats(channels) for part in "sbm"},
            f"{name}v": np.abs(floats(channels)) + np.float32(0.1)}


def bn(name: str, reads: str, writes: str) -> Any:
    return node("BatchNormalization", f"{reads} {name}s {name}b {name}m {name}v", writes)


def expected(path: Path, images: Array) -> Array:
    session = onnxruntime.InferenceSession(path)
    name = session.get_inputs()[0].name
    return np.concatenate([session.run(None, {name: image[None]})[0] for image in images])


def check(path: Path, shape: tuple[int, ...] | None = None, scale: float = 1.0) -> Network:
    """The graph gives what onnxruntime gives, for images that do not see each other."""
    network = accelsim.load_network(path, input_shape=shape)
    images = floats(3, *network.shapes()["input"]) * np.float32(scale)
    wanted = expected(path, images)
    found = run_floats(network, images)[network.output]
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() <= RTOL * np.abs(wanted).max()
    return network


def small(path: Path, shape: tuple[Any, ...] = (1, 3, 9, 8), end: str = "Softmax") -> Path:
    """Convolution, batch normalisation, ReLU, pool, residual, concat and matrices."""
    nodes = [
        node("Conv", "x w1", "c1", name="stem", pads=[1, 1, 1, 1]), bn("n1", "c1", "h1"),
        node("Relu", "h1", "r1"), node("MaxPool", "r1", "p1", kernel_shape=[2, 2], strides=[2, 2]),
        node("Conv", "p1 w2 b2", "c2", name="inner", pads=[1, 1, 1, 1]), bn("n2", "c2", "h2"),
        node("Add", "p1 h2", "sum", name="sum"), node("Relu", "sum", "r2", name="after"),
        node("Conv", "r2 w3", "c3", name="one"), node("Concat", "r2 c3", "cat", axis=1),
        bn("n3", "cat", "n"), node("GlobalAveragePool", "n", "g"), node("Flatten", "g", "f"),
        node("Gemm", "f w4 b4", "d", name="fc", transB=1, alpha=0.5, beta=2.0),
        node("Relu", "d", "r4"), node("MatMul", "r4 w5", "m", name="last"),
        node("Add", "m b5", "l"), node(end, "l"),
    ]
    constants = {
        "w1": floats(6, 3, 3, 3), "w2": floats(6, 6, 3, 3), "b2": floats(6),
        "w3": floats(4, 6, 1, 1), "w4": floats(7, 10), "b4": floats(7), "w5": floats(7, 5),
        "b5": floats(5), **norm("n1", 6), **norm("n2", 6), **norm("n3", 10)}
    return save(path, nodes, constants, list(shape))


def test_a_residual_network(tmp_path: Path) -> None:
    network = check(small(tmp_path / "net.onnx"))
    assert [(work.name, work.relu) for work in network.layers] == [
        ("stem", True), ("inner", False), ("one", False), ("fc", True), ("last", False)]
    host = [n.work.kind for n in network.nodes if n.on_host]
    # The third normalisation reads what two nodes write: it folds nowhere.
    assert host == ["max pool", "add", "relu", "concat", "batch norm", "global average pool",
                    "flatten", "softmax"]
    assert network.layers[0].provenance["tensor"] == "w1"


def test_on_a_machine_its_error_is_small_and_told(tmp_path: Path) -> None:
    network = accelsim.load_network(small(tmp_path / "net.onnx", end="Identity"))
    images = floats(2, 3, 9, 8)
    packed = accelsim.compress(network, accelsim.Recipe(weight_bits=8), calibration=images)
    config = accelsim.load_machine("eie", n_pe=4, weight_bits=8)
    runs = [accelsim.simulate(config, packed, images, engine)
            for engine in ("fast", "functional")]
    assert np.array_equal(runs[0].outputs_float, runs[1].outputs_float)
    assert list(runs[0].layers) == ["stem", "inner", "one", "fc", "last"]
    wanted = expected(tmp_path / "net.onnx", images)
    error = np.abs(runs[0].outputs_float - wanted).max() / np.abs(wanted).max()
    assert 0 < error < 0.05, f"of the largest output: {error:.4f}"


@pytest.mark.parametrize("squeeze", ["Sigmoid", "HardSigmoid", "Sixth"])
def test_depthwise_with_squeeze_and_excitation(tmp_path: Path, squeeze: str) -> None:
    gate = node("HardSigmoid", "e2", "gate", alpha=1 / 6) if squeeze == "Sixth" else node(
        squeeze, "e2", "gate")
    window = {"Sigmoid": {"auto_pad": "SAME_UPPER"}, "HardSigmoid": {"auto_pad": "SAME_LOWER"},
              "Sixth": {"pads": [0, 2, 1, 1], "dilations": [1, 2]}}[squeeze]
    nodes = [
        node("Conv", "x w1", "c", name="depthwise", group=6, strides=[2, 1], **window),
        bn("n", "c", "h"), node("HardSwish", "h", "a"),
        node("ReduceMean", "a axes", "s", keepdims=1), node("Conv", "s w2", "e1", name="squeeze"),
        node("Add", "e1 b", "e1b"), node("Relu", "e1b", "e1r"),
        node("Conv", "e1r w3", "e2", name="excite"), gate, node("Mul", "a gate", "m"),
        node("Clip", "m zero six"),
    ]
    path = save(tmp_path / "m.onnx", nodes, {
        "w1": floats(12, 1, 3, 3), "w2": floats(3, 12, 1, 1), "w3": floats(12, 3, 1, 1),
        "b": floats(1, 3, 1, 1), "axes": np.array([-1, 2]), "zero": np.float32(0) * floats(),
        "six": np.full((), 6, np.float32), **norm("n", 12)}, [1, 6, 9, 10])
    network = check(path)
    work = {n.name: n.work for n in network.nodes}
    assert work["depthwise"].groups == 6
    assert work["squeeze"].relu
    assert work["squeeze"].bias is not None
    assert isinstance(work["m"], Combine)
    assert work["y"] == Relu(6.0)


@pytest.mark.parametrize("kind", ["MaxPool", "AveragePool"])
@pytest.mark.parametrize("attributes", [
    {}, {"pads": [1, 0, 1, 2]}, {"ceil_mode": 1}, {"ceil_mode": 1, "pads": [1, 1, 1, 1]},
    {"auto_pad": "SAME_UPPER"}, {"auto_pad": "SAME_LOWER"}, {"auto_pad": "VALID"},
    {"count_include_pad": 1, "pads": [1, 1, 0, 1]},
])
def test_pools(tmp_path: Path, kind: str, attributes: dict[str, Any]) -> None:
    if kind == "MaxPool" and "count_include_pad" in attributes:
        attributes = {"pads": [0, 1, 0, 0]}
    nodes = [node("Conv", "x w", "c"), node(kind, "c", kernel_shape=[3, 3], strides=[2, 2],
                                            **attributes)]
    check(save(tmp_path / "m.onnx", nodes, {"w": floats(4, 3, 1, 1)}, [1, 3, 8, 11]))


ONE = {
    "LeakyRelu": [node("LeakyRelu", "c", alpha=0.3)],
    "PRelu": [node("PRelu", "c one")],
    "Tanh": [node("Tanh", "c")],
    "Clip to ReLU": [node("Clip", "c zero")],
    "two readers keep a ReLU on the host": [node("Relu", "c", "r"), node("Add", "c r")],
    "two readers keep a norm on the host": [bn("n", "c", "h"), node("Mul", "c h")],
    "constants fold": [node("Mul", "c a", "d"), node("Add", "b d", "e"), node("Div", "e one", "f"),
                       node("Sub", "f b", "g"), node("Sub", "one g")],
    "hard swish written out": [node("Add", "c three", "d"), node("Clip", "d zero six", "e"),
                               node("Mul", "c e", "f"), node("Div", "f six")],
    "half pixel": [node("Resize", "c - s")],
    "asymmetric": [node("Resize", "c - s", coordinate_transformation_mode="asymmetric",
                        nearest_mode="floor")],
    "sizes": [node("Resize", "c - - z", coordinate_transformation_mode="asymmetric",
                   nearest_mode="floor")],
    "softmax of channels": [node("Softmax", "c", axis=1)],
    "transposed": [node("Transpose", "c", "t", perm=[0, 2, 3, 1]), node("Reshape", "t flat", "f"),
                   node("MatMul", "f m", "p"), node("Add", "p v")],
    "shapes that are computed": [
        node("Shape", "c", "s0"), node("Gather", "s0 i0", "s1"), node("Concat", "s1 i1", "s2",
                                                                     axis=0),
        node("Reshape", "c s2", "f"), node("Gemm", "f m v")],
    "squeezed": [node("GlobalMaxPool", "c", "g"), node("Squeeze", "g a23", "f"),
                 node("Unsqueeze", "f a1", "u"), node("MatMul", "u q", "p"), node("Add", "p q3")],
    "norm of a vector": [node("GlobalAveragePool", "c", "g"), node("Flatten", "g", "f"),
                         node("MatMul", "f q", "p"), node("Relu", "p", "r"), bn("o", "r", "y")],
    "identities": [node("Identity", "c", "i"), node("Dropout", "i", "d"),
                   node("Cast", "d", "e", to=1), node("Relu", "e")],
    "concat of rows": [node("Relu", "c", "r"), node("Concat", "c r", axis=2)],
}
CONSTANTS = {
    "w": floats(4, 3, 2, 2), "zero": np.zeros((), np.float32), "three": np.full(1, 3, np.float32),
    "six": np.full((), 6, np.float32), "one": np.full((1, 1, 1, 1), 0.7, np.float32),
    "a": floats(1, 4, 1, 1), "b": floats(4, 1, 1), "flat": np.array([0, -1]),
    "m": floats(4 * 5 * 6, 7), "v": floats(7), "i0": np.array([0]), "i1": np.array([-1]),
    "s": np.array([1, 1, 2, 3], np.float32), "z": np.array([1, 4, 10, 18]),
    "a23": np.array([2, 3]), "a1": np.array([1]), "q": floats(4, 5), "q3": floats(1, 1, 5),
    **norm("n", 4), **norm("o", 5)}


@pytest.mark.parametrize("behind", ONE)
def test_operators(tmp_path: Path, behind: str) -> None:
    nodes = [node("Conv", "x w", "c", name="conv"), *ONE[behind]]
    used = {name for one in nodes for name in one.input}
    network = check(save(tmp_path / "m.onnx", nodes, {
        name: value for name, value in CONSTANTS.items() if name in used}, [1, 3, 6, 7]))
    kinds = [type(n.work) for n in network.nodes if n.on_host]
    if behind == "constants fold":
        assert kinds == []
    elif behind.endswith("on the host"):
        assert kinds == [Relu if "ReLU" in behind else Affine, Combine]
    elif behind in ("half pixel", "asymmetric", "sizes"):
        assert kinds == [Upsample]
    elif behind == "transposed":
        assert kinds[0] is Transpose
    elif behind in ("Clip to ReLU", "identities"):
        assert network.layers[0].relu
        assert not kinds


def test_along_one_axis(tmp_path: Path) -> None:
    nodes = [node("Conv", "x w b", "c", name="conv", strides=[2], pads=[1, 2], dilations=[2]),
             node("Relu", "c", "r"), node("MaxPool", "r", "p", kernel_shape=[3], pads=[0, 1]),
             node("GlobalAveragePool", "p", "g"), node("Flatten", "g")]
    check(save(tmp_path / "m.onnx", nodes, {"w": floats(5, 3, 3), "b": floats(5)}, [1, 3, 20]))


def quantised(path: Path, zero: int) -> Path:
    nodes = [node("Conv", "x w", "c"), node("QuantizeLinear", "c s z", "q"),
             node("DequantizeLinear", "q s z", "d"), node("Conv", "d w2")]
    return save(path, nodes, {
        "w": floats(4, 3, 1, 1), "w2": floats(2, 4, 1, 1), "s": np.full((), 1 / 16, np.float32),
        "z": np.full((), zero, np.int8)}, [1, 3, 5, 5])


@pytest.mark.parametrize("zero", [0, -128])
def test_codes_of_activations_are_passed(tmp_path: Path, zero: int) -> None:
    """Their rounding is not done, which the note says; that codes know no negatives is."""
    path = quantised(tmp_path / "m.onnx", zero)
    network = accelsim.load_network(path)
    assert "QuantizeLinear with DequantizeLinear is passed" in network.note
    assert network.layers[0].relu == (zero == -128)
    images = floats(2, 3, 5, 5)
    found = run_floats(network, images)[network.output]
    step = np.abs(np.asarray(network.layers[1].weights)).sum(axis=(1, 2, 3)).max() / 16
    assert np.abs(found - expected(path, images)).max() <= 0.51 * step


def test_open_shapes_are_asked_for(tmp_path: Path) -> None:
    path = small(tmp_path / "net.onnx", ("n", 3, "rows", "columns"))
    with pytest.raises(InputError, match=r"'x' is 3 x \? x \?; say the shape of one image"):
        accelsim.load_network(path)
    with pytest.raises(InputError, match=r"shape \(4, 9, 8\); its input 'x' is 3 x \? x \?"):
        accelsim.load_network(path, input_shape=(4, 9, 8))
    assert check(path, (3, 9, 8)).input_shape == (3, 9, 8)
    assert check(path, (3, 6, 12)).input_shape == (3, 6, 12)


def test_a_chain_stays_what_it_was(tmp_path: Path) -> None:
    nodes = [node("Gemm", "x w1 b1", "h", name="fc1"), node("Relu", "h", "r"),
             node("MatMul", "r w2", name="fc2")]
    path = save(tmp_path / "m.onnx", nodes,
                {"w1": floats(6, 5), "b1": floats(5), "w2": floats(5, 4)}, [1, 6])
    chain = accelsim.load_network(path)
    assert chain.is_chain
    assert [(layer.name, layer.relu) for layer in chain.layers] == [("fc1", True), ("fc2", False)]
    assert chain.layers[0].provenance["reads"] == "x"
    asked = check(path, (6,))
    for one, other in zip(chain.layers, asked.layers, strict=True):
        assert np.array_equal(one.weights, other.weights)


def test_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str],
                               monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["accelsim", "simulate", *map(str, arguments)])
        with pytest.raises(SystemExit) as leave:
            main()
        return int(leave.value.code or 0), *capsys.readouterr()

    path = small(tmp_path / "net.onnx", ("n", 3, "rows", 8))
    image = floats(3, 9, 8)
    np.save(tmp_path / "x.npy", image)
    status, out, _ = run(path, "--inputs", tmp_path / "x.npy", "--json", "--weight-bits", 8,
                         "--set", "weight_bits=8")
    assert status == 0
    told = json.loads(out)
    assert [row["layer"] for row in told["layers"]] == ["stem", "inner", "one", "fc", "last"]
    assert told["largest"][0][0][0] == expected(path, image[None])[0].argmax()
    status, out, err = run(path)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "say the shape of one image" in err
    # A layer by itself is still one product.
    assert run(path, "-l", "fc", "--activation-density", 0.5)[0] == 0
