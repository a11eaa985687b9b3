"""Sparsity patterns: which weights stay, by magnitude and under a rule of balance or shape.

Every pattern is a function of a dense matrix that gives a mask of the same shape. Ties go to the
weight that comes first row by row. A weight of zero never stays.

Of a convolution, "unstructured" is fine-grained, "vector", "kernel" and "filter" (its rows) are the
1-D, 2-D and 3-D patterns of Mao et al. (CVPR workshops 2017). In a matrix a kernel is one weight.

Sources: load-balance-aware pruning, ESE (Han et al., FPGA 2017); bank-balanced sparsity (Cao et
al., FPGA 2019); N:M as in 2:4 structured sparsity; magnitude pruning, Deep Compression.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from accelsim.compression.pattern_parts import (
    Dense,
    count,
    first_largest,
    fitting,
    magnitudes_of,
    positive,
)
from accelsim.compression.prune import Mask, largest
from accelsim.errors import InputError, nearest
from accelsim.records import CscMatrix
from accelsim.records.recurrent import RecurrentLayer


def unstructured(weights: Dense, density: float) -> Mask:
    """The largest weights of the whole matrix: ``floor(density * size + 1/2)``."""
    magnitudes = magnitudes_of(weights)
    return largest(magnitudes, count(density, magnitudes.size))


def load_balanced(
    weights: Dense, density: float, n_pe: int, index_bits: int | None = None
) -> Mask:
    """The largest weights of every PE's rows (row i belongs to PE i mod n_pe), the same share.

    With ``index_bits``, the share counts what a PE stores: weights and the entries that only
    extend runs of zeros longer than these bits hold. So PEs whose weights stand far apart, and
    need more of these, keep fewer weights, and the stored entries are balanced.
    """
    magnitudes = magnitudes_of(weights)
    positive("n_pe", n_pe)
    mask = np.zeros(magnitudes.shape, dtype=bool)
    for pe in range(min(n_pe, len(magnitudes))):
        own = np.ascontiguousarray(magnitudes[pe::n_pe])
        target = count(density, own.size)
        kept = target if index_bits is None else fitting(own, target, index_bits)
        mask[pe::n_pe] = largest(own, kept)
    return mask


def bank_balanced(weights: Dense, density: float, n_banks: int) -> Mask:
    """Every row is cut into ``n_banks`` equal banks that keep the same number of weights each.

    A bank has ceil(columns / n_banks) columns; the last may have fewer and then keeps no more
    than it has.
    """
    magnitudes = magnitudes_of(weights)
    positive("n_banks", n_banks)
    width = -(-magnitudes.shape[1] // n_banks)
    return _largest_of_groups(magnitudes, width, count(density, width))


def n_m(weights: Dense, n: int, m: int) -> Mask:
    """Of every ``m`` neighbours in a row the ``n`` largest: 2:4 is ``n=2, m=4``."""
    magnitudes = magnitudes_of(weights)
    positive("m", m)
    if not 0 <= n <= m:
        raise InputError(f"pattern n_m: n is {n}; need 0 to m={m}")
    return _largest_of_groups(magnitudes, m, n)


def block(
    weights: Dense, density: float, shape: tuple[int, int], score: Literal["mean", "max"] = "mean"
) -> Mask:
    """Whole blocks of ``shape`` (rows, columns), by the mean or largest magnitude in them.

    Blocks at the edges may be smaller; their mean is over the weights that they have.
    """
    magnitudes = magnitudes_of(weights)
    rows, columns = shape
    positive("block rows", rows)
    positive("block columns", columns)
    if score not in ("mean", "max"):
        raise InputError(f"pattern block: score is {score!r}; need 'mean' or 'max'")
    n_down, n_across = -(-magnitudes.shape[0] // rows), -(-magnitudes.shape[1] // columns)
    padded = np.zeros((n_down * rows, n_across * columns))
    padded[: magnitudes.shape[0], : magnitudes.shape[1]] = magnitudes
    blocks = padded.reshape(n_down, rows, n_across, columns)
    if score == "max":
        scores = blocks.max(axis=(1, 3))
    else:
        height = np.minimum(rows, magnitudes.shape[0] - np.arange(n_down) * rows)
        width = np.minimum(columns, magnitudes.shape[1] - np.arange(n_across) * columns)
        scores = blocks.sum(axis=(1, 3)) / (height[:, None] * width[None, :])
    kept = first_largest(scores.ravel(), count(density, scores.size)).reshape(scores.shape)
    mask = np.repeat(np.repeat(kept, rows, axis=0), columns, axis=1)
    return np.asarray(mask[: magnitudes.shape[0], : magnitudes.shape[1]] & (magnitudes > 0))


def row(weights: Dense, density: float) -> Mask:
    """Whole rows (output channels), by their sum of magnitudes."""
    magnitudes = magnitudes_of(weights)
    sums = magnitudes.sum(axis=1, dtype=np.float64)
    kept = first_largest(sums, count(density, len(sums)))
    return np.asarray(kept[:, None] & (magnitudes > 0))


def output_channel(weights: Dense, density: float) -> Mask:
    """The largest weights of every row (output channel), the same number of each."""
    magnitudes = magnitudes_of(weights)
    width = magnitudes.shape[1]
    return _largest_of_groups(magnitudes, width, count(density, width))


def channel(weights: Dense, density: float) -> Mask:
    """Whole input channels, by their sum of magnitudes: columns, of a convolution all kernels
    that read the channel."""
    return _together(weights, density, (0, 2, 3))


def kernel(weights: Dense, density: float) -> Mask:
    """Whole kernels of one output and one input channel, by their sum of magnitudes."""
    return _together(weights, density, (2, 3))


def vector(weights: Dense, density: float) -> Mask:
    """Whole rows of kernels, by their sum of magnitudes."""
    return _together(weights, density, (3,))


PATTERNS: Mapping[str, Callable[..., Mask]] = MappingProxyType({
    "unstructured": unstructured,
    "load_balanced": load_balanced,
    "bank_balanced": bank_balanced,
    "block": block,
    "n_m": n_m,
    "row": row,
    "channel": channel,
    "vector": vector,
    "kernel": kernel,
    "filter": row,
    "output_channel": output_channel,
})
OF_KERNELS = ("channel", "vector", "kernel")
"""Patterns that look at a convolution's four axes; all others look at its matrix, whose rows are
output channels and whose columns have the input channels of a kernel position side by side."""


def make_mask(pattern: str, weights: Dense, **parameters: Any) -> Mask:
    """The mask of a pattern by name.

    Parameters
    ----------
    weights : (n_outputs, n_inputs); for one of `OF_KERNELS` also (out, in, rows, columns)
    parameters : those of the pattern's function: ``density``, ``n_pe``, ``n_banks``, ``shape``,
        ``score``, ``n``, ``m``

    Raises
    ------
    InputError
        If there is no such pattern, or a parameter is unknown, missing or out of range.
    """
    if pattern not in PATTERNS:
        raise InputError(f"no pattern '{pattern}'{nearest(pattern, PATTERNS)}")
    function = PATTERNS[pattern]
    names = function.__code__.co_varnames[1 : function.__code__.co_argcount]
    needed = names[: len(names) - len(function.__defaults__ or ())]
    for name in parameters:
        if name not in names:
            raise InputError(f"pattern {pattern}: no parameter '{name}'{nearest(name, names)}")
    for name in needed:
        if name not in parameters:
            raise InputError(f"pattern {pattern}: needs {', '.join(needed)}; '{name}' is missing")
    return function(weights, **parameters)


def prune_recurrent(layer: RecurrentLayer, pattern: str, **parameters: Any) -> RecurrentLayer:
    """A recurrent layer of which every matrix keeps what the pattern leaves.

    Parameters
    ----------
    parameters : of the pattern, for all matrices; a mapping gives each matrix its own:
        ``density={"Wix": 0.12, ...}``
    """
    matrices = {}
    for name in layer.matrices:
        own = {key: value[name] if isinstance(value, Mapping) else value
               for key, value in parameters.items()}
        dense = layer.floats(name)
        mask = make_mask(pattern, dense, **own)
        matrices[name] = CscMatrix.from_dense(np.where(mask, dense, 0.0))
    plain = {key: dict(v) if isinstance(v, Mapping) else v for key, v in parameters.items()}
    provenance = {**layer.provenance, "pattern": pattern, **plain}
    return replace(layer, matrices=matrices, provenance=MappingProxyType(provenance))


def prune_gates(layer: RecurrentLayer, pattern: str, **parameters: Any) -> RecurrentLayer:
    """As `prune_recurrent`, with each gate's two matrices pruned as one, [W?x W?r].

    That is how a machine stores them which multiplies [x, y] at once, as the bank-balanced one.
    """
    matrices = {}
    for name in layer.matrices:
        recurrent = f"{name[:2]}r"
        if name.endswith("x") and recurrent in layer.matrices:
            both = np.hstack([layer.floats(name), layer.floats(recurrent)])
            kept = np.where(make_mask(pattern, both, **parameters), both, 0.0)
            matrices[name] = CscMatrix.from_dense(kept[:, : layer.n_inputs])
            matrices[recurrent] = CscMatrix.from_dense(kept[:, layer.n_inputs :])
    for name in set(layer.matrices) - set(matrices):
        dense = layer.floats(name)
        mask = make_mask(pattern, dense, **parameters)
        matrices[name] = CscMatrix.from_dense(np.where(mask, dense, 0.0))
    provenance = {**layer.provenance, "pattern": pattern, "gates": "as one matrix", **parameters}
    return replace(layer, matrices=matrices, provenance=MappingProxyType(provenance))


def balance(mask: Mask, n_pe: int) -> float:
    """Largest over mean number of weights of a PE: 1 is perfect balance."""
    counts = np.array([np.count_nonzero(mask[pe::n_pe]) for pe in range(n_pe)])
    return float(counts.max() / counts.mean()) if counts.any() else 1.0


def _together(weights: Dense, density: float, axes: tuple[int, ...]) -> Mask:
    """Weights that differ in these axes alone stay or go together.

    Parameters
    ----------
    weights : (out, in, kernel rows, kernel columns), or a matrix, whose kernels are one weight
    """
    given = np.asarray(weights)
    shape = given.shape if given.ndim == 4 else (*given.shape, 1, 1)
    magnitudes = magnitudes_of(given.reshape(len(given), -1)).reshape(shape)
    sums = magnitudes.sum(axis=axes, dtype=np.float64, keepdims=True)
    kept = first_largest(sums.ravel(), count(density, sums.size)).reshape(sums.shape)
    return np.asarray((kept & (magnitudes > 0)).reshape(given.shape))


def _largest_of_groups(magnitudes: npt.NDArray[np.float32], width: int, n_kept: int) -> Mask:
    """In every group of ``width`` columns of a row the ``n_kept`` largest."""
    n_rows, n_columns = magnitudes.shape
    n_groups = -(-n_columns // width)
    padded = np.zeros((n_rows, n_groups * width), dtype=np.float32)
    padded[:, :n_columns] = magnitudes
    groups = padded.reshape(n_rows, n_groups, width)
    order = np.argsort(-groups, axis=2, kind="stable")[:, :, :n_kept]
    mask = np.zeros(groups.shape, dtype=bool)
    np.put_along_axis(mask, order, True, axis=2)
    return np.asarray((mask & (groups > 0)).reshape(n_rows, -1)[:, :n_columns])
