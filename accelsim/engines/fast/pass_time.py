"""Time and counters of one pass: scan positions in, cycles and sums of every PE out."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.arch.config import EieConfig
from accelsim.arch.plan import Pass
from accelsim.errors import UnsupportedError
from accelsim.formats import LayerImage
from accelsim.formats.column_table import EMPTY, ONLY

IntArray = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Small = npt.NDArray[np.signedinteger[Any]]

PER_PE = (
    "issued_entries", "padding_entries", "empty_columns", "hazard_stall_cycles", "blocking_cycles",
    "spmat_line_reads", "adder_bypasses", "write_bypasses",
)
"""Rows of the sums of a pass."""

_CYCLE_LIMIT = 1 << 31
_STALLS = 4  # most cycles that accumulators in flight add to a column, bypass off


class _Scratch(threading.local):
    """Memory that every pass of a thread uses again: fresh pages cost more than a pass."""

    def __init__(self) -> None:
        self._bytes = np.empty(0, np.uint8)

    def array(self, shape: tuple[int, int], kind: type[np.signedinteger[Any]]) -> Small:
        """An array of unspecified contents, valid until the next call."""
        size = shape[0] * shape[1] * np.dtype(kind).itemsize
        if len(self._bytes) < size:
            self._bytes = np.empty(size, np.uint8)
        return self._bytes[:size].view(kind).reshape(shape)


_scratch = _Scratch()


@dataclass(frozen=True)
class Scan:
    """What a pass scans.

    Attributes
    ----------
    step : the pass
    columns : (K,) int64 image columns broadcast, ascending
    first, end : scan positions [first, end), the bias row included
    """

    step: Pass
    columns: IntArray
    first: int
    end: int


@dataclass(frozen=True)
class PassTime:
    """Cycles of a compute phase, and ``sums`` (len(`PER_PE`), n_pe) int32."""

    compute: int
    row_changes: int
    blocked: int
    sums: Int32


class PassTimer:
    """Runs the kernels for the passes of one layer.

    Parameters
    ----------
    count_bypasses : False leaves them out, and with them all that depends on rows
    """

    def __init__(self, config: EieConfig, image: LayerImage, count_bypasses: bool) -> None:
        from accelsim.engines.fast.kernels import counters, occupancy, time  # imports Numba

        self._counters, self._occupancy, self._time = counters, occupancy, time
        self._config, self._image, self._table = config, image, image.table
        self.finish_occupancy = occupancy.finish
        self._count_bypasses = count_bypasses and config.bypass
        # Before a column is popped, at most a queue of others issue.
        stalls = 0 if config.bypass else _STALLS
        bound = 1 + (config.act_queue_depth + 1) * (self._table.most + 1 + stalls)
        self._longest = min(bound, _CYCLE_LIMIT - 1)
        # Kernels add the waits of so many columns in this type.
        self._block = (1 << 15) // bound // 4 * 4
        self._kind: type[np.signedinteger[Any]] = np.int16 if self._block else np.int32
        self._block = max(self._block, 4)

    def run(self, scan: Scan, at_least: IntArray) -> PassTime:
        """Count one pass.

        Parameters
        ----------
        at_least : (act_queue_depth + 1, n_pe) int64; row n gets the cycles that begin with n
            entries or more in a PE's queue, row 0 does not

        Raises
        ------
        UnsupportedError
            If the pass may take 2**31 cycles or more.
        """
        count, changed, trailing = len(scan.columns), 0, 0
        changes, n_pe = np.zeros(count, np.int32), self._config.n_pe
        if self._config.row_change_cycles:
            changed, last = self._time.count_row_changes(scan.columns, n_pe, scan.first, changes)
            # With a bias, the last position of the last row has been broadcast.
            trailing = 0 if scan.step.bias else scan.end // n_pe - last
        self._check_limit(count, changed)
        sums = np.zeros((len(PER_PE), n_pe), np.int32)
        last_slot, blocked = -1, 0
        if count:
            last_slot, last_issue = self._broadcast(scan, changes, sums, at_least)
            blocked = last_issue + 1 - count - changed
            self._count(scan, sums)
        scan_cycles = count + changed + trailing + blocked
        return PassTime(max(scan_cycles, last_slot + 1), changed + trailing, blocked, sums)

    def _broadcast(
        self, scan: Scan, changes: Int32, sums: Int32, at_least: IntArray
    ) -> tuple[int, int]:
        """Last cycle of an issue slot or a wait, and that of the last broadcast."""
        counters, time = self._counters, self._time
        config, tile, columns = self._config, scan.step.tile, scan.columns
        counts = self._table.counts[tile]
        issue = np.empty(len(columns), np.int32)
        wait = _scratch.array((len(columns), config.n_pe), self._kind)
        full = np.empty(len(columns), self._kind)
        _, _, _, hazards, blocking, _, adder, write = sums
        given = (
            columns, changes, config.act_queue_depth, config.empty_column_cycles, self._longest,
            issue, wait, full,
        )
        if config.bypass:
            last_slot = time.broadcast(counts, *given)
        else:
            edges = self._image.edges[tile]
            last_slot = time.broadcast_with_hazards(counts, edges, *given, hazards)
        self._occupancy.count_occupancy(
            issue, wait, full, self._longest, self._block, at_least, blocking
        )
        if self._count_bypasses:
            edges = self._image.edges[tile]
            counters.count_bypasses(
                counts, edges, columns, issue, wait, self._longest, adder, write, EMPTY, ONLY
            )
        return int(last_slot), int(issue[-1])

    def _count(self, scan: Scan, sums: Int32) -> None:
        """Counters that depend on which columns were broadcast, not on when."""
        counters = self._counters
        table, tile, columns = self._table, scan.step.tile, scan.columns
        entries, padding, empty, _, _, lines, _, _ = sums
        counts = table.counts[tile]
        some = np.empty((3, len(entries)), np.int16 if counts.dtype == np.int8 else np.int32)
        counters.count_columns(
            counts, table.padding[tile], columns, some, entries, padding, empty
        )
        per_line = self._config.entries_per_line
        if scan.step.refill_bits:
            starts = table.starts[tile]
            counters.count_segment_line_reads(starts, columns, starts[scan.first], per_line, lines)
        else:
            known = table.lines(per_line)
            counters.count_line_reads(known.first[tile], known.spans[tile], columns, lines)

    def _check_limit(self, count: int, changed: int) -> None:
        """Cycles are 32-bit integers inside a pass; every entry in turn is the worst case."""
        if self._table.n_entries + (2 + _STALLS) * count + changed >= _CYCLE_LIMIT:
            raise UnsupportedError(
                f"{self._image.name}: a pass may take 2**31 cycles or more, beyond engine 'fast'; "
                f"use capacity='check' or 'stream', or a larger n_pe"
            )
