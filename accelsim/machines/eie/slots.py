"""Issue slots of every column of an image in every PE: all that time depends on.

With zero runs a column takes as many slots as it has entries. With a bitmap it takes more: one for
each line that holds bits of the column and no code (contract B2). Where several entries of a line
issue in a cycle it takes fewer (contract I1).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from accelsim.formats import LayerImage
from accelsim.formats.column_table import BITMAP, NO_ROW, ONLY, PADDING, Small, small_type
from accelsim.formats.edges import BEFORE_LAST, FIRST, SECOND
from accelsim.machines.eie.config import EieConfig
from accelsim.records.shown import Short


@dataclass(frozen=True, eq=False)
class Slots(Short):
    """Of one image on one machine.

    Attributes
    ----------
    image : whose they are
    work : (n_tiles, n_columns, n_pe) small integers, issue slots; 0 for a column without entries
    ahead : the same, those of them in which a bitmap is read; None where none is
    words_per_line, width : of the SpMat SRAM, and entries that issue in a cycle
    """

    image: LayerImage
    work: Small
    ahead: Small | None = None
    words_per_line: int = 1
    width: int = 1

    @cached_property
    def most(self) -> int:
        """Slots of the fullest column of one PE."""
        table = self.image.table
        return table.most if self.work is table.counts else int(self.work.max(initial=0))

    @cached_property
    def edges(self) -> Small:
        """`LayerImage.edges`, of slots of one entry: those in which a bitmap is read come first,
        and select no row."""
        edges, ahead = self.image.edges, self.ahead
        if ahead is None:
            return edges
        slots = edges.copy()
        first, second = edges[:, :, FIRST], edges[:, :, SECOND]
        slots[:, :, FIRST] = np.where(ahead > 0, NO_ROW, first)
        slots[:, :, SECOND] = np.where(ahead > 1, NO_ROW, np.where(ahead > 0, first, second))
        before_last = edges[:, :, BEFORE_LAST]
        slots[:, :, BEFORE_LAST] = np.where(
            (ahead > 0) & (before_last == ONLY), PADDING, before_last)
        return slots


    def taken(self, tile: int, queue_pes: int) -> Small:
        """(n_columns, n_pe) slots until a column's PE, or all that share its queue, are done."""
        work: Small = self.work[tile]
        if queue_pes == 1:
            return work
        whole = work.shape[1] // 2 * 2
        both = work[:, :whole].reshape(len(work), -1, 2).max(axis=2)
        # One that is empty in both takes what an empty column takes, which the kernels know.
        taken: Small = np.hstack([np.repeat(both, 2, axis=1), work[:, whole:]])
        return taken

    @cached_property
    def beside(self) -> tuple[Small, Small]:
        """(n_tiles, n_columns, n_pe) each: multiply-accumulates that share their slot with one
        before them, and padding entries that share it with another entry."""
        from accelsim.machines.eie.fast.kernels import wide

        image, table = self.image, self.image.table
        useful = np.zeros_like(table.counts)
        for tile in range(image.n_tiles):
            wide.count_useful(self.entries(tile), useful[tile])
        only_padding = self.work - useful - (0 if self.ahead is None else self.ahead)
        return table.counts - table.padding - useful, table.padding - only_padding

    def entries(self, tile: int) -> tuple[Any, ...]:
        """One tile as `kernels.wide` takes it."""
        image = self.image
        return (np.ascontiguousarray(image.pointers[:, tile]),
                np.ascontiguousarray(image.words[:, tile]), image.pe_starts, image.codes,
                image.runs, int(image.bitmap_words[tile]), self.words_per_line, self.width)


def slots_of(config: EieConfig, image: LayerImage) -> Slots:
    """The slots of an image; those of the last few are kept."""
    if config.published_units:
        return Slots(image, image.table.counts)
    return _counted(image, config.entries_per_line, config.issue_width)


@lru_cache(maxsize=8)
def _counted(image: LayerImage, per_line: int, width: int) -> Slots:
    table = image.table
    counts, begin = table.counts.astype(np.int32), table.words[:, :-1]
    codes = begin + image.bitmap_words.astype(np.int32)[:, None, None]
    # A column's entries in the line of its first, in whole lines behind it, and in its last.
    first = np.minimum(counts, per_line - codes % per_line)
    whole, last = np.divmod(counts - first, per_line)
    work = -(-first // width) + whole * -(-per_line // width) - (-last // width)
    ahead = None
    if image.index == BITMAP:
        ahead = (codes // per_line - begin // per_line) * (counts != 0)
        work += ahead
    kind = small_type(int(work.max(initial=0)))
    return Slots(image, work.astype(kind), None if ahead is None else ahead.astype(kind),
                 per_line, width)
