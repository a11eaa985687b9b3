"""Operands that are there: read as onnxruntime reads them, or the layer is skipped by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from accelsim.errors import InputError
from accelsim.workload import file_contents, list_layers, load_layer
from tests.workload.onnx_judge import deviation
from tests.workload.onnx_models import floats, node, save

W, B = floats(6, 4), floats(4)  # inputs x outputs; outputs

# Nodes, constants, the shape of x, and what the layer says: (bias, relu).
READ: dict[str, tuple[list[Any], dict[str, Any], list[int], tuple[bool, bool]]] = {
    "alpha and beta": (
        [node("Gemm", "x w b", name="fc", alpha=-0.5, beta=3.0)], {"w": W, "b": B}, [3, 6],
        (True, False)),
    "no beta without C": ([node("Gemm", "x w", name="fc", beta=3.0)], {"w": W}, [3, 6],
                          (False, False)),
    "alpha with an Add behind": (
        [node("Gemm", "x w", "h", name="fc", alpha=2.0), node("Add", "h b")], {"w": W, "b": B},
        [3, 6], (True, False)),
    "Gemm, the matrix on the left": (
        [node("Gemm", "w x b", name="fc", transA=1)], {"w": W, "b": B[:, None]}, [6, 5],
        (True, False)),
    "Gemm, both turned": (
        [node("Gemm", "w x", name="fc", transA=1, transB=1)], {"w": W}, [5, 6], (False, False)),
    "MatMul, the matrix on the left": (
        [node("MatMul", "w x", "h", name="fc"), node("Add", "h b", "s"), node("Relu", "s")],
        {"w": W.T.copy(), "b": B[:, None]}, [6, 5], (True, True)),
    "a vector on the right": (
        [node("MatMul", "w x", "h", name="fc"), node("Add", "h b")],
        {"w": W.T.copy(), "b": B}, [6], (True, False)),
    "(1, K, N)": (
        [node("MatMul", "x w", "h", name="fc"), node("Add", "h b")],
        {"w": W[None], "b": B[None, None]}, [2, 3, 6], (True, False)),
    "one output": (
        [node("MatMul", "x w", "h", name="fc"), node("Add", "b h")],
        {"w": W[:, :1].copy(), "b": B[:1]}, [3, 6], (True, False)),
    "behind a Reshape that keeps the outputs": (
        [node("MatMul", "x w", "h", name="fc"), node("Reshape", "h t", "r"), node("Add", "r b")],
        {"w": W, "b": B, "t": np.array([-1, 1, 4])}, [3, 6], (True, False)),
    "behind a Reshape to a computed shape": (
        [node("MatMul", "x w", "h", name="fc"), node("Shape", "x", "n", end=1),
         node("Concat", "n one four", "t", axis=0), node("Reshape", "h t", "r"),
         node("Add", "r b")],
        {"w": W, "b": B, "one": np.array([1]), "four": np.array([4])}, [3, 6], (True, False)),
    "ReLU behind Reshape and Identity": (
        [node("Gemm", "x w b", "h", name="fc"), node("Reshape", "h t", "r"),
         node("Identity", "r", "i"), node("Relu", "i")],
        {"w": W, "b": B, "t": np.array([-1])}, [3, 6], (True, True)),
    "Dropout at rest": (
        [node("MatMul", "x w", "h", name="fc"), node("Dropout", "h", "d"), node("Add", "d b", "s"),
         node("Relu", "s")], {"w": W, "b": B}, [3, 6], (True, True)),
    "Clip": ([node("Gemm", "x w", "h", name="fc"), node("Clip", "h low high")],
             {"w": W, "low": np.float32(0), "high": np.float32(6)}, [3, 6], (False, False)),
    "LeakyRelu": ([node("Gemm", "x w", "h", name="fc"), node("LeakyRelu", "h", alpha=0.1)],
                  {"w": W}, [3, 6], (False, False)),
    "PRelu": ([node("Gemm", "x w", "h", name="fc"), node("PRelu", "h a")],
              {"w": W, "a": B}, [3, 6], (False, False)),
    "a sum with something computed": (
        [node("MatMul", "x w", "h", name="fc"), node("ReduceMax", "x", "g"), node("Add", "h g")],
        {"w": W}, [3, 6], (False, False)),
    "sums that others read too": (
        [node("MatMul", "x w", "h", name="fc"), node("Add", "h b", "s"), node("Mul", "h s")],
        {"w": W, "b": B}, [3, 6], (False, False)),
    "a ReLU that others read around": (
        [node("MatMul", "x w", "h", name="fc"), node("Relu", "h", "r"), node("Add", "h r")],
        {"w": W}, [3, 6], (False, False)),
}


@pytest.mark.parametrize("case", READ)
def test_read_as_onnxruntime_does(tmp_path: Path, case: str) -> None:
    nodes, constants, shape, claim = READ[case]
    path = save(tmp_path / "m.onnx", nodes, constants, shape)
    layer = load_layer(path, "fc")
    assert (layer.bias is not None, layer.relu) == claim
    assert deviation(path, {"x": floats(*shape)})["fc"] < 1e-6


def test_an_output_of_the_model_is_read_by_others(tmp_path: Path) -> None:
    """``h`` is given out as it is: the ReLU behind it is not the layer's."""
    import onnx

    path = save(tmp_path / "m.onnx", [node("Gemm", "x w", "h", name="fc"), node("Relu", "h")],
                {"w": W}, [3, 6])
    assert load_layer(path).relu
    model = onnx.load(path)
    model.graph.output.append(helper.make_empty_tensor_value_info("h"))
    onnx.save(model, path)
    assert not load_layer(path).relu


