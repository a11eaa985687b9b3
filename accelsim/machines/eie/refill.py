"""What the DMA brings for each pass of a layer that is not resident (contract M4, M7 to M9).

Like the plan it is data: a list of bursts, which every telling reads in its own way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from accelsim.dram import DramPart, Reading, Requests
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.job import IntArray, LayerJob
from accelsim.machines.eie.passes import Pass, Plan

Read = Callable[[DramPart, Requests], Reading]
"""A telling of DRAM."""


@dataclass(frozen=True)
class Refill:
    """The DMA's work for one pass: bits that were wanted, bursts that came, cycles from its first
    to its last; DRAM rows opened and refreshes waited for."""

    bits: int = 0
    bursts: int = 0
    cycles: int = 0
    rows: int = 0
    refreshes: int = 0


NOTHING = Refill()


class Lists(NamedTuple):
    """What the DMA asks for, pass by pass: that of pass i are the runs ``starts[i]`` to
    ``starts[i + 1]`` of bursts, ``first`` and ``counts`` as in `Requests`; (passes,) ``bits``."""

    starts: IntArray
    first: IntArray
    counts: IntArray
    bits: IntArray


class Refills:
    """The refills of one job, by the number of the pass.

    Parameters
    ----------
    read : how long DRAM takes; None where that is not asked
    """

    def __init__(self, config: EieConfig, job: LayerJob, read: Read | None = None) -> None:
        self._config, self._job, self._read = config, job, read

    def of(self, number: int) -> Refill:
        """Of a pass; nothing where its layer is resident, or its segment there."""
        step = self._job.plan[number]
        if not (step.refill_bits and step.fetches):
            return NOTHING
        config, requests = self._config, self.requests(number)
        bursts, part = requests.bursts, config.dram_part
        if part is None or not bursts:
            return Refill(requests.bits, bursts, bursts)
        assert self._read is not None
        reading = self._read(part, requests)
        # M9: the port passes what DRAM gives; the later of both is the end.
        port = -(-bursts * config.burst_bits // config.dma_width_bits)
        cycles = max(port, part.cycles(reading.clocks, config.clock_mhz))
        return Refill(requests.bits, bursts, cycles, reading.rows, reading.refreshes)

    def requests(self, number: int) -> Requests:
        """The bursts of a pass, in the order of their addresses."""
        step = self._job.plan[number]
        if self._config.refill == "all":
            bits = np.array([step.refill_bits])
            return Requests(self._bases[number : number + 1], -(-bits // self._config.burst_bits),
                            step.refill_bits)
        at = step.tile * self._job.image.n_columns + self._columns(step)
        bits, count = self._column_bits[at], self._column_bursts[at]
        return Requests(self._column_bases[at], count, int(bits.sum()))

    def lists(self) -> Lists:
        """The bursts of all passes, as `requests` has those of each."""
        plan, burst = Plan.of(self._job.plan), self._config.burst_bits
        bits = plan.field("refill_bits") * plan.field("fetches")
        if self._config.refill == "all":
            brings = bits > 0
            starts = np.concatenate([[0], np.cumsum(brings)])
            return Lists(starts, self._bases[brings], -(-bits[brings] // burst), bits)
        active, bias = self._active(), plan.field("bias")
        first = plan.field("first_row") * self._job.image.n_pe
        end = first + plan.field("n_rows") * self._job.image.n_pe
        begin = active.searchsorted(first)
        columns = active.searchsorted(np.minimum(end, self._job.image.n_inputs)) - begin + bias
        columns[bits == 0] = 0
        if self._job.image.has_bias:  # behind the last row
            active = np.append(active, self._job.image.n_columns - 1)
        starts = np.concatenate([[0], np.cumsum(columns)])
        place = np.arange(starts[-1]) + np.repeat(begin - starts[:-1], columns)
        at = active[place] + np.repeat(plan.field("tile") * self._job.image.n_columns, columns)
        wanted = np.concatenate([[0], np.cumsum(self._column_bits[at])])
        return Lists(starts, self._column_bases[at], self._column_bursts[at],
                     np.diff(wanted[starts]))

    def _active(self) -> IntArray:
        """Inputs that are not zero in some vector, ascending."""
        active = self._job.activations != 0
        if self._job.others is not None:
            active |= self._job.others.any(axis=0)
        return np.flatnonzero(active)

    def _columns(self, step: Pass) -> IntArray:
        """M7: image columns with a non-zero activation in a pass, and that of a bias."""
        job, n_pe = self._job, self._job.image.n_pe
        first = step.first_row * n_pe
        end = min(first + step.n_rows * n_pe, job.image.n_inputs)
        active = job.activations[first:end] != 0
        if job.others is not None:
            active |= job.others[:, first:end].any(axis=0)
        columns = first + np.flatnonzero(active)
        return np.append(columns, job.image.n_columns - 1) if step.bias else columns

    @cached_property
    def _bases(self) -> IntArray:
        """(passes,) first burst of each segment: one behind the other."""
        plan = Plan.of(self._job.plan)
        return _behind_each_other(
            -(-(plan.field("refill_bits") * plan.field("fetches")) // self._config.burst_bits))

    @cached_property
    def _column_bits(self) -> IntArray:
        """(tiles * columns,) M7: two pointers for every PE, and the column's entries."""
        config, table = self._config, self._job.image.table
        pointers = 2 * config.n_pe * config.pointer_bits
        return (table.column_entries * config.entry_bits + pointers).ravel()

    @cached_property
    def _column_bursts(self) -> IntArray:
        bursts: IntArray = -(-self._column_bits // self._config.burst_bits)
        return bursts

    @cached_property
    def _column_bases(self) -> IntArray:
        return _behind_each_other(self._column_bursts)


def _behind_each_other(counts: IntArray) -> IntArray:
    return np.cumsum(counts) - counts


class Waits:
    """M8: how much of a refill the passes before it do not hide.

    Parameters
    ----------
    plan : the passes; those that bring nothing wait for nothing
    """

    def __init__(self, config: EieConfig, plan: Sequence[Pass]) -> None:
        self._start = config.start_cycles
        self._overlaps = config.refill_overlap and any(step.refill_bits for step in plan)
        self._hidden = 0

    def of(self, refill: Refill) -> int:
        """Cycles of the refill phase of the next pass."""
        return max(0, refill.cycles - self._hidden)

    def ran(self, step: Pass, cycles: int) -> None:
        """A pass took so many cycles behind its refill phase."""
        before = 0 if step.fetches else self._hidden
        self._hidden = before + cycles + self._start if self._overlaps else 0

    def begun(self, number: int, refill: Refill) -> tuple[int, int]:
        """At the start of pass ``number``: the latest refill begun, and cycles that are left of
        it."""
        if not self._overlaps or not number:
            return number - 1, 0
        return number, max(0, refill.cycles - self._hidden + self._start)

    def begun_behind(self, number: int, refill: Refill, since: int) -> tuple[int, int]:
        """The same ``since`` cycles behind the refill phase of pass ``number``; ``refill`` is that
        of the pass behind it."""
        return (number + 1, max(0, refill.cycles - since)) if self._overlaps else (number, 0)
