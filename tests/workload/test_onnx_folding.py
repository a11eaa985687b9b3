"""Weights and biases that a model computes from its constants, judged by onnxruntime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from accelsim.errors import FormatError
from accelsim.workload import file_contents, load_layer
from tests.workload.onnx_judge import deviation
from tests.workload.onnx_models import constant, floats, node, save

PRODUCT = node("MatMul", "x w", name="fc")
W = floats(6, 4)  # inputs x outputs


def i64(*values: int) -> Any:
    return np.array(values, np.int64)


# What stands before the product; each gives w, (6, 4).
WEIGHTS: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "Transpose": ([node("Transpose", "v", "w", perm=[1, 0])], {"v": W.T}),
    "Cast": ([node("Cast", "v", "w", to=TensorProto.FLOAT)], {"v": W.astype(np.float16)}),
    "Cast from double": ([node("Cast", "v", "w", to=TensorProto.FLOAT)], {"v": W.astype("f8")}),
    "Reshape": ([node("Reshape", "v s", "w")], {"v": W.reshape(2, 12), "s": i64(-1, 4)}),
    "Squeeze": ([node("Squeeze", "v a", "w")], {"v": W[None], "a": i64(0)}),
    "Unsqueeze": ([node("Unsqueeze", "v a", "w")], {"v": W, "a": i64(0)}),
    "Slice": ([node("Slice", "v s e a", "w")],
              {"v": floats(9, 4), "s": i64(2), "e": i64(8), "a": i64(0)}),
    "Slice with steps": ([node("Slice", "v s e a t", "w")],
                         {"v": floats(12, 4), "s": i64(0), "e": i64(12), "a": i64(0), "t": i64(2)}),
    "Concat": ([node("Concat", "v u", "w", axis=0)], {"v": floats(2, 4), "u": floats(4, 4)}),
    "Identity": ([node("Identity", "v", "u"), node("Identity", "u", "w")], {"v": W}),
    "Split": ([node("Split", "v", "u w", axis=1, num_outputs=2)], {"v": floats(6, 8)}),
    "Gather": ([node("Gather", "v i", "w", axis=0)], {"v": floats(9, 4), "i": i64(*range(6))}),
    "Pad": ([node("Pad", "v p", "w")], {"v": floats(5, 4), "p": i64(0, 0, 1, 0)}),
    "Expand": ([node("Expand", "v s", "w")], {"v": floats(6, 1), "s": i64(6, 4)}),
    "Where": ([node("Where", "m v z", "w")],
              {"m": W > 0, "v": W, "z": np.zeros((), np.float32)}),
    "mask": ([node("Mul", "v m", "w")], {"v": W, "m": (W > 0).astype(np.float32)}),
    "weight norm": (
        [node("ReduceL2", "v a", "n", keepdims=1), node("Div", "v n", "u"),
         node("Mul", "u g", "w")],
        {"v": W, "g": floats(1, 4), "a": i64(0)}),
    "LoRA": ([node("MatMul", "a b", "ab"), node("Add", "v ab", "w")],
             {"v": W, "a": floats(6, 2), "b": floats(2, 4)}),
    "DequantizeLinear": (
        [node("DequantizeLinear", "v s z", "w", axis=1)],
        {"v": np.arange(24, dtype=np.int8).reshape(6, 4), "s": np.abs(floats(4)),
         "z": np.array([1, 2, 3, 4], np.int8)}),
    "DequantizeLinear of unsigned": (
        [node("DequantizeLinear", "v s z", "w")],
        {"v": np.arange(24, dtype=np.uint8).reshape(6, 4), "s": np.float32(0.25),
         "z": np.uint8(9)}),
    "DequantizeLinear in blocks": (
        [node("DequantizeLinear", "v s", "w", axis=0, block_size=3)],
        {"v": np.arange(24, dtype=np.int8).reshape(6, 4), "s": np.abs(floats(2, 4))}),
    "DequantizeLinear of 4 bits": (
        [node("DequantizeLinear", "v s", "w")],
        {"v": helper.make_tensor("v", TensorProto.INT4, [6, 4], [k % 16 - 8 for k in range(24)]),
         "s": np.float32(0.5)}),
    "turned, cut and joined": (
        [node("Transpose", "v", "t", perm=[1, 0]), node("Slice", "t s e a", "c"),
         node("Concat", "c u", "w", axis=0)],
        {"v": floats(4, 5), "u": floats(3, 4), "s": i64(1), "e": i64(4), "a": i64(0)}),
    "a shape that is computed": (
        [node("Shape", "like", "k"), node("Gather", "k two", "r"), node("Concat", "r four", "s",
                                                                        axis=0),
         node("Reshape", "v s", "w")],
        {"v": W.reshape(-1), "like": np.zeros((2, 6), np.float32), "two": i64(1),
         "four": i64(4)}),
    "Constant": ([constant("w", value=numpy_helper.from_array(W))], {}),
    "Constant of floats": ([constant("v", value_floats=W.reshape(-1).tolist()),
                            constant("s", value_ints=[6, 4]), node("Reshape", "v s", "w")], {}),
    "Constant of a float": ([constant("v", value_float=1.5), node("Mul", "u v", "w")], {"u": W}),
    "ConstantOfShape": (
        [node("ConstantOfShape", "s", "w", value=helper.make_tensor("", 1, [1], [0.5]))],
        {"s": i64(6, 4)}),
    "an empty Constant of an int": ([constant("k", value_int=0), node("Gather", "v k", "w")],
                                    {"v": floats(2, 6, 4)}),
}


@pytest.mark.parametrize("kind", WEIGHTS)
def test_weights_behind(tmp_path: Path, kind: str) -> None:
    nodes, constants = WEIGHTS[kind]
    path = save(tmp_path / "m.onnx", [*nodes, PRODUCT], constants, [3, 6])
    contents = file_contents(path)
    assert [str(entry) for entry in contents.layers] == ["fc (4 x 6)"]
    assert not contents.skipped
    assert deviation(path, {"x": floats(3, 6)}) == {"fc": pytest.approx(0, abs=1e-6)}


BIASES: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "plain": ([], {"b": floats(4)}),
    "(1, N)": ([], {"b": floats(1, 4)}),
    "(1, 1, N)": ([], {"b": floats(1, 1, 4)}),
    "one for all": ([], {"b": np.float32(0.75)}),
    "(1, 1)": ([], {"b": floats(1, 1)}),
    "Cast": ([node("Cast", "c", "b", to=TensorProto.FLOAT)], {"c": floats(4).astype(np.float16)}),
    "Squeeze": ([node("Squeeze", "c", "b")], {"c": floats(1, 4, 1)}),
    "DequantizeLinear": ([node("DequantizeLinear", "c s", "b")],
                         {"c": np.arange(4, dtype=np.int32) - 2, "s": np.float32(0.125)}),
}


@pytest.mark.parametrize(
    ("operator", "kind"),
    [(operator, kind) for operator in ("Gemm", "MatMul", "MatMul, turned around") for kind in BIASES
     if (operator, kind) != ("Gemm", "(1, 1, N)")],  # Gemm takes no third axis
)
def test_biases_behind(tmp_path: Path, operator: str, kind: str) -> None:
    nodes, constants = BIASES[kind]
    if operator == "Gemm":
        product = [node("Gemm", "x w b", "sum", name="fc", alpha=0.5, beta=2.0)]
    else:
        added = "h b" if operator == "MatMul" else "b h"
        product = [node("MatMul", "x w", "h", name="fc"), node("Add", added, "sum")]
    path = save(tmp_path / "m.onnx", [*nodes, *product, node("Relu", "sum")], {"w": W} | constants,
                [3, 6])
    (entry,) = file_contents(path).layers
    assert entry.has_bias
    assert entry.load().relu
    assert deviation(path, {"x": floats(3, 6)}) == {"fc": pytest.approx(0, abs=1e-6)}


def test_a_sparse_initializer(tmp_path: Path) -> None:
    """Onnxruntime wants flat places; the standard allows coordinates too."""
    values = floats(3)
    places = {"flat": (i64(1, 6, 23), [3]), "coordinates": (i64(0, 1, 1, 2, 5, 3), [3, 2])}
    for name, (numbers, shape) in places.items():
        sparse = helper.make_sparse_tensor(
            numpy_helper.from_array(values, "w"),
            numpy_helper.from_array(numbers.reshape(shape)), [6, 4])
        path = save(tmp_path / f"{name}.onnx", [PRODUCT], {}, [3, 6], sparse=[sparse])
        want = np.zeros((6, 4), np.float32)
        want[[0, 1, 5], [1, 2, 3]] = values
        assert np.array_equal(load_layer(path).weights, want.T)
    assert deviation(tmp_path / "flat.onnx", {"x": floats(3, 6)})["fc"] < 1e-6


@pytest.mark.parametrize("numbers", [[-1, 2, 3], [1, 1, 2], [3, 2, 1], [1, 2, 24]])
def test_a_hostile_sparse_initializer(tmp_path: Path, numbers: list[int]) -> None:
    sparse = helper.make_sparse_tensor(
        numpy_helper.from_array(floats(3), "w"), numpy_helper.from_array(i64(*numbers)), [6, 4])
    path = save(tmp_path / "m.onnx", [PRODUCT], {}, [3, 6], sparse=[sparse])
    with pytest.raises(FormatError, match="do not make a sparse tensor"):
        load_layer(path)


def test_functions_of_the_model(tmp_path: Path) -> None:
    """Weights given to a call, and weights inside of it; called twice, with an attribute."""
    dense = helper.make_function(
        "own", "Dense", ["x", "w"], ["y"],
        [node("Transpose", "w", "t", perm=[1, 0]), node("MatMul", "x t", "h", name="fc"),
         node("Relu", "h")], [helper.make_opsetid("", 21)])
    inside = helper.make_function(
        "own", "Head", ["x"], ["y"],
        [constant("w", value=numpy_helper.from_array(floats(3, 2))),
         node("MatMul", "x w", name="head")], [helper.make_opsetid("", 21)])
    nodes = [node("Dense", "x w1", "a", domain="own"), node("Dense", "a w2", "c", domain="own"),
             node("Head", "c", domain="own")]
    path = save(tmp_path / "m.onnx", nodes, {"w1": floats(5, 6), "w2": floats(3, 5)}, [2, 6],
                domains=["own"], functions=[dense, inside])
    contents = file_contents(path)
    assert [entry.load().shape for entry in contents.layers] == [(5, 6), (3, 5), (2, 3)]
    assert [entry.load().relu for entry in contents.layers] == [True, True, False]
    assert not contents.skipped
    flat = tmp_path / "flat.onnx"  # the same without functions: onnxruntime's names are the same
    onnx.save(onnx.inliner.inline_local_functions(onnx.load(path)), flat)
    assert len(found := deviation(flat, {"x": floats(2, 6)})) == 3
    assert max(found.values()) < 1e-6


def test_functions_that_would_not_end(tmp_path: Path) -> None:
    """A function that calls itself, and one that doubles forty times."""
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("own", 1)]
    own = helper.make_function("own", "F", ["x"], ["y"], [node("F", "x", domain="own")], opsets)
    double = [helper.make_function(
        "own", f"F{k}", ["x"], ["y"],
        [node(f"F{k + 1}", "x", "h", domain="own"), node(f"F{k + 1}", "h", domain="own")], opsets)
        for k in range(40)]
    last = helper.make_function("own", "F40", ["x"], ["y"], [node("Relu", "x")], opsets)
    for name, functions in (("F", [own]), ("F0", [*double, last])):
        path = save(tmp_path / "m.onnx", [node(name, "x", domain="own", name="call")], {}, [2, 6],
                    domains=["own"], functions=functions)
        (left_out,) = file_contents(path).skipped
        assert (left_out.name, left_out.kind) == ("call", f"own.{name}")
        assert "function of the model" in left_out.reason


def test_folding_is_bounded(tmp_path: Path) -> None:
    """A few bytes do not become gigabytes, nor a chain of doublings an endless work."""
    path = save(tmp_path / "big.onnx", [node("ConstantOfShape", "s", "w"), PRODUCT],
                {"s": i64(20_000, 20_000)}, [1, 20_000])
    assert str(file_contents(path).layers[0]) == "fc (20000 x 20000)"
    with pytest.raises(FormatError, match="fold the model's constants"):
        load_layer(path)
    nodes = [node("Add", f"w{k} w{k}", f"w{k + 1}") for k in range(60)]
    path = save(tmp_path / "add.onnx", [*nodes, node("MatMul", "x w60", name="fc")], {"w0": W},
                [3, 6])
    assert np.array_equal(load_layer(path).weights, W.T * np.float32(2.0 ** 60))


def test_listing_reads_no_weights(tmp_path: Path) -> None:
    """Shapes come from headers: the data may not even be there."""
    tensor = TensorProto(name="v", data_type=TensorProto.FLOAT, dims=[400, 600],
                         data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="none.data")
    nodes = [node("Transpose", "v", "t"), node("Slice", "t s e", "w"), PRODUCT]
    path = save(tmp_path / "m.onnx", nodes, {"v": tensor, "s": i64(0), "e": i64(500)}, [1, 500])
    (entry,) = file_contents(path).layers
    assert str(entry) == "fc (400 x 500)"
    with pytest.raises(FormatError, match="holds 0"):
        entry.load()


def test_a_folded_matrix_is_found_by_the_stored_name(tmp_path: Path) -> None:
    path = save(tmp_path / "m.onnx", [node("Transpose", "fc.weight", "w"), PRODUCT],
                {"fc.weight": W.T.copy()}, [3, 6])
    assert load_layer(path, "fc.weight").name == load_layer(path, "w").name == "fc"
