"""A network as float32 matrices with gradients: layers, convolutions of one group, max pooling,
ReLU, flattening. What else a network has is refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError, UnsupportedError
from accelsim.records import Conv2d, CscMatrix, Layer
from accelsim.records.network import INPUT, Network
from accelsim.training import steps

Floats = npt.NDArray[np.float32]


@dataclass(eq=False)
class Trainable:
    """The weights of a network, and what they make of images.

    Attributes
    ----------
    network : uncompressed layers
    weights : by layer, (n_outputs, n_inputs) float32; a convolution's `Conv2d.matrix`
    biases : by layer, (n_outputs,) float32

    Raises
    ------
    UnsupportedError
        If the network has a node that is not trained; names it.
    """

    network: Network
    weights: dict[str, Floats]
    biases: dict[str, Floats]

    @classmethod
    def of(cls, network: Network) -> Trainable:
        """The weights as the network has them."""
        if network.input_shape is None:
            raise InputError(f"{network.name}: the shape of its input is not known")
        weights, biases = {}, {}
        for node in network.nodes:
            steps.check(network.name, node)
            if not node.on_host:
                matrix = matrix_of(node.work)
                bias = node.work.bias
                weights[node.name] = matrix
                biases[node.name] = (np.zeros(len(matrix), np.float32) if bias is None
                                     else np.array(bias, dtype=np.float32))
        return cls(network, weights, biases)

    def copy(self) -> Trainable:
        """The same with weights of its own."""
        return Trainable(self.network, {k: w.copy() for k, w in self.weights.items()},
                         {k: b.copy() for k, b in self.biases.items()})

    def as_network(self, weights: Mapping[str, Floats] | None = None) -> Network:
        """The network with these weights, or its own."""
        own = self.weights if weights is None else weights

        def change(layer: Any) -> Any:
            bias = None if layer.bias is None else self.biases[layer.name]
            return replace(with_matrix(layer, own[layer.name]), bias=bias, activations=None)

        return self.network.with_layers(change)

    def outputs(self, images: npt.NDArray[Any], weights: Mapping[str, Floats] | None = None,
                at_once: int = 500) -> Floats:
        """(n, n_classes) results."""
        own = self.weights if weights is None else weights
        parts = [self._forward(images[at:at + at_once], own)[0][self.network.output]
                 for at in range(0, len(images), at_once)]
        return np.concatenate(parts).reshape(len(images), -1)

    def layer_inputs(self, images: npt.NDArray[Any], name: str) -> Floats:
        """(n_vectors, n_inputs) that a layer's matrix sees, of a convolution its windows."""
        values, memories = self._forward(images, self.weights)
        node = next(node for node in self.network.nodes if node.name == name)
        if isinstance(node.work, Conv2d):
            seen: Floats = memories[name][0]
            return seen
        return values[node.inputs[0]].reshape(len(images), -1)

    def gradients(
        self, images: Floats, labels: npt.NDArray[np.int64], weights: Mapping[str, Floats],
        dropout: float, rng: np.random.Generator,
    ) -> tuple[float, dict[str, Floats], dict[str, Floats]]:
        """Mean cross-entropy of a batch, and its gradients by weights and by biases.

        Parameters
        ----------
        weights : what the layers multiply by
        dropout : of the outputs of each matrix but the last, which have a ReLU
        """
        values, memories = self._forward(images, weights, dropout, rng)
        output = self.network.output
        loss, delta = cross_entropy(values[output].reshape(len(images), -1), labels)
        slopes: dict[str, Floats] = {output: delta.reshape(values[output].shape)}
        by_weight, by_bias = {}, {}
        for node in reversed(self.network.nodes):
            if node.name not in slopes:
                continue
            slope = slopes.pop(node.name)
            first = INPUT in node.inputs
            if node.on_host:
                back = steps.host_back(node.work, memories[node.name], slope)
            else:
                back, by_weight[node.name], by_bias[node.name] = steps.layer_back(
                    node.work, memories[node.name], slope, weights[node.name], first)
                if node.work.bias is None:
                    by_bias[node.name] = np.zeros_like(self.biases[node.name])
            if not first:
                before = slopes.get(node.inputs[0])
                slopes[node.inputs[0]] = back if before is None else before + back
        return loss, by_weight, by_bias

    def _forward(
        self, images: npt.NDArray[Any], weights: Mapping[str, Floats], dropout: float = 0.0,
        rng: np.random.Generator | None = None,
    ) -> tuple[dict[str, Floats], dict[str, Any]]:
        """Every node's result, maps with their channels last, and what going back needs."""
        start = np.asarray(images, dtype=np.float32)
        if start.ndim == 4:
            start = np.ascontiguousarray(start.transpose(0, 2, 3, 1))
        values: dict[str, Floats] = {INPUT: start}
        memories: dict[str, Any] = {}
        for node in self.network.nodes:
            operand = values[node.inputs[0]]
            if node.on_host:
                result, memory = steps.host(node.work, operand)
            else:
                result, memory = steps.layer(node.work, operand, weights[node.name],
                                             self.biases[node.name])
                if dropout and rng is not None and isinstance(node.work, Layer) and node.work.relu:
                    keep = rng.random(result.shape, np.float32) >= dropout
                    scale = keep * np.float32(1 / (1 - dropout))
                    result, memory = result * scale, (*memory, scale)
            values[node.name], memories[node.name] = result, memory
        return values, memories


def matrix_of(work: Any) -> Floats:
    """(n_outputs, n_inputs) float32 weights of an uncompressed layer; a copy."""
    if isinstance(work, Conv2d):
        return np.array(work.matrix, dtype=np.float32)
    if isinstance(work, Layer):
        dense = work.weights.to_dense() if isinstance(work.weights, CscMatrix) else work.weights
        return np.array(dense, dtype=np.float32)
    raise UnsupportedError(f"{work.name}: holds codes already; give the layers before compression")


def with_matrix(layer: Layer | Conv2d, matrix: Floats) -> Layer | Conv2d:
    """A layer with the weights of another `matrix_of`."""
    if isinstance(layer, Layer):
        return replace(layer, weights=matrix)
    out, inside, rows, columns = layer.weights.shape
    shaped = matrix.reshape(out, rows, columns, inside).transpose(0, 3, 1, 2)
    return replace(layer, weights=np.ascontiguousarray(shaped))


def cross_entropy(logits: Floats, labels: npt.NDArray[np.int64]) -> tuple[float, Floats]:
    """Mean cross-entropy of the softmax of a batch, and its gradient by the logits."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    softmax = np.exp(shifted)
    total = softmax.sum(axis=1, keepdims=True)
    softmax /= total
    rows = np.arange(len(labels))
    loss = float((np.log(total[:, 0]) - shifted[rows, labels]).mean())
    softmax[rows, labels] -= 1
    softmax /= np.float32(len(labels))
    return loss, softmax
