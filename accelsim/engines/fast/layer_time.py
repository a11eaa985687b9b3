"""Cycles and counters of a layer, pass after pass, from counts alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from accelsim.arch.config import ARITH_STAGES, EieConfig
from accelsim.arch.plan import Pass
from accelsim.errors import UnsupportedError
from accelsim.formats.column_table import ColumnTable
from accelsim.results import Counters

IntArray = npt.NDArray[np.int64]

_CYCLE_LIMIT = 1 << 31
_STALLS = 4  # more cycles than a broadcast can add to the entries of its column, bypass off
_PER_PE = (
    "issued_entries", "padding_entries", "empty_columns", "hazard_stall_cycles", "blocking_cycles",
    "spmat_line_reads", "adder_bypasses", "write_bypasses", "queue_occupancy_sum",
)


class LayerTime:
    """Adds up passes.

    Parameters
    ----------
    table : of the layer's image
    name : of the layer, for messages
    """

    def __init__(self, config: EieConfig, table: ColumnTable, name: str) -> None:
        n_pe = config.n_pe
        self._config, self._table, self._name = config, table, name
        self._per_pe = {key: np.zeros(n_pe, np.int64) for key in _PER_PE}
        self._at_least = np.zeros((config.act_queue_depth + 1, n_pe), np.int64)
        self._total = dict.fromkeys(
            ("passes", "refill_cycles", "load_cycles", "store_cycles", "broadcasts",
             "row_change_cycles", "blocked_cycles", "scan_idle_cycles", "refill_bits"), 0)
        self._compute_cycles = 0
        self._source_rows = self._loaded_rows = 0

    def add(self, step: Pass, columns: IntArray, first: int, end: int) -> None:
        """Count one pass.

        Parameters
        ----------
        columns : (K,) image columns broadcast, ascending
        first, end : the pass's scan positions [first, end), its bias row included

        Raises
        ------
        UnsupportedError
            If the pass may take 2**31 cycles or more.
        """
        config, total = self._config, self._total
        changes, trailing = self._row_changes(step, columns, first, end)
        last_slot, blocked = self._broadcast(step, columns, changes)
        scan_end = len(columns) + int(changes.sum()) + trailing + blocked
        compute = max(scan_end, last_slot + 1)
        self._compute_cycles += compute
        total["passes"] += 1
        total["refill_bits"] += step.refill_bits
        total["refill_cycles"] += -(-step.refill_bits // config.dma_width_bits)
        total["load_cycles"] += step.load_rows + 1 if step.load_rows else 0
        total["store_cycles"] += step.store_rows
        total["broadcasts"] += len(columns)
        total["row_change_cycles"] += int(changes.sum()) + trailing
        total["blocked_cycles"] += blocked
        total["scan_idle_cycles"] += compute - scan_end
        self._source_rows += step.n_rows
        self._loaded_rows += step.load_rows

    def _row_changes(
        self, step: Pass, columns: IntArray, first: int, end: int
    ) -> tuple[IntArray, int]:
        """Row change cycles before each broadcast, and after the last (S3)."""
        n_pe, cost = self._config.n_pe, self._config.row_change_cycles
        rows = columns // n_pe
        reached = np.empty(len(columns) + 1, np.int64)  # row of the scan after each broadcast
        reached[0] = first // n_pe
        reached[1:] = (columns + 1) // n_pe
        trailing = end // n_pe - int(reached[-1])
        if step.bias:  # the only position of its row is the last
            trailing = 0
        return cost * (rows - reached[:-1]), cost * trailing

    def _broadcast(
        self, step: Pass, columns: IntArray, changes: IntArray
    ) -> tuple[int, int]:
        """Last cycle of an issue slot or a wait, and blocked cycles."""
        from accelsim.engines.fast.kernels import counters, time

        config, per_pe = self._config, self._per_pe
        starts = self._table.starts[step.tile]
        edges = self._table.edges[step.tile]
        count = len(columns)
        if not count:
            return -1, 0
        counters.count_entries(
            starts, self._table.padding[step.tile], columns, per_pe["issued_entries"],
            per_pe["padding_entries"], per_pe["empty_columns"],
        )
        base = np.zeros(config.n_pe, np.int32)
        if step.refill_bits:  # the segment's first entry is at address 0 (M4)
            base = starts[step.first_row * config.n_pe]
        counters.count_line_reads(
            starts, columns, base, config.entries_per_line, per_pe["spmat_line_reads"]
        )
        self._check_limit(starts, columns, changes)
        empty_cycles = np.int32(config.empty_column_cycles)
        issue = np.empty(count, np.int32)
        pop = np.empty((count, config.n_pe), np.int32)
        if config.bypass:
            last_slot = time.broadcast(
                starts, columns, changes, config.act_queue_depth, empty_cycles, issue, pop,
                per_pe["blocking_cycles"],
            )
            counters.count_bypasses(
                starts, edges, columns, pop, config.empty_column_cycles,
                per_pe["adder_bypasses"], per_pe["write_bypasses"],
            )
        else:
            last_slot = time.broadcast_with_hazards(
                starts, edges, columns, changes, config.act_queue_depth,
                config.empty_column_cycles, issue, pop, per_pe["blocking_cycles"],
                per_pe["hazard_stall_cycles"],
            )
        counters.count_occupancy(
            issue, pop, self._at_least, per_pe["queue_occupancy_sum"]
        )
        return int(last_slot), int(issue[-1]) + 1 - count - int(changes.sum())

    def _check_limit(
        self, starts: npt.NDArray[np.int32], columns: IntArray, changes: IntArray
    ) -> None:
        """Cycles are 32-bit integers inside a pass; every entry in turn is the worst case."""
        entries = int((starts[-1].astype(np.int64) - starts[0]).sum())
        if entries + _STALLS * len(columns) + int(changes.sum()) >= _CYCLE_LIMIT:
            raise UnsupportedError(
                f"{self._name}: a pass may take 2**31 cycles or more, beyond engine 'fast'; "
                f"use capacity='check' or 'stream', or a larger n_pe"
            )

    def counters(self, saturations: IntArray | None) -> Counters:
        """Everything counted; ``saturations`` of each PE, or None where values were not run."""
        config, total, per_pe = self._config, self._total, self._per_pe
        n_pe = config.n_pe
        start = total["passes"] * config.start_cycles
        drain = total["passes"] * ARITH_STAGES
        cycles = (
            start + drain + self._compute_cycles + total["refill_cycles"] + total["load_cycles"]
            + total["store_cycles"]
        )
        self._at_least[0] = cycles
        histogram = self._at_least.copy()
        histogram[:-1] -= self._at_least[1:]
        entries, padding = per_pe["issued_entries"], per_pe["padding_entries"]
        adder, write = per_pe["adder_bypasses"], per_pe["write_bypasses"]
        empty = per_pe["empty_columns"] * config.empty_column_cycles
        hazards = per_pe["hazard_stall_cycles"]
        columns = np.full(n_pe, total["broadcasts"])
        stored = np.full(n_pe, total["store_cycles"])
        loaded = np.full(n_pe, self._loaded_rows)
        values = {
            **total,
            "cycles": cycles,
            "start_cycles": start,
            "drain_cycles": drain,
            "issued_entries": entries,
            "padding_entries": padding,
            "empty_column_cycles": empty,
            "hazard_stall_cycles": hazards,
            "starved_cycles": self._compute_cycles - entries - empty - hazards,
            "blocking_cycles": per_pe["blocking_cycles"],
            "queue_pushes": columns,
            "queue_pops": columns,
            "queue_occupancy_sum": per_pe["queue_occupancy_sum"],
            "queue_occupancy_max": (self._at_least[1:] > 0).sum(axis=0),
            "queue_occupancy_histogram": np.ascontiguousarray(histogram.T),
            "ptr_reads_even": columns,
            "ptr_reads_odd": columns,
            "spmat_line_reads": per_pe["spmat_line_reads"],
            "macs": entries - padding,
            "adder_bypasses": adder,
            "write_bypasses": write,
            "src_reg_reads": np.full(n_pe, self._source_rows),
            "src_reg_writes": loaded,
            "dst_reg_reads": entries - padding + stored,
            "dst_reg_writes": entries - padding,
            "act_sram_reads": loaded,
            "act_sram_writes": stored,
        }
        if saturations is None:
            return Counters.partial(values)
        return Counters(**values, saturations=saturations)
