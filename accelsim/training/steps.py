"""One node forward and back. Maps have their channels last: (n, rows, columns, channels)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import UnsupportedError
from accelsim.kernels.patches import (
    add_to_largest,
    add_windows,
    gather_windows,
    largest_of_windows,
)
from accelsim.records import Conv2d, Layer
from accelsim.records.host import Pool
from accelsim.records.host_elementwise import Flatten, Relu
from accelsim.records.network import Node

Floats = npt.NDArray[np.float32]


def check(network: str, node: Node) -> None:
    """Raise `UnsupportedError` where a node has no gradient here."""
    work = node.work
    if isinstance(work, Layer | Flatten):
        return
    if isinstance(work, Conv2d):
        if work.groups == 1 and work.dilation == (1, 1):
            return
        what = f"a convolution with {work.geometry.told}"
    elif isinstance(work, Pool):
        if work.how == "max" and not work.ceil and not any(map(any, work.padding)):
            return
        what = f"a {work.kind} with padding or rounding up" if work.how == "max" else work.kind
    elif isinstance(work, Relu) and work.limit is None and not work.slope:
        return
    else:
        what = getattr(work, "kind", type(work).__name__)
    raise UnsupportedError(f"{network}: {node.name} is {what}, which is not trained; "
                           f"search without training data")


def layer(work: Any, operand: Floats, weights: Floats, bias: Floats) -> tuple[Floats, Any]:
    """A layer's outputs after its ReLU; (what its matrix saw, shape before, outputs)."""
    if isinstance(work, Conv2d):
        (top, bottom), (left, right) = work.geometry.padding
        padded = operand
        if any((top, bottom, left, right)):
            padded = np.pad(operand, ((0, 0), (top, bottom), (left, right), (0, 0)))
        size = work.geometry.output_size(operand.shape[1], operand.shape[2])
        seen = gather_windows(padded, work.geometry.kernel, work.geometry.stride, size)
        result = (seen @ weights.T + bias).reshape(len(operand), *size, -1)
    else:
        seen = operand.reshape(len(operand), -1)
        padded, result = operand, seen @ weights.T + bias
    if work.relu:
        result = np.maximum(result, np.float32(0))
    return result, (seen, padded.shape, result)


def layer_back(
    work: Any, memory: Any, slope: Floats, weights: Floats, first: bool
) -> tuple[Any, Floats, Floats]:
    """Gradients by the operand (None of the ``first`` layer), the weights and the biases."""
    seen, shape, result, *scale = memory
    if scale:
        slope = slope * scale[0]
    if work.relu:
        slope = slope * (result > 0)
    flat = slope.reshape(len(seen), -1)
    by_weight, by_bias = flat.T @ seen, flat.sum(axis=0)
    if first:
        return None, by_weight, by_bias
    back = flat @ weights
    if not isinstance(work, Conv2d):
        return back.reshape(shape), by_weight, by_bias
    maps = np.zeros(shape, np.float32)
    add_windows(back, maps, work.geometry.kernel, work.geometry.stride, slope.shape[1:3])
    (top, bottom), (left, right) = work.geometry.padding
    inside = maps[:, top:shape[1] - bottom, left:shape[2] - right]
    return np.ascontiguousarray(inside), by_weight, by_bias


def host(work: Any, operand: Floats) -> tuple[Floats, Any]:
    """A host operation's result, and what going back needs."""
    if isinstance(work, Pool):
        _, rows, columns = work.output_shape([(operand.shape[3], *operand.shape[1:3])])
        result, place = largest_of_windows(operand, work.kernel, work.stride, (rows, columns))
        return result, (operand.shape, place)
    if isinstance(work, Flatten):
        order = operand.transpose(0, 3, 1, 2) if operand.ndim == 4 else operand
        return np.ascontiguousarray(order.reshape(len(operand), -1)), operand.shape
    return np.maximum(operand, np.float32(0)), operand > 0


def host_back(work: Any, memory: Any, slope: Floats) -> Floats:
    """The gradient by the operand."""
    if isinstance(work, Pool):
        shape, place = memory
        maps = np.zeros(shape, np.float32)
        add_to_largest(np.ascontiguousarray(slope), place, maps, work.kernel, work.stride)
        return maps
    if isinstance(work, Flatten):
        if len(memory) != 4:
            return slope.reshape(memory)
        n, rows, columns, channels = memory
        order = slope.reshape(n, channels, rows, columns).transpose(0, 2, 3, 1)
        return np.ascontiguousarray(order)
    return np.asarray(slope * memory, dtype=np.float32)
