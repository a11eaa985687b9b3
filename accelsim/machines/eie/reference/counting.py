"""What every unit has counted, as one record."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from accelsim.machines.eie.counters import Counters
from accelsim.machines.eie.job import IntArray
from accelsim.machines.eie.reference.pe import Pe

if TYPE_CHECKING:
    from accelsim.machines.eie.reference.array import Eie

PER_PE: dict[str, Callable[[Pe], int]] = {
    "issued_entries": lambda pe: pe.spmat_read.issued,
    "padding_entries": lambda pe: pe.spmat_read.padding,
    "empty_column_cycles": lambda pe: pe.spmat_read.empty_columns,
    "index_cycles": lambda pe: pe.index_cycles,
    "macs_beside": lambda pe: pe.beside[0],
    "padding_beside": lambda pe: pe.beside[1],
    "hazard_stall_cycles": lambda pe: pe.stall_cycles,
    "starved_cycles": lambda pe: pe.starved_cycles,
    "queue_pushes": lambda pe: pe.act_queue.pushes,
    "queue_pops": lambda pe: pe.act_queue.pops,
    "queue_occupancy_max": lambda pe: pe.act_queue.most,
    "ptr_reads_even": lambda pe: pe.ptr_read.reads_even,
    "ptr_reads_odd": lambda pe: pe.ptr_read.reads_odd,
    "spmat_line_reads": lambda pe: pe.spmat_read.line_reads,
    "macs": lambda pe: pe.arith_unit.macs,
    "saturations": lambda pe: pe.arith_unit.saturations,
    "adder_bypasses": lambda pe: pe.arith_unit.adder_bypasses,
    "write_bypasses": lambda pe: pe.arith_unit.write_bypasses,
    "src_reg_reads": lambda pe: pe.act_rw.source_reads,
    "src_reg_writes": lambda pe: pe.act_rw.source_writes,
    "dst_reg_reads": lambda pe: pe.arith_unit.macs + pe.act_rw.store_reads,
    "dst_reg_writes": lambda pe: pe.arith_unit.file_writes + pe.act_rw.bias_writes,
    "act_sram_reads": lambda pe: pe.act_rw.sram_reads,
    "act_sram_writes": lambda pe: pe.act_rw.sram_writes,
}


def count(machine: Eie) -> tuple[Counters, dict[str, int]]:
    """The counters of a finished run, and the operations summed over the PEs."""
    ccu, pes = machine.ccu, machine.pes
    phases = ccu.phase_cycles
    per_pe: dict[str, IntArray] = {
        name: np.array([value(pe) for pe in pes], dtype=np.int64)
        for name, value in PER_PE.items()
    }
    histogram = np.array([pe.act_queue.histogram for pe in pes], dtype=np.int64)
    counters = Counters(
        cycles=machine.clock.cycle,
        passes=len(machine.plan),
        start_cycles=phases["start"],
        refill_cycles=phases["refill"],
        load_cycles=phases["load"],
        bias_cycles=phases["bias"],
        drain_cycles=phases["drain"],
        store_cycles=phases["store"],
        broadcasts=ccu.broadcasts,
        row_change_cycles=ccu.row_change_cycles,
        blocked_cycles=ccu.blocked_cycles,
        scan_idle_cycles=ccu.scan_idle_cycles,
        refill_bits=machine.dma.bits,
        refill_bursts=machine.dma.bursts,
        dma_cycles=machine.dma.busy_cycles,
        dram_rows=machine.dma.rows,
        dram_refreshes=machine.dma.refreshes,
        blocking_cycles=np.array(ccu.blocking_cycles, dtype=np.int64),
        queue_occupancy_histogram=histogram,
        queue_occupancy_sum=histogram @ np.arange(histogram.shape[1]),
        **per_pe,
    )
    operations = {
        "entries": counters.issued_entries, "padding": counters.padding_entries,
        "macs": counters.macs, "saturations": counters.saturations,
    }
    return counters, {name: int(values.sum()) for name, values in operations.items()}
