"""Cycles and counters of a layer: its passes added up."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.formats import LayerImage
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.counters import Counters
from accelsim.machines.eie.fast.kernels import counters
from accelsim.machines.eie.fast.kernels.refill_waits import count_waits
from accelsim.machines.eie.fast.pass_time import BESIDE, PassSums, PassTime, PassTimer, Scan
from accelsim.machines.eie.fast.plan_time import PlanTimer
from accelsim.machines.eie.fast.refill_time import RefillTime
from accelsim.machines.eie.fast.vector_time import VectorTimer
from accelsim.machines.eie.passes import Pass, Plan
from accelsim.machines.eie.refill import Refill, Waits
from accelsim.units.arith_unit import ARITH_STAGES

IntArray = npt.NDArray[np.int64]

# Counters that are equal to another.
_SAME = {
    "queue_pops": "queue_pushes", "ptr_reads_even": "queue_pushes", "ptr_reads_odd": "queue_pushes",
    "act_sram_reads": "src_reg_writes", "dst_reg_writes": "macs",  # but for biases
}
_TOTALS = (
    "passes", "start_cycles", "refill_cycles", "load_cycles", "bias_cycles", "drain_cycles",
    "store_cycles", "broadcasts", "row_change_cycles", "blocked_cycles", "scan_idle_cycles",
    "refill_bits", "refill_bursts", "dma_cycles", "dram_rows", "dram_refreshes",
)
_PHASES = _TOTALS[1:7]  # beside compute
_REFILLS = "refill_bits", "refill_bursts", "dma_cycles", "dram_rows", "dram_refreshes"


class LayerTime:
    """Adds up passes.

    Parameters
    ----------
    count_bypasses : False leaves them out, and with them all that depends on rows
    """

    def __init__(self, config: EieConfig, image: LayerImage, count_bypasses: bool) -> None:
        self._config, self._image, self._count_bypasses = config, image, count_bypasses
        self._sums = PassSums.zeros(config)
        self._totals = dict.fromkeys(_TOTALS, 0)
        self._compute = self._scanned = self._loaded = self._biased = 0

    def add(self, scan: Scan, refill: Refill, waits: Waits) -> None:
        """Count one pass and its refill; errors as in `PassTimer.run`."""
        totals, time = self._totals, self._timer.run(scan)
        totals["refill_cycles"] += waits.of(refill)
        waits.ran(scan.step, self._add_phases(scan.step, 1) + time.compute)
        totals["refill_bits"] += refill.bits
        totals["refill_bursts"] += refill.bursts
        totals["dma_cycles"] += refill.cycles
        totals["dram_rows"] += refill.rows
        totals["dram_refreshes"] += refill.refreshes
        self._add_compute(time, len(scan.columns))

    @cached_property
    def _timer(self) -> PassTimer:
        return PassTimer(self._config, self._image, self._count_bypasses, self._sums)

    def add_plan(self, timer: PlanTimer, steps: Plan, refills: RefillTime | None) -> None:
        """Count all passes at once; errors as in `PlanTimer.time`."""
        totals, time = self._totals, timer.time()
        phases = timer.phases()
        for name, cycles in phases.totals.items():
            totals[name] += cycles
        self._scanned += phases.scanned
        self._loaded += phases.loaded
        self._biased += phases.biased
        if refills is not None:
            for name, counts in zip(_REFILLS, refills, strict=True):
                totals[name] += int(counts.sum())
            totals["refill_cycles"] += int(count_waits(
                refills.cycles, steps.field("fetches"), phases.behind + time.compute,
                self._config.start_cycles,
                self._config.refill_overlap))
        own, excess, _, _ = self._sums
        own[[counters.ISSUED_ENTRIES, counters.PADDING_ENTRIES, counters.EMPTY_COLUMNS]] += (
            timer.entries())
        own[counters.SPMAT_LINE_READS] += timer.lines()
        own[counters.BLOCKING_CYCLES] += time.blocking
        own[[counters.ADDER_BYPASSES, counters.WRITE_BYPASSES]] += time.bypasses
        excess += time.excess
        self._add_compute(
            PassTime(*(int(part.sum()) for part in time[:3])), timer.broadcasts)

    def add_vectors(self, timer: VectorTimer, addresses: npt.NDArray[np.int32], hidden: int = 0
                    ) -> None:
        """Count all passes of many vectors; errors as in `VectorTimer.run`.

        Parameters
        ----------
        hidden : of how many vectors a drain before them hides the load (O1)
        """
        for step in timer.plan:
            self._add_phases(step, len(addresses))
        self._totals["load_cycles"] -= hidden * timer.plan[0].behind_another().early
        compute, changed, blocked, broadcasts = timer.run(
            addresses, self._sums.sums, self._sums.excess)
        self._add_compute(PassTime(compute, changed, blocked), broadcasts)

    def add_all(self, other: LayerTime) -> None:
        """Count what another one, of the same layer, has counted."""
        for own, its in zip(self._sums, other._sums, strict=True):
            own += its
        for name, count in other._totals.items():
            self._totals[name] += count
        self._compute += other._compute
        self._scanned += other._scanned
        self._loaded += other._loaded
        self._biased += other._biased

    def _add_phases(self, step: Pass, times: int) -> int:
        """All of a pass that does not depend on activations; cycles of one but for its start."""
        totals = self._totals
        load = step.load_rows + 1 - step.early if step.load_rows else 0
        bias = step.bias_rows + 1 if step.bias_rows else 0
        self._scanned += times * step.n_rows
        self._loaded += times * step.load_rows
        self._biased += times * step.bias_rows
        totals["passes"] += times
        totals["start_cycles"] += times * self._config.start_cycles
        totals["load_cycles"] += times * load
        totals["bias_cycles"] += times * bias
        totals["drain_cycles"] += times * ARITH_STAGES
        totals["store_cycles"] += times * step.store_rows
        return load + bias + ARITH_STAGES + step.store_rows

    def _add_compute(self, time: PassTime, broadcasts: int) -> None:
        """A compute phase, or several added up."""
        totals = self._totals
        self._compute += time.compute
        totals["broadcasts"] += broadcasts
        totals["row_change_cycles"] += time.row_changes
        totals["blocked_cycles"] += time.blocked
        totals["scan_idle_cycles"] += time.compute - time.row_changes - time.blocked - broadcasts

    def counters(self, saturations: IntArray | None) -> tuple[Counters, int, int]:
        """Everything counted, and all PEs' entries and padding.

        Parameters
        ----------
        saturations : of each PE, or None where values were not run
        """
        n_pe, totals, timer = self._config.n_pe, self._totals, self._sums
        cycles = self._compute + sum(map(totals.__getitem__, _PHASES))
        finished = np.empty((len(counters.FINISHED), n_pe), np.int64)
        histogram = np.empty((n_pe, len(timer.excess)), np.int64)
        entries, padding = counters.finish(
            timer.sums, timer.excess, cycles, self._compute, totals["broadcasts"], self._scanned,
            self._loaded, totals["store_cycles"], self._config.empty_column_cycles, finished,
            histogram,
        )
        values: dict[str, Any] = {"cycles": cycles, **totals}
        values.update(zip(counters.PASS_SUMS, timer.sums, strict=True))
        values.update(zip(counters.FINISHED, finished, strict=True))
        del values["empty_columns"]  # the kernel has made cycles of them
        for name, other in _SAME.items():
            values[name] = values[other]
        if self._biased:
            for name in ("act_sram_reads", "dst_reg_writes"):
                values[name] = values[name] + self._biased
        values["starved_cycles"] = values["starved_cycles"] - timer.more_slots
        values.update(zip(BESIDE, timer.beside, strict=True))
        values["queue_occupancy_histogram"] = histogram
        if not self._count_bypasses:
            values["adder_bypasses"] = values["write_bypasses"] = None
        values["saturations"] = saturations
        return Counters(values), entries, padding
