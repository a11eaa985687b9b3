"""LSTM and GRU nodes: W and R by onnxruntime's own cells; what changes the cell is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from accelsim.workload import file_contents
from tests.workload.onnx_judge import deviation
from tests.workload.onnx_models import Array, floats, node, save

HIDDEN, INPUTS = 3, 4
GATES = {"LSTM": 4, "GRU": 3}
ORDER = {"LSTM": (0, 3, 1, 2), "GRU": (1, 0, 2)}  # ONNX's gates among PyTorch's rows


def parts(operator: str, directions: int) -> dict[str, Array]:
    rows = GATES[operator] * HIDDEN
    return {"W": floats(directions, rows, INPUTS), "R": floats(directions, rows, HIDDEN),
            "B": floats(directions, 2 * rows)}


def model(path: Path, operator: str, constants: dict[str, Any], inputs: str = "x W R B",
          before: Any = (), **attributes: Any) -> Path:
    cell = node(operator, inputs, name="rnn", **{"hidden_size": HIDDEN} | attributes)
    return save(path, [*before, cell], constants, [5, 2, INPUTS])


@pytest.mark.parametrize("operator", GATES)
@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
def test_a_cell_is_read(tmp_path: Path, operator: str, direction: str) -> None:
    two = direction == "bidirectional"
    more = {"linear_before_reset": 1} if operator == "GRU" else {}
    path = model(tmp_path / "m.onnx", operator, parts(operator, 1 + two), direction=direction,
                 **more)
    contents = file_contents(path)
    endings = (".0", ".1") if two else ("",)
    names = [f"rnn.{letter}{ending}" for letter in "WR" for ending in endings]
    assert [entry.name for entry in contents.layers] == names
    notes = contents.layers[0].load().provenance
    assert (notes["direction"], notes["layout"], notes["sequence_lens"]) == (direction, 0, False)
    assert notes.get("linear_before_reset") == more.get("linear_before_reset")
    assert deviation(path, {"x": floats(5, 2, INPUTS)}) == {
        name: pytest.approx(0, abs=1e-6) for name in names}


@pytest.mark.parametrize("operator", GATES)
def test_a_cell_of_folded_constants(tmp_path: Path, operator: str) -> None:
    """As exporters write it: rows in another order, cut, joined and given a direction's axis."""
    before, constants = [], {"z": np.array([0])}
    for letter, columns in (("W", INPUTS), ("R", HIDDEN)):
        constants[letter + "0"] = floats(GATES[operator] * HIDDEN, columns)
        cuts = []
        for gate in ORDER[operator]:
            cut = f"{letter}{gate}"
            ends = {f"{cut}s": np.array([gate * HIDDEN]),
                    f"{cut}e": np.array([(gate + 1) * HIDDEN])}
            constants |= ends
            before.append(node("Slice", f"{letter}0 {' '.join(ends)} z", f"{cut}c"))
            cuts.append(f"{cut}c")
        before.append(node("Concat", " ".join(cuts), f"{letter}t", axis=0))
        before.append(node("Unsqueeze", f"{letter}t z", letter))
    path = model(tmp_path / "m.onnx", operator, constants, "x W R", before)
    assert deviation(path, {"x": floats(5, 2, INPUTS)}) == {
        name: pytest.approx(0, abs=1e-6) for name in ("rnn.W", "rnn.R")}


def no_default(operator: str) -> dict[str, Any]:
    return {"activations": ["Sigmoid", "Relu", "Tanh"][: 3 if operator == "LSTM" else 2]}


REFUSED: dict[str, tuple[str, dict[str, Any], str, dict[str, Any], str]] = {
    "activations": ("LSTM", no_default("LSTM"), "x W R B", {}, "activations Sigmoid, Relu, Tanh"),
    "activations of a GRU": ("GRU", no_default("GRU"), "x W R B", {}, "activations Sigmoid, Relu"),
    "clip": ("LSTM", {"clip": 1.0}, "x W R B", {}, "clip: the cell is not"),
    "input_forget": ("LSTM", {"input_forget": 1}, "x W R B", {}, "input_forget"),
    "peepholes": ("LSTM", {}, "x W R B - - - P", {"P": floats(1, 9)}, "peepholes"),
    "direction": ("LSTM", {"direction": "sideways"}, "x W R B", {}, "direction 'sideways'"),
    "a computed R": ("LSTM", {}, "x W x", {}, "its matrix x is computed"),
    "computed biases": ("LSTM", {}, "x W R x", {}, "its biases x are computed"),
    "biases of another shape": ("LSTM", {}, "x W R P", {"P": floats(1, 9)},
                                r"biases P are of shape \(1, 9\)"),
    "another hidden size": ("LSTM", {"hidden_size": 4}, "x W R B", {}, "do not fit"),
    "another number of gates": ("GRU", {}, "x W R", parts("LSTM", 1), "3 gates of 3 cells"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_another_cell_is_skipped_by_name(tmp_path: Path, case: str) -> None:
    operator, attributes, inputs, more, reason = REFUSED[case]
    path = model(tmp_path / "m.onnx", operator, parts(operator, 1) | more, inputs, **attributes)
    contents = file_contents(path)
    assert not contents.layers
    (left_out,) = contents.skipped
    assert left_out.name == "rnn"
    assert re.search(reason, left_out.reason), left_out.reason


def test_a_plain_recurrent_layer_is_skipped_by_name(tmp_path: Path) -> None:
    rnn = node("RNN", "x W R", name="rnn", hidden_size=HIDDEN)
    constants = {"W": floats(1, HIDDEN, INPUTS), "R": floats(1, HIDDEN, HIDDEN)}
    path = save(tmp_path / "m.onnx", [rnn], constants, [5, 2, INPUTS])
    (left_out,) = file_contents(path).skipped
    assert (left_out.name, left_out.shape) == ("rnn", (1, HIDDEN, INPUTS))
    assert "plain recurrent" in left_out.reason
