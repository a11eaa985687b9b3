"""Codes of a matrix by its recipe's table: one table, or one for each group of rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.compression.recipe import Recipe
from accelsim.compression.share import Floats, Sharing
from accelsim.compression.tables import table_named
from accelsim.records import CscMatrix


def share_matrix(kept: CscMatrix, own: Recipe, name: str, bias: Floats | None = None) -> Sharing:
    """Codes of the kept weights.

    Parameters
    ----------
    own : the recipe of this matrix
    bias : (n_outputs,) values that are to share the codebook

    Returns
    -------
    `Sharing` whose codebook has ``2**code_bits`` values, with ``own.table_rows``
    (n_tables, ``2**code_bits``)

    Raises
    ------
    InputError
        If the table has no codes of so many bits, or its file cannot be read.
    """
    bits, rows = own.code_bits(name), own.table_rows
    if rows is None:
        return _shared(kept.values, own, bits, bias)
    group = kept.rows // rows
    codes = np.zeros(kept.nnz, dtype=np.uint8)
    parts = []
    for at in range(-(-kept.shape[0] // rows)):
        inside = group == at
        part = None if bias is None else bias[at * rows:(at + 1) * rows]
        parts.append(_shared(kept.values[inside], own, bits, part))
        codes[inside] = parts[-1].codes
    return Sharing(
        np.stack([part.codebook for part in parts]), codes,
        max(part.iterations for part in parts), all(part.converged for part in parts),
    )


def nearest_codes(values: Floats, codebook: Floats) -> npt.NDArray[np.uint8]:
    """Code of the codebook entry nearest to each value; the smaller code of two equally near."""
    distances = np.abs(values[:, None].astype(np.float64) - codebook[None, :])
    codes: npt.NDArray[np.uint8] = distances.argmin(axis=1).astype(np.uint8)
    return codes


def bias_codes(bias: Floats, codebook: Floats, rows: int | None) -> npt.NDArray[np.uint8]:
    """Nearest codes of the biases, each in its row's table."""
    if rows is None:
        return nearest_codes(bias, codebook)
    return np.concatenate([nearest_codes(bias[at * rows:(at + 1) * rows], table)
                           for at, table in enumerate(codebook)])


def decoded_codes(
    codes: npt.NDArray[np.uint8], codebook: Floats, row: npt.NDArray[Any], rows: int | None
) -> Floats:
    """(n,) float32 weights of codes; ``row`` is where each stands."""
    return np.asarray(codebook[codes] if rows is None else codebook[row // rows, codes])


def widened(codebook: Floats, weight_bits: int) -> Floats:
    """The same tables with ``2**weight_bits`` values, zeros behind their own."""
    missing = (1 << weight_bits) - codebook.shape[-1]
    if not missing:
        return codebook
    return np.pad(codebook, [(0, 0)] * (codebook.ndim - 1) + [(0, missing)])


def _shared(values: Floats, own: Recipe, bits: int, bias: Floats | None) -> Sharing:
    table, settings = table_named(own.table_name)
    given = {key: getattr(own, key) for key in table.of_recipe}
    if table.takes_bias:
        given["bias"] = bias
    if not len(values):  # a row without weights
        return Sharing(np.zeros(1 << bits, np.float32), np.zeros(0, np.uint8), 0, True)
    return table.fit(values, bits, **given, **settings)
