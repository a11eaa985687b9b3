"""Time and counters of one pass: scan positions in, cycles and sums of every PE out."""

from __future__ import annotations

import threading
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from accelsim.errors import UnsupportedError
from accelsim.formats import LayerImage
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.fast import narrow_time
from accelsim.machines.eie.fast.kernels import counters, passes, time, wide
from accelsim.machines.eie.passes import Pass
from accelsim.machines.eie.slots import slots_of

IntArray = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Small = npt.NDArray[np.signedinteger[Any]]

BESIDE = ("index_cycles", "macs_beside", "padding_beside")

_CYCLE_LIMIT = 1 << 31
_STALLS = 4  # most cycles that accumulators in flight add to a column, bypass off


class _Scratch(threading.local):
    """Memory that every pass of a thread uses again: fresh pages cost more than a pass."""

    def __init__(self) -> None:
        self._bytes = np.empty(0, np.uint8)
        self._latest: Small = np.empty((0, 0), np.int16)

    def array(self, shape: tuple[int, int], kind: type[np.signedinteger[Any]]) -> Small:
        """An array of unspecified contents, valid until the next call."""
        if self._latest.shape != shape or self._latest.dtype != kind:
            size = shape[0] * shape[1] * np.dtype(kind).itemsize
            if len(self._bytes) < size:
                self._bytes = np.empty(size, np.uint8)
            self._latest = self._bytes[:size].view(kind).reshape(shape)
        return self._latest


_scratch = _Scratch()


class Scan(NamedTuple):
    """What a pass scans.

    Attributes
    ----------
    step : the pass
    columns : (K,) int64 image columns broadcast, ascending, of positions in the scan
    first, end : scan positions [first, end), the bias row included
    """

    step: Pass
    columns: IntArray
    first: int
    end: int


class PassTime(NamedTuple):
    """Cycles of a compute phase, and those in which the scan changed rows or was held back."""

    compute: int
    row_changes: int
    blocked: int


class PassSums(NamedTuple):
    """What the passes of a layer add up to.

    Attributes
    ----------
    sums : (len(`PASS_SUMS`), n_pe) int64
    excess : (act_queue_depth + 1, n_pe) int64; `kernels.counters.finish` says what it means
    beside : (len(`BESIDE`), n_pe) int64, counters of units that the published machine has not
    more_slots : (n_pe,) int64 slots beyond as many as entries
    """

    sums: IntArray
    excess: IntArray
    beside: IntArray
    more_slots: IntArray

    @classmethod
    def zeros(cls, config: EieConfig) -> PassSums:
        """Nothing yet."""
        n_pe = config.n_pe
        return cls(
            np.zeros((len(counters.PASS_SUMS), n_pe), np.int64),
            np.zeros((config.act_queue_depth + 1, n_pe), np.int64),
            np.zeros((len(BESIDE), n_pe), np.int64), np.zeros(n_pe, np.int64))


