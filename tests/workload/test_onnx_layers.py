"""ONNX models made here with the onnx package; expected outputs from its reference evaluator."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper, shape_inference
from onnx.reference import ReferenceEvaluator

from accelsim.errors import AccelsimError, FormatError, InputError
from accelsim.records import Layer
from accelsim.workload import list_layers, load_layer, load_network

Array = npt.NDArray[Any]
RNG = np.random.default_rng(11)


def floats(*shape: int) -> Array:
    return RNG.normal(size=shape).astype(np.float32)


def model_of(nodes: list[Any], constants: dict[str, Array], n_inputs: tuple[int, ...]) -> Any:
    shape = list(n_inputs)
    graph = helper.make_graph(
        nodes, "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(v, k) for k, v in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


def write(path: Path, model: Any) -> Path:
    path.write_bytes(model.SerializeToString())
    return path


def answer(model: Any, x: Array) -> Array:
    output = ReferenceEvaluator(model).run(None, {"x": x})[0]
    return np.asarray(output)


def run(layer: Layer, x: Array) -> Array:
    assert isinstance(layer.weights, np.ndarray)
    sums = layer.weights @ x + (0 if layer.bias is None else layer.bias)
    return np.maximum(sums, 0) if layer.relu else sums


def mlp() -> Any:
    """Every way in which exporters write a fully connected layer."""
    nodes = [
        helper.make_node("Gemm", ["x", "w1", "b1"], ["h1"], name="fc1", transB=1, alpha=0.5,
                         beta=2.0),
        helper.make_node("Relu", ["h1"], ["a1"]),
        helper.make_node("MatMul", ["a1", "w2"], ["h2"], name="fc2"),
        helper.make_node("Add", ["b2", "h2"], ["s2"]),
        helper.make_node("Relu", ["s2"], ["a2"]),
        helper.make_node("Constant", [], ["w3"], value=numpy_helper.from_array(floats(5, 4))),
        helper.make_node("Gemm", ["a2", "w3", "b3"], ["y"]),
    ]
    constants = {"w1": floats(7, 6), "b1": floats(7), "w2": floats(7, 5), "b2": floats(1, 5),
                 "b3": floats(1)}
    return model_of(nodes, constants, (1, 6))


def test_a_network_computes_what_onnx_says(tmp_path: Path) -> None:
    model = mlp()
    network = load_network(write(tmp_path / "mlp.onnx", model))
    assert [(layer.name, layer.shape, layer.relu) for layer in network.layers] == [
        ("fc1", (7, 6), True), ("fc2", (5, 7), True), ("y", (4, 5), False),
    ]
    for _ in range(5):
        x = floats(6)
        value = x
        for layer in network.layers:
            value = run(layer, value)
        assert value == pytest.approx(answer(model, x[None])[0], rel=1e-4, abs=1e-5)


def test_found_by_node_or_by_tensor(tmp_path: Path) -> None:
    path = write(tmp_path / "mlp.onnx", mlp())
    assert load_layer(path, "w2").name == load_layer(path, "fc2").name == "fc2"
    with pytest.raises(InputError, match=r"no layer 'fc3'; did you mean 'fc2'\?; layers: fc1 \(7"):
        load_layer(path, "fc3")
    with pytest.raises(InputError, match="holds 3 layers"):
        load_layer(path)


def test_conv_is_reshaped(tmp_path: Path) -> None:
    """At a single position a convolution is a fully connected layer over the patch."""
    constants = {"k": floats(6, 3, 2, 4), "b": floats(6)}
    model = model_of([helper.make_node("Conv", ["x", "k", "b"], ["y"])], constants, (1, 3, 2, 4))
    layer = load_layer(write(tmp_path / "conv.onnx", model))
    assert layer.shape == (6, 24)
    x = floats(1, 3, 2, 4)
    assert not layer.relu
    assert run(layer, x.ravel()) == pytest.approx(answer(model, x).ravel(), rel=1e-4, abs=1e-5)


def sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


def test_lstm_gates(tmp_path: Path) -> None:
    """Two steps made from W and R as layers of their own give ONNX's hidden state."""
    hidden, n_inputs = 3, 4
    constants = {"W": floats(1, 4 * hidden, n_inputs), "R": floats(1, 4 * hidden, hidden),
                 "B": floats(1, 8 * hidden)}
    node = helper.make_node("LSTM", ["x", "W", "R", "B"], ["y"], name="rnn", hidden_size=hidden)
    model = model_of([node], constants, (2, 1, n_inputs))
    path = write(tmp_path / "lstm.onnx", model)
    assert [str(entry) for entry in list_layers(path)] == ["rnn.W (12 x 4)", "rnn.R (12 x 3)"]
    inputs, recurrent = load_layer(path, "rnn.W"), load_layer(path, "R")
    assert not inputs.relu
    x, h, c = floats(2, 1, n_inputs), np.zeros(hidden), np.zeros(hidden)
    for step in x[:, 0]:
        i, o, f, g = np.split(run(inputs, step) + run(recurrent, h), 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
    assert h == pytest.approx(answer(model, x)[-1, 0, 0], rel=1e-4, abs=1e-5)


def test_gru_in_two_directions(tmp_path: Path) -> None:
    constants = {"W": floats(2, 9, 4), "R": floats(2, 9, 3), "B": floats(2, 18)}
    node = helper.make_node("GRU", ["x", "W", "R", "B"], ["y"], name="g", hidden_size=3,
                            direction="bidirectional")
    path = write(tmp_path / "gru.onnx", model_of([node], constants, (2, 1, 4)))
    assert [entry.name for entry in list_layers(path)] == ["g.W.0", "g.W.1", "g.R.0", "g.R.1"]
    layer = load_layer(path, "g.R.1")
    assert np.array_equal(layer.weights, constants["R"][1])
    assert np.array_equal(layer.bias, constants["B"][1, 9:])


def test_layers_inside_a_branch(tmp_path: Path) -> None:
    branch = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["z"], name="inner")], "then", [],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, None)],
    )
    nodes = [helper.make_node("If", ["c"], ["y"], then_branch=branch, else_branch=branch)]
    model = model_of(nodes, {"w": floats(3, 2), "c": np.array(True)}, (1, 3))
    path = write(tmp_path / "if.onnx", model)
    assert [entry.name for entry in list_layers(path)] == ["inner#0", "inner#1"]
    assert load_layer(path, "inner#1").shape == (2, 3)


