"""Numbers that studies keep of EIE alone; the states of its PEs are told of every machine."""

from __future__ import annotations

from dataclasses import dataclass

from accelsim.energy.report import DRAM
from accelsim.energy.technology import MODULES
from accelsim.records.metric import FinishedPoint, Metric


def spmat_line_reads(point: FinishedPoint) -> float:
    """Lines of all PEs."""
    return int(point.counters.spmat_line_reads.sum())


def spmat_read_mbit(point: FinishedPoint) -> float:
    """Bits of those lines."""
    return float(spmat_line_reads(point) * point.config.spmat_width_bits / 1e6)


def refill_cycles(point: FinishedPoint) -> int:
    """0 of a resident layer."""
    return int(point.counters.refill_cycles)


def dram_mbit(point: FinishedPoint) -> float:
    """Bits that the DMA brought, the rest of the last bursts included."""
    return float(point.counters.refill_bursts * point.config.burst_bits / 1e6)


def dram_gb_per_s(point: FinishedPoint) -> float:
    """Bandwidth reached while the DMA works, in 10^9 bytes; 0 of a resident layer."""
    counters, config = point.counters, point.config
    if not counters.dma_cycles:
        return 0.0
    bits = counters.refill_bursts * config.burst_bits
    return float(bits * config.clock_mhz / (8e3 * counters.dma_cycles))


def energy_dram_uj(point: FinishedPoint) -> float:
    """Of the DRAM behind the DMA; 0 of a resident layer."""
    return float(point.energy.modules_pj.get(DRAM, 0.0) * 1e-6)


@dataclass(frozen=True)
class ModuleEnergy:
    """Energy of one module; a class so that it can travel."""

    module: str

    def __call__(self, point: FinishedPoint) -> float:
        return float(point.energy.modules_pj[self.module] * 1e-6)


METRICS = (
    Metric("spmat_line_reads", "sparse-matrix SRAM lines read", "sum", spmat_line_reads,
           after="queue_mean"),
    Metric("spmat_read_mbit", "10^6 bits read from the sparse-matrix SRAMs", "sum",
           spmat_read_mbit, after="queue_mean"),
    Metric("refill_cycles", "cycles that passes wait for the DMA", "sum", refill_cycles,
           after="queue_mean"),
    Metric("dram_mbit", "10^6 bits read from DRAM", "sum", dram_mbit, after="queue_mean"),
    Metric("dram_gb_per_s", "10^9 bytes a second that DRAM gives while it is read", "mean",
           dram_gb_per_s, after="queue_mean"),
    *(Metric(f"energy_{module}_uj", f"of which {module}", "sum", ModuleEnergy(module),
             needs=("price",), after="energy_uj") for module in MODULES),
    Metric("energy_dram_uj", "of which DRAM", "sum", energy_dram_uj, needs=("price",),
           after="energy_uj"),
)
