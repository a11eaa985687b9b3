"""A sound ONNX model that has all that the reader folds or walks into, and how it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from accelsim.workload import file_contents


def make_folded(folder: Path) -> list[Path]:
    def make(op: str, inputs: str, output: str, **attributes: Any) -> Any:
        return helper.make_node(op, inputs.split(), [output], **attributes)

    rng = np.random.default_rng(2)
    values = {
        "v": rng.standard_normal((4, 6)), "u": rng.standard_normal((2, 4)), "b": np.ones((1, 1, 4)),
        "W": rng.standard_normal((9, 4)), "R": rng.standard_normal((1, 9, 3)),
        "k": rng.standard_normal((2, 1, 3)), "e": rng.standard_normal((3, 2)),
    }
    tensors = [numpy_helper.from_array(v.astype(np.float32), k) for k, v in values.items()]
    tensors += [numpy_helper.from_array(np.array([n]), f"i{n}") for n in (0, 1, 4)]
    tensors += [numpy_helper.from_array(np.arange(8, dtype=np.int8).reshape(2, 4), "q"),
                numpy_helper.from_array(np.float32(0.5), "scale")]
    branch = helper.make_graph(
        [make("Identity", "e", "e2"), make("MatMul", "y2 e2", "z")], "branch", [],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, None)])
    dense = helper.make_function(
        "own", "Dense", ["x", "w"], ["y"],
        [make("Transpose", "w", "t", perm=[1, 0]), make("MatMul", "x t", "y")],
        [helper.make_opsetid("", 21)])
    sparse = helper.make_sparse_tensor(
        numpy_helper.from_array(np.ones(2, np.float32), "s"),
        numpy_helper.from_array(np.array([1, 5])), [2, 3])
    nodes = [
        make("Slice", "v i0 i4 i1", "cut"), make("Concat", "cut u", "w", axis=0),
        make("MatMul", "x w", "h"), make("Add", "h b", "a"), make("Relu", "a", "r"),
        make("Unsqueeze", "W i0", "W1"), make("GRU", "r W1 R", "g", hidden_size=3),
        make("Conv", "g k", "c"), make("DequantizeLinear", "q scale", "d"),
        make("Dense", "c d", "y1", domain="own"), make("MatMul", "y1 s", "y2"),
        make("If", "go", "y", then_branch=branch, else_branch=branch),
    ]
    graph = helper.make_graph(
        nodes, "net", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 6]),
                       helper.make_tensor_value_info("go", TensorProto.BOOL, [])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], tensors,
        sparse_initializer=[sparse])
    model = helper.make_model(graph, functions=[dense], opset_imports=[
        helper.make_opsetid("", 21), helper.make_opsetid("own", 1)])
    onnx.save(model, folder / "folded.onnx")
    return [folder / "folded.onnx"]


def read_folded(path: Path) -> None:
    contents = file_contents(path)
    for left_out in contents.skipped:
        assert str(left_out).isprintable()
    for entry in contents.layers:
        layer = entry.load()
        assert layer.shape == (entry.n_outputs, entry.n_inputs)
        assert (layer.bias is not None) == entry.has_bias
