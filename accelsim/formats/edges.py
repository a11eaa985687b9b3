"""Both ends of a column, by name: for kernels and for whoever calls them."""

from __future__ import annotations

EDGES = ("first", "second", "before_last", "last")
"""The entries at both ends of a column, in the order in which edges hold their rows.

Compiled into kernels of other files, like `SPAN_BITS`: touch those files with this. Plain integers
name them, because Numba takes the members of an IntEnum for an index since 0.68 only.
"""
FIRST, SECOND, BEFORE_LAST, LAST = range(len(EDGES))
