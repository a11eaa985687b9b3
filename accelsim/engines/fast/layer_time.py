"""Cycles and counters of a layer: its passes added up."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from accelsim.arch.config import ARITH_STAGES, EieConfig
from accelsim.engines.fast.pass_time import PER_PE, PassTimer, Scan
from accelsim.formats import LayerImage
from accelsim.results import Counters

IntArray = npt.NDArray[np.int64]


class LayerTime:
    """Adds up passes.

    Parameters
    ----------
    count_bypasses : False leaves them out, and with them all that depends on rows
    """

    def __init__(self, config: EieConfig, image: LayerImage, count_bypasses: bool) -> None:
        self._config, self._count_bypasses = config, count_bypasses
        self._timer = PassTimer(config, image, count_bypasses)
        self._sums = np.zeros((len(PER_PE), config.n_pe), np.int64)
        self._excess = np.zeros((config.act_queue_depth + 1, config.n_pe), np.int64)
        self._scans: list[Scan] = []
        self._compute = self._row_changes = self._blocked = self._idle = 0

    def add(self, scan: Scan) -> None:
        """Count one pass; errors as in `PassTimer.run`."""
        time = self._timer.run(scan, self._excess)
        self._sums += time.sums
        self._scans.append(scan)
        self._compute += time.compute
        self._row_changes += time.row_changes
        self._blocked += time.blocked
        self._idle += time.compute - time.row_changes - time.blocked - len(scan.columns)

    def _phases(self) -> dict[str, int]:
        """Counters of the whole array."""
        config, steps = self._config, [scan.step for scan in self._scans]
        phases = {
            "passes": len(steps),
            "start_cycles": len(steps) * config.start_cycles,
            "refill_cycles": sum(-(-s.refill_bits // config.dma_width_bits) for s in steps),
            "load_cycles": sum(s.load_rows + 1 for s in steps if s.load_rows),
            "drain_cycles": len(steps) * ARITH_STAGES,
            "store_cycles": sum(s.store_rows for s in steps),
        }
        return phases | {
            "cycles": self._compute + sum(phases.values()) - len(steps),
            "broadcasts": sum(len(scan.columns) for scan in self._scans),
            "row_change_cycles": self._row_changes,
            "blocked_cycles": self._blocked,
            "scan_idle_cycles": self._idle,
            "refill_bits": sum(s.refill_bits for s in steps),
        }

    def _occupancy(self, cycles: int) -> dict[str, IntArray]:
        """Counters of the activation queue."""
        n_pe = self._config.n_pe
        histogram = np.empty((n_pe, len(self._excess)), np.int64)
        total, most = np.empty(n_pe, np.int64), np.empty(n_pe, np.int64)
        self._timer.finish_occupancy(self._excess, cycles, histogram, total, most)
        return {
            "queue_occupancy_sum": total,
            "queue_occupancy_max": most,
            "queue_occupancy_histogram": histogram,
        }

    def counters(self, saturations: IntArray | None) -> Counters:
        """Everything counted; ``saturations`` of each PE, or None where values were not run."""
        n_pe, phases = self._config.n_pe, self._phases()
        entries, padding, empty, hazards, blocking, lines, adder, write = self._sums
        empty = empty * self._config.empty_column_cycles
        macs = entries - padding
        columns = np.full(n_pe, phases["broadcasts"])
        stored = np.full(n_pe, phases["store_cycles"])
        loaded = np.full(n_pe, sum(scan.step.load_rows for scan in self._scans))
        values = {
            **phases,
            **self._occupancy(phases["cycles"]),
            "issued_entries": entries,
            "padding_entries": padding,
            "empty_column_cycles": empty,
            "hazard_stall_cycles": hazards,
            "starved_cycles": self._compute - entries - empty - hazards,
            "blocking_cycles": blocking,
            "queue_pushes": columns,
            "queue_pops": columns,
            "ptr_reads_even": columns,
            "ptr_reads_odd": columns,
            "spmat_line_reads": lines,
            "macs": macs,
            "src_reg_reads": np.full(n_pe, sum(scan.step.n_rows for scan in self._scans)),
            "src_reg_writes": loaded,
            "dst_reg_reads": macs + stored,
            "dst_reg_writes": macs,
            "act_sram_reads": loaded,
            "act_sram_writes": stored,
        }
        if self._count_bypasses:
            values |= {"adder_bypasses": adder, "write_bypasses": write}
        if saturations is not None:
            values["saturations"] = saturations
        return Counters.partial(values)
