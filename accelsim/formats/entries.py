"""The entries of all PEs, one after the other: counted from the matrix, or read from arrays.

Both give the same: counts, edges and non-zeros, pointers, codes and runs. What is derived is made
when it is first read, so that a run without outputs pays for counts only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from accelsim.errors import InputError
from accelsim.formats.column_table import (
    BITMAP,
    EMPTY,
    NO_ROW,
    ONLY,
    PADDING,
    ZERO_RUNS,
    Bytes,
    ColumnTable,
    Int64,
    Interleaving,
    NonZeros,
    Runs,
    Small,
    small_type,
    table_of_image,
    table_of_matrix,
)
from accelsim.formats.edges import BEFORE_LAST, EDGES, FIRST, LAST, SECOND
from accelsim.records.shown import Short


@dataclass(frozen=True, eq=False)
class CountedEntries(Short):
    """Entries that `count_entries` has counted; encoded when an address or a code is first read.

    Attributes
    ----------
    shape, nonzeros : the matrix, and where its outputs go
    table : its counts by column and PE
    """

    shape: Interleaving
    nonzeros: NonZeros
    table: ColumnTable

    @cached_property
    def pe_starts(self) -> Int64:
        """(n_pe + 1,): where each PE's entries begin."""
        return np.concatenate([[0], np.cumsum(self.table.totals)])

    @cached_property
    def pointers(self) -> Int64:
        """(n_pe, n_tiles, n_columns + 1) entry addresses inside each PE."""
        return self.table.pointers()

    @cached_property
    def encoded(self) -> tuple[Bytes, Runs]:
        """Codes and runs of all entries."""
        from accelsim.formats import kernels

        codes = np.zeros(self.pe_starts[-1], np.uint8)
        longest = 0 if self.shape.index == BITMAP else (1 << self.shape.index_bits) - 1
        kind = np.int32 if self.shape.index == BITMAP else np.uint8
        runs = np.full(self.pe_starts[-1], longest, kind)
        kernels.encode_matrix(
            self.nonzeros.column_starts, self.nonzeros.rows, self.nonzeros.codes,
            self.shape.places(), self.shape.run_bits,
            np.empty((self.shape.n_tiles, self.shape.n_pe), np.int32),
            self.pe_starts[:-1] + self.table.starts[:, 0], codes, runs,
        )
        return codes, runs

    @property
    def codes(self) -> Bytes:
        """Of all entries; 0 in those that only extend a zero run."""
        return self.encoded[0]

    @property
    def runs(self) -> Runs:
        """Zeros before each entry; with a bitmap what its bits say."""
        return self.encoded[1]

    @cached_property
    def edges(self) -> Small:
        """Rows at both ends of each column, as `LayerImage.edges` says."""
        from accelsim.formats import kernels

        shape, starts = self.shape, self.nonzeros.column_starts
        edges = _edges_of_empty(shape)
        kernels.matrix_edges(
            starts, self.nonzeros.rows, self.nonzeros.codes, shape.image_column(len(starts) - 1),
            shape.places(), shape.run_bits, kernels.Marks(NO_ROW, ONLY, PADDING),
            np.empty((2, shape.n_tiles, shape.n_pe), np.int32), edges,
        )
        return edges


def count_entries(nonzeros: NonZeros, shape: Interleaving, weight_bits: int) -> CountedEntries:
    """The entries of a matrix of ``weight_bits`` a code, counted.

    Raises
    ------
    InputError
        If a PE would get more entries than 32-bit addresses reach.
    """
    return CountedEntries(shape, nonzeros, table_of_matrix(nonzeros, shape, weight_bits))


