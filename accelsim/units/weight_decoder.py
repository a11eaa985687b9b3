"""Weight decoder: the codebook that turns a code into a weight (EIE sec. IV)."""

from __future__ import annotations

from collections.abc import Sequence


class WeightDecoder:
    """A small table, read without a cycle of its own in stage 1 of the ArithmUnit."""

    __slots__ = ("_codebook",)

    def __init__(self, codebook: Sequence[int]) -> None:
        self._codebook = list(codebook)

    def decode(self, code: int) -> int:
        """The weight of a code; code 0 is padding and never asked for."""
        return self._codebook[code]
