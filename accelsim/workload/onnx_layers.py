"""Layers of an ONNX model: Gemm, MatMul, Conv, LSTM and GRU nodes with constant weights.

Weights come out as (outputs, inputs). A convolution's kernel is reshaped to
(out_channels, in_channels / groups * kernel height * kernel width). An LSTM or GRU gives its input
matrix W and its recurrent matrix R as a layer each, ``NODE.W`` and ``NODE.R`` (``NODE.W.0`` and
``NODE.W.1`` where there are two directions), gates stacked in ONNX's own order. A layer is found
by its node's name or by its weight tensor's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.records import Layer
from accelsim.workload.entries import Contents, LayerEntry, fault, file_sha256, reading
from accelsim.workload.onnx_tensors import Constants, graphs, load_model

Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class _Found:
    """A weight matrix in a graph: its name, shape, and how to read weights and bias."""

    name: str
    tensor: str
    kind: str
    shape: tuple[int, int]
    weights: Callable[[], Floats]
    bias: Callable[[], Floats] | None
    relu: bool


def onnx_contents(path: Path) -> Contents:
    """The layers of an ONNX model in the order of its nodes.

    Raises
    ------
    InputError
        If the extra `onnx` is not installed.
    FormatError
        If the file is damaged or not an ONNX model.
    """
    model = load_model(path)
    top = Constants(path, model.graph)
    found: list[_Found] = []
    for graph in graphs(model.graph):
        constants = top if graph is model.graph else Constants(path, graph, outer=top)
        consumers: dict[str, list[Any]] = {}
        for node in graph.node:
            for value in node.input:
                consumers.setdefault(value, []).append(node)
        for node in graph.node:
            if reader := _READERS.get(node.op_type):
                found += reader(node, constants, consumers)
    names = Counter(layer.name for layer in found)
    entries = []
    for number, layer in enumerate(found):
        if names[layer.name] > 1:
            layer = replace(layer, name=f"{layer.name}#{number}")
        entries.append(
            LayerEntry(
                name=layer.name, n_outputs=layer.shape[0], n_inputs=layer.shape[1],
                kind=layer.kind, has_bias=layer.bias is not None, aliases=(str(layer.tensor),),
                load=_Loader(path, layer),
            )
        )
    return Contents(tuple(entries))


class _Loader:
    """Reads one layer when it is called."""

    def __init__(self, path: Path, found: _Found) -> None:
        self.path, self.found = path, found

    def __call__(self) -> Layer:
        found = self.found
        provenance = {
            "source": self.path.name, "sha256": file_sha256(self.path), "node": found.name,
            "operator": found.kind, "tensor": str(found.tensor),
        }
        # Scaling by alpha or beta may overflow; `Layer` then refuses the infinity.
        with reading(self.path), np.errstate(over="ignore", invalid="ignore"):
            return Layer(
                weights=found.weights(),
                bias=found.bias() if found.bias else None,
                relu=found.relu,
                name=found.name,
                provenance=provenance,
            )


def _name(node: Any) -> str:
    return str(node.name or (node.output[0] if node.output else "") or node.op_type)


def _attribute(node: Any, name: str, default: Any) -> Any:
    for attribute in node.attribute:
        if attribute.name == name:
            return attribute.f if isinstance(default, float) else attribute.i
    return default


def _relu_follows(value: str, consumers: dict[str, list[Any]]) -> bool:
    return [node.op_type for node in consumers.get(value, [])] == ["Relu"]


def _bias(
    constants: Constants, name: str, n_outputs: int, scale: float = 1.0
) -> Callable[[], Floats] | None:
    """A constant that adds one number to each output, or one to all of them."""
    shape = constants.shape(name)
    if shape is None or shape not in ((), (1,), (1, 1), (n_outputs,), (1, n_outputs)):
        return None
    return lambda: np.broadcast_to(constants.read(name).reshape(-1), (n_outputs,)) * np.float32(
        scale
    )


def _matrix(shape: tuple[int, ...] | None) -> tuple[int, int] | None:
    """The shape, if it is that of a matrix with something in it."""
    return (shape[0], shape[1]) if shape and len(shape) == 2 and min(shape) > 0 else None


def _gemm(node: Any, constants: Constants, consumers: dict[str, list[Any]]) -> Iterator[_Found]:
    tensor = node.input[1] if len(node.input) > 1 else ""
    shape = _matrix(constants.shape(tensor))
    if shape is None:
        return
    turned = bool(_attribute(node, "transB", 0))
    alpha = np.float32(_attribute(node, "alpha", 1.0))
    shape = shape if turned else (shape[1], shape[0])
    bias = None
    if len(node.input) > 2 and node.input[2]:
        bias = _bias(constants, node.input[2], shape[0], _attribute(node, "beta", 1.0))
    yield _Found(
        _name(node), tensor, "Gemm", shape,
        lambda: (constants.read(tensor) if turned else constants.read(tensor).T) * alpha,
        bias, bool(node.output) and _relu_follows(node.output[0], consumers),
    )


def _matmul(node: Any, constants: Constants, consumers: dict[str, list[Any]]) -> Iterator[_Found]:
    if len(node.input) != 2 or not node.output:
        return
    right = constants.shape(node.input[1]) is not None
    tensor = node.input[1 if right else 0]
    shape = _matrix(constants.shape(tensor))
    if shape is None:
        return
    shape = (shape[1], shape[0]) if right else shape
    bias, value = None, node.output[0]
    after = consumers.get(value, [])
    if right and len(after) == 1 and after[0].op_type == "Add" and len(after[0].input) == 2:
        other = next((i for i in after[0].input if i != value), "")
        bias = _bias(constants, other, shape[0])
        value = after[0].output[0] if bias and after[0].output else value
    yield _Found(
        _name(node), tensor, "MatMul", shape,
        lambda: constants.read(tensor).T if right else constants.read(tensor),
        bias, _relu_follows(value, consumers),
    )


def _conv(node: Any, constants: Constants, consumers: dict[str, list[Any]]) -> Iterator[_Found]:
    tensor = node.input[1] if len(node.input) > 1 else ""
    kernel = constants.shape(tensor)
    if kernel is None or len(kernel) < 3 or min(kernel) < 1:
        return
    n_outputs, n_inputs = kernel[0], int(np.prod([int(n) for n in kernel[1:]], dtype=object))
    bias = None
    if len(node.input) > 2 and node.input[2]:
        bias = _bias(constants, node.input[2], n_outputs)
    yield _Found(
        _name(node), tensor, "Conv", (n_outputs, n_inputs),
        lambda: constants.read(tensor).reshape(n_outputs, -1),
        bias, bool(node.output) and _relu_follows(node.output[0], consumers),
    )


def _recurrent(node: Any, constants: Constants, _: dict[str, list[Any]]) -> Iterator[_Found]:
    stacked = node.input[3] if len(node.input) > 3 else ""
    biases = constants.shape(stacked)
    for which, letter in enumerate("WR"):
        tensor = node.input[1 + which] if len(node.input) > 2 else ""
        shape = constants.shape(tensor)
        if shape is None or len(shape) != 3 or min(shape) < 1:
            continue
        n_directions, n_outputs, n_inputs = shape
        if biases is not None and biases != (n_directions, 2 * n_outputs):
            raise fault(f"{constants.path}: {stacked} has shape {biases}; the bias of "
                              f"{tensor} must be ({n_directions}, {2 * n_outputs})")
        for direction in range(min(n_directions, 2)):
            ending = f".{direction}" if n_directions > 1 else ""
            yield _Found(
                f"{_name(node)}.{letter}{ending}", f"{tensor}{ending}", node.op_type,
                (n_outputs, n_inputs),
                _part(constants, tensor, direction, slice(None)),
                None if biases is None else _part(
                    constants, stacked, direction,
                    slice(which * n_outputs, (which + 1) * n_outputs),
                ),
                relu=False,
            )


def _part(
    constants: Constants, tensor: str, direction: int, rows: slice
) -> Callable[[], Floats]:
    return lambda: constants.read(tensor)[direction][rows]


_READERS: dict[str, Callable[[Any, Constants, dict[str, list[Any]]], Iterator[_Found]]] = {
    "Gemm": _gemm, "MatMul": _matmul, "Conv": _conv, "LSTM": _recurrent, "GRU": _recurrent,
}
