"""Price a run of the bank-balanced machine at 45 nm: counted events, leakage, clock and area.

The units that it shares with EIE and ESE cost what they cost there. Weights, biases and the
vector are on chip, and nothing says how large the memories are: they are sized by what the run
stores, so that a machine is as large as its layer needs. See `NOTES`.
"""

from __future__ import annotations

from dataclasses import dataclass

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
    product_pj,
    sum_pj,
)
from accelsim.machines.bbs.config import BbsConfig
from accelsim.machines.bbs.counters import BbsCounters

NOTES = (
    "memories sized by what the run stores: a weight memory for each multiplier, as deep as the "
    "busiest PE has slots; a vector buffer of one SRAM for each bank",
    "not priced: sigmoid and tanh tables, results of gates, wires, control, loading the weights",
)
"""Assumptions of every price."""

_TIME = "time, priced as leakage and clock"
FREE_COUNTERS = {
    "cycles": _TIME, "start_cycles": _TIME, "compute_cycles": _TIME, "drain_cycles": _TIME,
    "elementwise_cycles": _TIME, "idle_cycles": _TIME,
    "vectors": "no event; the sizes of the memories are those of one vector",
    "slots": "time, and the depth of the weight memory; its reads are macs and filler_macs",
    "empty_rows": "part of slots", "table_lookups": "no source for the tables' memory",
    "saturations": "the comparison is part of the add",
}
"""Counters without an event of their own, and why; every other one is priced."""

_SLOT = ("useful", "empty rows")
_OTHER = ("overhead",)


@dataclass(frozen=True)
class _Sizes:
    """Words and bits of one PE's memories, read from what one vector of the run does."""

    weight_words: int
    weight_bits: int
    bias_words: int
    sum_bits: int
    bank_words: int

    @classmethod
    def of(cls, config: BbsConfig, counters: BbsCounters) -> _Sizes:
        vectors = max(counters.vectors, 1)
        bank_words = max(-(-counters.vector_writes // (vectors * config.n_banks)), 1)
        return cls(
            max(int(counters.slots.max()) // vectors, 1),
            # A weight and its place in the bank of the vector buffer.
            config.weight_bits + (bank_words - 1).bit_length(),
            int(counters.bias_reads.max()) // vectors,
            # A product, and a bit more for each level of the adder tree.
            config.weight_bits + config.activation_bits + (config.n_banks - 1).bit_length(),
            bank_words,
        )


def price(
    config: BbsConfig, counters: BbsCounters, n_channels: int = 1, sram: SramTable | None = None
) -> EnergyReport:
    """Energy, power and area of a run.

    Parameters
    ----------
    n_channels : changes nothing: channels are vectors, one after the other, and counted
    sram : of the memories; None takes LSTP memories made for 800 MHz
    """
    events, table = load_events(), sram or SramChoice(config, "800mhz_energy")
    sizes = _Sizes.of(config, counters)
    slots = int((counters.macs + counters.filler_macs).sum())
    modules = [
        *_memories(config, counters, sizes, slots, sram),
        *_arithmetic(config, counters, sizes, events),
    ]
    return price_modules(modules, Run(
        "bbs", counters, config.n_pe, config.clock_mhz,
        events.linear_pj("dram", slots * sizes.weight_bits), table.device, NOTES,
        Process.of(config),
    ))


def asked_for(
    config: BbsConfig, counters: BbsCounters, sram: SramTable | None = None
) -> tuple[Asked, Asked, Asked]:
    """The memories that a run needs: weights of a multiplier, a bank of the vector, biases."""
    table, sizes = sram or SramChoice(config, "800mhz_energy"), _Sizes.of(config, counters)
    return (
        Asked("weight memory", sizes.weight_words * sizes.weight_bits / 8192, sizes.weight_bits,
              table),
        Asked("bank of the vector buffer", sizes.bank_words * config.activation_bits / 8192,
              config.activation_bits, table),
        Asked("bias memory", max(sizes.bias_words, 1) * sizes.sum_bits / 8192, sizes.sum_bits,
              table),
    )


def _memories(
    config: BbsConfig, counters: BbsCounters, sizes: _Sizes, slots: int,
    sram: SramTable | None,
) -> list[Module]:
    """``slots`` of single multipliers each read a weight or filler; only a weight reads the
    vector."""
    multipliers = config.n_pe * config.n_banks
    weights, bank, biases = (asked.array for asked in asked_for(config, counters, sram))
    has_bias = bool(counters.bias_reads.any())
    return [
        Module("weight_memory", (Event(slots * weights.read_pj, _SLOT),),
               (Memory("weight memory", weights, multipliers, "spmat_read"),),
               (FlipFlops(multipliers * sizes.weight_bits, "spmat_read"),)),
        Module("bias_memory", (Event(int(counters.bias_reads.sum()) * biases.read_pj, _SLOT),),
               (Memory("bias memory", biases, config.n_pe),) if has_bias else ()),
        Module(
            "vector_buffer",
            (Event(int(counters.macs.sum()) * bank.read_pj),
             Event(counters.vector_writes * config.n_pe * bank.write_pj, _OTHER)),
            (Memory("bank of the vector buffer", bank, multipliers),),
        ),
    ]


def _arithmetic(
    config: BbsConfig, counters: BbsCounters, sizes: _Sizes, events: Events
) -> list[Module]:
    """Products of a slot take as many additions: the adder tree's, and the accumulator's."""
    a, b, sums = config.weight_bits, config.activation_bits, sizes.sum_bits
    multipliers = config.n_pe * config.n_banks
    elementwise = config.elementwise_width * elementwise_register_bits(b)
    return [
        # A multiplier that is given filler keeps its operands, and switches nothing.
        Module("arith_unit", (Event(int(counters.macs.sum()) * mac_pj(events, a, b, sums)),),
               flip_flops=(FlipFlops(multipliers * arith_register_bits(a, b, sums),
                                     "arith_unit"),)),
        Module("write", (Event(int(counters.rows.sum()) * events.linear_pj("register", b), _SLOT),),
               flip_flops=(FlipFlops(config.n_pe * b),)),
        Module("elementwise", (
            Event(counters.elementwise_products * product_pj(events, b), _OTHER),
            Event(counters.elementwise_sums * sum_pj(events, b), _OTHER),
        ), flip_flops=(FlipFlops(2 * elementwise, "arith_unit"),)),
    ]
