"""The passes of a layer as data (contract M1): one by one, and field by field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from hashlib import sha256
from typing import overload

import numpy as np
import numpy.typing as npt

from accelsim.units.arith_unit import ARITH_STAGES

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Pass:
    """One run of the scan over register rows ``[first_row, first_row + n_rows)``.

    A row is one activation of every PE. ``tile`` is the batch of outputs that the pass adds to.
    """

    tile: int
    first_row: int
    n_rows: int
    clear: bool             # accumulators start at zero
    bias: bool              # 1.0 is broadcast after the last row
    load_rows: int          # rows copied from the activation SRAM to the source file first
    store_rows: int         # rows copied from the destination file to the activation SRAM after
    refill_bits: int        # bits of the pass's segment, over all PEs; 0 if the layer is resident
    bias_rows: int = 0      # rows of biases copied from the activation SRAM to the destination file
    early: int = 0          # cycles of the load that ran in the drain before the pass (O1)
    vector: int = 0         # of those that share a refill (M10)
    input_base: int = 0     # activation SRAM row of the vector's first input
    output_base: int = 0    # and of its first output, behind all inputs
    fetches: bool = True    # not if the pass before it has refilled the segment
    restores: bool = False  # the biases are the vector's sums so far (M10)

    def behind_another(self) -> Pass:
        """The pass with as much of its load as a drain hides."""
        return replace(self, early=min(ARITH_STAGES, self.load_rows + 1) if self.load_rows else 0)


_DEFAULTS = {f.name: int(f.default) if isinstance(f.default, int) else 0 for f in fields(Pass)}
_FLAGS = tuple(f.name for f in fields(Pass) if f.type == "bool")


class Plan(Sequence[Pass]):
    """Passes in order, by field too: a small machine may have tens of thousands of them.

    Made from one or the other; what is not given is made when it is first read.
    """

    def __init__(
        self, passes: Iterable[Pass] | None = None, columns: Mapping[str, IntArray] | None = None
    ) -> None:
        """``columns`` : (passes,) int64 of each field of `Pass` that has not its default."""
        self._columns = dict(columns or {})
        if passes is not None:
            self._passes = tuple(passes)

    @classmethod
    def of(cls, passes: Sequence[Pass]) -> Plan:
        """Of any sequence of passes."""
        return passes if isinstance(passes, Plan) else cls(passes)

    def field(self, name: str) -> IntArray:
        """(passes,) int64 of one field; flags are 0 and 1."""
        if name not in self._columns:
            if "_passes" in vars(self):
                values = np.array([getattr(step, name) for step in self._passes], np.int64)
            else:
                values = np.full(len(self), _DEFAULTS[name])
            self._columns[name] = values
        return self._columns[name]

    @cached_property
    def _passes(self) -> tuple[Pass, ...]:
        values = {name: (column != 0 if name in _FLAGS else column).tolist()
                  for name, column in self._columns.items()}
        return tuple(Pass(**dict(zip(values, row, strict=True)))
                     for row in zip(*values.values(), strict=True))

    @cached_property
    def cut(self) -> bytes:
        """A digest of where the layer is cut: of all that compute phases depend on."""
        names = "tile", "first_row", "n_rows", "bias", "vector"
        parts = [self.field(name) for name in names] + [self.field("refill_bits") > 0]
        return sha256(b"".join(part.tobytes() for part in parts)).digest()

    @cached_property
    def digest(self) -> bytes:
        """Of all fields of all passes."""
        return sha256(b"".join(self.field(name).tobytes() for name in _DEFAULTS)).digest()

    def __len__(self) -> int:
        if "_passes" in vars(self):
            return len(self._passes)
        return len(self._columns["tile"])

    @overload
    def __getitem__(self, at: int) -> Pass: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Pass, ...]: ...
    def __getitem__(self, at: int | slice) -> Pass | tuple[Pass, ...]:
        return self._passes[at]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._passes == tuple(other)

    def __repr__(self) -> str:
        return f"<Plan of {len(self)} passes>"
