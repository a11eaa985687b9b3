"""What every unit of ESE has counted, as one record."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from accelsim.errors import ConservationError
from accelsim.machines.ese.counters import EseCounters
from accelsim.machines.ese.job import IntArray
from accelsim.machines.ese.reference.pe import EsePe

if TYPE_CHECKING:
    from accelsim.machines.ese.reference.array import Ese


def count(machine: Ese) -> EseCounters:
    """The counters of a finished run: time from the first channel, values from all."""
    config, control, channels = machine.config, machine.control, machine.channels
    traffic = machine.traffic

    transferred = machine.ddr_1.words + machine.ddr_2.words
    if transferred != sum(traffic.values()):
        raise ConservationError(
            f"{transferred} DDR words transferred, {sum(traffic.values())} requested"
        )

    def per_pe(value: Callable[[EsePe], int]) -> IntArray:
        return np.array([value(pe) for pe in channels[0].pes], dtype=np.int64)

    def summed(value: Callable[[EsePe], int]) -> IntArray:
        counted = [[value(pe) for pe in channel.pes] for channel in channels]
        return np.asarray(np.sum(counted, axis=0), dtype=np.int64)

    writes = np.array([buffer.writes for buffer in machine.weights], dtype=np.int64)
    used_bits = int(writes.sum()) * config.entry_bits
    return EseCounters(
        cycles=machine.clock.cycle,
        slots=len(machine.slots),
        start_cycles=control.start_total,
        compute_cycles=control.compute_total,
        drain_cycles=control.drain_total,
        broadcasts=control.broadcasts,
        fetch_wait_cycles=control.fetch_wait_cycles,
        blocked_cycles=control.blocked_cycles,
        broadcast_idle_cycles=control.idle_cycles,
        weight_words=traffic["weight"],
        weight_padding_bits=traffic["weight"] * config.ddr_word_bits - used_bits,
        pointer_words=traffic["pointer"],
        vector_words=traffic["vector"],
        table_words=traffic["table"],
        result_words=traffic["result"],
        vector_path_cycles=machine.path.cycles,
        assembled_results=sum(channel.assemble.results for channel in channels),
        elem_mul_results=sum(channel.elem_mul.results for channel in channels),
        adder_tree_results=sum(channel.adder_tree.results for channel in channels),
        table_lookups=sum(channel.tables.look_ups for channel in channels),
        elementwise_saturations=sum(
            c.assemble.saturations + c.elem_mul.saturations + c.adder_tree.saturations
            for c in channels
        ),
        issued_entries=per_pe(lambda pe: pe.weight_read.issued),
        padding_entries=per_pe(lambda pe: pe.weight_read.padding),
        empty_column_cycles=per_pe(lambda pe: pe.weight_read.empty_columns),
        starved_cycles=per_pe(lambda pe: pe.starved_cycles),
        blocking_cycles=np.array(control.blocking_cycles, dtype=np.int64),
        queue_pushes=per_pe(lambda pe: pe.act_queue.pushes),
        queue_pops=per_pe(lambda pe: pe.act_queue.pops),
        queue_occupancy_sum=per_pe(
            lambda pe: sum(n * cycles for n, cycles in enumerate(pe.act_queue.histogram))
        ),
        queue_occupancy_max=per_pe(lambda pe: pe.act_queue.most),
        pointer_reads=per_pe(lambda pe: pe.ptr_read.reads_even + pe.ptr_read.reads_odd),
        weight_buffer_writes=writes,
        macs=summed(lambda pe: pe.arith_unit.macs),
        saturations=summed(lambda pe: pe.arith_unit.saturations),
    )
