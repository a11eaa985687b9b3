"""Weights for Winograd's F(2x2, 3x3): transformed, pruned on one side of it, shared behind it.

Pruned "before", the weights of space are those of the convolution's own matrix, and what the
transform makes of them is not sparse any more; pruned "after", the transformed weights themselves
are (Liu et al., ICLR 2018). One codebook holds all 16 elements.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from accelsim.compression.kept import kept_weights
from accelsim.compression.recipe import Recipe
from accelsim.lowering import winograd
from accelsim.lowering.im2col import block_diagonal
from accelsim.records import CompressedLayer, Conv2d, Layer


def compress_winograd(
    conv: Conv2d, recipe: Recipe, compress: Callable[[Layer, Recipe], CompressedLayer]
) -> CompressedLayer | None:
    """The transformed weights, or None where the recipe does not ask or there is no F(2x2, 3x3).

    Parameters
    ----------
    recipe, compress : as of `accelsim.compression.convolution.compress_conv`
    """
    geometry = conv.geometry
    if recipe.winograd is None or winograd.why_not(geometry):
        return None
    own = replace(recipe, permute_rows=None, winograd=None)
    weights = conv.weights
    if recipe.winograd == "before":
        kept = kept_weights(conv.matrix, own, conv.name).to_dense()
        weights = kept.reshape(len(kept), 3, 3, -1).transpose(0, 3, 1, 2)
        own = replace(own, density=None, threshold=None, pattern=None, pattern_parameters={})
    layer = Layer(winograd.transformed_weights(weights), None, conv.bias, conv.relu, conv.name,
                  conv.provenance)
    packed = compress(layer, own)
    return replace(
        packed, matrix=block_diagonal(packed, winograd.elements_geometry(geometry)),
        provenance={**packed.provenance, "recipe": recipe.settings()})
