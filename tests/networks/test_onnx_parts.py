"""Parts of values, and a number an element, in ONNX files: what detectors are made of."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

import accelsim
from accelsim.lowering.network_floats import run_floats
from accelsim.records.host_elementwise import Affine
from accelsim.records.host_layout import Slice
from tests.networks.test_onnx_graph import check
from tests.workload.onnx_models import floats, node, save

WHOLE = {f"n{n}".replace("-", "m"): np.array([n]) for n in (-9, -3, -1, 0, 1, 2, 3, 4, 9)}
ENDS = {"low": np.array([1, -6]), "high": np.array([4, 1 << 60]), "axes": np.array([-1, 1]),
        "by": np.array([2, 1])}

PARTS: dict[str, tuple[list[Any], int]] = {
    "channels": ([node("Slice", "c n2 n9 n1")], 1),
    "from the end": ([node("Slice", "c nm3 nm1 n2")], 1),
    "every other pixel": ([node("Slice", "c low high axes by")], 1),
    "focus": ([*(node("Slice", f"c n{y} n9 n2 n2", f"r{y}") for y in (0, 1)),
               *(node("Slice", f"r{y} n{x} n9 n3 n2", f"p{y}{x}") for y in (0, 1)
                 for x in (0, 1)), node("Concat", "p00 p10 p01 p11", axis=1)], 6),
    "all of it": ([node("Slice", "c n0 n9 n1", "d"), node("Relu", "d")], 0),
    "halves": ([node("Split", "c", "a b", axis=1, num_outputs=2),
                node("Concat", "b a", axis=1)], 2),
    "lengths": ([node("Split", "c l", "a b d", axis=1), node("Add", "a d")], 2),
    "difference": ([node("Split", "c", "a b", axis=1, num_outputs=2),
                    node("Sub", "a b")], 2),
}
EACH: dict[str, list[Any]] = {
    "Add": [node("Add", "c k")], "Mul": [node("Mul", "k c")], "Sub": [node("Sub", "c k")],
    "from a constant": [node("Sub", "k c")], "Div": [node("Div", "c k")],
    "rows": [node("Mul", "c rows")], "pixels": [node("Add", "c pixels")],
}


@pytest.mark.parametrize("what", PARTS)
def test_parts(tmp_path, what):
    behind, n_slices = PARTS[what]
    constants = {"w": floats(6, 3, 1, 1), "l": np.array([2, 2, 2]), **WHOLE, **ENDS}
    nodes = [node("Conv", "x w", "c", name="conv"), *behind]
    used = {name for one in nodes for name in one.input}
    network = check(save(tmp_path / "m.onnx", nodes, {
        name: value for name, value in constants.items() if name in used}, [1, 3, 6, 8]))
    assert sum(isinstance(n.work, Slice) for n in network.nodes) == n_slices


@pytest.mark.parametrize("what", EACH)
def test_a_number_an_element(tmp_path, what):
    constants = {"k": floats(1, 4, 5, 6), "rows": floats(5, 1), "pixels": floats(1, 1, 5, 6)}
    nodes = [node("Conv", "x w", "c", name="conv"), *EACH[what]]
    used = {name for one in nodes for name in one.input}
    network = check(save(tmp_path / "m.onnx", nodes, {"w": floats(4, 3, 2, 2), **{
        name: value for name, value in constants.items() if name in used}}, [1, 3, 6, 7]))
    (work,) = [n.work for n in network.nodes if n.on_host]
    assert isinstance(work, Affine)
    assert work.kind == "scale and shift"


def test_several_outputs_follow_each_other(tmp_path):
    """Of a detector: none is left out, and the work before one counts once."""
    nodes = [node("Conv", "x w", "c", name="conv"), node("Relu", "c", "r"),
             node("Conv", "r v", "a", name="boxes"), node("Sigmoid", "c", "b")]
    path = save(tmp_path / "m.onnx", nodes, {"w": floats(4, 3, 1, 1), "v": floats(2, 4, 3, 3)},
                [1, 3, 6, 7])
    model = onnx.load(path)
    model.graph.output[0].name = "a"
    model.graph.output.append(onnx.helper.make_tensor_value_info("b", 1, None))
    onnx.save(model, path)
    network, images = accelsim.load_network(path), floats(2, 3, 6, 7)
    session = onnxruntime.InferenceSession(path)
    wanted = [np.concatenate([part.ravel() for part in session.run(None, {"x": image[None]})])
              for image in images]
    assert np.allclose(run_floats(network, images)[network.output], wanted, atol=1e-5)
    assert network.note == "2 outputs, one behind the other in its result: a 2x4x5, b 4x6x7"
