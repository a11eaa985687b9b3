"""Small ONNX models for the tests, and seeded numbers for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Array = npt.NDArray[Any]
RNG = np.random.default_rng(17)


def floats(*shape: int) -> Array:
    return RNG.normal(size=shape).astype(np.float32)


def stored(name: str, value: Any) -> Any:
    return value if isinstance(value, TensorProto) else numpy_helper.from_array(value, name)


def save(
    path: Path, nodes: Sequence[Any], constants: Mapping[str, Any], x: Sequence[Any],
    opset: int = 21, domains: Sequence[str] = (), **more: Any,
) -> Path:
    """A model of nodes from ``x`` of a shape to ``y``."""
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, x)],
        [helper.make_empty_tensor_value_info("y")],
        [stored(name, value) for name, value in constants.items()],
        sparse_initializer=more.pop("sparse", None),
    )
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(d, 1) for d in domains)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10, **more)
    path.write_bytes(model.SerializeToString())
    return path


def node(op: str, inputs: str, output: str = "y", name: str = "", **attributes: Any) -> Any:
    """A node; the names of its inputs stand in one text, "-" for one that is left out."""
    names = ["" if i == "-" else i for i in inputs.split()]
    return helper.make_node(op, names, output.split(), name=name, **attributes)


def constant(output: str, **attribute: Any) -> Any:
    return onnx.helper.make_node("Constant", [], [output], **attribute)
