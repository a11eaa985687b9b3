"""Blocked rows: a PE has outputs and activations that stand side by side (contract K1, K2).

EIE gives output and activation i to PE i mod n_pe. In blocks the first PE has the first of them,
the next PE the next. The machine is the same: what lies where is a matter of the order in which
rows and columns are stored, so that a blocked layer is an interleaved one of other orders.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from accelsim.compression.binary_points import ById
from accelsim.machines.eie.config import EieConfig
from accelsim.records import CompressedLayer, CscMatrix

IntArray = npt.NDArray[np.int64]


def stored_order(n: int, n_pe: int) -> IntArray:
    """(n,) which of n values that stand in blocks is the first of PE 0, of PE 1, ..., the second
    of PE 0, ...: the order in which rows are stored, and activations scanned.

    Blocks differ by one value at most; the larger ones come first.
    """
    sizes = np.full(n_pe, n // n_pe)
    sizes[: n % n_pe] += 1
    pe = np.repeat(np.arange(n_pe), sizes)
    row = np.arange(n) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.argsort(row * n_pe + pe)


def scanned(config: EieConfig, inputs: npt.NDArray[np.int64]) -> IntArray:
    """(..., n_inputs) activations in the order in which they are scanned."""
    if config.rows == "interleaved":
        return inputs
    return np.ascontiguousarray(inputs[..., stored_order(inputs.shape[-1], config.n_pe)])


def unscanned(scanned: IntArray, n_pe: int) -> IntArray:
    """The order of the layer again, of activations of a machine with blocks."""
    return scanned[np.argsort(stored_order(len(scanned), n_pe))]


def placed(config: EieConfig, packed: CompressedLayer) -> CompressedLayer:
    """The layer with rows and columns in the order in which this machine stores them; the last few
    are kept."""
    if config.rows == "interleaved":
        return packed
    return _blocked(ById(packed), config.n_pe)


@lru_cache(maxsize=8)
def _blocked(handle: ById, n_pe: int) -> CompressedLayer:
    packed = handle.layer
    order = stored_order(packed.n_outputs, n_pe)
    columns = stored_order(packed.n_inputs, n_pe)
    if packed.has_bias:
        columns = np.append(columns, packed.n_inputs)
    matrix = packed.matrix
    # Both ways from what was stored to where it is.
    row_of, column_of = np.argsort(order), np.argsort(columns)
    counts = np.diff(matrix.column_starts)
    rows = row_of[matrix.rows]
    column = np.repeat(column_of, counts)
    by_column = np.argsort(column * packed.n_outputs + rows)
    whole = order if packed.row_order is None else packed.row_order[order]
    return replace(
        packed, row_order=whole, bias=None if packed.bias is None else packed.bias[order],
        matrix=CscMatrix(
            matrix.shape, np.concatenate([[0], np.cumsum(counts[columns])]),
            rows[by_column].astype(np.int32), matrix.values[by_column]))
