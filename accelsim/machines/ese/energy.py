"""Price an ESE run at 45 nm: counted events with DRAM, leakage, clock and area.

The units that ESE shares with EIE cost what they cost there. This is an ASIC at 45 nm, not the
FPGA that the paper built: `UNPRICED` says what is left out, so totals compare patterns and sizes,
never with the 41 W of the paper.

One assumption covers every run: arithmetic, registers and DRAM cost what the 45 nm tables of
`accelsim.energy.data` say, the buffers are CACTI memories of low standby power made for 800 MHz
(EIE's), and the energy of an event does not scale with ``clock_mhz``, which ESE's FPGA set.
"""

from __future__ import annotations

from collections.abc import Mapping

from accelsim.energy.choice import SramChoice
from accelsim.energy.limits import Asked
from accelsim.energy.modules import Event, FlipFlops, Memory, Module, Run, price_modules
from accelsim.energy.process import Process
from accelsim.energy.report import EnergyReport
from accelsim.energy.sram import SramTable
from accelsim.energy.technology import Events, load_events
from accelsim.energy.units import (
    arith_register_bits,
    elementwise_register_bits,
    mac_pj,
    pointer_register_bits,
    product_pj,
    queue_item_bits,
    sum_pj,
)
from accelsim.machines.ese.config import EseConfig
from accelsim.machines.ese.counters import EseCounters

UNPRICED = (
    "not priced: sigmoid and tanh tables, vector path, broadcast wires, accesses to vector buffers",
    "not priced: control, that is the state machine and the FIFOs of the memory controller",
)
"""What a price leaves out."""

_TIME = "time, priced as leakage and clock"
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
"""Counters without an event of their own, and why; every other one is priced."""

LIVE_VECTORS = 10
"""Vectors of a channel that hold something at the same time in an LSTM step (contract V4, V5, M4):
two halves of x, y, c, the products W x and W y, the peephole product, i, f and g; o, h and m take
the place of gates that c_t has used up."""

_ENTRY = ("useful", "padding")
_COLUMN = ("useful", "padding", "empty columns")
_OTHER = ("overhead",)


def price(
    config: EseConfig, counters: EseCounters, n_channels: int = 1, sram: SramTable | None = None
) -> EnergyReport:
    """Energy, power and area of a run, all channels; "dram" is the energy of DRAM accesses.

    Parameters
    ----------
    n_channels : channels in use, which the queues are counted once for; all channels of the
        machine leak and are clocked
    sram : of the buffers; None takes LSTP memories made for 800 MHz
    """
    events, table = load_events(), sram or SramChoice(config, "800mhz_energy")
    modules = [
        *_shared_modules(config, counters, events, asked_for(config, sram)),
        *_channel_modules(config, counters, events, asked_for(config, sram), n_channels),
    ]
    notes = list(UNPRICED)
    if config.capacity == "ignore":
        notes.append("buffers priced at their configured size, whatever the matrices need "
                     "(capacity = 'ignore')")
    if n_channels < config.n_channels:
        notes.append(f"{n_channels} of {config.n_channels} channels in use; all of them leak and "
                     f"are clocked")
    reads = counters.totals()
    bits = (reads["issued_entries"] * config.entry_bits
            + reads["pointer_reads"] * config.pointer_bits)
    return price_modules(modules, Run(
        "ESE", counters, config.n_pe, config.clock_mhz, events.linear_pj("dram", bits),
        table.device, notes, Process.of(config),
    ))


def asked_for(config: EseConfig, sram: SramTable | None = None) -> dict[str, Asked]:
    """The memories of a configuration by what they are: half of each buffer, a vector buffer."""
    table = sram or SramChoice(config, "800mhz_energy")
    b = config.activation_bits
    return {asked.what: asked for asked in (
        Asked("weight buffer", config.weight_buffer_kb, config.entry_bits, table),
        Asked("pointer buffer", config.pointer_buffer_kb, config.pointer_bits, table),
        Asked("vector buffer", _longest(config) * b / 8192, b, table),
    )}


