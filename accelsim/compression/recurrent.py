"""Prune and quantise a recurrent layer by a recipe, matrix by matrix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from accelsim import __version__
from accelsim.compression.kept import kept_weights
from accelsim.compression.recipe import Recipe
from accelsim.compression.sharing import decoded_codes, share_matrix
from accelsim.errors import InputError, nearest
from accelsim.records import CscMatrix
from accelsim.records.linear import LinearWeights
from accelsim.records.recurrent import Matrix, RecurrentLayer


def compress_recurrent(layer: RecurrentLayer, recipe: Recipe | None = None) -> RecurrentLayer:
    """A layer whose matrices are pruned and quantised.

    ``values="linear"`` gives fixed-point weights of ``weight_bits``, which must be the machine's.
    ``"codebook"`` gives each matrix its own ``2**weight_bits - 1`` shared values as floats, which
    the machine then stores linearly with its own width. Biases and peepholes stay as they are.
    A ``table`` does so by its own rule, with codes of ``table_bits``, and a table a matrix, or a
    group of rows (``table_rows``), takes the place of ``values``. Zero runs are the machine's
    (``index_bits``). ``Recipe.layers`` names matrices:
    ``{"Wix": {"density": 0.1}}``.

    Raises
    ------
    InputError
        If the recipe names a matrix that is not there, or asks for ``permute_rows`` or for a place
        of the bias.
    """
    wanted = recipe or Recipe()
    for name in wanted.layers:
        if name not in layer.matrices:
            raise InputError(f"recipe: no matrix is called '{name}'"
                             f"{nearest(name, layer.matrices)}")
    if wanted.permute_rows is not None:
        raise InputError(f"{layer.name}: permute_rows is for single layers; rows of a recurrent "
                         f"layer's matrices belong to its cells")
    if any(own.rank is not None for own in map(wanted.for_layer, layer.matrices)):
        raise InputError(f"{layer.name}: rank is for layers of a network; leave it out")
    if any(own.index != "zero_runs" for own in map(wanted.for_layer, layer.matrices)):
        raise InputError(f"{layer.name}: index='{wanted.index}' is for single layers; those of a "
                         f"recurrent layer have zero runs; leave index out")
    if any(own.bias != "auto" for own in map(wanted.for_layer, layer.matrices)):
        raise InputError(f"{layer.name}: bias='{wanted.bias}' is for single layers; a recurrent "
                         f"layer keeps its biases as vectors; leave bias out")
    matrices = {name: _compressed(layer, name, wanted.for_layer(name)) for name in layer.matrices}
    provenance = {**layer.provenance, "recipe": wanted.settings(), "accelsim": __version__}
    return replace(layer, matrices=matrices, provenance=MappingProxyType(provenance))


def linear_weights(layer: RecurrentLayer, weight_bits: int) -> Mapping[str, LinearWeights]:
    """Every matrix in fixed point: what is quantised stays, the rest gets ``weight_bits`` bits.

    Raises
    ------
    InputError
        If a matrix is quantised to another width.
    """
    weights = {
        name: m if isinstance(m, LinearWeights)
        else LinearWeights.from_floats(m, weight_bits, f"{layer.name}.{name}")
        for name, m in layer.matrices.items()
    }
    for name, quantised in weights.items():
        if quantised.weight_bits != weight_bits:
            raise InputError(
                f"{layer.name}.{name}: weights of {quantised.weight_bits} bits, the machine has "
                f"{weight_bits}; quantise again or set weight_bits={quantised.weight_bits}"
            )
    return weights


def _compressed(layer: RecurrentLayer, name: str, own: Recipe) -> Matrix:
    given = layer.matrices[name]
    weights = given.decoded() if isinstance(given, LinearWeights) else given
    if own.pattern is not None and isinstance(weights, CscMatrix):
        weights = weights.to_dense()
    kept = kept_weights(weights, own, f"{layer.name}.{name}")
    where = f"{layer.name}.{name}"
    if own.values == "linear" and own.table is None:
        return LinearWeights.from_floats(kept, own.weight_bits, where)
    shared = share_matrix(kept, own, where)
    decoded = decoded_codes(shared.codes, shared.codebook, kept.rows, own.table_rows)
    return CscMatrix(kept.shape, kept.column_starts, kept.rows, decoded)
