"""A layer seen by column and PE: how many entries, how much padding, which rows at the ends.

This is what time and counters depend on. It comes from the matrix in one pass over the
non-zeros, or from the entries of an image; both give the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError
from accelsim.records.layer import INDEXES
from accelsim.records.shown import Short

if TYPE_CHECKING:
    from accelsim.formats.kernels import Places

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Small = npt.NDArray[np.signedinteger[Any]]
Runs = npt.NDArray[np.integer[Any]]

ZERO_RUNS, BITMAP = INDEXES
"""How entries say their rows: by the zeros before each, or by a bit for each row of the column."""

NO_ROW = -1
"""In edges, first and second: a padding entry, or no entry."""
EMPTY, ONLY, PADDING = -2, -3, -4
"""In edges, last and last but one: the column has no entries; it has a single one (last but one
only); a padding entry. So a first or second row never equals one of these marks."""

_MOST_ENTRIES = (1 << 31) - (1 << 12)  # 32-bit addresses, and the rest of a line behind them
_NO_RUN_TOO_LONG = 30
_KEPT_LINE_BYTES = 1 << 28
SPAN_BITS = 3
"""Of a line and its span in 16 bits. Compiled into `kernels.passes`: Numba's cache notices a change
of that file only."""
_lines_lock = Lock()


def small_type(
    largest: int, narrow: type[np.signedinteger[Any]] = np.int8
) -> type[np.signedinteger[Any]]:
    """``narrow`` if it holds ``largest``, else int32: narrow integers are quicker.

    Only two, because kernels are compiled for each.
    """
    return narrow if largest <= np.iinfo(narrow).max else np.int32


@dataclass(frozen=True, eq=False)
class LineTable(Short):
    """Sparse-matrix lines of every column, for one number of entries in a line.

    Attributes
    ----------
    first : (n_tiles, n_columns, n_pe), line of the column's first entry; or, as uint16, that in
        the upper bits and the span in the lower `SPAN_BITS`
    spans : the same, lines that the column lies in, 0 for an empty column; None where ``first``
        has them
    """

    first: Small | npt.NDArray[np.uint16]
    spans: Small | None

    @property
    def n_bytes(self) -> int:
        """Memory of both arrays."""
        return self.first.nbytes + (0 if self.spans is None else self.spans.nbytes)


@dataclass(frozen=True, eq=False)
class ColumnTable(Short):
    """Counts of an image.

    Attributes
    ----------
    counts : (n_tiles, n_columns, n_pe) small integers, entries
    padding : the same, those that only extend a zero run
    starts : (n_tiles, n_columns + 1, n_pe) int32, entry addresses inside each PE
    totals : (n_pe,) int64, entries
    words : as ``starts``, addresses in the sparse-matrix SRAM: an entry is a word there, and with
        a bitmap each column that has entries begins with the words of its bits
    """

    counts: Small
    padding: Small
    starts: Int32
    totals: Int64
    words: Int32
    _lines: dict[int, LineTable] = field(default_factory=dict, repr=False)

    @property
    def n_tiles(self) -> int:
        """Batches of outputs."""
        return len(self.starts)

    @cached_property
    def n_entries(self) -> int:
        """Entries of all PEs."""
        return int(self.totals.sum())

    @cached_property
    def most(self) -> int:
        """Entries of the fullest column of one PE."""
        return int(self.counts.max(initial=0))

    @cached_property
    def column_entries(self) -> Int64:
        """(n_tiles, n_columns) int64: entries of all PEs."""
        total: Int64 = self.counts.sum(axis=2, dtype=np.int64)
        return total

    def pointers(self) -> Int64:
        """(n_pe, n_tiles, n_columns + 1) int64: the same addresses, PE by PE."""
        return np.ascontiguousarray(self.starts.transpose(2, 0, 1), dtype=np.int64)

    @cached_property
    def word_pointers(self) -> Int64:
        """What `pointers` says, of words."""
        return np.ascontiguousarray(self.words.transpose(2, 0, 1), dtype=np.int64)

    @cached_property
    def most_words(self) -> int:
        """Words of the fullest column of one PE."""
        return int(np.diff(self.words, axis=1).max(initial=0))

    def lines(self, entries_per_line: int) -> LineTable:
        """The columns' lines; the latest tables are kept."""
        kept = self._lines.get(entries_per_line)
        if kept is None:
            with _lines_lock:
                kept = self._lines.get(entries_per_line) or self._make_lines(entries_per_line)
                while sum(lines.n_bytes for lines in self._lines.values()) > _KEPT_LINE_BYTES:
                    self._lines.pop(next(iter(self._lines)))
                self._lines[entries_per_line] = kept
        return kept

    def _make_lines(self, entries_per_line: int) -> LineTable:
        lines = int(self.words[-1, -1].max()) // entries_per_line + 1
        first = np.empty(self.counts.shape, small_type(lines, np.int16))
        spans = np.empty(self.counts.shape, small_type(self.most_words // entries_per_line + 2))
        for tile, starts in enumerate(self.words):
            first[tile] = starts[:-1] // entries_per_line
            spans[tile] = (starts[1:] + (entries_per_line - 1)) // entries_per_line - first[tile]
        spans[self.counts == 0] = 0
        if int(spans.max(initial=0)) >> SPAN_BITS or lines >> (16 - SPAN_BITS):
            return LineTable(first, spans)
        # Half the memory to read is a third of the time to count.
        packed = first.astype(np.uint16)
        packed <<= SPAN_BITS
        packed |= spans.astype(np.uint16)
        return LineTable(packed, None)


@dataclass(frozen=True, eq=False)
class NonZeros(Short):
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


@dataclass(frozen=True)
class Interleaving:
    """Which tile, PE and row of the tile each output belongs to, and how runs are broken."""

    n_pe: int
    n_outputs: int
    n_columns: int
    tile_rows: int
    index_bits: int
    index: str = ZERO_RUNS

    @property
    def n_tiles(self) -> int:
        """Batches of outputs."""
        return -(-self.n_outputs // (self.n_pe * self.tile_rows))

    @property
    def run_bits(self) -> int:
        """Bits of the longest zero run: with a bitmap none is too long."""
        return _NO_RUN_TOO_LONG if self.index == BITMAP else self.index_bits

    def bitmap_words(self, weight_bits: int) -> Int64:
        """(n_tiles,) words of ``weight_bits`` bits that the bitmap of a column takes: a bit for
        each row that a PE may have in the tile. None where runs are stored."""
        first = np.arange(self.n_tiles) * self.tile_rows
        rows = np.minimum(-(-self.n_outputs // self.n_pe) - first, self.tile_rows)
        return -(-rows // weight_bits) * (self.index == BITMAP)

    @property
    def cells(self) -> tuple[int, int, int]:
        """(n_tiles, n_columns, n_pe)."""
        return self.n_tiles, self.n_columns, self.n_pe

    def places(self) -> Places:
        """Where all outputs lie."""
        from accelsim.formats.kernels import Places

        local, pe = np.divmod(np.arange(self.n_outputs, dtype=np.int32), np.int32(self.n_pe))
        tile, row = np.divmod(local, np.int32(min(self.tile_rows, self.n_outputs)))
        return Places(tile, pe, row)

    def rows_of_pes(self) -> Int64:
        """(n_pe, n_tiles): rows that each PE has in each tile."""
        rows = -(-(self.n_outputs - np.arange(self.n_pe)) // self.n_pe)
        before = np.arange(self.n_tiles) * self.tile_rows
        return np.asarray(np.clip(rows[:, None] - before, 0, self.tile_rows))

    def image_column(self, n_matrix_columns: int) -> Int64:
        """Image column of every matrix column; a bias lies behind unused columns."""
        columns = np.arange(n_matrix_columns)
        columns[-1] = self.n_columns - 1
        return columns


def _counted(
    shape: Interleaving, weight_bits: int, count: Callable[[Small, Small], None]
) -> ColumnTable:
    """The table of what ``count`` writes into arrays of zeros."""
    from accelsim.formats import kernels

    kind = small_type(shape.tile_rows)
    counts, padding = np.zeros(shape.cells, kind), np.zeros(shape.cells, kind)
    count(counts, padding)
    starts = np.empty((shape.n_tiles, shape.n_columns + 1, shape.n_pe), np.int32)
    totals = np.zeros(shape.n_pe, np.int64)
    kernels.add_up(counts, starts, totals)
    if totals.max() > _MOST_ENTRIES:
        raise InputError(f"{totals.max()} entries in one PE; use more PEs or wider index_bits")
    return ColumnTable(counts, padding, starts, totals, _words(shape, weight_bits, counts, starts))


def _words(shape: Interleaving, weight_bits: int, counts: Small, starts: Int32) -> Int32:
    """Addresses of the columns' first words, tile after tile."""
    if shape.index != BITMAP:
        return starts
    ends = np.cumsum(counts != 0, axis=1, dtype=np.int64)
    ends *= shape.bitmap_words(weight_bits)[:, None, None]
    ends[1:] += np.cumsum(ends[:-1, -1], axis=0)[:, None]
    words = starts.astype(np.int64)
    words[:, 1:] += ends
    words[1:, 0] = words[:-1, -1]
    if words.max() > _MOST_ENTRIES:
        raise InputError(f"{words.max()} words in one PE; use more PEs")
    return words.astype(np.int32)


def table_of_matrix(nonzeros: NonZeros, shape: Interleaving, weight_bits: int) -> ColumnTable:
    """The table of an image that `encode` would write.

    Raises
    ------
    InputError
        If a PE would get more entries than 32-bit addresses reach.
    """
    from accelsim.formats import kernels

    starts = nonzeros.column_starts
    last = np.empty((shape.n_tiles, shape.n_pe), np.int32)
    return _counted(shape, weight_bits, lambda counts, padding: kernels.count_matrix(
        starts, nonzeros.rows, nonzeros.codes, shape.image_column(len(starts) - 1),
        shape.places(), shape.run_bits, last, counts, padding,
    ))


def table_of_image(
    pointers: Int64, pe_starts: Int64, codes: Bytes, shape: Interleaving
) -> ColumnTable:
    """The table of stored entries: of zero runs, whose words are the entries."""
    from accelsim.formats import kernels

    return _counted(shape, 1, lambda counts, padding: kernels.count_image(
        pointers, pe_starts, codes, counts, padding
    ))
