"""A sound ONNX model that has all that the reader folds or walks into, and how it is read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file

from accelsim.workload import file_contents
from accelsim.workload.array_shards import ShardedFile


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


def make_codes(folder: Path) -> list[Path]:
    """Operators on integer codes, one behind the other."""
    def make(op: str, inputs: str, output: str, **attributes: Any) -> Any:
        names = ["" if i == "-" else i for i in inputs.split()]
        return helper.make_node(op, names, output.split(), **attributes)

    values: dict[str, Any] = {
        "s": np.float32(0.5), "z": np.uint8(9), "zw": np.int8(1), "b": np.ones(4, np.int32),
        "w": np.arange(24, dtype=np.int8).reshape(6, 4), "bits": np.zeros((5, 1, 16), np.uint8),
        "each": np.ones(5, np.float32), "w5": np.ones((1, 5, 8), np.int8),
        "r5": np.ones((1, 2, 8), np.int8), "s8": np.ones((1, 8), np.float32),
        "z8": np.zeros((1, 8), np.int8), "k": np.ones((3, 1, 2), np.uint8)}
    micro = {"domain": "com.microsoft"}
    nodes = [
        make("QuantizeLinear", "x s z", "q"), make("QLinearMatMul", "q s z w s zw s z", "h"),
        make("QGemm", "q s z w s zw b s z", "h2", **micro), make("DequantizeLinear", "h s z", "d"),
        make("DynamicQuantizeLinear", "x", "c cs cz"), make("MatMulInteger", "c w cz zw", "i"),
        make("Cast", "i", "f", to=1), make("Mul", "cs s", "m"), make("Mul", "f m", "y"),
        make("MatMulNBits", "x bits each", "n", K=6, N=5, bits=4, block_size=32, **micro),
        make("DynamicQuantizeLSTM", "n w5 r5 - - - - - s8 z8 s8 z8", "l", hidden_size=2, **micro),
        make("QLinearConv", "q s z k s z s z", "v"),
        make("FusedGemm", "d each", "g", activation="Relu", **micro)]
    graph = helper.make_graph(
        nodes, "net", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 6])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(v, k) for k, v in values.items()])
    onnx.save(helper.make_model(graph, opset_imports=[
        helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]),
        folder / "codes.onnx")
    return [folder / "codes.onnx"]


def make_shards(folder: Path) -> list[Path]:
    """The index is what is damaged; its files are whole, beside the copy, too."""
    arrays = {"fc1.weight": np.ones((4, 6), np.float32), "fc2.weight": np.ones((3, 4), np.float32)}
    for name, array in arrays.items():
        for place in (folder, folder.parent):
            save_file({name: array}, place / f"{name}.safetensors")
    index = folder / "m.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {n: f"{n}.safetensors" for n in arrays}}))
    return [index]


def read_shards(path: Path) -> None:
    file = ShardedFile(path)
    for name in file.arrays:
        file.read(name)


def read_folded(path: Path) -> None:
    contents = file_contents(path)
    for left_out in contents.skipped:
        assert str(left_out).isprintable()
    for entry in contents.layers:
        layer = entry.load()
        assert layer.shape == (entry.n_outputs, entry.n_inputs)
        assert (layer.bias is not None) == entry.has_bias
