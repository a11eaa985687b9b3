"""Recurrent layers of ONNX files as whole cells: outputs are onnxruntime's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper

from accelsim.errors import AccelsimError
from accelsim.lowering.float_run import float_outputs
from accelsim.records.lineage import check_sequence
from accelsim.workload.cells import chosen_entries, recurrent_contents
from tests.workload.onnx_models import Array, floats, node, stored

STEPS, CHANNELS, INPUTS, CELLS = 7, 3, 5, 4
GATES = {"LSTM": 4, "GRU": 3}


def cell_constants(operator: str, directions: int, width: int, tail: str = "") -> dict[str, Array]:
    rows = GATES[operator] * CELLS
    return {f"W{tail}": floats(directions, rows, width),
            f"R{tail}": floats(directions, rows, CELLS),
            f"B{tail}": floats(directions, 2 * rows), f"P{tail}": floats(directions, 3 * CELLS)}


def save(path: Path, nodes: list[Any], constants: dict[str, Any], axes: Any = None) -> Path:
    shape = axes or [STEPS, CHANNELS, INPUTS]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
    if any("lens" in n.input for n in nodes):
        inputs.append(helper.make_tensor_value_info("lens", TensorProto.INT32, [CHANNELS]))
    graph = helper.make_graph(
        nodes, "g", inputs, [helper.make_empty_tensor_value_info("y")],
        [stored(name, value) for name, value in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=10)
    path.write_bytes(model.SerializeToString())
    return path


def by_onnxruntime(path: Path, **given: Any) -> Array:
    """The model's output, (steps, channels, directions x cells)."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path.read_bytes(), options)
    (y,) = session.run(None, given)
    return y.transpose(0, 2, 1, 3).reshape(*y.shape[:1], y.shape[2], -1)


def outputs(path: Path, x: Array, lengths: Any = None, names: list[str] | None = None) -> Array:
    """What the last layers give, side by side."""
    entries = chosen_entries(path, recurrent_contents(path), names)
    layers = [entry.load() for entry in entries]
    check_sequence(layers)
    made = float_outputs(layers, x, lengths)
    return np.concatenate(made[-2:] if layers[-1].beside else made[-1:], axis=2)


def forms() -> list[tuple[str, str, dict[str, Any]]]:
    """(operator, its inputs, attributes) of every form that is read."""
    found = []
    for direction in ("forward", "reverse", "bidirectional"):
        two = 1 + (direction == "bidirectional")
        found += [
            ("LSTM", "x W R B", {"direction": direction}),
            ("LSTM", "x W R", {"direction": direction}),
            ("LSTM", "x W R B - - - P", {"direction": direction}),
            ("LSTM", "x W R B lens", {"direction": direction}),
            ("GRU", "x W R B", {"direction": direction}),
            ("GRU", "x W R B lens", {"direction": direction, "linear_before_reset": 1}),
            ("LSTM", "x W R B", {"direction": direction,
                                 "activations": ["Sigmoid", "Sigmoid", "Tanh"] * two}),
        ]
    return found


@pytest.mark.parametrize(("operator", "inputs", "attributes"), forms())
def test_a_cell_is_read(
    tmp_path: Path, operator: str, inputs: str, attributes: dict[str, Any]
) -> None:
    two = attributes["direction"] == "bidirectional"
    path = save(tmp_path / "m.onnx", [
        node(operator, inputs, name="rnn", hidden_size=CELLS, **attributes)],
        cell_constants(operator, 1 + two, INPUTS))
    x = floats(STEPS, CHANNELS, INPUTS)
    given: dict[str, Any] = {"x": x}
    lengths = None
    if "lens" in inputs:
        lengths = given["lens"] = np.array([STEPS, 2, 4], np.int32)
    assert np.abs(outputs(path, x, lengths) - by_onnxruntime(path, **given)).max() < 1e-5
    names = [entry.name for entry in recurrent_contents(path).layers]
    assert names == (["rnn.forward", "rnn.reverse"] if two else ["rnn"])


def stack(operator: str, two: bool, moves: list[Any], between: dict[str, Any], last: str) -> Any:
    """Nodes and constants of two layers with something between them."""
    direction = "bidirectional" if two else "forward"
    width = CELLS * (1 + two)
    nodes = [node(operator, "x W R B", "y0", name="one", hidden_size=CELLS, direction=direction),
             *moves, node(operator, f"{last} W2 R2 B2", "y", name="two", hidden_size=CELLS,
                          direction=direction)]
    constants = cell_constants(operator, 1 + two, INPUTS) | cell_constants(
        operator, 1 + two, width, "2") | between
    return nodes, {name: value for name, value in constants.items() if name[0] != "P"}


