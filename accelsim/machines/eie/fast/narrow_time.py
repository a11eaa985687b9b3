"""Time and counters of many vectors whose waits fit bytes, 64 PEs or fewer: `kernels.narrow`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.formats import LayerImage
from accelsim.formats.column_table import NO_ROW, PADDING
from accelsim.kernels.lanes import LANES
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.fast.kernels import counters, narrow
from accelsim.machines.eie.kept import kept_with_image

IntArray = npt.NDArray[np.int64]
Int32 = npt.NDArray[np.int32]
Bytes = npt.NDArray[np.uint8]

_MOST_ROWS = narrow.NONE  # of a PE in a tile: rows are below the marks


def fits(config: EieConfig, image: LayerImage) -> bool:
    """Whether these kernels take the layer."""
    return (config.published_units and config.n_pe <= LANES
            and config.act_queue_depth <= narrow.LEVELS and config.empty_column_cycles == 1
            and longest_wait(config, image) < 1 << 8 and image.shape.tile_rows <= _MOST_ROWS)


def longest_wait(config: EieConfig, image: LayerImage) -> int:
    """Cycles that bound all waits: before a column is popped, at most a queue of others issue."""
    return 1 + (config.act_queue_depth + 1) * (image.table.most + 1)


class _Narrow:
    """What the kernels of this module read of an image; ``width`` columns from one kernel position
    to the next."""

    def __init__(self, config: EieConfig, image: LayerImage, count_bypasses: bool, width: int = 0
                 ) -> None:
        self._n_pe, self._depth = config.n_pe, config.act_queue_depth
        self._n_columns = image.n_columns
        self._table = _table(image, count_bypasses)
        self._machine = narrow.Machine(
            config.n_pe, config.act_queue_depth, int(config.row_change_cycles > 0),
            longest_wait(config, image), int(count_bypasses), image.n_columns - 1, width,
            len(self._table) // image.n_tiles)

    def _work(self, columns: Int32, changes: Int32) -> tuple[narrow.Work, IntArray]:
        tallies = np.zeros((narrow.TALLIES, LANES), np.int64)
        latest = np.empty(len(columns) + self._depth, np.int64)
        return narrow.Work(columns, changes, latest, np.empty(tallies.size, np.uint16),
                           tallies.reshape(-1), np.empty(1, np.int64)), tallies

    def _add(self, tallies: IntArray, sums: IntArray, excess: IntArray) -> None:
        """Add to what `PassTimer` adds up."""
        n_pe, depth = self._n_pe, self._depth
        excess[:depth] += tallies[:depth, :n_pe]
        sums[counters.BLOCKING_CYCLES] += tallies[narrow.BLOCKING, :n_pe]
        if self._machine.bypasses:
            sums[counters.ADDER_BYPASSES] += tallies[narrow.ADDER, :n_pe]
            sums[counters.WRITE_BYPASSES] += tallies[narrow.WRITE, :n_pe]


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
        n = maps.size + 1  # touched as far as there are non-zeros
        self._lists = narrow.Lists(
            np.empty(len(maps) + 1, np.int64), np.empty(n, np.int32), np.empty(n, np.int32))
        narrow.list_channels(maps, config.n_pe, self._machine.row_changes, *self._lists)

    def run(
        self, addresses: Int32, first: IntArray, times: IntArray, sums: IntArray, excess: IntArray
    ) -> tuple[int, int]:
        """Compute cycles and blocked cycles of the vectors ``first``, so many ``times`` each."""
        most = self._n_columns + 2
        work, tallies = self._work(np.empty(most, np.int32), np.zeros(most, np.int32))
        compute, blocked = narrow.run_narrow(
            self._lists, addresses, first, times, self._passes, self._machine, self._table, work)
        self._add(tallies, sums, excess)
        return int(compute), int(blocked)


@kept_with_image
def _table(image: LayerImage, with_rows: bool) -> Bytes:
    """`kernels.narrow.run_narrow` says how it is laid out."""
    table, n_pe = image.table, image.n_pe
    n_fields = narrow.FIELDS if with_rows else 1
    shape = *table.counts.shape[:2], n_fields, LANES
    memory = np.zeros(math.prod(shape) + LANES, np.uint8)
    first = -memory.__array_interface__["data"][0] % LANES  # no column lies in two cache lines
    laid = memory[first : first + math.prod(shape)].reshape(shape)
    laid[:, :, 0, :n_pe] = np.maximum(table.counts, 1)
    if with_rows:
        edges = image.edges
        for field in (narrow.FIRST, narrow.SECOND):
            rows = edges[:, :, field - 1]
            laid[:, :, field, :n_pe] = np.where(rows == NO_ROW, narrow.NO_ENTRY, rows)
        before, last = edges[:, :, 2], edges[:, :, 3]
        marked = np.where(before == PADDING, narrow.NONE, narrow.KEPT)
        laid[:, :, narrow.BEFORE_LAST, :n_pe] = np.where(before < 0, marked, before)
        laid[:, :, narrow.LAST, :n_pe] = np.where(last < 0, narrow.NONE, last)
    return laid.reshape(-1)
