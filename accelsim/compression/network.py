"""Whole networks: compressed layer by layer, and calibrated by what images cause in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.compression.largest_sums import largest_sum
from accelsim.compression.low_rank import BEFORE, split_low_rank
from accelsim.compression.pipeline import compress
from accelsim.compression.recipe import Recipe
from accelsim.compression.thresholds import PERCENTILE, threshold
from accelsim.errors import InputError, nearest
from accelsim.lowering.network_floats import run_floats
from accelsim.records import CompressedConv, CompressedLayer
from accelsim.records.losses import Loss, warn
from accelsim.records.network import Network, Node

Values = npt.NDArray[np.float64]


def compress_graph(
    network: Network, recipe: Recipe | None = None,
    calibration: npt.ArrayLike | None = None, method: str = "max",
    percentile: float = PERCENTILE, on_layer: Callable[[], object] = lambda: None,
) -> Network:
    """The network with every layer compressed; those that are already stay as they are.

    Parameters
    ----------
    calibration : images that settle the layers' magnitudes (`calibrate_network`); None leaves
        them to the layers' own activations or to the first run
    method, percentile : `accelsim.compression.thresholds`
    on_layer : called after each layer

    Raises
    ------
    InputError
        If the recipe names a layer that is not there, or numbers cannot be compressed.
    """
    names = [node.name for node in network.nodes if not node.on_host]
    for name in recipe.layers if recipe else ():
        if name not in names:
            raise InputError(f"recipe: no layer is called '{name}'{nearest(name, names)}")

    settings = recipe or Recipe()
    network, lost = split_low_rank(network, settings)

    def change(layer: Any) -> Any:
        done = layer
        if not isinstance(layer, CompressedLayer | CompressedConv):
            own = settings.for_layer(layer.name.removesuffix(BEFORE))
            if calibration is not None:  # it settles what the layer's own activations would
                layer = replace(layer, activations=None)
            done = compress(layer, replace(own, rank=None))
        on_layer()
        return _with_loss(done, lost[layer.name]) if layer.name in lost else done

    packed = network.with_layers(change)
    warn(tuple(lost.values()), stacklevel=3)
    if calibration is None:
        return packed
    return calibrate_network(packed, calibration, method, percentile)


def _with_loss(work: CompressedLayer | CompressedConv, loss: Loss
               ) -> CompressedLayer | CompressedConv:
    layer = _matrix_of(work)
    layer = replace(layer, losses=(*layer.losses, loss))
    return replace(work, layer=layer) if isinstance(work, CompressedConv) else layer


def calibrated_network(network: Network, recipe: Recipe | None, images: npt.ArrayLike) -> Network:
    """The network compressed, and calibrated with images unless all of its layers are already:
    those of a file of `accelsim compress` that was given some keep what they got there."""
    settled = all(isinstance(layer, CompressedLayer | CompressedConv)
                  and _matrix_of(layer).output_max_abs is not None for layer in network.layers)
    return compress_graph(network, recipe, None if settled else images)


def calibrate_network(
    network: Network, images: npt.ArrayLike, method: str = "max",
    percentile: float = PERCENTILE, bits: int = 16,
) -> Network:
    """The same compressed network with the magnitudes that ``images`` cause, in float64.

    By "max" no sum on the way to an output is cut off; the other methods look at inputs and
    outputs alone, and let sums on the way saturate.

    Parameters
    ----------
    bits : of activations and accumulators, which "kl" counts levels of
    """
    found: dict[str, tuple[float, float]] = {}

    def see(node: Node, inputs: Values, outputs: Values) -> None:
        layer = _matrix_of(node.work)
        top = threshold(inputs, method, bits, percentile)
        largest = threshold(outputs, method, bits, percentile)
        if method == "max":
            largest = max(largest, largest_sum(node.work, inputs))
        found[node.name] = (max(top, 1.0 if layer.has_bias else 0.0), largest)

    run_floats(network, images, see)
    nodes = tuple(node if node.on_host else replace(node, work=_settled(
        node.work, *found[node.name])) for node in network.nodes)
    return replace(network, nodes=nodes)


def _matrix_of(work: CompressedLayer | CompressedConv) -> CompressedLayer:
    return work.layer if isinstance(work, CompressedConv) else work


def _settled(work: Any, input_max_abs: float, output_max_abs: float) -> Any:
    layer = replace(_matrix_of(work), input_max_abs=input_max_abs, output_max_abs=output_max_abs)
    return replace(work, layer=layer) if isinstance(work, CompressedConv) else layer
