"""PE-interleaved, relative-index compressed sparse columns: the format of EIE (sec. III).

Row ``i`` and activation ``i`` belong to PE ``i mod n_pe``; the row's number inside its PE is
``i div n_pe``. Each PE stores its part of every column as entries ``(code, run)``: ``run`` zeros,
then the weight that ``code`` names. A run that ``index_bits`` cannot hold is broken by padding
entries ``(0, 2**index_bits - 1)``, each of which covers ``2**index_bits`` positions. The count
restarts at each column; zeros after a column's last non-zero are not stored. One pointer per
column gives the column's first entry, one more ends the last.

A bias is one extra column, driven by 1.0, at the first column index of a register row of its
own: ``ceil(n_inputs / n_pe) * n_pe`` (as in the EIE authors' simulator); unused columns before it
are empty. Outputs beyond a PE's register file are cut into tiles of ``tile_rows`` rows a PE, and
each tile is stored as a matrix of its own with its own pointers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError
from accelsim.formats.column_table import (
    ColumnTable,
    Interleaving,
    NonZeros,
    Small,
    edges_of_image,
    edges_of_matrix,
    encode,
    nonzeros_of_image,
    table_of_image,
    table_of_matrix,
)
from accelsim.records import CompressedLayer, CscMatrix


@dataclass(frozen=True)
class PeImage:
    """What one PE's memories hold.

    Attributes
    ----------
    pointers : (n_tiles, n_columns + 1) int64 entry addresses
    codes, runs : (n_entries,) uint8
    """

    pointers: npt.NDArray[np.int64]
    codes: npt.NDArray[np.uint8]
    runs: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class LayerImage:
    """The memory images of all PEs of one layer, stored one after the other.

    An image from `build_image` is counted at once; ``pointers``, ``codes`` and ``runs`` are made
    when one of them is first read, so that runs without outputs never pay for them.

    Attributes
    ----------
    pointers : (n_pe, n_tiles, n_columns + 1) int64, entry addresses inside each PE
    codes, runs : (total entries,) uint8, PE after PE, in each tile after tile
    pe_starts : (n_pe + 1,) int64, where each PE's entries begin in ``codes`` and ``runs``
    tile_rows : outputs of one PE in a full tile
    """

    name: str
    n_pe: int
    n_inputs: int
    n_outputs: int
    n_columns: int
    n_tiles: int
    tile_rows: int
    weight_bits: int
    index_bits: int
    has_bias: bool
    pointers: npt.NDArray[np.int64]
    codes: npt.NDArray[np.uint8]
    runs: npt.NDArray[np.uint8]
    pe_starts: npt.NDArray[np.int64]

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

    @property
    def shape(self) -> Interleaving:
        """Where every output lies."""
        return Interleaving(
            self.n_pe, self.n_outputs, self.n_columns, self.tile_rows, self.index_bits
        )

    @cached_property
    def table(self) -> ColumnTable:
        """Counts by column and PE: all that time and most counters depend on."""
        return table_of_image(self.pointers, self.pe_starts, self.codes, self.shape)

    @cached_property
    def edges(self) -> Small:
        """(n_tiles, n_columns, 4, n_pe) small integers: rows inside the tile that the first,
        second, last but one and last entry of each column select, or a mark.
        """
        if "codes" in vars(self):
            return edges_of_image(
                self.pointers, self.pe_starts, self.codes, self.runs, self.shape
            )
        return edges_of_matrix(self.nonzeros, self.shape)

    @cached_property
    def nonzeros(self) -> NonZeros:
        """The matrix of codes without its padding entries."""
        return nonzeros_of_image(
            self.pointers, self.pe_starts, self.codes, self.runs, self.shape
        )

    def pe(self, index: int) -> PeImage:
        """The image of one PE; views, not copies."""
        part = slice(int(self.pe_starts[index]), int(self.pe_starts[index + 1]))
        return PeImage(self.pointers[index], self.codes[part], self.runs[part])

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """The fields that `build_image` leaves for later."""
            late = vars(self)
            if name == "pointers" and "table" in late:
                late[name] = self.table.pointers()
            elif name in ("codes", "runs") and "nonzeros" in late:
                late["codes"], late["runs"] = encode(
                    self.nonzeros, self.shape, self.table, self.pe_starts
                )
            else:
                raise AttributeError(f"'{type(self).__name__}' has no attribute '{name}'")
            return late[name]


def image_columns(n_inputs: int, n_pe: int, has_bias: bool) -> int:
    """Columns of an image: the inputs, and with a bias up to and including its own row."""
    return -(-n_inputs // n_pe) * n_pe + 1 if has_bias else n_inputs


def build_image(
    packed: CompressedLayer, n_pe: int, index_bits: int | None = None, tile_rows: int | None = None
) -> LayerImage:
    """Encode a compressed layer for ``n_pe`` PEs.

    Parameters
    ----------
    index_bits : bits of a zero run; None takes the layer's
    tile_rows : outputs of one PE in a tile; None puts all outputs into one tile

    Raises
    ------
    InputError
        If a number is out of range.
    """
    bits = packed.index_bits if index_bits is None else index_bits
    out_rows = -(-packed.n_outputs // n_pe) if n_pe >= 1 else 0
    depth = out_rows if tile_rows is None else tile_rows
    if n_pe < 1 or not 2 <= bits <= 8 or depth < 1:
        raise InputError(
            f"{packed.name}: n_pe={n_pe}, index_bits={bits}, tile_rows={depth}; "
            f"need n_pe and tile_rows of 1 or more and index_bits of 2 to 8"
        )
    matrix = packed.matrix
    n_columns = image_columns(packed.n_inputs, n_pe, packed.has_bias)
    nonzeros = NonZeros(  # of one type, so that kernels are compiled once
        np.require(matrix.column_starts, np.int64, ["C", "W"]),
        np.require(matrix.rows, np.int32, ["C", "W"]),
        np.require(matrix.values, np.uint8, ["C", "W"]),
    )
    table = table_of_matrix(
        nonzeros, Interleaving(n_pe, packed.n_outputs, n_columns, depth, bits)
    )
    image = object.__new__(LayerImage)
    vars(image).update(
        name=packed.name, n_pe=n_pe, n_inputs=packed.n_inputs, n_outputs=packed.n_outputs,
        n_columns=n_columns, n_tiles=table.n_tiles, tile_rows=depth,
        weight_bits=packed.weight_bits, index_bits=bits, has_bias=packed.has_bias,
        pe_starts=np.concatenate([[0], np.cumsum(table.totals)]), table=table, nonzeros=nonzeros,
    )
    return image


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
