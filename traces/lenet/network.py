"""Fully connected ReLU network and its training: SGD with momentum on a linear subspace.

Pruning and weight sharing both confine the weights to a linear subspace (some weights are
zero; some weights are equal). Training there is plain SGD with each gradient projected
onto the subspace, so one loop serves the dense, the pruned and the shared network.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from lenet.mnist import PIXEL_SCALE, Split

SIZES = (784, 300, 100, 10)
# Gradient of a layer's weights with its biases as one more column -> its part in the subspace.
Projection = Callable[[np.ndarray], np.ndarray]


@dataclass
class Network:
    """``weights[i]`` (outputs, inputs) and ``biases[i]`` (outputs,), float32; ReLU between."""

    weights: list[np.ndarray]
    biases: list[np.ndarray]

    @classmethod
    def random(cls, rng: np.random.Generator) -> "Network":
        """He-initialised network with zero biases."""
        shapes = list(zip(SIZES[1:], SIZES[:-1], strict=True))
        weights = [
            rng.standard_normal((n_out, n_in), np.float32) * np.float32((2 / n_in) ** 0.5)
            for n_out, n_in in shapes
        ]
        return cls(weights, [np.zeros(n_out, np.float32) for n_out, _ in shapes])

    def copy(self) -> "Network":
        return Network([w.copy() for w in self.weights], [b.copy() for b in self.biases])

    def layer_inputs(self, images: np.ndarray) -> list[np.ndarray]:
        """Inputs of each layer and, last, the network's outputs, in float64."""
        signals = [images / PIXEL_SCALE]
        for index, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            total = signals[-1] @ weight.T.astype(np.float64) + bias
            signals.append(total if index == len(self.weights) - 1 else np.maximum(total, 0))
        return signals

    def errors(self, split: Split) -> int:
        """Number of digits of ``split`` that are classified wrongly."""
        return int((self.layer_inputs(split.images)[-1].argmax(1) != split.labels).sum())

    def gradients(
        self, inputs: np.ndarray, labels: np.ndarray, dropout: float, rng: np.random.Generator
    ) -> tuple[float, list[np.ndarray]]:
        """Mean cross-entropy of a batch and its gradients: all weights', then all biases'."""
        signals, slopes = [inputs], []
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            total = signals[-1] @ weight.T + bias
            slope = (total > 0).astype(np.float32)
            if dropout:
                slope *= dropout_scale(total.shape, dropout, rng)
            slopes.append(slope)
            signals.append(total * slope)
        loss, delta = cross_entropy(signals[-1] @ self.weights[-1].T + self.biases[-1], labels)
        weight_gradients: list[np.ndarray] = []
        bias_gradients: list[np.ndarray] = []
        for index in reversed(range(len(self.weights))):
            weight_gradients.insert(0, delta.T @ signals[index])
            bias_gradients.insert(0, delta.sum(0))
            if index:
                delta = (delta @ self.weights[index]) * slopes[index - 1]
        return loss, weight_gradients + bias_gradients


def dropout_scale(
    shape: tuple[int, ...], dropout: float, rng: np.random.Generator
) -> np.ndarray:
    """What dropout multiplies signals with: zero, or what keeps their mean."""
    keep = rng.random(shape, np.float32) >= dropout
    return keep * np.float32(1 / (1 - dropout))


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean cross-entropy of the softmax of a batch, and its gradient by the logits."""
    logits -= logits.max(1, keepdims=True)
    softmax = np.exp(logits)
    softmax /= softmax.sum(1, keepdims=True)
    rows = np.arange(len(labels))
    loss = float(-np.log(softmax[rows, labels] + 1e-12).mean())
    delta = softmax
    delta[rows, labels] -= 1
    delta /= np.float32(len(labels))
    return loss, delta


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """One stretch of training; the learning rate falls to zero along a cosine."""

    epochs: int
    rate: float
    dropout: float = 0.0  # on the outputs of the two hidden layers
    weight_decay: float = 1e-4
    momentum: float = 0.9
    batch: int = 128


class Trained(Protocol):
    """What `train` needs of a network; weights are matrices, whatever the layers are."""

    weights: list[np.ndarray]
    biases: list[np.ndarray]

    def gradients(
        self, inputs: np.ndarray, labels: np.ndarray, dropout: float, rng: np.random.Generator
    ) -> tuple[float, list[np.ndarray]]:
        """Mean cross-entropy of a batch and its gradients: all weights', then all biases'."""
        ...


def train(
    network: Trained,
    split: Split,
    schedule: Schedule,
    rng: np.random.Generator,
    *,
    projections: Sequence[Projection] | None = None,
    report: Callable[[int, float], None] = lambda epoch, loss: None,
) -> None:
    """Train ``network`` in place; ``report`` gets each epoch's number and mean loss."""
    images = split.images.astype(np.float32) / np.float32(PIXEL_SCALE)
    parameters = [*network.weights, *network.biases]
    velocity = [np.zeros_like(p) for p in parameters]
    n_steps = schedule.epochs * -(-len(images) // schedule.batch)
    step = 0
    for epoch in range(schedule.epochs):
        order, losses = rng.permutation(len(images)), []
        for start in range(0, len(images), schedule.batch):
            chosen = order[start : start + schedule.batch]
            loss, gradients = network.gradients(
                images[chosen], split.labels[chosen], schedule.dropout, rng
            )
            losses.append(loss)
            rate = np.float32(schedule.rate * 0.5 * (1 + np.cos(np.pi * step / n_steps)))
            for index, weight in enumerate(network.weights):
                gradients[index] += np.float32(schedule.weight_decay) * weight
                if projections is not None:
                    bias = index + len(network.weights)
                    both = np.column_stack([gradients[index], gradients[bias]])
                    both = projections[index](both)
                    gradients[index], gradients[bias] = both[:, :-1], both[:, -1]
            for index, (parameter, gradient) in enumerate(zip(parameters, gradients, strict=True)):
                velocity[index] *= np.float32(schedule.momentum)
                velocity[index] -= rate * gradient
                parameter += velocity[index]
            step += 1
        report(epoch + 1, float(np.mean(losses)))
