"""`compress`, for layers, convolutions and whole networks."""

from __future__ import annotations

from typing import Any, overload

import numpy.typing as npt

from accelsim.compression import pipeline
from accelsim.compression.recipe import Recipe
from accelsim.compression.thresholds import PERCENTILE
from accelsim.errors import InputError
from accelsim.records import CompressedConv, CompressedLayer, Conv2d, Layer
from accelsim.records.network import Network


@overload
def compress(layer: Layer, recipe: Recipe | None = None) -> CompressedLayer: ...
@overload
def compress(layer: Conv2d, recipe: Recipe | None = None) -> CompressedConv: ...
@overload
def compress(
    layer: Network, recipe: Recipe | None = None, *, calibration: npt.ArrayLike | None = None,
    method: str = "max", percentile: float = PERCENTILE,
) -> Network: ...
def compress(
    layer: Any, recipe: Recipe | None = None, *, calibration: npt.ArrayLike | None = None,
    method: str = "max", percentile: float = PERCENTILE,
) -> Any:
    """Prune, share and encode one layer, one convolution, or every layer of a network.

    A layer's own ``activations`` calibrate it (`accelsim.compression.pipeline.compress`); of a
    network ``calibration`` does.

    Parameters
    ----------
    layer : the layer, the convolution or the network
    calibration : of a network: (n, ...) images, or one, that settle its layers' binary points
    method, percentile : how: `accelsim.compression.thresholds`

    Raises
    ------
    InputError
        If the numbers cannot be compressed.
    """
    if isinstance(layer, Network):
        from accelsim.compression.network import compress_graph  # which compresses layers itself

        return compress_graph(layer, recipe, calibration, method, percentile)
    if calibration is not None:
        raise InputError(f"{layer.name}: calibration images are for networks; a layer's are its "
                         f"activations")
    return pipeline.compress(layer, recipe)
