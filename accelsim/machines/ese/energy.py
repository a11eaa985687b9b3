"""Price an ESE run: counted events at 45 nm, and DRAM.

The units that ESE shares with EIE cost what they cost there. This is the energy of events of an
ASIC at 45 nm, not of the FPGA that the paper built: `UNPRICED` says what is left out, so totals
compare patterns and sizes, never with the 41 W of the paper.

One assumption covers every run: arithmetic, registers and DRAM cost what the 45 nm tables of
`accelsim.energy.data` say, the buffers are CACTI memories of low standby power made for 800 MHz
(EIE's), and neither scales with ``clock_mhz``, which ESE's FPGA set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from accelsim.energy.sram import SramTable, load_sram_table
from accelsim.energy.technology import load_events
from accelsim.machines.eie.memories import INDEX_BITS
from accelsim.machines.ese.config import EseConfig
from accelsim.machines.ese.counters import EseCounters

UNPRICED = (
    "leakage and clock: no ESE implementation to calibrate them on",
    "sigmoid and tanh tables, vector path and broadcast wires",
    "control: state machine, FIFOs of the memory controller",
)
"""What a price leaves out."""

_TIME = "time; leakage and clock are not priced"
FREE_COUNTERS = {
    "cycles": _TIME, "slots": "control", "start_cycles": _TIME, "compute_cycles": _TIME,
    "drain_cycles": _TIME, "fetch_wait_cycles": _TIME, "blocked_cycles": _TIME,
    "broadcast_idle_cycles": _TIME, "empty_column_cycles": _TIME, "starved_cycles": _TIME,
    "blocking_cycles": _TIME, "broadcasts": "wires; ESE gives no length or energy",
    "vector_path_cycles": "wires and FIFOs; the DRAM words are priced",
    "weight_padding_bits": "part of weight_words", "padding_entries": "part of issued_entries",
    "table_lookups": "no source for the tables' memory",
    "queue_occupancy_sum": "state", "queue_occupancy_max": "state",
    "saturations": "the comparison is part of the add",
    "elementwise_saturations": "the comparison is part of the add",
}
"""Counters without a price of their own, and why; every other one is priced."""


@dataclass(frozen=True)
class EseEnergy:
    """Energy of the events of one utterance, all channels, in pJ by module."""

    modules_pj: Mapping[str, float]
    macs: int

    @property
    def total_pj(self) -> float:
        """All priced events."""
        return sum(self.modules_pj.values())

    @property
    def total_nj(self) -> float:
        """All priced events."""
        return self.total_pj * 1e-3

    @property
    def total_uj(self) -> float:
        """All priced events."""
        return self.total_pj * 1e-6

    @property
    def dram_share(self) -> float:
        """Share of DRAM in what is priced."""
        return self.modules_pj["dram"] / self.total_pj


def price(
    config: EseConfig, counters: EseCounters, n_channels: int = 1, sram: SramTable | None = None
) -> EseEnergy:
    """Energy of a run's events.

    Parameters
    ----------
    n_channels : channels in use, which the queues are counted once for
    sram : of the buffers; None takes LSTP memories made for 800 MHz
    """
    events, table = load_events(), sram or load_sram_table("lstp", "800mhz_energy")
    weight_buffer = table.at(config.weight_buffer_kb, config.entry_bits)
    pointer_buffer = table.at(config.pointer_buffer_kb, config.pointer_bits)

    def register(bits: int) -> float:
        return events.linear_pj("register", bits)

    def total(name: str) -> int:
        return counters.totals()[name]

    words = sum(total(f"{what}_words") for what in ("weight", "pointer", "vector", "table",
                                                    "result"))
    stored_pointers = counters.pointer_words * config.ddr_word_bits // config.pointer_bits
    a, b = config.weight_bits, config.activation_bits
    mac = (events.multiply_pj(a, b) + events.linear_pj("add", config.accumulator_bits)
           + register(2 * (a + b) + 2 * config.accumulator_bits)
           + events.linear_pj("register_file_read", config.accumulator_bits)
           + events.linear_pj("register_file_write", config.accumulator_bits))
    queue = register(INDEX_BITS + b) * n_channels
    return EseEnergy({
        "dram": events.linear_pj("dram", words * config.ddr_word_bits),
        # Every entry is written once and read once, for all channels together.
        "weight_buffer": total("weight_buffer_writes") * weight_buffer.write_pj
        + total("issued_entries") * weight_buffer.read_pj,
        "pointer_buffer": stored_pointers * pointer_buffer.write_pj
        + total("pointer_reads") * pointer_buffer.read_pj,
        "act_queue": (total("queue_pushes") + total("queue_pops")) * queue,
        "arith_unit": total("macs") * mac,
        "assemble": total("assembled_results")
        * events.linear_pj("register_file_read", config.accumulator_bits),
        "elem_mul": total("elem_mul_results") * (events.multiply_pj(b, b) + register(3 * b)),
        "adder_tree": total("adder_tree_results") * (events.linear_pj("add", b) + register(3 * b)),
    }, total("macs"))
