"""Price counters: energy by module and by cause, power, area.

Counters may come from any telling of the machine. Per module, energy is

* **events**: counted accesses and operations times energies from the SRAM table and
  ``events_45nm.toml``;
* **leakage** of the SRAM arrays times time;
* **clock**: what `Calibration` says a module spends in every cycle beyond its events, in
  proportion to the bits that the module stores.
"""

from __future__ import annotations

from collections.abc import Mapping

from accelsim.energy.process import Process
from accelsim.energy.report import DRAM, EnergyReport
from accelsim.energy.sram import SramTable
from accelsim.energy.technology import (
    MODULES,
    Calibration,
    load_calibration,
    load_events,
)
from accelsim.energy.units import area_um2_a_bit, clock_pj_a_bit
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.counters import Counters
from accelsim.machines.eie.datapath_prices import area_growth, further_table_bits
from accelsim.machines.eie.memories import ModuleBits, dram_pj, event_energies, memories
from accelsim.machines.eie.turned_prices import (
    bitmap_area_um2,
    chosen_notes,
    detection_nodes,
    files_area,
)


def price(
    config: EieConfig,
    counters: Counters,
    sram: SramTable | None = None,
    calibration: Calibration | None = None,
    n_channels: int = 1,
) -> EnergyReport:
    """Energy, power and area of a run.

    Parameters
    ----------
    sram : device type and goal of the memories; None is LSTP made for 800 MHz
    calibration : None is the shipped one

    Raises
    ------
    AttributeError
        If a counter that costs energy was not counted.
    """
    settled = calibration or load_calibration()
    events = load_events()
    arrays = memories(config, sram)
    bits = ModuleBits.of(config)
    time_us = counters.cycles / config.clock_mhz
    energies = event_energies(config, counters, arrays, events)
    if counters.refill_bits or counters.refill_bursts or counters.dram_rows:
        energies[DRAM] = {"pass": dram_pj(config, counters, events)}
    nodes = detection_nodes(config.n_pe)
    lnzd = events.rows["lnzd_node"]
    leakage = dict.fromkeys(MODULES, 0.0)
    area = dict.fromkeys((*MODULES, "filler"), 0.0)
    for module, array, copies in arrays.placed():
        # 1 mW for 1 us is 1 nJ.
        leakage[module] += array.leakage_mw * copies * config.n_pe * time_us * 1e3
        factor = settled.macro_factor.get(module, 1.0)
        area[module] += array.area_um2 * factor * copies * config.n_pe * 1e-6
    growth = bits.over_published()
    clock = {
        m: settled.clock_pj.get(m, 0.0) * growth.get(m, 1.0) * counters.cycles * config.n_pe
        for m in MODULES
    }
    tables = further_table_bits(config) * config.n_pe
    clock["arith_unit"] += tables * clock_pj_a_bit(settled, "act_queue") * counters.cycles
    # A node's published power at 800 MHz is an energy per cycle.
    clock["lnzd"] = lnzd["power_mw"] * 1e3 / lnzd["clock_mhz"] * nodes * counters.cycles
    for module, um2 in settled.area_um2.items():
        grown = growth.get(module, 1.0)
        if module == "arith_unit":
            grown = config.issue_width * area_growth(config)
        elif module == "act_rw":
            grown *= files_area(config)
        area[module] += um2 * grown * config.n_pe * 1e-6
    area["spmat_read"] += bitmap_area_um2(config, settled, events) * config.n_pe * 1e-6
    area["arith_unit"] += tables * area_um2_a_bit(settled, "act_queue") * 1e-6
    area["lnzd"] = lnzd["area_um2"] * nodes * 1e-6
    area["filler"] = settled.filler_um2 * config.n_pe * 1e-6
    modules = {m: sum(parts.values()) for m, parts in energies.items()}
    for own in (leakage, clock):
        own |= dict.fromkeys(modules.keys() - own.keys(), 0.0)
    shares = _shares(counters)
    steady = sum(leakage.values()) + sum(clock.values())
    fixed = {"leakage": {c: sum(leakage.values()) * share for c, share in shares.items()},
             DRAM: {"overhead": modules.get(DRAM, 0.0)}}
    return EnergyReport(
        modules, leakage, clock, _by_cause(counters, energies, shares, steady), area, time_us,
        int(counters.macs.sum()), config.n_pe,
        arrays.dram_pj(config, counters, events),
        notes=(*arrays.notes(config), *chosen_notes(config)), fixed_causes_pj=fixed,
    ).on(Process.of(config))


def _shares(counters: Counters) -> dict[str, float]:
    """Share of the PE-cycles in each state."""
    total = counters.cycles * counters.n_pe
    return {state: float(cycles.sum()) / total for state, cycles in counters.states().items()}


def _by_cause(
    counters: Counters, energies: Mapping[str, Mapping[str, float]],
    shares: Mapping[str, float], steady_pj: float,
) -> dict[str, float]:
    """Share the energy out: leakage and clock by the PEs' states, events by what caused them."""
    causes = {cause: steady_pj * share for cause, share in shares.items()}
    issued = float(counters.issued_entries.sum())
    padding = float(counters.padding_entries.sum()) / issued if issued else 0.0
    columns = float(counters.queue_pops.sum())
    # Where empty columns take no slot they are not told apart, and share with the others.
    empty = float(counters.empty_column_cycles.sum()) / columns if columns else 0.0
    for parts in energies.values():
        for kind, pj in parts.items():
            if kind == "mac":
                causes["useful"] += pj
            elif kind == "entry":
                causes["padding"] += pj * padding
                causes["useful"] += pj * (1 - padding)
            elif kind == "column":
                causes["empty columns"] += pj * empty
                causes["padding"] += pj * (1 - empty) * padding
                causes["useful"] += pj * (1 - empty) * (1 - padding)
            else:
                causes["overhead"] += pj
    return causes