@pytest.mark.parametrize("kind", [TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE])
def test_other_float_types(tmp_path: Path, kind: int) -> None:
    tensor = helper.make_tensor("w", kind, [2, 2], [1.0, -2.0, 0.5, 0.0])
    model = model_of([helper.make_node("MatMul", ["x", "w"], ["y"])], {}, (1, 2))
    model.graph.initializer.append(tensor)
    layer = load_layer(write(tmp_path / "w.onnx", model))
    assert np.array_equal(layer.weights, [[1, 0.5], [-2, 0]])


def matmul_model(tensor: Any) -> Any:
    model = model_of([helper.make_node("MatMul", ["x", "w"], ["y"])], {}, (1, 2))
    model.graph.initializer.append(tensor)
    return model


def external(location: str, **entries: int) -> Any:
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[2, 2])
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **entries}.items():
        tensor.external_data.add(key=key, value=str(value))
    return tensor


def test_external_data_beside_the_model(tmp_path: Path) -> None:
    values = floats(2, 2)
    (tmp_path / "m.data").write_bytes(b"12345678" + values.tobytes())
    path = write(tmp_path / "m.onnx", matmul_model(external("m.data", offset=8, length=16)))
    assert np.array_equal(load_layer(path).weights, values.T)


@pytest.mark.parametrize(
    ("location", "entries", "text"),
    [
        ("../secret.data", {}, "outside"),
        ("sub/../../secret.data", {}, "outside"),
        ("link.data", {}, "outside"),
        ("ABSOLUTE", {}, "outside"),
        ("none.data", {}, "holds 0"),
        (".", {}, "holds 0"),
        ("m.data", {"offset": 4}, "holds 16"),
        ("m.data", {"offset": -4}, "holds 16"),
        ("m.data", {"length": 12}, "holds 16"),
        ("m.data", {"offset": "x"}, "not described"),
        ("m\0.data", {}, "not described|outside|cannot be read"),
    ],
)
def test_hostile_external_data(
    tmp_path: Path, location: str, entries: dict[str, Any], text: str
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    secret = tmp_path / "secret.data"
    for file in (secret, folder / "m.data"):
        file.write_bytes(bytes(16))
    (folder / "link.data").symlink_to(secret)
    tensor = external(location.replace("ABSOLUTE", str(secret)), **entries)
    with pytest.raises(FormatError, match=text) as caught:
        load_layer(write(folder / "m.onnx", matmul_model(tensor)))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("dims", "data", "text"),
    [
        ([2, 2], {"raw_data": bytes(12)}, "stores 12"),
        ([1 << 40, 1 << 40], {"raw_data": bytes(16)}, "largest array"),
        ([1 << 20, 1 << 8], {"raw_data": bytes(16)}, "stores 16"),
        ([1 << 20, 1 << 8], {"float_data": [1.0]}, "damaged"),
        ([2, 2], {"raw_data": np.full(4, np.nan, np.float32).tobytes()}, "finite"),
        ([-1, 2], {"raw_data": bytes(16)}, "no layer found"),
        ([], {"raw_data": bytes(4)}, "no layer found"),
    ],
)
def test_a_hostile_tensor(
    tmp_path: Path, dims: list[int], data: dict[str, Any], text: str
) -> None:
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=dims, **data)
    with pytest.raises(InputError, match=text) as caught:
        load_layer(write(tmp_path / "w.onnx", matmul_model(tensor)))
    assert "\n" not in str(caught.value)