SIDE_BY_SIDE = [node("Transpose", "y0", "t", perm=[0, 2, 1, 3]), node("Reshape", "t s", "r")]
FOLLOWING = {
    "squeezed": ("LSTM", False, [node("Squeeze", "y0 a", "q")], {"a": np.array([1])}, "q"),
    "a GRU, moved and back": ("GRU", False, [
        node("Squeeze", "y0 a", "q"), node("Transpose", "q", "t", perm=[1, 0, 2]),
        node("Transpose", "t", "u", perm=[1, 0, 2])], {"a": np.array([1])}, "u"),
    "both directions": ("LSTM", True, SIDE_BY_SIDE, {"s": np.array([0, 0, -1])}, "r"),
    "reshaped by its own shape": ("LSTM", False, [
        node("Transpose", "y0", "t", perm=[0, 2, 1, 3]), node("Shape", "y0", "n"),
        node("Gather", "n order", "m"), node("Slice", "m zero two", "k"),
        node("Concat", "k rest", "s", axis=0), node("Reshape", "t s", "r")],
        {"order": np.array([0, 2, 1, 3]), "zero": np.array([0]), "two": np.array([2]),
         "rest": np.array([-1])}, "r"),
    "both directions of a GRU": ("GRU", True, SIDE_BY_SIDE,
                                 {"s": np.array([STEPS, CHANNELS, 2 * CELLS])}, "r"),
}


@pytest.mark.parametrize("case", FOLLOWING)
def test_layers_follow_each_other(tmp_path: Path, case: str) -> None:
    path = save(tmp_path / "m.onnx", *stack(*FOLLOWING[case]))
    x = floats(STEPS, CHANNELS, INPUTS)
    assert np.abs(outputs(path, x) - by_onnxruntime(path, x=x)).max() < 1e-5
    assert {entry.module for entry in recurrent_contents(path).layers} in ({"one"},)


APART = {
    "directions in each other's place": ("LSTM", True, [node("Reshape", "y0 s", "r")],
                                         {"s": np.array([STEPS, CHANNELS, 2 * CELLS])}, "r"),
    "reshaped to another shape": ("LSTM", False, [
        node("Shape", "y0", "n"), node("Gather", "n order", "m"), node("Reshape", "y0 m", "r")],
        {"order": np.array([2, 0, 3])}, "r"),
    "a ReLU between": ("LSTM", False, [node("Squeeze", "y0 a", "q"), node("Relu", "q", "v")],
                       {"a": np.array([1])}, "v"),
    "steps for channels": ("GRU", False, [node("Squeeze", "y0 a", "q"),
                                          node("Transpose", "q", "t", perm=[1, 0, 2])],
                           {"a": np.array([1])}, "t"),
}


@pytest.mark.parametrize("case", APART)
def test_something_between_is_seen(tmp_path: Path, case: str) -> None:
    path = save(tmp_path / "m.onnx", *stack(*APART[case]))
    with pytest.raises(AccelsimError, match="choose with -l"):
        outputs(path, floats(STEPS, CHANNELS, INPUTS))
    with pytest.raises(AccelsimError, match="something stands between"):
        outputs(path, floats(STEPS, CHANNELS, INPUTS), names=["one", "two"])


REFUSED: dict[str, tuple[dict[str, Any], str, dict[str, Any], str]] = {
    "activations": ({"activations": ["Sigmoid", "Relu", "Tanh"]}, "x W R B", {}, "activations"),
    "clip": ({"clip": 1.0}, "x W R B", {}, "clip: the cell"),
    "input_forget": ({"input_forget": 1}, "x W R B", {}, "input_forget"),
    "a first state": ({}, "x W R B - h", {"h": np.ones((1, CHANNELS, CELLS), np.float32)},
                      "first state h is not zero"),
    "a computed R": ({}, "x W x", {}, "its matrix x is computed"),
    "peepholes of another shape": ({}, "x W R B - - - B", {}, "peepholes B are of shape"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_another_cell_is_refused_by_name(tmp_path: Path, case: str) -> None:
    attributes, inputs, more, reason = REFUSED[case]
    path = save(tmp_path / "m.onnx", [
        node("LSTM", inputs, name="rnn", hidden_size=CELLS, **attributes)],
        cell_constants("LSTM", 1, INPUTS) | more)
    contents = recurrent_contents(path)
    assert not contents.layers
    assert contents.refused[0].name == "rnn"
    assert reason in contents.refused[0].reason
    with pytest.raises(AccelsimError, match="is not read as a layer"):
        chosen_entries(path, contents, ["rnn"])


def test_a_zero_first_state_is_a_run_from_zero(tmp_path: Path) -> None:
    zero = np.zeros((1, CHANNELS, CELLS), np.float32)
    path = save(tmp_path / "m.onnx", [
        node("LSTM", "x W R B - h h", name="rnn", hidden_size=CELLS)],
        cell_constants("LSTM", 1, INPUTS) | {"h": zero})
    x = floats(STEPS, CHANNELS, INPUTS)
    assert np.abs(outputs(path, x) - by_onnxruntime(path, x=x)).max() < 1e-5
    assert not recurrent_contents(path).layers[0].notes
