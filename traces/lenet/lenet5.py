"""LeNet-5 as Deep Compression trains it (Caffe's): 20C5-P-50C5-P-500-10, and its gradients."""

from dataclasses import dataclass

import numpy as np

from lenet.convolution import add_patches, max_pool, patches, spread
from lenet.mnist import PIXEL_SCALE, Split
from lenet.network import cross_entropy, dropout_scale

LAYERS = ("conv1", "conv2", "fc1", "fc2")
KERNEL = 5
SIDE = 28  # pixels of a digit
# Outputs and inputs of each layer's matrix. Columns of a convolution: kernel position by kernel
# position, channels innermost; of fc1: position of the 4 x 4 map by position, channels innermost.
SHAPES = ((20, 25), (50, 500), (500, 800), (10, 500))
_BATCH = 500  # digits at a time where errors are counted


@dataclass
class LeNet5:
    """``weights[i]`` (outputs, inputs) as `SHAPES`, ``biases[i]`` (outputs,), float32.

    ReLU after each layer but the last, max pooling of 2 x 2 after each convolution. (Caffe's has
    a ReLU after fc1 alone: with it after the convolutions, inputs are sparse.)
    """

    weights: list[np.ndarray]
    biases: list[np.ndarray]

    @classmethod
    def random(cls, rng: np.random.Generator) -> "LeNet5":
        """He-initialised network with zero biases."""
        weights = [
            rng.standard_normal(shape, np.float32) * np.float32((2 / shape[1]) ** 0.5)
            for shape in SHAPES
        ]
        return cls(weights, [np.zeros(n_out, np.float32) for n_out, _ in SHAPES])

    def copy(self) -> "LeNet5":
        return LeNet5([w.copy() for w in self.weights], [b.copy() for b in self.biases])

    def layer_inputs(self, images: np.ndarray) -> list[np.ndarray]:
        """Inputs of each layer, as images or vectors, and, last, the network's outputs."""
        scaled = images.astype(np.float32) / np.float32(PIXEL_SCALE)
        signals = [scaled.reshape(-1, SIDE, SIDE, 1)]
        for index in range(2):
            signals.append(max_pool(self._convolved(index, signals[-1])[1])[0])
        flat = signals[-1].reshape(len(images), -1)
        signals.append(np.maximum(flat @ self.weights[2].T + self.biases[2], 0))
        signals.append(signals[-1] @ self.weights[3].T + self.biases[3])
        return signals

    def errors(self, split: Split) -> int:
        """Number of digits of ``split`` that are classified wrongly."""
        wrong = 0
        for start in range(0, len(split.labels), _BATCH):
            part = slice(start, start + _BATCH)
            outputs = self.layer_inputs(split.images[part])[-1]
            wrong += int((outputs.argmax(1) != split.labels[part]).sum())
        return wrong

    def gradients(
        self, inputs: np.ndarray, labels: np.ndarray, dropout: float, rng: np.random.Generator
    ) -> tuple[float, list[np.ndarray]]:
        """Mean cross-entropy of a batch and its gradients: all weights', then all biases'."""
        images = inputs.reshape(-1, SIDE, SIDE, 1)
        columns, maps, places = [], [], []
        for index in range(2):
            maps.append(images)
            rows, outputs = self._convolved(index, images)
            images, place = max_pool(outputs)
            columns.append(rows)
            places.append(place)
        flat = images.reshape(len(images), -1)
        total = flat @ self.weights[2].T + self.biases[2]
        slope = (total > 0).astype(np.float32)
        if dropout:
            slope *= dropout_scale(total.shape, dropout, rng)
        hidden = total * slope
        loss, delta = cross_entropy(hidden @ self.weights[3].T + self.biases[3], labels)
        parts = [(delta.T @ hidden, delta.sum(0))]
        delta = (delta @ self.weights[3]) * slope
        parts.insert(0, (delta.T @ flat, delta.sum(0)))
        pooled = (delta @ self.weights[2]).reshape(images.shape)
        for index in (1, 0):
            # Zero where the largest of the square was cut off by the ReLU.
            delta = spread(pooled * (images > 0), places[index])
            delta = delta.reshape(-1, delta.shape[-1])
            parts.insert(0, (delta.T @ columns[index], delta.sum(0)))
            if index:
                images = maps[index]
                pooled = add_patches(delta @ self.weights[index], images.shape, KERNEL)
        return loss, [weights for weights, _ in parts] + [biases for _, biases in parts]

    def _convolved(self, index: int, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The patches of a convolution and its outputs after the ReLU."""
        rows = patches(images, KERNEL)
        n, side = len(images), images.shape[1] - KERNEL + 1
        outputs = np.maximum(rows @ self.weights[index].T + self.biases[index], 0)
        return rows, outputs.reshape(n, side, side, -1)


def as_tensor(index: int, matrix: np.ndarray) -> np.ndarray:
    """A layer's matrix in the usual order: (out, in, 5, 5), or fc1's inputs channel by channel."""
    n_outputs, n_inputs = matrix.shape
    if index < 2:
        shaped = matrix.reshape(n_outputs, KERNEL, KERNEL, n_inputs // KERNEL**2)
        return shaped.transpose(0, 3, 1, 2)
    if index == 2:
        return matrix.reshape(n_outputs, 4, 4, 50).transpose(0, 3, 1, 2).reshape(n_outputs, -1)
    return matrix
