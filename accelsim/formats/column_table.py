"""A layer seen by column and PE: how many entries, how much padding, which rows at the ends.

This is what time and counters depend on. It comes from the matrix in one pass over the
non-zeros, or from the entries of an image; both give the same table.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class ColumnTable:
    """Counts of an image.

    Attributes
    ----------
    starts : (n_tiles, n_columns + 1, n_pe) int32, entry addresses inside each PE
    padding : (n_tiles, n_columns, n_pe) int32, entries that only extend a zero run
    edges : (n_tiles, n_columns, 4, n_pe) int32, rows inside the tile that the first, second, last
        but one and last entry select; -1 for a padding entry or one that is not there
    """

    starts: Int32
    padding: Int32
    edges: Int32

    @property
    def n_tiles(self) -> int:
        """Batches of outputs."""
        return len(self.starts)

    def pointers(self) -> Int64:
        """(n_pe, n_tiles, n_columns + 1) int64: the same addresses, PE by PE."""
        return np.ascontiguousarray(self.starts.transpose(2, 0, 1), dtype=np.int64)


@dataclass(frozen=True, eq=False)
class NonZeros:
    """Codes column by column, padding left out; ``rows`` of a column in no promised order.

    Attributes
    ----------
    column_starts : (n_columns + 1,) int64; a bias is the last column
    rows : (n,) int32
    codes : (n,) uint8
    """

    column_starts: Int64
    rows: Int32
    codes: Bytes


def _empty_table(n_tiles: int, n_columns: int, n_pe: int) -> ColumnTable:
    return ColumnTable(
        np.zeros((n_tiles, n_columns + 1, n_pe), np.int32),
        np.zeros((n_tiles, n_columns, n_pe), np.int32),
        np.full((n_tiles, n_columns, 4, n_pe), -1, np.int32),
    )


def table_of_matrix(
    nonzeros: NonZeros, n_pe: int, n_columns: int, n_tiles: int, tile_rows: int, index_bits: int
) -> tuple[ColumnTable, Int64]:
    """The table of an image that `encode` would write, and the entries of each PE.

    Raises
    ------
    InputError
        If a PE would get more entries than 32-bit addresses reach.
    """
    from accelsim.formats import kernels

    columns = np.arange(len(nonzeros.column_starts) - 1)
    columns[-1] = n_columns - 1  # a bias lies behind unused columns
    table = _empty_table(n_tiles, n_columns, n_pe)
    totals = np.zeros(n_pe, np.int64)
    last = np.empty((n_tiles, n_pe), np.int32)
    kernels.count_matrix(
        nonzeros.column_starts, nonzeros.rows, nonzeros.codes, columns, tile_rows, index_bits,
        last, table.starts, table.padding, table.edges,
    )
    kernels.accumulate_counts(table.starts, totals)
    if totals.max() > np.iinfo(np.int32).max:
        raise InputError(f"{totals.max()} entries in one PE; use more PEs or wider index_bits")
    return table, totals


def encode(
    nonzeros: NonZeros, table: ColumnTable, pe_starts: Int64, tile_rows: int, index_bits: int
) -> tuple[Bytes, Bytes]:
    """(codes, runs) of all PEs, one after the other."""
    from accelsim.formats import kernels

    n_tiles, _, n_pe = table.starts.shape
    codes = np.zeros(pe_starts[-1], np.uint8)
    runs = np.full(pe_starts[-1], (1 << index_bits) - 1, np.uint8)
    last = np.empty((n_tiles, n_pe), np.int32)
    kernels.encode_matrix(
        nonzeros.column_starts, nonzeros.rows, nonzeros.codes, tile_rows, index_bits, pe_starts,
        last, table.starts, codes, runs,
    )
    return codes, runs


def table_of_image(pointers: Int64, pe_starts: Int64, codes: Bytes, runs: Bytes) -> ColumnTable:
    """The table of stored entries."""
    from accelsim.formats import kernels

    n_pe, n_tiles, n_pointers = pointers.shape
    table = _empty_table(n_tiles, n_pointers - 1, n_pe)
    kernels.count_image(
        pointers, pe_starts, codes, runs, table.starts, table.padding, table.edges
    )
    return table


def nonzeros_of_image(
    pointers: Int64, pe_starts: Int64, codes: Bytes, runs: Bytes, tile_rows: int
) -> NonZeros:
    """Stored entries without padding, column by column; as many columns as the image has."""
    from accelsim.formats import kernels

    n_columns = pointers.shape[2] - 1
    column_starts = np.zeros(n_columns + 1, np.int64)
    kernels.count_nonzeros(pointers, pe_starts, codes, column_starts)
    np.cumsum(column_starts, out=column_starts)
    rows = np.empty(column_starts[-1], np.int32)
    values = np.empty(column_starts[-1], np.uint8)
    kernels.matrix_of_image(
        pointers, pe_starts, codes, runs, tile_rows, column_starts[:-1].copy(), rows, values
    )
    return NonZeros(column_starts, rows, values)
