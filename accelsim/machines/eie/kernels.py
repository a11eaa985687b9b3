"""Where a layer that is refilled is cut (contract M5), and which weights of the fullest PEs are the
smallest; compiled."""

from typing import NamedTuple

import numpy as np

from accelsim.kernels.jit import kernel, linked


class Halves(NamedTuple):
    """Entries and pointers of one PE that segments of even and of odd numbers may have (M8)."""

    entries: tuple[int, int]
    pointers: tuple[int, int]


class Rows(NamedTuple):
    """Register rows of the inputs, rows that are loaded at once, and whether a bias is behind the
    last; PEs and inputs."""

    all: int
    batch: int
    has_bias: bool
    n_pe: int
    n_inputs: int


@kernel
def cut(words, rows, halves, per_line, found):
    """Write the segments of all tiles: how many, and whether a row of the last did not fit.

    ``words`` (n_tiles, n_columns + 1, n_pe) int32 are those of a `ColumnTable`. ``found`` (5, n)
    int64 is written: tile, first row and row behind the last, columns, and lines of all PEs.
    Entries only add up, so the longest segment that fits is found by halving what is left.
    """
    count, n_columns = 0, words.shape[1] - 1
    for tile in range(len(words)):
        for first in range(0, rows.all, rows.batch):
            start, last = first, min(first + rows.batch, rows.all)
            while start < last:
                entries, pointers = halves.entries[count % 2], halves.pointers[count % 2]
                fits, beyond = start, last + 1
                trial = last
                while fits + 1 < beyond:
                    end = _end(trial, rows, n_columns)
                    if _holds(words[tile], start * rows.n_pe, end, entries, pointers):
                        fits = trial
                    else:
                        beyond = trial
                    trial = (fits + beyond) // 2
                row = fits if fits > start else start + 1
                end = _end(row, rows, n_columns)
                found[0, count], found[1, count] = tile, start
                found[2, count], found[3, count] = row, end - start * rows.n_pe
                found[4, count] = _lines(words[tile], start * rows.n_pe, end, per_line)
                count += 1
                if fits == start:
                    return count, True
                start = fits
    return count, False


@linked
def _end(row, rows, n_columns):
    """The column behind a row's last; the bias is with the last row."""
    end = min(row * rows.n_pe, rows.n_inputs)
    if rows.has_bias and row * rows.n_pe >= rows.n_inputs:
        end = n_columns
    return end


@linked
def _holds(words, first, end, entries, pointers):
    most = np.int64(0)
    for p in range(words.shape[1]):
        most = max(most, np.int64(words[end, p]) - np.int64(words[first, p]))
    return most <= entries and end - first + 1 <= pointers


@linked
def _lines(words, first, end, per_line):
    lines = np.int64(0)
    for p in range(words.shape[1]):
        lines += (np.int64(words[end, p]) - np.int64(words[first, p]) + per_line - 1) // per_line
    return lines


@kernel
def count_ranks(rows, codes, ranks, table_rows, counts):
    """Add up how many weights of each rank each PE has, (n_pe, ranks) int64. A code of a table of
    ``table_rows`` rows has the rank ``ranks[table, code]``."""
    n_pe = len(counts)
    for i in range(len(rows)):
        row = np.uint32(rows[i])
        counts[row % np.uint32(n_pe), ranks[row // np.uint32(table_rows), codes[i]]] += 1


@kernel
def count_ties(rows, codes, ranks, table_rows, limit, ties):
    """Add up how many weights of each row have the rank ``limit`` of its PE."""
    n_pe = len(limit)
    for i in range(len(rows)):
        row = np.uint32(rows[i])
        rank = ranks[row // np.uint32(table_rows), codes[i]]
        ties[row] += rank == limit[row % np.uint32(n_pe)]


@kernel
def keep(rows, codes, ranks, table_rows, limit, quota, stays):
    """Write which weights, column by column, have a higher rank than their PE's limit; of that of
    the limit each row keeps its ``quota``, which is used up."""
    n_pe = len(limit)
    for i in range(len(rows)):
        row = np.uint32(rows[i])
        rank = ranks[row // np.uint32(table_rows), codes[i]]
        least = limit[row % np.uint32(n_pe)]
        tie = rank == least and quota[row] > 0
        quota[row] -= tie
        stays[i] = rank > least or tie
