"""Kernels of the interleaved format. Imported late; see `accelsim.kernels.jit`.

``counts``, ``padding`` (n_tiles, n_columns, n_pe) and ``starts`` (n_tiles, n_columns + 1, n_pe)
are those of a `ColumnTable`, ``edges`` (n_tiles, n_columns, 4, n_pe) those of an image, by `Edge`.
``last`` (n_tiles, n_pe) int32 is scratch: the row of the column's latest entry, or -1.
`accelsim.formats.column_table` and `entries` make what these kernels are given.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from accelsim.formats.edges import BEFORE_LAST, LAST
from accelsim.kernels.jit import kernel


class Places(NamedTuple):
    """Where each output lies, (n_outputs,) int32 each: tables are quicker than divisions."""

    tile: npt.NDArray[np.int32]
    pe: npt.NDArray[np.int32]
    row: npt.NDArray[np.int32]  # inside the tile


class Marks(NamedTuple):
    """What edges hold where there is no row (`accelsim.formats.column_table`)."""

    no_row: int
    only: int
    padding: int


@kernel
def count_matrix(
    column_starts, rows, codes, image_column, places, index_bits, last, counts, padding,
):
    """Fill ``counts`` and ``padding`` (zeroed); column j of the matrix is ``image_column[j]``."""
    for j in range(len(column_starts) - 1):
        column = image_column[j]
        last[:, :] = -1
        for i in range(column_starts[j], column_starts[j + 1]):
            at = np.uint32(rows[i])
            tile, pe, row = places.tile[at], places.pe[at], places.row[at]
            n_padding = (row - last[tile, pe] - 1) >> index_bits
            last[tile, pe] = row
            counts[tile, column, pe] += n_padding + 1
            padding[tile, column, pe] += n_padding + (codes[i] == 0)


@kernel
def matrix_edges(
    column_starts, rows, codes, image_column, places, index_bits, marks, last, edges,
):
    """Fill ``edges``, given as for empty columns.

    ``last`` (2, n_tiles, n_pe) is scratch: latest row and entries so far of the column.
    """
    for j in range(len(column_starts) - 1):
        column = image_column[j]
        last[0] = -1
        last[1] = 0
        for i in range(column_starts[j], column_starts[j + 1]):
            at = np.uint32(rows[i])
            tile, pe, row = places.tile[at], places.pe[at], places.row[at]
            n_padding = (row - last[0, tile, pe] - 1) >> index_bits
            before = last[1, tile, pe]
            slot = before + n_padding
            last[0, tile, pe] = row
            last[1, tile, pe] = slot + 1
            if slot < 2:
                edges[tile, column, slot, pe] = row if codes[i] != 0 else marks.no_row
            if n_padding > 0:
                edges[tile, column, BEFORE_LAST, pe] = marks.padding
            elif before > 0:
                edges[tile, column, BEFORE_LAST, pe] = edges[tile, column, LAST, pe]
            else:
                edges[tile, column, BEFORE_LAST, pe] = marks.only
            edges[tile, column, LAST, pe] = row if codes[i] != 0 else marks.padding


@kernel
def add_up(counts, starts, totals):
    """Entry addresses inside each PE, and the entries of each PE: ``totals`` (n_pe,) int64."""
    n_tiles, n_columns, n_pe = counts.shape
    for pe in range(n_pe):
        totals[pe] = 0
    for tile in range(n_tiles):
        for pe in range(n_pe):
            starts[tile, 0, pe] = totals[pe]
        for column in range(n_columns):
            for pe in range(n_pe):
                totals[pe] += counts[tile, column, pe]
                starts[tile, column + 1, pe] = totals[pe]


@kernel
def encode_matrix(
    column_starts, rows, values, places, index_bits, last, ends, codes, runs
):
    """Write the entries of all PEs; ``codes`` are 0 and ``runs`` the longest run before.

    ``ends`` (n_tiles, n_pe) int64 is where each tile's entries begin.
    """
    mask = (1 << index_bits) - 1
    for j in range(len(column_starts) - 1):
        last[:, :] = -1
        for i in range(column_starts[j], column_starts[j + 1]):
            place = np.uint32(rows[i])
            tile, pe, row = places.tile[place], places.pe[place], places.row[place]
            gap = row - last[tile, pe] - 1
            last[tile, pe] = row
            at = ends[tile, pe] + (gap >> index_bits)
            codes[at] = values[i]
            runs[at] = gap & mask
            ends[tile, pe] = at + 1


@kernel
def count_image(pointers, pe_starts, codes, counts, padding):
    """What `count_matrix` does, from stored entries."""
    n_pe, n_tiles, n_pointers = pointers.shape
    for pe in range(n_pe):
        for tile in range(n_tiles):
            for column in range(n_pointers - 1):
                first = pe_starts[pe] + pointers[pe, tile, column]
                end = pe_starts[pe] + pointers[pe, tile, column + 1]
                counts[tile, column, pe] = end - first
                for entry in range(first, end):
                    padding[tile, column, pe] += codes[entry] == 0


@kernel
def image_edges(pointers, pe_starts, codes, runs, marks, edges):
    """What `matrix_edges` does, from stored entries."""
    n_pe, n_tiles, n_pointers = pointers.shape
    for pe in range(n_pe):
        for tile in range(n_tiles):
            for column in range(n_pointers - 1):
                first = pe_starts[pe] + pointers[pe, tile, column]
                n = pointers[pe, tile, column + 1] - pointers[pe, tile, column]
                row = -1
                for slot in range(n):
                    row += np.int64(runs[first + slot]) + 1
                    real = codes[first + slot] != 0
                    if slot < 2:
                        edges[tile, column, slot, pe] = row if real else marks.no_row
                    if slot >= n - 2:
                        edge = slot - n + 1 + LAST
                        edges[tile, column, edge, pe] = row if real else marks.padding
                if n == 1:
                    edges[tile, column, BEFORE_LAST, pe] = marks.only


@kernel
def count_nonzeros(pointers, pe_starts, codes, counts):
    """Add the non-zeros of column j to ``counts[j + 1]``."""
    n_pe, n_tiles, n_pointers = pointers.shape
    for pe in range(n_pe):
        for tile in range(n_tiles):
            for column in range(n_pointers - 1):
                first = pe_starts[pe] + pointers[pe, tile, column]
                end = pe_starts[pe] + pointers[pe, tile, column + 1]
                for entry in range(first, end):
                    counts[column + 1] += codes[entry] != 0


@kernel
def matrix_of_image(pointers, pe_starts, codes, runs, tile_rows, ends, rows, values):
    """Write the non-zeros column by column; ``ends`` (n_columns,) begin as column starts."""
    n_pe, n_tiles, n_pointers = pointers.shape
    for tile in range(n_tiles):
        for pe in range(n_pe):
            for column in range(n_pointers - 1):
                row = tile * tile_rows - 1
                first = pe_starts[pe] + pointers[pe, tile, column]
                end = pe_starts[pe] + pointers[pe, tile, column + 1]
                for entry in range(first, end):
                    row += np.int64(runs[entry]) + 1
                    if codes[entry] != 0:
                        rows[ends[column]] = row * n_pe + pe
                        values[ends[column]] = codes[entry]
                        ends[column] += 1
