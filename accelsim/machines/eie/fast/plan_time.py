"""Time and counters of all passes of a layer at once: `kernels.plan`.

For the published units with bypass on; others go pass by pass (`pass_time`). Where runs share
their work (`accelsim.records.sharing`), what does not depend on all of a configuration is worked
out once: entries by image and vector, lines by their width too, time by the depth of the queues;
and a queue that never was full is as good as a longer one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from accelsim.errors import UnsupportedError
from accelsim.formats import LayerImage
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.fast.kernels import counters, passes, plan
from accelsim.machines.eie.kept import shared_result
from accelsim.machines.eie.passes import Plan
from accelsim.records.sharing import is_shared
from accelsim.units.arith_unit import ARITH_STAGES

IntArray = npt.NDArray[np.int64]
T = TypeVar("T")

_CYCLE_LIMIT = 1 << 31
_NARROW = 1 << 13   # waits below it are integers of 16 bits


class PlanTime(NamedTuple):
    """What passes took: (passes,) compute cycles, those of row changes and those in which the scan
    was held back; of each PE the excess over floors (`kernels.counters.finish`), blocking cycles
    and bypasses, (2, n_pe)."""

    compute: IntArray
    row_changes: IntArray
    blocked: IntArray
    excess: IntArray
    blocking: IntArray
    bypasses: IntArray


class Phases(NamedTuple):
    """All of the passes that does not depend on activations: cycles of their phases, by the names
    of `Counters`; rows that are scanned, loaded and read as biases; (passes,) cycles of each but
    for its start, refill and compute phase."""

    totals: Mapping[str, int]
    scanned: int
    loaded: int
    biased: int
    behind: IntArray


def takes(config: EieConfig) -> bool:
    """Whether these kernels know the machine."""
    return config.published_units and config.bypass


class PlanTimer:
    """What the passes of one layer count.

    Parameters
    ----------
    active : image columns that each vector broadcasts, ascending, int64
    count_bypasses : False leaves them out, and with them all that depends on rows

    Attributes
    ----------
    vector : the broadcasts of all vectors in one, where runs share their work
    broadcasts : of all passes
    """

    def __init__(
        self, config: EieConfig, image: LayerImage, steps: Plan, active: Sequence[IntArray],
        count_bypasses: bool,
    ) -> None:
        self._config, self._image, self._steps = config, image, steps
        self._active, self._count_bypasses = active, count_bypasses
        self._columns = active[0] if len(active) == 1 else np.concatenate(active)
        self.vector = self._columns.tobytes() if is_shared() else b""
        self._passes = self._kept(("passes", steps.cut), lambda: _passes(image, steps, active))
        self.broadcasts = int((self._passes.end - self._passes.begin).sum())

    def entries(self) -> IntArray:
        """(3, n_pe) entries, padding and columns without entries."""
        return self._kept(("entries",), self._count_entries)

    def lines(self) -> IntArray:
        """(n_pe,) lines read."""
        key = ("lines", self._steps.cut, self._config.entries_per_line)
        return self._kept(key, self._count_lines)

    def phases(self) -> Phases:
        """What `Phases` says."""
        steps, start = self._steps, self._config.start_cycles
        return self._kept(("phases", steps.digest, start), lambda: _phases(steps, start))

    def time(self) -> PlanTime:
        """Of all passes; the excess has a row for each entry of a queue and one more.

        Raises
        ------
        UnsupportedError
            If a pass may take 2**31 cycles or more.
        """
        config, longest = self._config, int((self._passes.end - self._passes.begin).max())
        self._check_limit(longest)
        depth = max(min(config.act_queue_depth, longest), 1)  # more columns than there are wait not
        key = ("time", self._steps.cut, config.row_change_cycles, config.empty_column_cycles,
               self._count_bypasses)
        open_ended: list[tuple[int, PlanTime]] = self._kept((*key, "never full"), list)
        found = next((time for least, time in open_ended if least <= depth), None)
        if found is None:
            found = self._kept((*key, depth), lambda: self._run(depth, longest))
            if not found.blocked.any():
                open_ended.append((depth, found))
        rows = config.act_queue_depth + 1
        excess = np.zeros((rows, config.n_pe), np.int64)
        excess[: len(found.excess)] = found.excess[:rows]
        return found._replace(excess=excess)

    def _kept(self, key: tuple[Any, ...], make: Callable[[], T]) -> T:
        return shared_result(self._image, (*key, self.vector), make)

    def _count_entries(self) -> IntArray:
        table, n_pe = self._image.table, self._config.n_pe
        sums = np.zeros((len(counters.PASS_SUMS), n_pe), np.int64)
        kind = np.int16 if table.counts.dtype == np.int8 else np.int32
        own = _sums(sums, np.empty((0, n_pe), np.int64), kind, np.uint16)
        for columns in self._active:
            plan.count_entries(table.counts, table.padding, columns, own)
        return sums[[counters.ISSUED_ENTRIES, counters.PADDING_ENTRIES, counters.EMPTY_COLUMNS]]

    def _count_lines(self) -> IntArray:
        per_line, n_pe = self._config.entries_per_line, self._config.n_pe
        shift = per_line.bit_length() - 1 if per_line & (per_line - 1) == 0 else -1
        reads = np.zeros(n_pe, np.int64)
        plan.count_lines(self._image.table.starts, tuple(self._passes), self._columns, per_line,
                         shift, np.empty((2, n_pe), np.int32), reads)
        return reads

    def _run(self, depth: int, longest: int) -> PlanTime:
        config, table, n_pe = self._config, self._image.table, self._config.n_pe
        # Before a column is popped, at most a queue of others issue.
        bound = 1 + (depth + 1) * (table.most + 1)
        narrow = bound < _NARROW
        kind: type[np.signedinteger[Any]] = np.int16 if narrow else np.int32
        fit = ((1 << 16) - 1) // bound // 4 * 4 if narrow else passes.MOST_COLUMNS
        block = min(fit, passes.MOST_COLUMNS)
        rows = max(longest, 1)
        if not self._count_bypasses:
            rows = min(rows, (-(-depth // block) + 2) * block)
        sums = np.zeros((len(counters.PASS_SUMS), n_pe), np.int64)
        excess = np.zeros((depth + 1, n_pe), np.int64)
        issue, changes, latest = np.empty((3, longest), np.int32)
        told = np.empty((3, len(self._steps)), np.int64)
        bypasses = np.zeros((2, n_pe), np.int64)
        edges = self._image.edges if self._count_bypasses else None
        plan.time_passes(
            table.counts, edges, tuple(self._passes), self._columns,
            (depth, config.empty_column_cycles, min(bound, _CYCLE_LIMIT - 1), block,
             config.row_change_cycles),
            _sums(sums, excess, np.int16, np.uint16 if narrow else np.int64), bypasses,
            (issue, changes, latest, np.empty((rows, n_pe), kind), np.empty(n_pe, kind),
             np.empty((passes.LEVELS, block), kind)), told)
        compute, changed, blocked = told
        return PlanTime(
            compute, changed, blocked, excess, sums[counters.BLOCKING_CYCLES], bypasses)

    def _check_limit(self, longest: int) -> None:
        """Cycles are 32-bit integers inside a pass; every entry in turn is the worst case."""
        rows = int(self._steps.field("n_rows").max())
        if self._image.table.n_entries + 2 * longest + rows >= _CYCLE_LIMIT:
            raise UnsupportedError(
                f"{self._image.name}: a pass may take 2**31 cycles or more, beyond engine 'fast'; "
                f"use capacity='check' or 'stream', or a larger n_pe"
            )


def _sums(
    sums: IntArray, excess: IntArray, few: type[Any], some: type[Any]
) -> tuple[npt.NDArray[Any], ...]:
    """`passes.Sums`, as a plain tuple."""
    n_pe = sums.shape[1]
    return (sums[counters.ISSUED_ENTRIES], sums[counters.PADDING_ENTRIES],
            sums[counters.EMPTY_COLUMNS], sums[counters.BLOCKING_CYCLES],
            sums[counters.SPMAT_LINE_READS], excess, np.empty((3, n_pe), few),
            np.empty((passes.LEVELS, n_pe), some))


def _passes(image: LayerImage, steps: Plan, active: Sequence[IntArray]) -> plan.Passes:
    """Which of all vectors' columns each pass broadcasts; biases are the last of a vector's."""
    first, n_rows = steps.field("first_row"), steps.field("n_rows")
    bias, vector = steps.field("bias"), steps.field("vector")
    begin, end = np.empty((2, len(steps)), np.int64)
    before = 0
    for number, columns in enumerate(active):
        own = slice(None) if len(active) == 1 else vector == number
        low = first[own] * image.n_pe
        high = np.minimum(low + n_rows[own] * image.n_pe, image.n_inputs)
        begin[own] = before + columns.searchsorted(low)
        end[own] = before + columns.searchsorted(high) + bias[own]
        before += len(columns)
    refilled = (steps.field("refill_bits") > 0).astype(np.int64)
    return plan.Passes(steps.field("tile"), begin, end, first, first + n_rows, bias, refilled)


def _phases(steps: Plan, start_cycles: int) -> Phases:
    loads, biases = steps.field("load_rows"), steps.field("bias_rows")
    load = np.where(loads > 0, loads + 1 - steps.field("early"), 0)
    bias, store = biases + (biases > 0), steps.field("store_rows")
    count = len(steps)
    totals = {
        "passes": count, "start_cycles": count * start_cycles, "load_cycles": int(load.sum()),
        "bias_cycles": int(bias.sum()), "drain_cycles": count * ARITH_STAGES,
        "store_cycles": int(store.sum()),
    }
    return Phases(totals, int(steps.field("n_rows").sum()), int(loads.sum()), int(biases.sum()),
                  load + bias + ARITH_STAGES + store)
