"""Kernels of the interleaved format. Imported late; see `accelsim.formats.jit`.

Arrays everywhere: ``starts`` (n_tiles, n_columns + 1, n_pe), ``padding`` (n_tiles, n_columns,
n_pe) and ``edges`` (n_tiles, n_columns, 4, n_pe), all int32, are those of a `ColumnTable`;
``last`` (n_tiles, n_pe) int32 is scratch: the row of the column's latest entry, or -1.
"""

import numpy as np

from accelsim.formats.jit import kernel


@kernel
def count_matrix(
    column_starts, rows, codes, image_column, tile_rows, index_bits, last, starts, padding, edges
):
    """Fill a table (zeroed, ``edges`` -1) from a matrix; column j is ``image_column[j]``."""
    n_tiles, n_pe = last.shape
    for j in range(len(column_starts) - 1):
        column = image_column[j]
        last[:, :] = -1
        for i in range(column_starts[j], column_starts[j + 1]):
            local = rows[i] // n_pe
            pe = rows[i] - local * n_pe
            tile = local // tile_rows if n_tiles > 1 else 0
            row = local - tile * tile_rows
            n_padding = (row - last[tile, pe] - 1) >> index_bits
            last[tile, pe] = row
            slot = starts[tile, column + 1, pe] + n_padding
            starts[tile, column + 1, pe] = slot + 1
            accumulator = row if codes[i] != 0 else -1
            padding[tile, column, pe] += n_padding + (codes[i] == 0)
            if slot < 2:
                edges[tile, column, slot, pe] = accumulator
            edges[tile, column, 2, pe] = edges[tile, column, 3, pe] if n_padding == 0 else -1
            edges[tile, column, 3, pe] = accumulator


@kernel
def accumulate_counts(starts, totals):
    """Counts to entry addresses inside each PE; ``totals`` (n_pe,) int64 come out."""
    n_tiles, n_pointers, n_pe = starts.shape
    totals[:] = 0
    for tile in range(n_tiles):
        for column in range(n_pointers):
            for pe in range(n_pe):
                totals[pe] += starts[tile, column, pe]
                starts[tile, column, pe] = totals[pe]


@kernel
def encode_matrix(
    column_starts, rows, values, tile_rows, index_bits, pe_starts, last, starts, codes, runs
):
    """Write the entries of all PEs; ``codes`` are 0 and ``runs`` the longest run before."""
    n_tiles, n_pe = last.shape
    ends = np.empty((n_tiles, n_pe), np.int64)
    for tile in range(n_tiles):
        for pe in range(n_pe):
            ends[tile, pe] = pe_starts[pe] + starts[tile, 0, pe]
    mask = (1 << index_bits) - 1
    for j in range(len(column_starts) - 1):
        last[:, :] = -1
        for i in range(column_starts[j], column_starts[j + 1]):
            local = rows[i] // n_pe
            pe = rows[i] - local * n_pe
            tile = local // tile_rows if n_tiles > 1 else 0
            row = local - tile * tile_rows
            gap = row - last[tile, pe] - 1
            last[tile, pe] = row
            at = ends[tile, pe] + (gap >> index_bits)
            codes[at] = values[i]
            runs[at] = gap & mask
            ends[tile, pe] = at + 1


@kernel
def count_image(pointers, pe_starts, codes, runs, starts, padding, edges):
    """Fill a table (zeroed, ``edges`` -1) from stored entries."""
    n_pe, n_tiles, n_pointers = pointers.shape
    for pe in range(n_pe):
        for tile in range(n_tiles):
            for column in range(n_pointers):
                starts[tile, column, pe] = pointers[pe, tile, column]
            for column in range(n_pointers - 1):
                first = pe_starts[pe] + pointers[pe, tile, column]
                n = pointers[pe, tile, column + 1] - pointers[pe, tile, column]
                row = -1
                for slot in range(n):
                    row += np.int64(runs[first + slot]) + 1
                    accumulator = row
                    if codes[first + slot] == 0:
                        accumulator = -1
                        padding[tile, column, pe] += 1
                    if slot < 2:
                        edges[tile, column, slot, pe] = accumulator
                    if slot >= n - 2:
                        edges[tile, column, slot - n + 4, pe] = accumulator


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
