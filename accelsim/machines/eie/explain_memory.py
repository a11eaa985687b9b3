"""What stood behind the refills of a run: bandwidth that was reached, against what there is."""

from __future__ import annotations

from accelsim.inside.explain import Table
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.counters import Counters


def memory(config: EieConfig, counters: Counters) -> tuple[Table, ...]:
    """One table of a layer that was refilled, none of a resident one."""
    if not counters.dma_cycles:
        return ()
    came = counters.refill_bursts * config.burst_bits
    reached = came * config.clock_mhz / (8e3 * counters.dma_cycles)
    told = {
        "MB that were wanted": counters.refill_bits / 8e6,
        "MB that came, in whole bursts": came / 8e6,
        "% of the cycles with the DMA at work": 100 * counters.dma_cycles / counters.cycles,
        "% of the cycles that waited for it": 100 * counters.refill_cycles / counters.cycles,
        "GB/s while it worked": reached,
        "GB/s of the port": config.dma_width_bits * config.clock_mhz / 8e3,
    }
    part = config.dram_part
    if part is not None:
        told |= {
            "GB/s of the DRAM's data lines": part.peak_gb_per_s,
            "GB/s of a long stream from it": part.sequential_gb_per_s,
            "bursts of a row that were read": counters.refill_bursts / counters.dram_rows,
            "bursts that a row has": part.bursts_a_row,
            "refreshes that were waited for": counters.dram_refreshes,
        }
    return (Table("memory", "The memory behind the refills", {"what": "what", "value": "value"},
                  [{"what": what, "value": round(value, 4)} for what, value in told.items()]),)
