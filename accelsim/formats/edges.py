"""Both ends of a column, by name: for kernels and for whoever calls them."""

from __future__ import annotations

from enum import IntEnum


class Edge(IntEnum):
    """The entries at both ends of a column, in the order in which edges hold their rows.

    Compiled into kernels of other files, like `SPAN_BITS`: touch those files with this.
    """

    FIRST = 0
    SECOND = 1
    BEFORE_LAST = 2
    LAST = 3
