"""A whole network in floating point: what calibration and errors are measured against."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError
from accelsim.records.host import HostOperation
from accelsim.records.layer import CompressedLayer, Layer
from accelsim.records.matrix import CscMatrix
from accelsim.records.network import INPUT, Network, Node

__all__ = ["run_floats"]

Values = npt.NDArray[np.float64]
_AT_ONCE = 1 << 23
"""Most gathered numbers held at once (64 MB of float64)."""


def run_floats(
    network: Network, images: npt.ArrayLike,
    see: Callable[[Node, Values, Values], None] = lambda node, inputs, outputs: None,
) -> dict[str, Values]:
    """Every node's result in float64, with the weights as they are.

    Parameters
    ----------
    images : (n, ...) or one image of the network's input shape
    see : called as ``see(node, inputs, outputs)`` for each layer, outputs before its ReLU

    Raises
    ------
    InputError
        If the images are not of the network's input shape.
    """
    values: dict[str, Values] = {INPUT: as_images(network, images)}
    for node in network.nodes:
        operands = [values[name] for name in node.inputs]
        if isinstance(node.work, HostOperation):
            values[node.name] = node.work.run(operands)
            continue
        outputs = layer_floats(node.work, operands[0])
        see(node, operands[0], outputs)
        values[node.name] = np.maximum(outputs, 0.0) if node.work.relu else outputs
    return values


def as_images(network: Network, images: npt.ArrayLike) -> Values:
    """(n, ...) float64 of one image or several.

    Raises
    ------
    InputError
        If they are not of the network's input shape, or not finite.
    """
    shape = network.shapes()[INPUT]
    array = np.asarray(images, dtype=np.float64)
    several = array[None] if array.shape == shape else array
    if several.shape[1:] != shape or not len(several):
        raise InputError(f"{network.name}: the image has shape {array.shape}; need {shape}, or "
                         f"(n, {', '.join(map(str, shape))})")
    if not np.isfinite(several).all():
        raise InputError(f"{network.name}: the image holds NaN or infinity")
    return several


def layer_floats(work: Any, inputs: Values) -> Values:
    """(n, ...) outputs of a layer before its ReLU, in float64."""
    if isinstance(work, Layer | CompressedLayer):
        matrix, bias = matrix_weights(work)
        return np.asarray(inputs @ matrix.T + bias)
    weights, bias = conv_weights(work)
    return _convolved(work.geometry, weights, bias, inputs)


def conv_weights(conv: Any) -> tuple[Values, Values]:
    """(out, in / groups, rows, columns) weights and (out,) biases of a convolution."""
    if hasattr(conv, "decoded_weights"):
        weights, bias = conv.decoded_weights(), conv.decoded_bias()
    else:
        weights, bias = conv.weights, conv.bias
    nothing = np.zeros(len(weights))
    return (np.asarray(weights, dtype=np.float64),
            nothing if bias is None else np.asarray(bias, dtype=np.float64))


def matrix_weights(layer: Layer | CompressedLayer) -> tuple[Values, Any]:
    """(n_outputs, n_inputs) weights and (n_outputs,) biases, or 0.0, of a matrix."""
    if isinstance(layer, Layer):
        weights = layer.weights.to_dense() if isinstance(layer.weights, CscMatrix) else (
            layer.weights)
        return np.asarray(weights, dtype=np.float64), (
            0.0 if layer.bias is None else np.asarray(layer.bias, dtype=np.float64))
    dense = layer.in_layer_order(layer.decoded().to_dense().astype(np.float64).T).T
    bias = layer.bias_values
    return dense[:, :layer.n_inputs], (
        0.0 if bias is None else layer.in_layer_order(bias.astype(np.float64)))


def _convolved(geometry: Any, weights: Values, bias: Values, maps: Values) -> Values:
    """Correlation by gathering each output's window, some rows of outputs at a time."""
    n, groups = len(maps), geometry.groups
    rows, columns = geometry.output_size(*maps.shape[2:])
    padded = np.pad(maps, ((0, 0), (0, 0), *geometry.padding))
    kernel = weights.reshape(groups, len(weights) // groups, -1)
    found = np.empty((n, len(weights), rows, columns))
    step = max(1, _AT_ONCE // (columns * geometry.in_channels * geometry.n_positions))
    for image in range(n):
        for first in range(0, rows, step):
            last = min(rows, first + step)
            seen = _windows(geometry, padded[image], first, last, columns)
            seen = seen.reshape(groups, kernel.shape[2], -1)
            found[image, :, first:last] = (kernel @ seen).reshape(len(weights), -1, columns)
    return np.asarray(found + bias[None, :, None, None])


def _windows(geometry: Any, padded: Values, first: int, last: int, columns: int) -> Values:
    """(in, kernel rows, kernel columns, last - first, columns): what each output sees."""
    (tall, wide), (down, across), (dy, dx) = geometry.kernel, geometry.stride, geometry.dilation
    seen = np.empty((padded.shape[0], tall, wide, last - first, columns))
    for y in range(tall):
        top = first * down + y * dy
        for x in range(wide):
            seen[:, y, x] = padded[:, top:top + (last - first - 1) * down + 1:down,
                                   x * dx:x * dx + (columns - 1) * across + 1:across]
    return seen


def network_outputs_float(network: Network, images: npt.ArrayLike) -> Values:
    """(n, ...) results of the network."""
    found: Mapping[str, Values] = run_floats(network, images)
    return found[network.output]
