"""PE-interleaved, relative-index compressed sparse columns: the format of EIE (sec. III).

Row ``i`` and activation ``i`` belong to PE ``i mod n_pe``; the row's number inside its PE is
``i div n_pe``. Each PE stores its part of every column as entries ``(code, run)``: ``run`` zeros,
then the weight that ``code`` names. A run that ``index_bits`` cannot hold is broken by padding
entries ``(0, 2**index_bits - 1)``, each of which covers ``2**index_bits`` positions. The count
restarts at each column; zeros after a column's last non-zero are not stored. One pointer per
column gives the column's first entry, one more ends the last.

With ``index="bitmap"`` there are no runs and no padding. A PE stores of a column that has entries a
bit for each of its rows in the tile, then a code for each bit that is set; of others nothing. Words
have ``weight_bits`` bits; pointers address them (`LayerImage.words`), those of bits and of codes.

A bias is one extra column, driven by 1.0, at the first column index of a register row of its
own: ``ceil(n_inputs / n_pe) * n_pe`` (as in the EIE authors' simulator); unused columns before it
are empty. Outputs beyond a PE's register file are cut into tiles of ``tile_rows`` rows a PE, and
each tile is stored as a matrix of its own with its own pointers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError, nearest
from accelsim.formats.column_table import (
    ZERO_RUNS,
    ColumnTable,
    Interleaving,
    NonZeros,
    Runs,
    Small,
)
from accelsim.formats.entries import (
    CountedEntries,
    StoredEntries,
    count_entries,
    stored_entries,
)
from accelsim.formats.image_words import Words
from accelsim.records import CompressedLayer, CscMatrix
from accelsim.records.layer import INDEXES
from accelsim.records.shown import Short


@dataclass(frozen=True)
class PeImage(Short):
    """What one PE's memories hold.

    Attributes
    ----------
    pointers : (n_tiles, n_columns + 1) int64 entry addresses
    codes, runs : (n_entries,) uint8; runs of a bitmap int32
    """

    pointers: npt.NDArray[np.int64]
    codes: npt.NDArray[np.uint8]
    runs: Runs


_OWN = ("name", "n_inputs", "weight_bits", "has_bias")
_BY_POSITION = (
    "name", "n_pe", "n_inputs", "n_outputs", "n_columns", "n_tiles", "tile_rows", "weight_bits",
    "index_bits", "has_bias", "pointers", "codes", "runs", "pe_starts",
)


@dataclass(frozen=True, eq=False, init=False)
class LayerImage(Words, Short):
    """The memory images of all PEs of one layer, stored one after the other.

    `build_image` makes one from a compressed layer; one from arrays has `StoredEntries`. Arrays and
    numbers that belong to the entries (``codes``, ``n_pe``, ...) may be given by name, to make
    entries of them or, as ``dataclasses.replace(image, codes=...)`` does, to put them in the place
    of those that the image has. By position they come in the order of version 0.1, `_BY_POSITION`.

    Attributes
    ----------
    entries : of all PEs, in each tile after tile

    Raises
    ------
    InputError
        If the columns are not those of so many inputs, a stored code has too many bits, or what is
        given by name makes no image.
    """

    name: str
    n_inputs: int
    weight_bits: int
    has_bias: bool
    entries: CountedEntries | StoredEntries

    def __init__(
        self, *values: Any, entries: CountedEntries | StoredEntries | None = None, **parts: Any
    ) -> None:
        parts = _by_name(values, parts)
        own = {name: parts.pop(name) for name in _OWN if name in parts}
        if len(own) < len(_OWN):
            raise TypeError(f"an image needs {', '.join(n for n in _OWN if n not in own)}")
        if parts or entries is None:
            entries = stored_entries(parts, entries)
        vars(self).update(own, entries=entries)
        need = image_columns(self.n_inputs, self.n_pe, self.has_bias)
        if self.n_columns != need:
            raise InputError(f"{self.name}: {self.n_columns} columns; {self.n_inputs} inputs on "
                             f"{self.n_pe} PEs need {need}")
        if isinstance(self.entries, StoredEntries):  # a compressed layer has been checked
            most = int(self.codes.max(initial=0))
            if most >> self.weight_bits:
                raise InputError(f"{self.name}: code {most} does not fit weight_bits="
                                 f"{self.weight_bits}")

    @property
    def shape(self) -> Interleaving:
        """Where every output lies."""
        return self.entries.shape

    @property
    def n_pe(self) -> int:
        """Processing elements."""
        return self.shape.n_pe

    @property
    def n_outputs(self) -> int:
        """Rows of the layer."""
        return self.shape.n_outputs

    @property
    def n_columns(self) -> int:
        """Columns of the image: `image_columns`."""
        return self.shape.n_columns

    @property
    def n_tiles(self) -> int:
        """Batches of outputs."""
        return self.shape.n_tiles

    @property
    def tile_rows(self) -> int:
        """Outputs of one PE in a full tile."""
        return self.shape.tile_rows

    @property
    def index_bits(self) -> int:
        """Bits of a zero run."""
        return self.shape.index_bits

    @property
    def index(self) -> str:
        """How entries say their rows, one of `INDEXES`."""
        return self.shape.index

    @property
    def pointers(self) -> npt.NDArray[np.int64]:
        """(n_pe, n_tiles, n_columns + 1) entry addresses inside each PE."""
        return self.entries.pointers

    @property
    def pe_starts(self) -> npt.NDArray[np.int64]:
        """(n_pe + 1,): where each PE's entries begin in ``codes`` and ``runs``."""
        return self.entries.pe_starts

    @property
    def codes(self) -> npt.NDArray[np.uint8]:
        """(total entries,) of all PEs; 0 in entries that only extend a zero run."""
        return self.entries.codes

    @property
    def runs(self) -> Runs:
        """(total entries,): zeros before each entry."""
        return self.entries.runs

    @property
    def table(self) -> ColumnTable:
        """Counts by column and PE: all that time and most counters depend on."""
        return self.entries.table

    @property
    def edges(self) -> Small:
        """(n_tiles, n_columns, 4, n_pe) small integers: rows inside the tile that the first,
        second, last but one and last entry of each column select (`EDGES`), or a mark.
        """
        return self.entries.edges

    @property
    def nonzeros(self) -> NonZeros:
        """The matrix of codes without its padding entries."""
        return self.entries.nonzeros

    @property
    def max_entries(self) -> int:
        """Entries of the fullest PE."""
        return int(np.diff(self.pe_starts).max())

    @property
    def n_entries(self) -> int:
        """Entries of all PEs."""
        return int(self.pe_starts[-1])

    @property
    def bias_column(self) -> int | None:
        """Image column of the bias, or None."""
        return self.n_columns - 1 if self.has_bias else None

    def pe(self, index: int) -> PeImage:
        """The image of one PE; views, not copies."""
        part = slice(int(self.pe_starts[index]), int(self.pe_starts[index + 1]))
        return PeImage(self.pointers[index], self.codes[part], self.runs[part])


