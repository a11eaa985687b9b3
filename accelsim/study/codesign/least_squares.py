"""Pruning by the error of a layer's outputs instead of by magnitude (Yang, Chen and Sze, Designing
Energy-Efficient Convolutional Neural Networks Using Energy-Aware Pruning, CVPR 2017, sec. 5).

There, weights are restored one by one where they lower the error of the output feature map most;
here each weight's own error is taken, its square times the mean square of the input that it sees.
What stays is then refitted in closed form, as there (least squares).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import UnsupportedError
from accelsim.kernels.patches import gather_windows
from accelsim.lowering.network_floats import run_floats
from accelsim.records import Conv2d
from accelsim.records.network import Node
from accelsim.training import Trainable, steps

RIDGE = 1e-3
"""Of the mean square input, added to the normal equations so that they have a solution; chosen."""
MOST_VECTORS = 20_000


def output_importance(
    model: Trainable, images: npt.NDArray[Any], name: str
) -> npt.NDArray[np.float32]:
    """(n_outputs, n_inputs) how much the outputs' squares err without a weight, as its root."""
    square = np.sqrt(np.mean(np.square(_vectors(model, images, name)), axis=0))
    found = np.abs(model.weights[name]) * square
    # A weight whose input is always zero costs no error, and is still none that is pruned.
    smallest = np.float32(np.finfo(np.float32).tiny)
    return np.where(model.weights[name] != 0, np.maximum(found, smallest), np.float32(0))


def refitted(
    model: Trainable, images: npt.NDArray[Any], name: str, kept: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """The kept weights with which the layer's outputs are nearest to those before the cut.

    Parameters
    ----------
    model : before the cut
    kept : (n_outputs, n_inputs) weights after it
    """
    vectors = _vectors(model, images, name).astype(np.float64)
    gram = vectors.T @ vectors / len(vectors)
    gram[np.diag_indices_from(gram)] += RIDGE * max(float(np.trace(gram)) / len(gram), 1e-12)
    before = model.weights[name].astype(np.float64)
    found = kept.copy()
    for row in range(len(kept)):
        places = np.flatnonzero(kept[row])
        if len(places):
            wanted = gram[places] @ before[row]
            found[row, places] = np.linalg.solve(gram[np.ix_(places, places)], wanted)
    return np.where((kept != 0) & (found == 0), kept, found)


def _vectors(model: Trainable, images: npt.NDArray[Any], name: str) -> npt.NDArray[np.float32]:
    """Some of the vectors that the layer's matrix sees."""
    try:
        for node in model.network.nodes:
            steps.check(model.network.name, node)
    except UnsupportedError:  # what is not trained has a forward pass all the same
        seen = _in_floats(model, images, name)
    else:
        seen = model.layer_inputs(images, name)
    return seen[::max(1, -(-len(seen) // MOST_VECTORS))]


def _in_floats(model: Trainable, images: npt.NDArray[Any], name: str) -> npt.NDArray[np.float32]:
    """The same of any network that runs: `accelsim.lowering.network_floats`."""
    kept: list[npt.NDArray[np.float64]] = []

    def see(node: Node, inputs: npt.NDArray[np.float64], outputs: npt.NDArray[Any]) -> None:
        if node.name == name:
            kept.append(inputs)

    run_floats(model.as_network(), images, see)
    (inputs,) = kept
    work = next(node.work for node in model.network.nodes if node.name == name)
    if not isinstance(work, Conv2d):
        return inputs.reshape(len(inputs), -1).astype(np.float32)
    geometry = work.geometry
    if geometry.groups != 1 or geometry.dilation != (1, 1):
        raise UnsupportedError(f"{name}: a convolution with {geometry.told}, whose inputs the "
                               f"search 'energy' does not gather; take --search greedy")
    maps = np.pad(inputs, ((0, 0), (0, 0), *geometry.padding)).transpose(0, 2, 3, 1)
    found: npt.NDArray[np.float32] = gather_windows(
        np.ascontiguousarray(maps, np.float32), geometry.kernel, geometry.stride,
        geometry.output_size(*inputs.shape[2:]))
    return found
