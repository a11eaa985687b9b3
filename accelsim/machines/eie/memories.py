"""What each counter costs: the memories of a machine, and energies by module and kind.

Kinds: "mac" (only real entries), "entry" (every entry), "column" (every broadcast column, and the
SRAM reads that follow from it), "pass" (loading, storing, refilling), "transform" (additions beside
the layer's own).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from accelsim.energy.choice import SramChoice
from accelsim.energy.limits import Asked, cycle_notes
from accelsim.energy.process import Process
from accelsim.energy.sram import SramPoint, SramTable
from accelsim.energy.technology import Events
from accelsim.energy.units import (
    PUBLISHED_BITS,
    pointer_register_bits,
    queue_item_bits,
)
from accelsim.machines.eie.beside import TransformCounters
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.counters import Counters
from accelsim.machines.eie.datapath_prices import look_up_pj, mac_pj, register_bits
from accelsim.machines.eie.turned_prices import (
    bitmap_bits,
    bitmap_pj,
    ports_energy,
    queues_of,
    row_pj,
)

FREE_COUNTERS = {
    "index_cycles": "lines are priced as read; the slots are time",
    "macs_beside": "part of macs",
    "padding_beside": "part of padding_entries",
    "broadcasts": "wires of the H-tree; EIE gives no length or energy",
    "row_change_cycles": "the scan's logic is in the LNZD nodes, priced by time",
    "blocked_cycles": "time, priced as leakage and clock",
    "scan_idle_cycles": "time, priced as leakage and clock",
    "cycles": "time, priced as leakage and clock",
    "passes": "control",
    "start_cycles": "time, priced as leakage and clock",
    "refill_cycles": "time; the bits are priced",
    "dma_cycles": "time; DRAM's standby is priced by it",
    "dram_refreshes": "DRAM's refreshes are priced by time, also beside refills",
    "load_cycles": "time; the accesses are priced",
    "bias_cycles": "time; the accesses are priced",
    "drain_cycles": "time, priced as leakage and clock",
    "store_cycles": "time; the accesses are priced",
    "padding_entries": "part of issued_entries",
    "empty_column_cycles": "time; the pointer reads are priced",
    "hazard_stall_cycles": "time, priced as leakage and clock",
    "starved_cycles": "time, priced as leakage and clock",
    "blocking_cycles": "time, priced as leakage and clock",
    "queue_occupancy_sum": "state",
    "queue_occupancy_max": "state",
    "queue_occupancy_histogram": "state",
    "saturations": "the comparison is part of the add",
    "adder_bypasses": "the file is read all the same",
    "write_bypasses": "the file is read all the same",
}
"""Counters without a price of their own, and why; every other one is priced."""


@dataclass(frozen=True)
class Memories:
    """The SRAM arrays of one PE."""

    pointer_bank: SramPoint
    spmat: SramPoint
    act: SramPoint
    device: str

    def placed(self) -> Iterator[tuple[str, SramPoint, int]]:
        """Module, array and copies in a PE."""
        yield "ptr_read", self.pointer_bank, 2
        yield "spmat_read", self.spmat, 1
        yield "act_rw", self.act, 1

    def notes(self, config: EieConfig) -> list[str]:
        """What was extrapolated or does not reach the clock."""
        found = []
        for what, array in (("pointer bank", self.pointer_bank), ("SpMat SRAM", self.spmat),
                            ("activation SRAM", self.act)):
            if array.extrapolated:
                found.append(f"{what}: beyond the SRAM table, extrapolated")
            found += cycle_notes(what, array, self.device, Process.of(config), config.clock_mhz)
        return found

    def dram_pj(self, config: EieConfig, counters: Counters, events: Events) -> float:
        """What the same pointer and SpMat reads would cost from DRAM."""
        lines = int(counters.spmat_line_reads.sum()) * config.spmat_width_bits
        pointers = int(counters.ptr_reads_even.sum() + counters.ptr_reads_odd.sum())
        return events.linear_pj("dram", lines + pointers * config.pointer_bits)


def asked_for(
    config: EieConfig, sram: SramTable | None = None
) -> tuple[Asked, Asked, Asked]:
    """The arrays that a configuration needs: a pointer bank, SpMat, activations.

    Without ``sram`` they are LSTP, the only device type whose leakage fits EIE Table II, made for
    800 MHz: balanced, but for the pointers. A column takes several cycles, so the next one's
    pointers can be read ahead, and arrays that answer early would buy nothing. A higher clock
    takes device types that reach it (`SramChoice`).
    """
    table = sram or SramChoice(config, "800mhz")
    pointers = sram or SramChoice(config, "800mhz_energy")
    return (
        Asked("pointer bank", config.pointer_kb / 2, config.pointer_bits, pointers),
        Asked("SpMat SRAM", config.spmat_kb, config.spmat_width_bits, table),
        Asked("activation SRAM", config.act_sram_kb, config.register_bits, table),
    )


def memories(config: EieConfig, sram: SramTable | None = None) -> Memories:
    """The arrays of `asked_for`."""
    pointer_bank, spmat, act = (asked.array for asked in asked_for(config, sram))
    return Memories(pointer_bank, spmat, act, SramChoice.device if sram is None else sram.device)


@dataclass(frozen=True)
class ModuleBits:
    """Bits that each module of a PE stores in flip-flops: what its clock has to drive."""

    bits: Mapping[str, float]

    @classmethod
    def of(cls, config: EieConfig) -> ModuleBits:
        """Count them from the configuration."""
        return cls({
            "act_queue": (config.act_queue_depth * queue_item_bits(config.activation_bits)
                          * queues_of(config)),
            "ptr_read": pointer_register_bits(config.pointer_bits, config.activation_bits),
            "spmat_read": (config.spmat_width_bits + 2 * config.pointer_bits
                           + bitmap_bits(config)),
            "arith_unit": config.issue_width * register_bits(config),
            "act_rw": 2 * config.regfile_depth * config.register_bits,
        })

    def over_published(self) -> dict[str, float]:
        """The same over the published machine's, for which the calibration holds."""
        return {module: bits / PUBLISHED_BITS[module] for module, bits in self.bits.items()}


