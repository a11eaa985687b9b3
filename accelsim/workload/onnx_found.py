"""What a node with constant weights offers as a layer: the records, and what stands behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.workload.onnx_folding import STANDARD, Constant
from accelsim.workload.onnx_graphs import NotTaken, Scope, Site, passes
from accelsim.workload.onnx_tensors import numpy_type

Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Found:
    """A weight matrix in a graph: its name, shape, and how to read weights and bias.

    Attributes
    ----------
    tensors : names by which the weights are known
    relu : whether a ReLU, and nothing else, reads the sums
    facts : what else the node says; goes into the layer's provenance
    """

    name: str
    tensors: tuple[str, ...]
    kind: str
    shape: tuple[int, int]
    weights: Callable[[], Floats]
    bias: Callable[[], Floats] | None
    relu: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)


def names_of(constant: Constant) -> tuple[str, ...]:
    """The constant's name, and that of the one stored matrix that it is made of."""
    stored = [part.name for part in constant.made_of()
              if part.tensor is not None and part.matrix_like]
    return tuple(dict.fromkeys([constant.name, *(stored if len(stored) == 1 else [])]))


def weights_of(site: Site, constant: Constant) -> tuple[int, ...]:
    """The shape of float weights without axes of length 1 in front.

    Raises
    ------
    NotTaken
        If they are not floats, or not one matrix.
    """
    check_floats(site, constant, "weights")
    shape = constant.shape
    while len(shape) > 2 and shape[0] == 1:
        shape = shape[1:]
    if len(shape) > 2:
        raise NotTaken(f"weights of shape {constant.shape} are a stack of matrices, not one")
    if len(shape) < 2:
        raise NotTaken(f"weights of shape {constant.shape} are a vector, not a matrix")
    if 0 in shape:
        raise NotTaken(f"weights of shape {constant.shape} hold nothing")
    return shape


def check_floats(site: Site, constant: Constant, what: str) -> None:
    """Refuse integers, complex numbers and truth values."""
    import onnx

    name = onnx.TensorProto.DataType.Name(constant.kind)
    if "FLOAT" not in name and name != "DOUBLE":
        dtype = numpy_type(constant.kind)
        raise NotTaken(f"its {what} are {dtype}, not floats: what they stand for is not said here")


def one_an_output(
    site: Site, constant: Constant, n_outputs: int, axis: int = -1, scale: float = 1.0
) -> Callable[[], Floats]:
    """A constant that adds one number to each output, or one to all of them.

    Parameters
    ----------
    axis : of the outputs among the sums, counted from the end

    Raises
    ------
    NotTaken
        If it adds anything else.
    """
    check_floats(site, constant, "biases")
    shape = constant.shape
    long = {index - len(shape): n for index, n in enumerate(shape) if n != 1}
    if long not in ({}, {axis: n_outputs}):
        raise NotTaken(f"adds {constant.name} of shape {shape}, which is not one number for each "
                       f"of {n_outputs} outputs")
    floats = site.scope.folder.floats
    return lambda: np.broadcast_to(floats(constant).reshape(-1), (n_outputs,)) * np.float32(scale)


@dataclass(frozen=True)
class Behind:
    """What stands behind a node's sums: a bias in an operator of its own, and a ReLU."""

    bias: Callable[[], Floats] | None
    relu: bool
    value: str


def behind(site: Site, n_outputs: int, axis: int | None = -1) -> Behind:
    """Read on from the node's first output, as long as nothing else reads the same numbers.

    A sum with something that is computed is not this layer's bias: the layer then ends before it.

    Parameters
    ----------
    axis : of the outputs among the sums, counted from the end; None looks for no bias

    Raises
    ------
    NotTaken
        If a constant is added that is not one number an output.
    """
    scope, value, bias = site.scope, str(site.node.output[0]), None
    if axis is not None:
        at = _past(scope, value, n_outputs if axis == -1 else None)
        node = scope.only_reader(at)
        if (node is not None and node.domain in STANDARD and node.op_type in ("Add", "Sum")
                and len(node.input) == 2 and node.output):
            other = scope.constant(next((name for name in node.input if name != at), ""))
            if other is not None:
                if node.attribute:
                    raise NotTaken(f"adds {other.name} along an axis that an old attribute names; "
                                   f"convert the model to operator set 13 or newer")
                bias, value = one_an_output(site, other, n_outputs, axis), str(node.output[0])
    at = _past(scope, value, None, any_order=True)
    node = scope.only_reader(at)
    if (node is not None and node.domain in STANDARD and node.op_type == "Relu"
            and len(node.output) == 1):
        return Behind(bias, True, str(node.output[0]))
    return Behind(bias, False, value)


def _past(scope: Scope, value: str, last: int | None, any_order: bool = False) -> str:
    """The value behind operators that only hand it on.

    Where a bias is looked for, an operator that moves axes is passed only if the last axis stays
    ``last`` long.
    """
    for _ in range(len(scope.graph.node)):
        node = scope.only_reader(value)
        if node is None or not passes(node) or node.input[0] != value:
            break
        keeps = any_order or node.op_type in ("Identity", "Dropout")
        if not keeps and (node.op_type != "Reshape" or last in (None, 1)
                          or _last_of(scope, node.input[1:]) != last):
            break
        value = str(node.output[0])
    return value


def _last_of(scope: Scope, target: Any) -> int | None:
    """The last axis of a Reshape's target, if it is said: also where the others are computed."""
    name = str(target[0]) if len(target) else ""
    for _ in range(3):
        constant = scope.constant(name)
        if constant is not None:
            value = scope.folder.value(constant) if constant.small else np.zeros(0)
            return int(value.reshape(-1)[-1]) if value.size and value.dtype.kind == "i" else None
        writer = scope.writers.get(name)
        if writer is None or writer.op_type not in ("Concat", "Cast") or not writer.input:
            return None
        name = str(writer.input[-1])
    return None
