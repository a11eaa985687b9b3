"""`compress`, the one entrance: prune, share, encode, calibrate."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from accelsim import __version__
from accelsim.compression import losses
from accelsim.compression.calibrate import largest_partial_sum
from accelsim.compression.convolution import compress_conv
from accelsim.compression.kept import kept_weights
from accelsim.compression.permute import permute_rows
from accelsim.compression.recipe import Recipe
from accelsim.compression.share import Floats
from accelsim.compression.sharing import bias_codes, decoded_codes, share_matrix, widened
from accelsim.errors import InputError, nearest
from accelsim.records import CompressedConv, CompressedLayer, Conv2d, CscMatrix, Layer
from accelsim.records.losses import warn


@overload
def compress(layer: Layer, recipe: Recipe | None = None) -> CompressedLayer: ...
@overload
def compress(layer: Conv2d, recipe: Recipe | None = None) -> CompressedConv: ...
def compress(
    layer: Layer | Conv2d, recipe: Recipe | None = None
) -> CompressedLayer | CompressedConv:
    """Prune, share and encode one layer or convolution.

    A bias becomes the last column of the matrix, driven by 1.0 (EIE sec. III), or stays as it is
    for the accumulators to start from; ``recipe.bias`` says which. In the column each of its values
    becomes the nearest codebook entry (of two equally near, the smaller code), so it can come out
    as zero. How far off it is at most is noted as ``bias_max_error``.

    What is lost is in the layer's ``losses``, and told by one `LossWarning` each.

    ``layer.activations`` are the calibration: ``input_max_abs`` is their largest magnitude (with
    a bias at least the 1.0 that drives it), ``output_max_abs`` the largest magnitude of any partial
    sum in ascending column order, in float64 with the shared weights. Without activations both
    stay None.

    Raises
    ------
    InputError
        If the layer's numbers cannot be compressed.
    """
    own = (recipe or Recipe()).for_layer(layer.name)
    if own.rank is not None:
        raise InputError(f"{layer.name}: rank makes two layers of one; compress a network")
    if isinstance(layer, Conv2d):
        return compress_conv(layer, own, compress)
    packed = _compressed(layer, own)
    warn(packed.losses, stacklevel=4)  # the caller of `accelsim.compress`
    return packed


def _compressed(layer: Layer, own: Recipe) -> CompressedLayer:
    kept = kept_weights(layer.weights, own, layer.name)
    bias = None if layer.bias is None else _float32_bias(layer)
    in_column = None if own.bias == "accumulator" else bias
    shared = share_matrix(kept, own, layer.name, in_column)
    found = [*losses.of_float32(layer, own), *losses.of_sharing(layer.name, own, kept, shared)]
    notes: dict[str, Any] = {
        "kmeans_iterations": shared.iterations,
        "kmeans_converged": shared.converged,
    }
    matrix = _without_zeros(kept, shared.codes)
    if in_column is not None:
        rows = own.table_rows
        codes = bias_codes(in_column, shared.codebook, rows)
        as_column = decoded_codes(codes, shared.codebook, np.arange(len(codes)), rows)
        error = losses.of_bias(layer.name, own, in_column, as_column)
        found += error
        if error and own.bias == "auto":
            in_column = None
        else:
            notes["bias_max_error"] = float(np.abs(in_column - as_column).max())
            matrix = _with_column(matrix, codes)
    packed = CompressedLayer(
        matrix, widened(shared.codebook, own.weight_bits), own.weight_bits, own.index_bits,
        in_column is not None, layer.relu, layer.name,
        bias=bias if in_column is None else None, losses=tuple(found),
        rows_per_table=own.table_rows, index=own.index,
        provenance={
            "source": dict(layer.provenance),
            "weights_sha256": weights_digest(layer),
            "recipe": own.settings(),
            "compression": notes,
            "accelsim": __version__,
        },
    )
    if own.permute_rows is not None:
        packed = permute_rows(packed, own.permute_rows)
    if layer.activations is None:
        return packed
    inputs = np.atleast_2d(layer.activations).astype(np.float64)
    if not len(inputs):
        raise InputError(f"{layer.name}: activations hold no vector; give at least one, or None")
    input_max_abs = max(float(np.abs(inputs).max()), 1.0 if packed.has_bias else 0.0)
    output_max_abs = largest_partial_sum(packed, inputs)
    return replace(packed, input_max_abs=input_max_abs, output_max_abs=output_max_abs)


def compress_network(
    layers: Sequence[Layer],
    recipe: Recipe | None = None,
    on_layer: Callable[[], object] = lambda: None,
) -> list[CompressedLayer]:
    """Compress layer by layer; ``on_layer`` is called after each.

    Raises
    ------
    InputError
        If the recipe has settings for a layer that is not there.
    """
    names = [layer.name for layer in layers]
    for name in recipe.layers if recipe else ():
        if name not in names:
            raise InputError(f"recipe: no layer is called '{name}'{nearest(name, names)}")
    packed = []
    for layer in layers:
        packed.append(compress(layer, recipe))
        on_layer()
    return packed


def weights_digest(layer: Layer) -> str:
    """SHA-256 of a layer's weights and bias as they were given: shape, type and values."""
    weights = layer.weights
    parts: list[npt.NDArray[Any]] = (
        [weights.column_starts.astype("<i8"), weights.rows.astype("<i4"), weights.values]
        if isinstance(weights, CscMatrix) else [weights]
    )
    if layer.bias is not None:
        parts.append(layer.bias)
    h = hashlib.sha256(repr(layer.shape).encode())
    for part in parts:
        little = np.ascontiguousarray(part, dtype=part.dtype.newbyteorder("<"))
        h.update(f"{little.dtype.str}{little.shape}".encode())
        h.update(little.data)
    return h.hexdigest()


def _float32_bias(layer: Layer) -> Floats:
    with np.errstate(over="ignore"):  # reported just below
        bias = np.asarray(layer.bias, dtype=np.float32)
    if not np.isfinite(bias).all():
        raise InputError(f"{layer.name}: a bias is too large for float32; scale the layer down")
    return bias


def _without_zeros(matrix: CscMatrix, codes: npt.NDArray[np.uint8]) -> CscMatrix:
    """The matrix with codes for values, entries of code 0 left out."""
    stored = np.zeros(len(codes) + 1, dtype=np.int64)
    np.cumsum(codes != 0, out=stored[1:])
    used = codes != 0
    return CscMatrix(matrix.shape, stored[matrix.column_starts], matrix.rows[used], codes[used])


def _with_column(matrix: CscMatrix, codes: npt.NDArray[np.uint8]) -> CscMatrix:
    """One more column, of the non-zeros among ``codes``."""
    rows = np.flatnonzero(codes)
    return CscMatrix(
        (matrix.shape[0], matrix.shape[1] + 1),
        np.append(matrix.column_starts, matrix.nnz + len(rows)),
        np.concatenate([matrix.rows, rows.astype(np.int32)]),
        np.concatenate([matrix.values, codes[rows]]),
    )
