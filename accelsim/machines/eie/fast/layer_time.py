"""Cycles and counters of a layer: its passes added up."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.formats import LayerImage
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.counters import Counters
from accelsim.machines.eie.fast.kernels import counters
from accelsim.machines.eie.fast.pass_time import PassTimer, Scan
from accelsim.units.arith_unit import ARITH_STAGES

IntArray = npt.NDArray[np.int64]

# Counters that are equal to another.
_SAME = {
    "queue_pops": "queue_pushes", "ptr_reads_even": "queue_pushes", "ptr_reads_odd": "queue_pushes",
    "act_sram_reads": "src_reg_writes", "dst_reg_writes": "macs",
}
_FINISHED = [row.name.lower() for row in counters.Finished]
_TOTALS = (
    "passes", "start_cycles", "refill_cycles", "load_cycles", "drain_cycles", "store_cycles",
    "broadcasts", "row_change_cycles", "blocked_cycles", "scan_idle_cycles", "refill_bits",
)
_PHASES = _TOTALS[1:6]  # beside compute


class LayerTime:
    """Adds up passes.

    Parameters
    ----------
    count_bypasses : False leaves them out, and with them all that depends on rows
    """

    def __init__(self, config: EieConfig, image: LayerImage, count_bypasses: bool) -> None:
        self._config, self._count_bypasses = config, count_bypasses
        self._timer = PassTimer(config, image, count_bypasses)
        self._totals = dict.fromkeys(_TOTALS, 0)
        self._compute = self._scanned = self._loaded = 0

    def add(self, scan: Scan) -> None:
        """Count one pass; errors as in `PassTimer.run`."""
        time = self._timer.run(scan)
        config, step, totals, columns = self._config, scan.step, self._totals, len(scan.columns)
        self._compute += time.compute
        self._scanned += step.n_rows
        self._loaded += step.load_rows
        totals["passes"] += 1
        totals["start_cycles"] += config.start_cycles
        totals["refill_cycles"] += -(-step.refill_bits // config.dma_width_bits)
        totals["load_cycles"] += step.load_rows + 1 if step.load_rows else 0
        totals["drain_cycles"] += ARITH_STAGES
        totals["store_cycles"] += step.store_rows
        totals["broadcasts"] += columns
        totals["row_change_cycles"] += time.row_changes
        totals["blocked_cycles"] += time.blocked
        totals["scan_idle_cycles"] += time.compute - time.row_changes - time.blocked - columns
        totals["refill_bits"] += step.refill_bits

    def counters(self, saturations: IntArray | None) -> tuple[Counters, int, int]:
        """Everything counted, and all PEs' entries and padding.

        Parameters
        ----------
        saturations : of each PE, or None where values were not run
        """
        n_pe, totals, timer = self._config.n_pe, self._totals, self._timer
        cycles = self._compute + sum(map(totals.__getitem__, _PHASES))
        finished = np.empty((len(_FINISHED), n_pe), np.int64)
        histogram = np.empty((n_pe, len(timer.excess)), np.int64)
        entries, padding = counters.finish(
            timer.sums, timer.excess, cycles, self._compute, totals["broadcasts"], self._scanned,
            self._loaded, totals["store_cycles"], self._config.empty_column_cycles, finished,
            histogram,
        )
        values: dict[str, Any] = {"cycles": cycles, **totals}
        values.update(zip(counters.PASS_SUMS, timer.sums, strict=True))
        values.update(zip(_FINISHED, finished, strict=True))
        del values["empty_columns"]  # the kernel has made cycles of them
        for name, other in _SAME.items():
            values[name] = values[other]
        values["queue_occupancy_histogram"] = histogram
        if not self._count_bypasses:
            values["adder_bypasses"] = values["write_bypasses"] = None
        values["saturations"] = saturations
        return Counters(values), entries, padding
