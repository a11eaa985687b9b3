"""Which row goes to which PE: an order of the rows that evens out the work.

Row r of the matrix belongs to PE ``r mod n_pe`` (EIE sec. III), so some PE may get many of the
full rows and the others wait for it (EIE sec. VI-C, load balance). The rows of a layer can be
stored in any order: outputs move with them, sums do not change, and the order is undone on the
outputs. Columns stay where they are.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError
from accelsim.records import CompressedLayer, CscMatrix

COLUMN_GROUPS = 32
"""PEs are to have equal work not only in all, but in each of so many ranges of columns: a queue
lets a PE fall behind by a few columns only."""


def balanced_order(matrix: CscMatrix, n_pe: int, column_groups: int = COLUMN_GROUPS
                   ) -> npt.NDArray[np.int64]:
    """The order in which to store the rows.

    From the fullest row to the emptiest, each goes to the PE with room where it adds least to the
    sum over column groups of the squared work. A PE's rows stay in ascending order.

    Returns
    -------
    (n_rows,) int64: the row that is stored at each place

    Raises
    ------
    InputError
        If ``n_pe`` or ``column_groups`` is below 1.
    """
    if n_pe < 1 or column_groups < 1:
        raise InputError(f"n_pe is {n_pe}, column_groups {column_groups}; need 1 or more")
    n_rows, n_columns = matrix.shape
    groups = min(column_groups, n_columns)
    column = np.repeat(np.arange(n_columns), np.diff(matrix.column_starts))
    place = matrix.rows.astype(np.int64) * groups + column * groups // n_columns
    work = np.bincount(place, minlength=n_rows * groups).reshape(n_rows, groups).astype(np.float64)
    room = -((np.arange(n_pe) - n_rows) // n_pe)
    load = np.zeros((n_pe, groups))
    owner = np.empty(n_rows, np.int64)
    for row in np.argsort(-work.sum(axis=1), kind="stable"):
        added = np.where(room > 0, load @ work[row], np.inf)
        owner[row] = np.argmin(added)
        load[owner[row]] += work[row]
        room[owner[row]] -= 1
    order = np.empty(n_rows, np.int64)
    for pe in range(min(n_pe, n_rows)):
        order[pe::n_pe] = np.flatnonzero(owner == pe)
    return order


def permute_rows(packed: CompressedLayer, n_pe: int) -> CompressedLayer:
    """The same layer with its rows stored in an order that is balanced for ``n_pe`` PEs.

    Its outputs are the same on any machine, bit for bit; its cycles are fewer on this one, if it
    was unbalanced.
    """
    order = balanced_order(packed.matrix, n_pe)
    matrix = reordered(packed.matrix, order)
    whole = order if packed.row_order is None else packed.row_order[order]
    provenance = {**packed.provenance, "rows_balanced_for_n_pe": n_pe}
    bias = None if packed.bias is None else packed.bias[order]
    return replace(packed, matrix=matrix, row_order=whole, bias=bias, provenance=provenance)


def original_order(packed: CompressedLayer) -> CompressedLayer:
    """The same layer with its rows in the layer's own order."""
    if packed.row_order is None:
        return packed
    provenance = {k: v for k, v in packed.provenance.items() if k != "rows_balanced_for_n_pe"}
    back = np.argsort(packed.row_order)
    bias = None if packed.bias is None else packed.bias[back]
    return replace(packed, matrix=reordered(packed.matrix, back), row_order=None, bias=bias,
                   provenance=provenance)


def reordered(matrix: CscMatrix, order: npt.NDArray[np.int64]) -> CscMatrix:
    """The matrix whose row r is row ``order[r]`` of ``matrix``."""
    from scipy.sparse import csc_array  # late: it takes a while to import

    # Sorted by columns and by rows in turn, each in linear time; zeros that are stored stay.
    by_row = csc_array((matrix.values, matrix.rows, matrix.column_starts), matrix.shape).tocsr()
    new = by_row[order].tocsc()
    new.sort_indices()
    return CscMatrix(
        matrix.shape, matrix.column_starts, new.indices.astype(np.int32, copy=False), new.data)
