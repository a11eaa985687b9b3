"""Weight decoder: the codebook that turns a code into a weight (EIE sec. IV)."""

from __future__ import annotations

from collections.abc import Sequence


class WeightDecoder:
    """A small table, read without a cycle of its own in stage 1 of the ArithmUnit.

    Of several tables the one in use follows from the row (EIE's contract D1): ``begin`` says which
    row is accumulator 0 of the pass. ``rows`` that share a table are 0 where all do.
    """

    __slots__ = ("_codebook", "_codes", "_first", "rows")

    def __init__(self, codebook: Sequence[int]) -> None:
        self._codebook = list(codebook)
        self._codes = self._first = self.rows = 0

    def fill(self, codebook: Sequence[int], codes: int, rows: int) -> None:
        """Hold several tables of so many ``codes``, one after the other, each for so many rows."""
        self._codebook, self._codes, self.rows = list(codebook), codes, rows

    def begin(self, first_row: int) -> None:
        """The row of this PE that is accumulator 0 from now on."""
        self._first = first_row

    def address(self, code: int, row: int) -> int:
        """Where the weight of a code is in the tables; code 0 stays 0."""
        if not (code and self.rows):
            return code
        return (self._first + row) // self.rows * self._codes + code

    def decode(self, address: int) -> int:
        """The weight at an address, of a single table the code; code 0 is padding and never asked
        for."""
        return self._codebook[address]