def _by_name(values: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
    """All that an image is made of; an error as Python's own for a value given twice."""
    given = dict(zip(_BY_POSITION, values, strict=False))
    if len(values) > len(given):
        raise TypeError(f"an image takes {len(_BY_POSITION)} values by position, not "
                        f"{len(values)}")
    if twice := given.keys() & named.keys():
        raise TypeError(f"an image got {', '.join(sorted(twice))} twice")
    return given | named


def image_columns(n_inputs: int, n_pe: int, has_bias: bool) -> int:
    """Columns of an image: the inputs, and with a bias up to and including its own row."""
    return -(-n_inputs // n_pe) * n_pe + 1 if has_bias else n_inputs


def build_image(
    packed: CompressedLayer, n_pe: int, index_bits: int | None = None,
    tile_rows: int | None = None, index: str = ZERO_RUNS,
) -> LayerImage:
    """Lay a compressed layer out for ``n_pe`` PEs: counted at once, encoded when first read.

    Parameters
    ----------
    index_bits : bits of a zero run; None takes the layer's
    tile_rows : outputs of one PE in a tile; None puts all outputs into one tile
    index : "zero_runs", or "bitmap", to which ``index_bits`` says nothing

    Raises
    ------
    InputError
        If a number is out of range, or there is no such index.
    """
    bits = packed.index_bits if index_bits is None else index_bits
    out_rows = -(-packed.n_outputs // n_pe) if n_pe >= 1 else 0
    depth = out_rows if tile_rows is None else tile_rows
    if index not in INDEXES:
        raise InputError(f"{packed.name}: index is {index!r}{nearest(index, INDEXES)}")
    if n_pe < 1 or not 1 <= bits <= 8 or depth < 1:
        raise InputError(
            f"{packed.name}: n_pe={n_pe}, index_bits={bits}, tile_rows={depth}; "
            f"need n_pe and tile_rows of 1 or more and index_bits of 1 to 8"
        )
    matrix = packed.matrix
    n_columns = image_columns(packed.n_inputs, n_pe, packed.has_bias)
    nonzeros = NonZeros(  # of one type, so that kernels are compiled once
        np.require(matrix.column_starts, np.int64, ["C", "W"]),
        np.require(matrix.rows, np.int32, ["C", "W"]),
        np.require(matrix.values, np.uint8, ["C", "W"]),
    )
    entries = count_entries(
        nonzeros, Interleaving(n_pe, packed.n_outputs, n_columns, depth, bits, index),
        packed.weight_bits,
    )
    return LayerImage(
        name=packed.name, n_inputs=packed.n_inputs, weight_bits=packed.weight_bits,
        has_bias=packed.has_bias, entries=entries,
    )


def decode_image(image: LayerImage) -> CscMatrix:
    """The matrix of codes that an image stores; padding entries fall away.

    Inverse of `build_image`: columns ``n_inputs`` and beyond hold the bias only.
    """
    starts = image.pointers + image.pe_starts[:-1, None, None]
    counts = np.diff(starts, axis=2)
    pe, tile, column = (
        np.repeat(i.ravel(), counts.ravel()) for i in np.indices(counts.shape, dtype=np.int64)
    )
    steps = np.cumsum(image.runs.astype(np.int64) + 1)
    before = np.concatenate([[0], steps])[starts[:, :, :-1].ravel()]
    local = steps - np.repeat(before, counts.ravel()) - 1
    rows = (local + tile * image.tile_rows) * image.n_pe + pe
    if image.has_bias:
        column = np.where(column == image.n_columns - 1, image.n_inputs, column)
    real = image.codes != 0
    order = np.lexsort((rows[real], column[real]))
    n_columns = image.n_inputs + int(image.has_bias)
    column = column[real][order]
    return CscMatrix(
        (image.n_outputs, n_columns),
        np.searchsorted(column, np.arange(n_columns + 1)).astype(np.int64),
        rows[real][order].astype(np.int32),
        image.codes[real][order],
    )
