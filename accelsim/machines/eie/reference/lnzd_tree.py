"""Leading non-zero detection: a tree of four-input nodes over the PEs (EIE sec. IV)."""

from __future__ import annotations

from collections.abc import Sequence

FAN_IN = 4


class LnzdTree:
    """Combinational. A node passes on its first valid input: (position, whether there is one)."""

    __slots__ = ()

    def first(self, values: Sequence[int], position: int) -> int | None:
        """Where the first non-zero at or after ``position`` is, or None (contract S2)."""
        level = [i if value and i >= position else None for i, value in enumerate(values)]
        while len(level) > 1:
            level = [
                next((i for i in level[node : node + FAN_IN] if i is not None), None)
                for node in range(0, len(level), FAN_IN)
            ]
        return level[0]
