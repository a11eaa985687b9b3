"""Gemm, MatMul and Conv nodes as layers: weights (outputs, inputs), bias, ReLU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from accelsim.workload.onnx_folding import Constant
from accelsim.workload.onnx_found import (
    Behind,
    Floats,
    Found,
    behind,
    check_floats,
    names_of,
    one_an_output,
    weights_of,
)
from accelsim.workload.onnx_graphs import NotTaken, Site


def gemm(site: Site) -> list[Found]:
    """``Y = alpha A' B' + beta C`` with A or B constant.

    Raises
    ------
    NotTaken
        If the weights or what is added are not understood.
    """
    weights, right = _operand(site)
    if weights is None:
        return []
    if right and site.attribute("transA", 0):
        raise NotTaken("transA: its inputs stand in columns; transpose them in the model")
    shape = weights_of(site, weights)
    turned = bool(site.attribute("transB" if right else "transA", 0))
    alpha, beta = site.attribute("alpha", 1.0), site.attribute("beta", 1.0)
    swap = turned != right
    n_outputs = shape[1] if swap else shape[0]
    after = behind(site, n_outputs, None)
    bias = after.bias
    if site.given(2):
        added = site.constant(2)
        if added is None:
            raise NotTaken(f"adds {site.given(2)}, which is computed, not a constant bias")
        bias = one_an_output(site, added, n_outputs, -1 if right else -2, beta)
    else:
        after = behind(site, n_outputs, -1 if right else -2)
        bias = after.bias
    return [_found(site, weights, shape, swap, bias, after, alpha, site.given(0 if right else 1))]


def matmul(site: Site) -> list[Found]:
    """A MatMul with one constant operand, and an Add of a constant behind it as its bias.

    Raises
    ------
    NotTaken
        If the weights or what is added are not understood.
    """
    weights, right = _operand(site)
    if weights is None:
        return []
    shape = weights_of(site, weights)
    data = site.given(0 if right else 1)
    data_shape = site.scope.shape(data)
    axis = -1 if right or (data_shape is not None and len(data_shape) == 1) else -2
    after = behind(site, shape[1] if right else shape[0], axis)
    return [_found(site, weights, shape, right, after.bias, after, 1.0, data)]


def conv(site: Site) -> list[Found]:
    """A convolution as the matrix (channels out, channels in x kernel) that one position sees.

    Raises
    ------
    NotTaken
        If it is grouped, or its kernel or bias are not understood.
    """
    kernel = site.constant(1)
    if kernel is None:
        return []
    check_floats(site, kernel, "weights")
    groups = site.attribute("group", 1)
    if len(kernel.shape) < 3 or 0 in kernel.shape:
        raise NotTaken(f"a kernel of shape {kernel.shape}")
    if groups != 1:
        raise NotTaken(f"a grouped convolution (group = {groups}): each output reads some of the "
                       f"channels, which is not one dense matrix")
    window = list(kernel.shape[2:])
    if site.attribute("kernel_shape", window) != window:
        raise NotTaken(f"a kernel of shape {kernel.shape}, said to be {window}")
    n_outputs = kernel.shape[0]
    after = behind(site, n_outputs, None if site.given(2) else -1 - len(window))
    bias = after.bias
    if site.given(2):
        added = site.constant(2)
        if added is None:
            raise NotTaken(f"adds {site.given(2)}, which is computed, not a constant bias")
        bias = one_an_output(site, added, n_outputs)
    positions = _positions(site, kernel)
    facts: dict[str, Any] = {"kernel": list(kernel.shape)}
    if any(n != 1 for n in positions):
        where = ("positions that the file leaves open" if set(positions) == {None}
                 else f"{_by(positions)} positions")
        facts["not_run"] = (
            f"a convolution of {_by(window)} over {where}, not one product of a matrix with a "
            f"vector; compress it, or run a layer that is fully connected"
        )
    floats = site.scope.folder.floats
    return [Found(
        site.name, names_of(kernel), site.kind, (n_outputs, int(np.prod(kernel.shape[1:]))),
        lambda: floats(kernel).reshape(n_outputs, -1), bias, after.relu,
        facts | _places(site, site.given(0), after),
    )]


def _operand(site: Site) -> tuple[Constant | None, bool]:
    """The constant factor of a product, and whether it is the right one."""
    left, right = site.constant(0), site.constant(1)
    if left is not None and right is not None:
        raise NotTaken("both of its factors are constants, which are not multiplied here")
    return (right, True) if right is not None else (left, False)


def _found(
    site: Site, weights: Constant, shape: tuple[int, ...], swap: bool,
    bias: Callable[[], Floats] | None, after: Behind, scale: float, data: str,
) -> Found:
    """A layer of a matrix, stored (inputs, outputs) where ``swap``."""
    floats = site.scope.folder.floats

    def read() -> Floats:
        matrix = floats(weights).reshape(shape)
        return (matrix.T if swap else matrix) * np.float32(scale) if scale != 1 else (
            matrix.T if swap else matrix)

    return Found(
        site.name, names_of(weights), site.kind,
        (shape[1], shape[0]) if swap else (shape[0], shape[1]), read, bias, after.relu,
        _places(site, data, after),
    )


def _places(site: Site, data: str, after: Behind) -> dict[str, str]:
    """Which values of the graph the layer reads and writes."""
    return {"reads": site.scope.origin(data), "writes": site.scope.origin(after.value)}


def _positions(site: Site, kernel: Constant) -> list[int | None]:
    """How many positions a convolution has along each axis; None where the file leaves it open."""
    import onnx

    n_axes = len(kernel.shape) - 2
    said = site.scope.shape(str(site.node.output[0]))
    data = site.scope.types.get(site.given(0))
    if (said is None or None in said[2:]) and data is not None:
        types = {site.given(0): data, site.given(1): onnx.helper.make_tensor_type_proto(
            kernel.kind, kernel.shape)}
        if site.given(2):
            types[site.given(2)] = onnx.helper.make_tensor_type_proto(
                kernel.kind, kernel.shape[:1])
        schema = onnx.defs.get_schema("Conv", site.scope.folder.version, "")
        try:
            inferred = onnx.shape_inference.infer_node_outputs(schema, site.node, types)
            dims = inferred[site.node.output[0]].tensor_type.shape.dim
            said = tuple(d.dim_value if d.HasField("dim_value") else None for d in dims)
        except Exception:  # of onnx, several kinds: the positions are then not known
            said = None
    return list(said[2:]) if said is not None and len(said) == 2 + n_axes else [None] * n_axes


def _by(sizes: list[int] | list[int | None]) -> str:
    """``3 x 3``; a question mark where it is not known."""
    return " x ".join("?" if n is None else str(n) for n in sizes)
