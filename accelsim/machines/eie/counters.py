"""Everything that a run on EIE counts. Every counter has one line of meaning."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.machines.eie.job import LayerJob
from accelsim.machines.eie.passes import Plan
from accelsim.records.counters import CounterSet, Law, per_pe, total

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, init=False)
class Counters(CounterSet):
    """Everything that a run counts. Per-PE counters are (n_pe,) int64 arrays.

    ``queue_occupancy_histogram`` is (n_pe, act_queue_depth + 1). Rules: machines/eie/README.md.
    A run without outputs may leave some uncounted: see `partial`.
    """

    # CCU, whole layer
    cycles: int = total("clock cycles of the layer, all phases")
    passes: int = total("passes that the layer was cut into")
    start_cycles: int = total("cycles of start phases")
    refill_cycles: int = total("cycles in which the DMA refilled the SRAMs")
    load_cycles: int = total("cycles in which source files were loaded from the activation SRAM")
    bias_cycles: int = total("cycles in which destination files were loaded with biases", absent=0)
    drain_cycles: int = total("cycles in which the arithmetic pipeline drained")
    store_cycles: int = total("cycles in which destination files went to the activation SRAM")
    broadcasts: int = total("non-zero activations broadcast, the bias included")
    row_change_cycles: int = total("scan cycles that found nothing left in a row")
    blocked_cycles: int = total("scan cycles in which a full queue held the broadcast back")
    scan_idle_cycles: int = total("compute cycles after the scan had finished")
    refill_bits: int = total("bits that the DMA brought")
    refill_bursts: int = total("bursts of the DRAM, or words of the port, that they came in",
                               absent=0)
    dma_cycles: int = total("cycles in which the DMA worked, beside other phases too", absent=0)
    dram_rows: int = total("rows of the DRAM that were opened", absent=0)
    dram_refreshes: int = total("refreshes of the DRAM that a refill waited for", absent=0)
    # Each PE
    issued_entries: IntArray = per_pe("entries passed to the ArithmUnit, padding included")
    padding_entries: IntArray = per_pe("issued entries that only extend a zero run")
    empty_column_cycles: IntArray = per_pe("issue slots of columns without entries")
    index_cycles: IntArray = per_pe("issue slots in which a column's bitmap is read", absent=0)
    macs_beside: IntArray = per_pe(
        "multiply-accumulates that shared their issue slot with one before them", absent=0)
    padding_beside: IntArray = per_pe(
        "padding entries that shared their issue slot with another entry", absent=0)
    hazard_stall_cycles: IntArray = per_pe("cycles waiting for an accumulator in flight")
    starved_cycles: IntArray = per_pe("compute cycles without anything to issue")
    blocking_cycles: IntArray = per_pe("blocked cycles in which this PE's queue was full")
    queue_pushes: IntArray = per_pe("columns written to the activation queue")
    queue_pops: IntArray = per_pe("columns taken from the activation queue")
    queue_occupancy_sum: IntArray = per_pe("queue entries summed over all cycles")
    queue_occupancy_max: IntArray = per_pe("most entries the queue held at the start of a cycle")
    queue_occupancy_histogram: IntArray = per_pe("cycles that started with 0, 1, ... entries")
    ptr_reads_even: IntArray = per_pe("reads of the even pointer bank")
    ptr_reads_odd: IntArray = per_pe("reads of the odd pointer bank")
    spmat_line_reads: IntArray = per_pe("sparse-matrix SRAM lines read")
    macs: IntArray = per_pe("multiply-accumulates")
    saturations: IntArray = per_pe("sums that saturated")
    adder_bypasses: IntArray = per_pe("accumulators taken from stage 3 instead of the file")
    write_bypasses: IntArray = per_pe("accumulators taken from stage 4 instead of the file")
    src_reg_reads: IntArray = per_pe("source register file reads by the scan")
    src_reg_writes: IntArray = per_pe("source register file writes from the activation SRAM")
    dst_reg_reads: IntArray = per_pe("destination register file reads")
    dst_reg_writes: IntArray = per_pe("destination register file writes, biases included")
    act_sram_reads: IntArray = per_pe("activation SRAM reads")
    act_sram_writes: IntArray = per_pe("activation SRAM writes")

    @property
    def compute_cycles(self) -> int:
        """Cycles of compute phases."""
        return (
            self.cycles - self.start_cycles - self.refill_cycles - self.load_cycles
            - self.bias_cycles - self.drain_cycles - self.store_cycles
        )

    def states(self) -> dict[str, IntArray]:
        """What each PE did; "overhead" is all other phases, "bitmaps" there where some are read."""
        bitmaps = {"bitmaps": self.index_cycles} if np.any(self.index_cycles) else {}
        return {
            "useful": self.macs - self.macs_beside,
            "padding": self.padding_entries - self.padding_beside,
            **bitmaps,
            "empty columns": self.empty_column_cycles,
            "hazard": self.hazard_stall_cycles,
            "starved": self.starved_cycles,
            "overhead": np.full(self.n_pe, self.cycles - self.compute_cycles),
        }

    def laws(self, config: Any = None, job: Any = None) -> list[Law]:
        """The conservation laws: README.md, counters."""
        return [*self._laws_of_pes(), *self._laws_of_refills(config, job)]

    def _laws_of_refills(self, config: Any, job: Any) -> list[Law]:
        """Of M4, M7 and M8: what came is what was asked for, in bursts that hold it, and a pass
        waits no longer than the DMA works."""
        if getattr(config, "capacity", None) != "stream":
            return []
        bits, waited = self.refill_bits, self.refill_cycles
        most = min(waited, self.dma_cycles) if config.refill_overlap else self.dma_cycles
        found = [
            ("bits fit their bursts", bits, min(bits, self.refill_bursts * config.burst_bits)),
            ("passes wait for the DMA", waited, most),
        ]
        if config.refill == "all" and isinstance(job, LayerJob):
            plan = Plan.of(job.plan)
            segments = int(plan.field("refill_bits") @ plan.field("fetches"))
            found.append(("bits refilled = bits of the segments", bits, segments))
        return [(law, np.array([left]), np.array([right])) for law, left, right in found]

    def _laws_of_pes(self) -> list[Law]:
        compute = np.full(self.n_pe, self.compute_cycles)
        states = (
            self.issued_entries - self.macs_beside - self.padding_beside + self.index_cycles
            + self.empty_column_cycles + self.hazard_stall_cycles + self.starved_cycles
        )
        pushes = np.full(self.n_pe, self.broadcasts)
        histogram = self.queue_occupancy_histogram
        return [
            ("states of a PE = compute cycles", states, compute),
            ("pushes = broadcasts", self.queue_pushes, pushes),
            ("pops = pushes", self.queue_pops, self.queue_pushes),
            ("macs = issued - padding", self.macs, self.issued_entries - self.padding_entries),
            ("biases written = biases read", self.dst_reg_writes - self.macs,
             self.act_sram_reads - self.src_reg_writes),
            ("histogram = cycles", histogram.sum(axis=1), np.full(self.n_pe, self.cycles)),
            ("histogram mean = occupancy sum",
             histogram @ np.arange(histogram.shape[1]), self.queue_occupancy_sum),
            ("scan states = compute cycles",
             np.array([self.broadcasts + self.row_change_cycles + self.blocked_cycles
                       + self.scan_idle_cycles]), compute[:1]),
        ]


def add_counters(parts: Iterable[Counters]) -> Counters:
    """Counters of several passes or layers on one machine, added up."""
    return Counters.added(parts)