def layers_or_refusal(path: Path) -> list[Layer] | str:
    """Every layer, or the error's text; any other exception goes through."""
    try:
        return [entry.load() for entry in list_layers(path)]
    except AccelsimError as problem:
        return str(problem)


def test_truncated_at_every_byte(tmp_path: Path) -> None:
    data = mlp().SerializeToString()
    path = tmp_path / "cut.onnx"
    outcomes = []
    for length in range(len(data)):
        path.write_bytes(data[:length])
        outcomes.append(layers_or_refusal(path))
    # A cut between two top-level fields is a whole message; it may lack nothing that counts.
    refused = [outcome for outcome in outcomes if isinstance(outcome, str)]
    assert len(refused) > 0.95 * len(data)
    assert all(line.isprintable() for line in refused)


@pytest.mark.parametrize(
    "model",
    [matmul_model(numpy_helper.from_array(floats(2, 2), "w")), matmul_model(external("m.data"))],
    ids=["inside", "external"],
)
def test_every_byte_changed(tmp_path: Path, model: Any) -> None:
    data = model.SerializeToString()
    path = tmp_path / "changed.onnx"
    for at in range(len(data)):
        for value in (data[at] ^ 0xFF, data[at] ^ 0x01, 0x7F, 0x0A):
            path.write_bytes(data[:at] + bytes([value]) + data[at + 1:])
            outcome = layers_or_refusal(path)
            assert isinstance(outcome, list) or outcome.isprintable()


def test_scaling_that_overflows(tmp_path: Path) -> None:
    node = helper.make_node("Gemm", ["x", "w"], ["y"], alpha=3e38)
    with pytest.raises(FormatError, match="finite"):
        load_layer(write(tmp_path / "w.onnx", model_of([node], {"w": floats(2, 2) + 9}, (1, 2))))


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "mlp.onnx", mlp())
    real = builtins.__import__

    def without_onnx(name: str, *rest: Any, **named: Any) -> Any:
        if name.split(".")[0] == "onnx":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without_onnx)
    with pytest.raises(InputError, match=r"needs the extra 'onnx'; pip install 'accelsim\[onnx\]'"):
        load_layer(path)


def test_the_model_is_valid() -> None:
    onnx.checker.check_model(shape_inference.infer_shapes(mlp()))