def _additions(counters: Counters) -> int:
    """Of activations that the array transforms: each reads two words and writes one (W5)."""
    if isinstance(counters, TransformCounters):
        return int(counters.transform_additions.sum())
    return 0


def event_energies(
    config: EieConfig, counters: Counters, arrays: Memories, events: Events
) -> dict[str, dict[str, float]]:
    """Energy in pJ of all PEs' counted events, by module and kind, but for DRAM's (`dram_pj`)."""

    def total(name: str) -> int:
        return int(getattr(counters, name).sum())

    def register(bits: float) -> float:
        return events.linear_pj("register", bits)

    item = queue_item_bits(config.activation_bits)
    mac = mac_pj(config, events)
    read = events.linear_pj("register_file_read", config.register_bits)
    write = events.linear_pj("register_file_write", config.register_bits)
    ports = ports_energy(config)
    line = arrays.spmat.read_pj + register(config.spmat_width_bits)
    return {
        "act_queue": {"column": (total("queue_pushes") + total("queue_pops")) * register(item)
                      * queues_of(config)},
        "ptr_read": {
            "column": (total("ptr_reads_even") + total("ptr_reads_odd"))
            * (arrays.pointer_bank.read_pj + register(config.pointer_bits)),
        },
        "spmat_read": {
            "entry": total("spmat_line_reads") * line + bitmap_pj(config, counters, events),
            "pass": counters.refill_bits * arrays.spmat.write_pj / config.spmat_width_bits,
        },
        "arith_unit": {
            # Codebook look-up, and row = last row + run + 1, or a bitmap's.
            "entry": total("issued_entries")
            * (look_up_pj(config, events) + row_pj(config, events)),
            "mac": total("macs") * mac,
            "transform": _additions(counters) * (
                events.linear_pj("add", config.accumulator_bits) + 2 * read + write),
        },
        "act_rw": {
            "mac": total("macs") * ports * read + total("macs") * ports * write,
            "column": total("src_reg_reads") * read,
            "pass": total("src_reg_writes") * write
            + (total("dst_reg_reads") - total("macs")) * ports * read
            + (total("dst_reg_writes") - total("macs")) * ports * write
            + total("act_sram_reads") * arrays.act.read_pj
            + total("act_sram_writes") * arrays.act.write_pj,
        },
        "lnzd": {},
    }


def dram_pj(config: EieConfig, counters: Counters, events: Events) -> float:
    """What the DRAM behind the DMA cost: its bursts, rows and standby; without a part the bits
    that came, at Horowitz's price of a word."""
    part = config.dram_part
    if part is None:
        return events.linear_pj("dram", counters.refill_bits)
    busy_us, time_us = (cycles / config.clock_mhz
                        for cycles in (counters.dma_cycles, counters.cycles))
    return part.energy_pj(counters.refill_bursts, counters.dram_rows, busy_us, time_us)