def _longest(config: EseConfig) -> int:
    """No matrix has more columns than half a pointer buffer has pointers for, less the last."""
    return max(config.pointer_buffer_words - 1, 1)


def _shared_modules(
    config: EseConfig, counters: EseCounters, events: Events, memories: Mapping[str, Asked]
) -> list[Module]:
    """DRAM, and the buffers that all channels share: two halves for each PE of a channel."""
    total = counters.totals()
    weights, pointers = memories["weight buffer"].array, memories["pointer buffer"].array
    stored_pointers = counters.pointer_words * config.ddr_word_bits // config.pointer_bits
    halves = 2 * config.n_pe

    def words(*names: str) -> float:
        found = sum(total[f"{name}_words"] for name in names)
        return events.linear_pj("dram", found * config.ddr_word_bits)

    return [
        Module("dram", (Event(words("weight"), _ENTRY), Event(words("pointer"), _COLUMN),
                        Event(words("vector", "table", "result"), _OTHER))),
        # Every entry is written once and read once, for all channels together.
        Module(
            "weight_buffer",
            (Event(total["weight_buffer_writes"] * weights.write_pj, _ENTRY),
             Event(total["issued_entries"] * weights.read_pj, _ENTRY)),
            (Memory("weight buffer", weights, halves, "spmat_read"),),
            (FlipFlops(config.n_pe * (config.entry_bits + 2 * config.pointer_bits),
                       "spmat_read"),),
        ),
        Module(
            "pointer_buffer",
            (Event(stored_pointers * pointers.write_pj, _COLUMN),
             Event(total["pointer_reads"] * pointers.read_pj, _COLUMN)),
            (Memory("pointer buffer", pointers, halves, "ptr_read"),),
            (FlipFlops(config.n_pe * pointer_register_bits(
                config.pointer_bits, config.activation_bits), "ptr_read"),),
        ),
    ]


def _channel_modules(
    config: EseConfig, counters: EseCounters, events: Events, memories: Mapping[str, Asked],
    n_channels: int,
) -> list[Module]:
    """What each channel has of its own."""
    total = counters.totals()
    a, b, sums = config.weight_bits, config.activation_bits, config.accumulator_bits
    read = events.linear_pj("register_file_read", sums)
    mac = mac_pj(events, a, b, sums) + read + events.linear_pj("register_file_write", sums)
    queue = events.linear_pj("register", queue_item_bits(b)) * n_channels
    channels, pes = config.n_channels, config.n_channels * config.n_pe
    longest = _longest(config)
    elementwise = channels * config.elementwise_width * elementwise_register_bits(b)
    return [
        Module("act_queue",
               (Event((total["queue_pushes"] + total["queue_pops"]) * queue, _COLUMN),),
               flip_flops=(FlipFlops(pes * config.act_queue_depth * queue_item_bits(b),
                                     "act_queue"),)),
        Module("arith_unit", (Event(total["macs"] * mac),), flip_flops=(
            FlipFlops(pes * arith_register_bits(a, b, sums), "arith_unit"),
            FlipFlops(pes * -(-longest // config.n_pe) * sums, "act_rw"),
        )),
        Module("assemble", (Event(total["assembled_results"] * read, _OTHER),),
               flip_flops=(FlipFlops(pes * b),)),
        Module("elem_mul", (Event(total["elem_mul_results"] * product_pj(events, b), _OTHER),),
               flip_flops=(FlipFlops(elementwise, "arith_unit"),)),
        Module("adder_tree", (Event(total["adder_tree_results"] * sum_pj(events, b), _OTHER),),
               flip_flops=(FlipFlops(elementwise, "arith_unit"),)),
        Module("vector_buffers", memories=(
            Memory("vector buffer", memories["vector buffer"].array, channels * LIVE_VECTORS),)),
    ]
