"""Issue slots of every column of an image in every PE: all that time depends on.

With zero runs a column takes as many slots as it has entries. With a bitmap it takes more: one for
each line that holds bits of the column and no code (contract B2).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from accelsim.formats import LayerImage
from accelsim.formats.column_table import BITMAP, NO_ROW, ONLY, PADDING, Small, small_type
from accelsim.formats.edges import BEFORE_LAST, FIRST, SECOND
from accelsim.machines.eie.config import EieConfig
from accelsim.records.shown import Short


class SameImage:
    """A hashable handle of an image: the same object, not an equal one."""

    def __init__(self, image: LayerImage) -> None:
        self.image = image

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SameImage) and other.image is self.image

    def __hash__(self) -> int:
        return id(self.image)


@dataclass(frozen=True, eq=False)
class Slots(Short):
    """Of one image on one machine.

    Attributes
    ----------
    image : whose they are
    work : (n_tiles, n_columns, n_pe) small integers, issue slots; 0 for a column without entries
    ahead : the same, those of them in which a bitmap is read; None where none is
    """

    image: LayerImage
    work: Small
    ahead: Small | None = None

    @cached_property
    def most(self) -> int:
        """Slots of the fullest column of one PE."""
        return int(self.work.max(initial=0))

    @cached_property
    def edges(self) -> Small:
        """`LayerImage.edges`, of slots: those in which a bitmap is read come first, and select no
        row."""
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


def slots_of(config: EieConfig, image: LayerImage) -> Slots:
    """The slots of an image; those of the last few are kept."""
    if image.index == BITMAP:
        return _with_bitmaps(SameImage(image), config.entries_per_line)
    return Slots(image, image.table.counts)


@lru_cache(maxsize=8)
def _with_bitmaps(same: SameImage, entries_per_line: int) -> Slots:
    table = same.image.table
    begin = table.words[:, :-1]
    codes = begin + same.image.bitmap_words.astype(np.int32)[:, None, None]
    ahead = (codes // entries_per_line - begin // entries_per_line) * (table.counts != 0)
    work = table.counts + ahead
    kind = small_type(int(work.max(initial=0)))
    return Slots(same.image, work.astype(kind), ahead.astype(kind))