SKIPPED: dict[str, tuple[list[Any], dict[str, Any], str]] = {
    "transA": ([node("Gemm", "x w", name="fc", transA=1)], {"w": W}, "transA"),
    "a computed C": ([node("ReduceMax", "x", "c"), node("Gemm", "x w c", name="fc")],
                     {"w": W}, "adds c, which is computed"),
    "C of another shape": ([node("Gemm", "x w b", name="fc")], {"w": W, "b": floats(3, 4)},
                           r"adds b of shape \(3, 4\)"),
    "C a column": ([node("Gemm", "x w b", name="fc")], {"w": W, "b": floats(3, 1)},
                   r"adds b of shape \(3, 1\)"),
    "an Add of another shape": (
        [node("MatMul", "x w", "h", name="fc"), node("Add", "h b")],
        {"w": W, "b": floats(3, 4)}, r"adds b of shape \(3, 4\), which is not one number"),
    "an Add that spreads one output": (
        [node("MatMul", "x w", "h", name="fc"), node("Add", "h b")],
        {"w": W[:, :1].copy(), "b": B}, r"adds b of shape \(4,\)"),
    "an Add that is a row where outputs are rows": (
        [node("MatMul", "w x", "h", name="fc"), node("Add", "h b")],
        {"w": floats(5, 3), "b": floats(6)}, r"adds b of shape \(6,\)"),
    "a stack of matrices": ([node("MatMul", "x w", name="fc")], {"w": floats(2, 6, 4)},
                            "a stack of matrices"),
    "a grouped convolution": (
        [node("Unsqueeze", "x a", "u"), node("Conv", "u w", name="fc", group=3)],
        {"w": floats(6, 1, 2), "a": np.array([0])}, r"grouped convolution \(group = 3\)"),
    "a transposed convolution": (
        [node("Unsqueeze", "x a", "u"), node("ConvTranspose", "u w", name="fc")],
        {"w": floats(3, 4, 2), "a": np.array([0])}, "transposed convolution"),
    "an einsum": ([node("Einsum", "x w", name="fc", equation="ij,jk->ik")], {"w": W}, "einsum"),
    "a table": ([node("Cast", "x", "i", to=TensorProto.INT64), node("Gather", "w i", name="fc")],
                {"w": W}, "looked up, not multiplied"),
    "integer codes": (
        [node("DynamicQuantizeLinear", "x", "q s z"), node("MatMulInteger", "q w z", name="fc")],
        {"w": np.ones((6, 4), np.int8)}, "a product of integer codes"),
    "another domain": ([node("GemmFast", "x w", name="fc", domain="com.microsoft")], {"w": W},
                       "an operator of com.microsoft"),
    "the same name in another domain": (
        [node("Gemm", "x w", name="fc", domain="com.example")], {"w": W}, "of com.example"),
    "a product one by one": ([node("Mul", "x w", name="fc")], {"w": floats(3, 6)},
                             "element by element"),
    "what is not folded": (
        [node("Softmax", "v", "w", name="fc"), node("MatMul", "x w")], {"v": W},
        "Softmax of constants is not computed here"),
    "an attribute of another type": ([node("Gemm", "x w", name="fc", transB=1.0)], {"w": W},
                                     "attribute transB is not of a type"),
}


