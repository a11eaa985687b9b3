"""One layer as two by its singular values: W = (U S^1/2) (S^1/2 V'), the largest ``rank`` of S.

A matrix becomes two matrices; a k x k convolution one of k x k to ``rank`` channels and one of
1 x 1 behind it (Denil et al., NIPS 2013; Denton et al., NIPS 2014, sec. 3). Nothing is trained
again: what is left out is told, as the share of the weights' Frobenius norm.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from accelsim.compression.recipe import Recipe
from accelsim.errors import InputError
from accelsim.records import Conv2d, CscMatrix, Layer, Loss
from accelsim.records.network import Network, Node

Values = npt.NDArray[np.float64]
BEFORE = ".rank"
"""Behind the name of a layer: the first of its two, which has no bias and no ReLU."""


def split_low_rank(network: Network, recipe: Recipe) -> tuple[Network, dict[str, Loss]]:
    """The network with two layers in place of each that the recipe gives a rank, and by the second
    one's name what that loses.

    Raises
    ------
    InputError
        If a rank is no smaller than its layer's, or the layer is compressed or of several groups.
    """
    nodes: list[Node] = []
    lost: dict[str, Loss] = {}
    for node in network.nodes:
        rank = None if node.on_host else recipe.for_layer(node.name).rank
        if rank is None:
            nodes.append(node)
            continue
        if not isinstance(node.work, Layer | Conv2d):
            raise InputError(f"{node.name}: holds codes already; leave rank out")
        first, second, lost[node.name] = split(node.work, rank)
        nodes += [Node(first.name, first, node.inputs), Node(node.name, second, (first.name,))]
    return replace(network, nodes=tuple(nodes)), lost


def split(work: Layer | Conv2d, rank: int) -> tuple[Layer | Conv2d, Layer | Conv2d, Loss]:
    """Two layers that do the work of one, and what that loses; errors as of `split_low_rank`."""
    matrix = _matrix(work)
    most = min(matrix.shape)
    if not 1 <= rank < most:
        raise InputError(f"{work.name}: rank is {rank}; need 1 to {most - 1}: it has "
                         f"{matrix.shape[0]} outputs that see {matrix.shape[1]} inputs")
    left, sizes, right = np.linalg.svd(matrix, full_matrices=False)
    root = np.sqrt(sizes[:rank])
    into, out = root[:, None] * right[:rank], left[:, :rank] * root
    error = float(np.sqrt((sizes[rank:] ** 2).sum() / (sizes ** 2).sum())) if sizes.any() else 0.0
    before, after = matrix.size, rank * sum(matrix.shape)
    loss = Loss(
        "low rank", work.name, f"rank {rank} of {most} leaves out {error:.1%} of the weights' "
        f"norm; {after:,} weights in two layers for {before:,}",
        "take a larger rank, or train the two layers again", {"error": error, "rank": rank})
    name = f"{work.name}{BEFORE}"
    if isinstance(work, Layer):
        one = Layer(into, work.activations, None, False, name, work.provenance)
        return one, replace(work, weights=out, activations=None), loss
    inside = into.reshape(rank, *work.weights.shape[1:])
    first = replace(work, weights=inside, bias=None, relu=False, name=name)
    second = Conv2d(out[:, :, None, None], work.bias, relu=work.relu, name=work.name,
                    provenance=work.provenance)
    return first, second, loss


def _matrix(work: Layer | Conv2d) -> Values:
    if isinstance(work, Conv2d):
        if work.groups != 1:
            raise InputError(f"{work.name}: rank is for convolutions of one group, this one has "
                             f"{work.groups}")
        return np.asarray(work.weights, np.float64).reshape(len(work.weights), -1)
    weights = work.weights
    dense = weights.to_dense() if isinstance(weights, CscMatrix) else weights
    return np.asarray(dense, np.float64)