@dataclass(frozen=True, eq=False)
class StoredEntries(Short):
    """Entries from arrays, checked: every address and every row is where a PE has one.

    Attributes
    ----------
    shape : where outputs go
    pointers : (n_pe, n_tiles, n_columns + 1) int64 entry addresses inside each PE, tile after tile
    pe_starts : (n_pe + 1,) int64, where each PE's entries begin in ``codes`` and ``runs``
    codes, runs : (entries,) uint8

    Raises
    ------
    InputError
        If a shape, a pointer or a run is not one of such an image.
    """

    shape: Interleaving
    pointers: Int64
    pe_starts: Int64
    codes: Bytes
    runs: Bytes

    def __post_init__(self) -> None:
        n_tiles, n_columns, n_pe = self.shape.cells
        _need(self.shape.index == ZERO_RUNS, "entries from arrays have zero runs")
        n_entries = len(self.codes)
        _need(self.pointers.shape == (n_pe, n_tiles, n_columns + 1) and self.runs.shape
              == self.codes.shape and self.pe_starts.shape == (n_pe + 1,),
              f"pointers {self.pointers.shape}, pe_starts {self.pe_starts.shape}, codes "
              f"{self.codes.shape} and runs {self.runs.shape} do not belong to {self.shape}")
        _need(all(a.dtype == kind and a.flags.c_contiguous for a, kind in (
            (self.pointers, np.int64), (self.pe_starts, np.int64), (self.codes, np.uint8),
            (self.runs, np.uint8),
        )), "pointers and pe_starts need to be int64, codes and runs uint8, all contiguous")
        per_pe = np.diff(self.pe_starts)
        _need(self.pe_starts[0] == 0 and self.pe_starts[-1] == n_entries and per_pe.min() >= 0,
              f"pe_starts do not ascend from 0 to {n_entries} entries")
        flat = self.pointers.reshape(n_pe, -1)
        _need(np.all(flat[:, 0] == 0) and np.all(flat[:, -1] == per_pe)
              and np.all(np.diff(flat) >= 0)
              and np.array_equal(self.pointers[:, 1:, 0], self.pointers[:, :-1, -1]),
              "pointers of a PE do not ascend from 0 to its entries, tile after tile")
        _need(self.runs.max(initial=0) < 1 << self.shape.index_bits,
              f"a run does not fit index_bits={self.shape.index_bits}")
        _need(np.all(self._rows_used() <= self.shape.rows_of_pes()[:, :, None]),
              "the runs of a column reach beyond the last row of their PE")

    def _rows_used(self) -> Int64:
        """(n_pe, n_tiles, n_columns): rows up to and including the last entry of each column."""
        steps = np.concatenate([[0], np.cumsum(self.runs + np.int64(1))])
        at = self.pointers + self.pe_starts[:-1, None, None]
        return np.asarray(np.diff(steps[at], axis=2))

    @cached_property
    def table(self) -> ColumnTable:
        """Counts by column and PE."""
        return table_of_image(self.pointers, self.pe_starts, self.codes, self.shape)

    @cached_property
    def edges(self) -> Small:
        """Rows at both ends of each column, as `LayerImage.edges` says."""
        from accelsim.formats import kernels

        edges = _edges_of_empty(self.shape)
        kernels.image_edges(
            self.pointers, self.pe_starts, self.codes, self.runs,
            kernels.Marks(NO_ROW, ONLY, PADDING), edges,
        )
        return edges

    @cached_property
    def nonzeros(self) -> NonZeros:
        """Entries without padding, column by column; as many columns as the image has."""
        from accelsim.formats import kernels

        column_starts = np.zeros(self.shape.n_columns + 1, np.int64)
        kernels.count_nonzeros(self.pointers, self.pe_starts, self.codes, column_starts)
        np.cumsum(column_starts, out=column_starts)
        rows = np.empty(column_starts[-1], np.int32)
        values = np.empty(column_starts[-1], np.uint8)
        kernels.matrix_of_image(
            self.pointers, self.pe_starts, self.codes, self.runs, self.shape.tile_rows,
            column_starts[:-1].copy(), rows, values,
        )
        return NonZeros(column_starts, rows, values)


_ARRAYS = ("pointers", "pe_starts", "codes", "runs")


def stored_entries(
    parts: Mapping[str, Any], others: CountedEntries | StoredEntries | None = None
) -> StoredEntries:
    """Entries with these fields of `Interleaving` and these arrays; what is not named is as in
    ``others``.

    Raises
    ------
    InputError
        If they are not those of an image, or ``n_tiles`` is not what follows from the shape.
    TypeError
        If there is no such field, or one is missing.
    """
    names = [field.name for field in fields(Interleaving)]
    unknown = parts.keys() - {*names, *_ARRAYS, "n_tiles"}
    missing = {*names, *_ARRAYS} - {"index", *parts} if others is None else set()
    if unknown or missing:
        raise TypeError(f"an image has no field {', '.join(sorted(unknown))}" if unknown else
                        f"an image needs {', '.join(sorted(missing))}")
    shape = Interleaving(**{
        name: parts[name] if name in parts else getattr(others and others.shape, name)
        for name in names if others is not None or name in parts})
    _need(parts.get("n_tiles", shape.n_tiles) == shape.n_tiles,
          f"{shape} has {shape.n_tiles} tiles, not {parts.get('n_tiles')}")
    return StoredEntries(shape, **{
        name: parts[name] if name in parts else getattr(others, name) for name in _ARRAYS})


def _need(holds: bool | np.bool_, problem: str) -> None:
    if not holds:
        raise InputError(f"not an interleaved image: {problem}")


def _edges_of_empty(shape: Interleaving) -> Small:
    edges = np.empty(
        (shape.n_tiles, shape.n_columns, len(EDGES), shape.n_pe), small_type(shape.tile_rows)
    )
    edges[:, :, [FIRST, SECOND]] = NO_ROW
    edges[:, :, [BEFORE_LAST, LAST]] = EMPTY
    return edges
