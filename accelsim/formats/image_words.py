"""What lies in the sparse-matrix SRAM, word by word: entries, or bitmaps and codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError
from accelsim.formats.column_table import BITMAP, ColumnTable, Interleaving

if TYPE_CHECKING:
    from accelsim.formats.interleaved_csc import LayerImage


class Words:
    """The part of a `LayerImage` that knows the words of the SRAM."""

    weight_bits: int

    @property
    def shape(self) -> Interleaving:
        """Where every output lies."""
        raise NotImplementedError

    @property
    def pointers(self) -> npt.NDArray[np.int64]:
        """(n_pe, n_tiles, n_columns + 1) entry addresses inside each PE."""
        raise NotImplementedError

    @property
    def table(self) -> ColumnTable:
        """Counts by column and PE."""
        raise NotImplementedError

    @property
    def words(self) -> npt.NDArray[np.int64]:
        """What the pointer SRAMs hold: as ``pointers``, but of the words of the sparse-matrix SRAM,
        which a bitmap takes some of."""
        return self.table.word_pointers if self.shape.index == BITMAP else self.pointers

    @property
    def bitmap_words(self) -> npt.NDArray[np.int64]:
        """(n_tiles,) words of a column's bitmap; 0 where runs are stored."""
        return self.shape.bitmap_words(self.weight_bits)

    @property
    def word_bits(self) -> int:
        """A word of the sparse-matrix SRAM: a code, with its run where runs are stored."""
        return self.weight_bits + (0 if self.shape.index == BITMAP else self.shape.index_bits)

    @property
    def max_words(self) -> int:
        """Words of the fullest PE."""
        return int(self.table.words[-1, -1].max())

    @property
    def n_words(self) -> int:
        """Words of all PEs."""
        return int(self.table.words[-1, -1].sum(dtype=np.int64))

    @property
    def stored_bits(self) -> int:
        """Bits of all words: codes, and runs or bitmaps; pointers are not counted."""
        return self.n_words * self.word_bits


def spmat_words(image: LayerImage, pe: int) -> npt.NDArray[np.uint8]:
    """What the sparse-matrix SRAM of one PE holds with a bitmap, word by word: of each column that
    has entries its bits, row 0 in the lowest bit of the first word, then its codes.

    Raises
    ------
    InputError
        If the image has zero runs, whose words are ``codes`` and ``runs``.
    """
    if image.index != BITMAP:
        raise InputError(f"{image.name}: an image with index={image.index!r} has no bitmap")
    own = image.pe(pe)
    starts, words = own.pointers, image.words[pe]
    counts = np.diff(starts, axis=1)
    ahead = np.broadcast_to(image.bitmap_words[:, None], counts.shape).ravel()
    each = counts.ravel()
    first = np.repeat(words[:, :-1].ravel(), each)
    before = np.repeat(starts[:, :-1].ravel(), each)
    steps = np.cumsum(own.runs.astype(np.int64) + 1)
    rows = steps - np.concatenate([[0], steps])[before] - 1
    memory = np.zeros(int(words[-1, -1]), np.int64)
    memory[first + np.repeat(ahead, each) + np.arange(len(own.codes)) - before] = own.codes
    word, bit = np.divmod(rows, image.weight_bits)
    np.add.at(memory, first + word, 1 << bit)
    return memory.astype(np.uint8)
