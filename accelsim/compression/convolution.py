"""Convolutions: their matrix goes the way of every layer's, the geometry stays beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from accelsim.compression.kept import pattern_mask
from accelsim.compression.largest_sums import largest_sum
from accelsim.compression.patterns import OF_KERNELS
from accelsim.compression.permute import permute_rows
from accelsim.compression.recipe import Recipe
from accelsim.compression.winograd import compress_winograd
from accelsim.lowering.im2col import block_diagonal
from accelsim.records import CompressedConv, CompressedLayer, Conv2d, Layer


def compress_conv(
    conv: Conv2d, recipe: Recipe, compress: Callable[[Layer, Recipe], CompressedLayer]
) -> CompressedConv:
    """Prune, share and encode a convolution.

    Parameters
    ----------
    recipe : of this layer (`Recipe.for_layer`); its density is that of the weights, blocks of
        zeros between groups not counted
    compress : of a layer's matrix
    """
    geometry, asked = conv.geometry, recipe
    conv, recipe = _of_kernels(conv, recipe)
    packed = compress(
        Layer(conv.matrix, None, conv.bias, conv.relu, conv.name, conv.provenance),
        replace(recipe, permute_rows=None, winograd=None),
    )
    packed = replace(packed, matrix=block_diagonal(packed, geometry),
                     provenance={**packed.provenance, "recipe": asked.settings()})
    if recipe.permute_rows is not None:
        packed = permute_rows(packed, recipe.permute_rows)
    done = CompressedConv(packed, geometry, compress_winograd(conv, recipe, compress))
    return done if conv.activations is None else _calibrated(done, conv)


def _of_kernels(conv: Conv2d, recipe: Recipe) -> tuple[Conv2d, Recipe]:
    """Pruned already where the pattern looks at kernels, whose shape a matrix does not have; the
    groups of a convolution one by one."""
    if recipe.pattern not in OF_KERNELS:
        return conv, recipe
    masks = [pattern_mask(recipe, part)
             for part in np.split(np.asarray(conv.weights), conv.groups)]
    weights = np.where(np.concatenate(masks), conv.weights, 0)
    return replace(conv, weights=weights), replace(
        recipe, pattern=None, pattern_parameters={}, density=None)


def _calibrated(done: CompressedConv, conv: Conv2d) -> CompressedConv:
    """With the magnitudes that the convolution's own images cause, in ascending column order."""
    images = np.asarray(conv.geometry.images(conv.name, np.asarray(conv.activations)), np.float64)
    packed = done.layer
    return replace(done, layer=replace(
        packed, input_max_abs=max(float(np.abs(images).max()), 1.0 if packed.has_bias else 0.0),
        output_max_abs=largest_sum(done, images)))
