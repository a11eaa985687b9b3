"""Sparse-matrix read: one entry a cycle out of the line register (contract P3, P4, P5)."""

from __future__ import annotations

from accelsim.records.signals import ADDRESS_BITS, NOTHING, Signals, Values
from accelsim.units.ptr_read import Column

Entry = tuple[int, int, int, bool]
"""(code, run, activation, whether the entry is the first of its column)"""

Rest = tuple[int, int, int, bool]
"""(address of the next entry, address behind the last, activation, whether none has advanced)"""

NO_LINE = -1


class SpmatRead:
    """Holds the column in work.

    State (read before the edge): ``holds``, ``address`` and ``end`` of what is left of the
    column, ``activation``, ``line`` (the address of the line last read, or `NO_LINE`).
    Inputs of a cycle: ``decide(waits)``: whether stage 1 of the ArithmUnit waits. Outputs:
    ``advances`` (an entry goes to stage 1), ``skips`` (an empty column takes its slot), ``free``
    (ready for a column in the next cycle). Edge: ``load(column)`` gives the entry for stage 1.
    ``address_bits`` and ``line_bits``, the widths of the addresses of an entry and of a line, are
    the wiring's to set; signals have them.
    """

    __slots__ = ("_codes", "_entries_per_line", "_first", "_line_codes", "_line_runs", "_runs",
                 "activation", "address", "address_bits", "advances", "empty_columns", "end",
                 "free", "holds", "issued", "line", "line_bits", "line_reads", "padding", "skips")

    def __init__(self, entries_per_line: int) -> None:
        self._entries_per_line = entries_per_line
        self._codes = self._runs = self._line_codes = self._line_runs = b""
        self.line = NO_LINE
        self.holds = self.advances = self.skips = self._first = False
        self.free = True
        self.address = self.end = self.activation = 0
        self.address_bits = self.line_bits = ADDRESS_BITS
        self.issued = 0
        self.padding = 0
        self.empty_columns = 0
        self.line_reads = 0

    def fill(self, codes: bytes, runs: bytes) -> None:
        """Write the SRAM (I/O mode or DMA); byte ``a`` of each is entry ``a``."""
        self._codes, self._runs = codes, runs

    def begin(self) -> None:
        """Start a pass: the line register is invalid (C1)."""
        self.line = NO_LINE

    def restore(self, column: Rest | None, last_address: int) -> None:
        """Hold the rest of a column, and the line of the entry that advanced last (-1: none)."""
        if column is not None:
            self.holds = True
            self.address, self.end, self.activation, self._first = column
        if last_address >= 0:
            self._read_line(last_address // self._entries_per_line)

    def decide(self, waits: bool) -> None:
        """Whether an entry advances, and whether the column ends with this cycle."""
        if not self.holds:
            self.advances = self.skips = False
            self.free = True
        elif self.address == self.end:
            self.advances = False
            self.skips = self.free = True
        else:
            self.skips = False
            self.advances = not waits
            self.free = self.advances and self.address + 1 == self.end

    def load(self, column: Column | None) -> Entry | None:
        """Clock edge: pass on the entry that advances, take the next column."""
        entry = None
        if self.advances:
            address = self.address
            line = address // self._entries_per_line
            if line != self.line:
                self._read_line(line)
            offset = address - line * self._entries_per_line
            code = self._line_codes[offset]
            entry = (code, self._line_runs[offset], self.activation, self._first)
            self.issued += 1
            if not code:
                self.padding += 1
            self.address = address + 1
            self._first = False
        elif self.skips:
            self.empty_columns += 1
        if column is not None:
            self.address, self.end, self.activation = column
            self.holds = self._first = True
        elif self.free:
            self.holds = False
        return entry

    def signals(self) -> Signals:
        """As rtl/eie/spmat_read.v names them."""
        return Signals(
            {"busy_o": 1, "issue_o": 1, "empty_o": 1, "free_o": 1, "line_read_o": 1,
             "entry": self.address_bits, "end_i": self.address_bits, "line_o": self.line_bits},
            self._shown,
        )

    def _shown(self) -> Values:
        if not self.holds:
            return False, False, False, True, False, NOTHING, NOTHING, NOTHING
        address = self.address
        if self.advances:
            line = address // self._entries_per_line
            if line != self.line:
                return True, True, False, self.free, True, address, self.end, line
        return True, self.advances, self.skips, self.free, False, address, self.end, NOTHING

    def _read_line(self, line: int) -> None:
        start = line * self._entries_per_line
        self._line_codes = self._codes[start : start + self._entries_per_line]
        self._line_runs = self._runs[start : start + self._entries_per_line]
        self.line = line
        self.line_reads += 1
