"""From whatever a user has to the work that a machine takes: a layer, compressed or as one matrix.

What a machine takes decides, nothing else: a layer becomes a `CompressedLayer` where the machine
takes that, else a `RecurrentLayer` of kind "linear", one matrix.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.compression.pipeline import compress, weights_digest
from accelsim.compression.recipe import Recipe
from accelsim.compression.recurrent import compress_recurrent
from accelsim.errors import UnsupportedError
from accelsim.numeric import real_numbers
from accelsim.records import CompressedLayer, Layer
from accelsim.records.recurrent import RecurrentLayer

SHARED_BITS = ("weight_bits", "index_bits", "index")
"""Widths, and the kind of index, that a machine stores as the layer was compressed: one parameter
of both."""

Work = Layer | CompressedLayer | RecurrentLayer


def recipe_for(config: Any, needs: Mapping[str, Any], **own: Any) -> Recipe:
    """A recipe that fits a machine.

    Parameters
    ----------
    config : of the machine; its widths are the recipe's, where it has them
    needs : settings that the machine's work needs (`Machine.recipe`)
    own : what the caller wants, over ``needs``
    """
    widths = {key: getattr(config, key) for key in SHARED_BITS if hasattr(config, key)}
    return Recipe(**{**widths, **needs, **own})


def prepare(
    work: Work, takes: Iterable[type], recipe: Recipe | None = None
) -> CompressedLayer | RecurrentLayer:
    """Work as a machine takes it, pruned and quantised by a recipe.

    A layer as one matrix keeps its bias as a vector, and its ReLU. A layer that is compressed
    already is passed on, or its shared weights become the matrix, as floats that the machine
    stores with its own width; the recipe has no use then.

    Parameters
    ----------
    takes : kinds of work that the machine takes (`Machine.takes`)
    recipe : None takes the defaults; see `recipe_for`

    Raises
    ------
    InputError
        If the recipe does not fit the work.
    UnsupportedError
        If the machine takes no such work.
    """
    kinds = tuple(takes)
    if isinstance(work, RecurrentLayer):
        if RecurrentLayer in kinds:
            return compress_recurrent(work, recipe)
    elif CompressedLayer in kinds:
        return work if isinstance(work, CompressedLayer) else compress(work, recipe)
    elif RecurrentLayer in kinds:
        if isinstance(work, CompressedLayer):
            return as_matrix(_decoded(work))
        own = (recipe or Recipe()).for_layer(work.name)
        return compress_recurrent(as_matrix(work), own)
    told = " or ".join(kind.__name__ for kind in kinds) or "nothing yet"
    raise UnsupportedError(f"{work.name}: a {type(work).__name__}; this machine takes {told}; "
                           f"choose another machine")


def shaped_inputs(work: object, vectors: npt.ArrayLike) -> npt.NDArray[Any]:
    """Input vectors as the prepared work takes them.

    Parameters
    ----------
    vectors : (n_inputs,) or (n_vectors, n_inputs); an utterance (n_steps, n_channels, n_inputs)

    Returns
    -------
    for a recurrent layer (n_steps, n_channels, n_inputs), a vector a step on one channel; for any
    other work the vectors as they are
    """
    array = real_numbers(f"{getattr(work, 'name', 'work')}: inputs", vectors)
    if isinstance(work, RecurrentLayer) and array.ndim < 3:
        return np.atleast_2d(array)[:, None, :]
    return array


def as_matrix(layer: Layer) -> RecurrentLayer:
    """A layer as one matrix: weights, bias and ReLU as they are."""
    biases = {} if layer.bias is None else {"by": layer.bias}
    return RecurrentLayer(
        "linear", {"Wyx": layer.weights}, biases, relu=layer.relu, name=layer.name,
        provenance=MappingProxyType({
            "source": dict(layer.provenance), "weights_sha256": weights_digest(layer),
        }),
    )


def _decoded(packed: CompressedLayer) -> Layer:
    """The shared weights of a compressed layer, rows and bias where the layer has them."""
    dense = packed.in_layer_order(packed.decoded().to_dense().T).T
    layer = Layer(dense[:, : packed.n_inputs], relu=packed.relu, name=packed.name,
                  provenance=packed.provenance)
    bias = packed.bias_values
    return layer if bias is None else replace(layer, bias=packed.in_layer_order(bias))
