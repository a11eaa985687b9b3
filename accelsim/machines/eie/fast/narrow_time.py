"""Time and counters of many vectors whose waits fit bytes, 64 PEs or fewer: `kernels.narrow`."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.formats import LayerImage
from accelsim.formats.column_table import NO_ROW, PADDING
from accelsim.kernels.lanes import LANES
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.fast.kernels import counters, narrow, waits
from accelsim.machines.eie.kept import kept_with_image

IntArray = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.uint8]

_ROWS = 2048  # broadcasts, at least, before waits are counted
_MOST_ROWS = waits.NONE  # of a PE in a tile: rows are below the marks


def fits(config: EieConfig, image: LayerImage) -> bool:
    """Whether these kernels take the layer."""
    most_bytes = image.n_tiles * image.n_columns * waits.FIELDS * LANES
    return (config.published_units and most_bytes < 1 << 31 and config.n_pe <= LANES
            and config.act_queue_depth <= waits.LEVELS and config.empty_column_cycles == 1
            and longest_wait(config, image) < (1 << 8) - 1 and image.shape.tile_rows <= _MOST_ROWS)


def longest_wait(config: EieConfig, image: LayerImage) -> int:
    """Cycles that bound all waits: before a column is popped, at most a queue of others issue."""
    return 1 + (config.act_queue_depth + 1) * (image.table.most + 1)


class _Memory(threading.local):
    """What every call of a thread works on again: fresh pages cost more than a pass."""

    def __init__(self) -> None:
        self._held: waits.Work | None = None

    def of(self, rows: int, ends: int) -> waits.Work:
        """Arrays of so many broadcasts and passes, or more; their contents are unspecified."""
        held = self._held
        if held is None or rows > len(held.places) or ends > len(held.ends):
            rows = rows if held is None else max(rows, len(held.places))
            ends = ends if held is None else max(ends, len(held.ends))
            none, sums = np.empty(0, np.int32), np.empty(waits.TALLIES * LANES, np.int64)
            places, before, issue, early = np.empty((4, rows), np.int32)
            end, trailing = np.empty((2, ends), np.int64)
            held = self._held = waits.Work(
                none, none, places, before, np.empty(rows, np.int64), issue, early,
                _aligned(rows * LANES), np.empty(rows * waits.FLOORS, np.uint8), end, trailing,
                sums, sums)
        return held


_memory = _Memory()


class _Narrow:
    """What the kernels of this module read of an image; ``width`` columns from one kernel position
    to the next."""

    def __init__(self, config: EieConfig, image: LayerImage, count_bypasses: bool, width: int = 0
                 ) -> None:
        self._n_pe, self._depth = config.n_pe, config.act_queue_depth
        self._n_columns = image.n_columns
        self._table = _table(image, count_bypasses)
        self._machine = waits.Machine(
            config.n_pe, config.act_queue_depth, int(config.row_change_cycles > 0),
            longest_wait(config, image), int(count_bypasses), image.n_columns - 1, width,
            len(self._table) // image.n_tiles, LANES * (waits.FIELDS if count_bypasses else 1))

    def _work(self, columns: Int32, changes: Int32, n_passes: int = 1
              ) -> tuple[waits.Work, IntArray]:
        tallies, most = np.zeros((waits.TALLIES, LANES), np.int64), len(columns) * n_passes
        held = _memory.of(most + _ROWS + narrow.ROOM, max(n_passes, _ROWS))
        work = held._replace(columns=columns, changes=changes, tallies=tallies.reshape(-1))
        return work, tallies

    def _add(self, tallies: IntArray, sums: IntArray, excess: IntArray) -> None:
        """Add to what `PassTimer` adds up."""
        n_pe, depth = self._n_pe, self._depth
        excess[:depth] += tallies[:depth, :n_pe]
        sums[counters.BLOCKING_CYCLES] += tallies[waits.BLOCKING, :n_pe]
        if self._machine.bypasses:
            sums[counters.ADDER_BYPASSES] += tallies[waits.ADDER, :n_pe]
            sums[counters.WRITE_BYPASSES] += tallies[waits.WRITE, :n_pe]


class NarrowPass(_Narrow):
    """Passes one by one."""

    def run(self, tile: int, columns: IntArray, changes: Int32, sums: IntArray, excess: IntArray
            ) -> tuple[int, int]:
        """Last cycle of an issue slot, and that of the last broadcast."""
        work, tallies = self._work(columns.astype(np.int32), changes)
        last_slot, last_issue = narrow.run_narrow_pass(tile, self._machine, self._table, work)
        self._add(tallies, sums, excess)
        return int(last_slot), int(last_issue)


class NarrowTimer(_Narrow):
    """What the vectors of one image share; ``passes`` and ``maps`` as in
    `vector_time.VectorTimer`."""

    def __init__(
        self, config: EieConfig, image: LayerImage, passes: Any, width: int, maps: IntArray,
        count_bypasses: bool,
    ) -> None:
        super().__init__(config, image, count_bypasses, width)
        self._passes = passes
        n = maps.size + narrow.ROOM  # touched as far as there are non-zeros
        self._lists = narrow.Lists(np.empty(len(maps) + 1, np.int64), np.empty(n, np.int32),
                                   np.empty(n, np.int32), np.empty(len(maps), np.int32))
        narrow.list_channels(
            maps, config.n_pe, self._machine.row_changes, self._machine.column_bytes, self._lists)

    def run(
        self, addresses: Int32, first: IntArray, times: IntArray, sums: IntArray, excess: IntArray
    ) -> tuple[int, int]:
        """Compute cycles and blocked cycles of the vectors ``first``, so many ``times`` each."""
        most = self._n_columns + narrow.ROOM
        work, tallies = self._work(
            np.empty(most, np.int32), np.zeros(most, np.int32), len(self._passes.tile))
        compute, blocked = narrow.run_narrow(
            self._lists, addresses, first, times, self._passes, self._machine, self._table, work)
        self._add(tallies, sums, excess)
        return int(compute), int(blocked)


def _aligned(size: int) -> Bytes:
    """Memory in which no `LANES` bytes lie in two cache lines."""
    memory = np.empty(size + LANES, np.uint8)
    first = -memory.__array_interface__["data"][0] % LANES
    return memory[first : first + size]


@kept_with_image
def _table(image: LayerImage, with_rows: bool) -> Bytes:
    """`kernels.narrow.run_narrow` says how it is laid out."""
    table, n_pe = image.table, image.n_pe
    n_fields = waits.FIELDS if with_rows else 1
    shape = *table.counts.shape[:2], n_fields, LANES
    laid = _aligned(math.prod(shape)).reshape(shape)
    laid[:] = 0
    laid[:, :, 0, :n_pe] = np.maximum(table.counts, 1)
    if with_rows:
        edges = image.edges
        for field in (waits.FIRST, waits.SECOND):
            rows = edges[:, :, field - 1]
            laid[:, :, field, :n_pe] = np.where(rows == NO_ROW, waits.NO_ENTRY, rows)
        before, last = edges[:, :, 2], edges[:, :, 3]
        marked = np.where(before == PADDING, waits.NONE, waits.KEPT)
        laid[:, :, waits.BEFORE_LAST, :n_pe] = np.where(before < 0, marked, before)
        laid[:, :, waits.LAST, :n_pe] = np.where(last < 0, waits.NONE, last)
    return laid.reshape(-1)