class PassTimer:
    """Runs the kernels for the passes of one layer, and adds up what they count.

    Parameters
    ----------
    count_bypasses : False leaves them out, and with them all that depends on rows
    added : what is added to
    """

    def __init__(
        self, config: EieConfig, image: LayerImage, count_bypasses: bool, added: PassSums
    ) -> None:
        self._config, self._image, self._table = config, image, image.table
        self._slots = slots_of(config, image)
        self._count_bypasses = count_bypasses and config.bypass
        n_pe, depth = config.n_pe, config.act_queue_depth
        # Before a column is popped, at most a queue of others issue.
        stalls = 0 if config.bypass else _STALLS
        bound = 1 + (depth + 1) * (self._slots.most + 1 + stalls)
        narrow = bound < 1 << 13
        self._kind: type[np.signedinteger[Any]] = np.int16 if narrow else np.int32
        # As many columns as have sums that fit 16 bits; four at least, if waits are narrow.
        fit = ((1 << 16) - 1) // bound // 4 * 4 if narrow else passes.MOST_COLUMNS
        self._block = min(fit, passes.MOST_COLUMNS)
        self._longest = min(bound, _CYCLE_LIMIT - 1)
        self.sums, self.excess, self.beside, self.more_slots = added
        sums = self.sums
        narrow_sums = self._slots.work.dtype == self._table.counts.dtype == np.int8
        few = np.int16 if narrow_sums else np.int32
        self._pass_sums = tuple(passes.Sums(
            sums[counters.ISSUED_ENTRIES], sums[counters.PADDING_ENTRIES],
            sums[counters.EMPTY_COLUMNS], sums[counters.BLOCKING_CYCLES],
            sums[counters.SPMAT_LINE_READS], self.excess, np.empty((3, n_pe), few),
            np.empty((passes.LEVELS, n_pe), np.uint16 if narrow else np.int64),
        ))
        self._floors = np.empty((passes.LEVELS, self._block), self._kind)
        self._narrow = None
        if config.bypass and narrow_time.fits(config, image):
            self._narrow = narrow_time.NarrowPass(config, image, count_bypasses)

    def run(self, scan: Scan) -> PassTime:
        """Count one pass.

        Raises
        ------
        UnsupportedError
            If the pass may take 2**31 cycles or more.
        """
        count, changed, trailing = len(scan.columns), 0, 0
        changes, n_pe = np.empty(count, np.int32), self._config.n_pe
        if not self._config.row_change_cycles:
            changes[:] = 0
        else:
            changed, last = time.count_row_changes(scan.columns, n_pe, scan.first, changes)
            # With a bias, the last position of the last row has been broadcast.
            trailing = 0 if scan.step.bias else scan.end // n_pe - last
        self._check_limit(count, changed)
        last_slot, blocked = -1, 0
        if count:
            last_slot, last_issue = self._count(scan, changes)
            blocked = last_issue + 1 - count - changed
        scan_cycles = count + changed + trailing + blocked
        return PassTime(max(scan_cycles, last_slot + 1), changed + trailing, blocked)

    def _count(self, scan: Scan, changes: Int32) -> tuple[int, int]:
        """Last cycle of an issue slot or a wait, and that of the last broadcast."""
        config, tile, columns, sums = self._config, scan.step.tile, scan.columns, self.sums
        table, depth = self._table, config.act_queue_depth
        own, refilled = self._slots.work[tile], scan.step.refill_bits > 0
        work = self._slots.taken(tile, config.queue_pes)
        first_line = spans = None
        if not refilled:
            lines = table.lines(config.entries_per_line)
            first_line = lines.first[tile]
            spans = None if lines.spans is None else lines.spans[tile]
        read = None if first_line is None else np.zeros((2, config.n_pe), first_line.dtype)
        if refilled:
            starts = table.starts[tile]
            counters.count_segment_line_reads(
                starts, columns, starts[scan.first], config.entries_per_line,
                sums[counters.SPMAT_LINE_READS],
            )
        if self._narrow is not None:
            passes.run_pass(
                work, table.padding[tile], first_line, spans, columns, changes,
                (depth, config.empty_column_cycles, self._longest, passes.MOST_COLUMNS), False,
                None, None, self._pass_sums, (None, None, None, read))
            return self._narrow.run(tile, columns, changes, sums, self.excess)
        issue, latest = np.empty((2, len(columns)), np.int32)
        rows = len(columns)
        if config.bypass and not self._count_bypasses:
            rows = min(rows, (-(-depth // self._block) + 2) * self._block)
        wait = _scratch.array((rows, config.n_pe), self._kind)
        last_slot = -1
        if not config.bypass:
            last_slot = time.broadcast_with_hazards(
                work, self._slots.edges[tile], columns, changes, depth,
                config.empty_column_cycles, issue, wait, sums[counters.HAZARD_STALL_CYCLES],
            )
        last_slot = max(last_slot, passes.run_pass(
            work, table.padding[tile], first_line, spans, columns, changes,
            (depth, config.empty_column_cycles, self._longest, self._block), not config.bypass,
            issue, wait, self._pass_sums,
            (latest, np.zeros(config.n_pe, self._kind), self._floors, read),
        ))
        if not config.published_units:
            self._count_slots(tile, columns, work)
        if self._count_bypasses and config.issue_width > 1:
            wide.count_lane_bypasses(
                self._slots.entries(tile), columns, issue, wait, sums[counters.ADDER_BYPASSES],
                sums[counters.WRITE_BYPASSES],
            )
        elif self._count_bypasses:
            counters.count_bypasses(
                own, self._slots.edges[tile], columns, issue, wait, self._longest,
                sums[counters.ADDER_BYPASSES], sums[counters.WRITE_BYPASSES],
            )
        return int(last_slot), int(issue[-1])

    def _count_slots(self, tile: int, columns: IntArray, taken: Small) -> None:
        """What the kernels, which take the slots ``taken`` for entries, do not tell."""
        slots, sums = self._slots, self.sums

        def added(table: npt.NDArray[Any]) -> IntArray:
            return np.asarray(table[columns].sum(axis=0, dtype=np.int64))

        entries, work = self._table.counts[tile], slots.work[tile]
        sums[counters.ISSUED_ENTRIES] += added(entries) - added(taken)
        sums[counters.EMPTY_COLUMNS] += added(entries == 0) - added(taken == 0)
        self.more_slots += added(work) - added(entries)
        if slots.ahead is not None:
            self.beside[0] += added(slots.ahead[tile])
        if self._config.issue_width > 1:
            for row, table in zip(self.beside[1:], slots.beside, strict=True):
                row += added(table[tile])

    def _check_limit(self, count: int, changed: int) -> None:
        """Cycles are 32-bit integers inside a pass; every entry in turn is the worst case."""
        slots = self._table.n_entries + count * max(self._slots.most - self._table.most, 0)
        if slots + (2 + _STALLS) * count + changed >= _CYCLE_LIMIT:
            raise UnsupportedError(
                f"{self._image.name}: a pass may take 2**31 cycles or more, beyond engine 'fast'; "
                f"use capacity='check' or 'stream', or a larger n_pe"
            )
