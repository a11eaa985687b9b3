"""What a recipe keeps of a matrix: by magnitude, or by a sparsity pattern."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.compression.patterns import make_mask
from accelsim.compression.prune import Mask, prune
from accelsim.compression.recipe import Recipe
from accelsim.errors import InputError
from accelsim.records import CscMatrix


def kept_weights(
    weights: npt.NDArray[Any] | CscMatrix, recipe: Recipe, name: str
) -> CscMatrix:
    """The weights that stay, as float32.

    Parameters
    ----------
    recipe : of this matrix (`Recipe.for_layer`)
    name : for messages

    Raises
    ------
    InputError
        If the pattern does not fit the matrix, or the matrix is sparse from the start.
    """
    if recipe.pattern is None:
        return prune(weights, recipe.density, recipe.threshold)
    if isinstance(weights, CscMatrix):
        raise InputError(f"{name}: recipe.pattern needs dense weights, this layer is sparse from "
                         f"the start; take a layer file")
    return prune(np.where(pattern_mask(recipe, weights), weights, 0))


def pattern_mask(recipe: Recipe, weights: npt.NDArray[Any]) -> Mask:
    """What the recipe's pattern leaves of dense weights; errors as of
    `accelsim.compression.patterns.make_mask`."""
    parameters = dict(recipe.pattern_parameters)
    if recipe.density is not None:
        parameters["density"] = recipe.density
    return make_mask(str(recipe.pattern), weights, **parameters)