@pytest.mark.parametrize("case", SKIPPED)
def test_skipped_by_name(tmp_path: Path, case: str) -> None:
    nodes, constants, reason = SKIPPED[case]
    path = save(tmp_path / "m.onnx", nodes, constants, [3, 6],
                domains=["com.microsoft", "com.example"])
    assert not list_layers(path)
    with pytest.raises(InputError, match=reason) as caught:
        load_layer(path, "fc")
    assert "is not read as a layer" in str(caught.value)
    assert str(caught.value).isprintable()
    with pytest.raises(InputError, match=r"no layer found; .* skipped"):
        load_layer(path)
    weights = constants.get("w", constants.get("v"))
    assert ("fc", np.shape(weights)) in [
        (left_out.name, left_out.shape) for left_out in file_contents(path).skipped]


@pytest.mark.parametrize("operator", ["Loop", "Scan"])
def test_a_layer_in_a_loop_is_skipped(tmp_path: Path, operator: str) -> None:
    def value(name: str, kind: int, shape: list[int]) -> Any:
        return helper.make_tensor_value_info(name, kind, shape)

    nodes = [node("MatMul", "state w", "z", name="fc")]
    inputs = [value("state", TensorProto.FLOAT, [3, 6])]
    outputs = [value("z", TensorProto.FLOAT, [3, 6])]
    if operator == "Loop":
        nodes.append(node("Identity", "go", "go_on"))
        inputs = [value("turn", TensorProto.INT64, []), value("go", TensorProto.BOOL, []), *inputs]
        outputs = [value("go_on", TensorProto.BOOL, []), *outputs]
        outer = node("Loop", "turns - x")
    else:
        outer = node("Scan", "x turns", num_scan_inputs=1)
        inputs.append(value("turn", TensorProto.INT64, []))
    body = helper.make_graph(nodes, "body", inputs, outputs)
    outer.attribute.append(helper.make_attribute("body", body))
    path = save(tmp_path / "m.onnx", [outer],
                {"w": floats(6, 6), "turns": np.array(3 if operator == "Loop" else [3, 4])}, [3, 6])
    (left_out,) = file_contents(path).skipped
    assert (left_out.name, left_out.shape) == ("fc", (6, 6))
    assert "inside a loop" in left_out.reason


def test_weights_that_a_branch_gives_out_are_skipped(tmp_path: Path) -> None:
    """No operator in the branches, and for the product they are computed: still told."""
    choice = node("If", "c", "w", name="choice")
    for key, name in (("then_branch", "w1"), ("else_branch", "w2")):
        graph = helper.make_graph(
            [], key, [], [helper.make_empty_tensor_value_info(name)],
            [helper.make_tensor(name, TensorProto.FLOAT, [6, 4], W.ravel())])
        choice.attribute.append(helper.make_attribute(key, graph))
    path = save(tmp_path / "m.onnx", [choice, node("MatMul", "x w", name="fc")],
                {"c": np.array(True)}, [3, 6])
    contents = file_contents(path)
    assert not contents.layers
    assert [str(left_out) for left_out in contents.skipped] == ["choice (If 6 x 4)"] * 2
    assert "a branch gives out" in contents.skipped[0].reason


def test_branches_have_no_order(tmp_path: Path) -> None:
    """Of two branches one is run: the layers of both are listed, not as one sequence."""
    def branch(name: str, weights: Any) -> Any:
        return helper.make_graph(
            [node("Transpose", f"v{name}", f"t{name}", perm=[1, 0]),
             node("MatMul", f"x t{name}", f"z{name}", name=f"fc{name}")], name, [],
            [helper.make_empty_tensor_value_info(f"z{name}")],
            [helper.make_tensor(f"v{name}", TensorProto.FLOAT, weights.shape, weights.ravel())])

    choice = node("If", "c")
    both = {"then_branch": branch("1", floats(4, 6)), "else_branch": branch("2", floats(5, 6))}
    choice.attribute.extend(helper.make_attribute(k, g) for k, g in both.items())
    for chosen in (True, False):
        path = save(tmp_path / "m.onnx", [choice], {"c": np.array(chosen)}, [3, 6])
        contents = file_contents(path)
        assert [str(entry) for entry in contents.layers] == ["fc1 (4 x 6)", "fc2 (5 x 6)"]
        assert not contents.ordered
        assert deviation(path, {"x": floats(3, 6)}) == {
            "fc1" if chosen else "fc2": pytest.approx(0, abs=1e-6)}
