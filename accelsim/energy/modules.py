"""A machine as modules: events, memories and flip-flops to an `EnergyReport`.

For machines without a layout of their own. Leakage and area of memories come from CACTI. Clock
energy and the area of flip-flops are scaled, bit by bit, from what EIE's published PE takes
(`accelsim.energy.units`); every report says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from accelsim.energy.limits import cycle_notes
from accelsim.energy.process import Process
from accelsim.energy.report import DRAM, EnergyReport
from accelsim.energy.sram import SramPoint
from accelsim.energy.technology import Calibration, load_calibration
from accelsim.energy.units import FILLER_SHARE, area_um2_a_bit, clock_pj_a_bit
from accelsim.records.counters import CounterSet

HOME = Process()


@dataclass(frozen=True)
class Event:
    """Counted events of one kind, all together.

    Attributes
    ----------
    pj : their energy
    states : of `CounterSet.states`, those in which they happen; they share the energy by cycles
    """

    pj: float
    states: tuple[str, ...] = ("useful",)


@dataclass(frozen=True)
class Memory:
    """``copies`` of an SRAM array in the whole machine; ``like`` names the module of EIE whose
    area over CACTI's it takes."""

    what: str
    array: SramPoint
    copies: int
    like: str | None = None


@dataclass(frozen=True)
class FlipFlops:
    """``bits`` in the whole machine; ``like`` names the module of EIE whose clock and area they
    take, None the mean of its PE."""

    bits: int
    like: str | None = None


@dataclass(frozen=True)
class Module:
    """One module of a machine."""

    name: str
    events: Sequence[Event] = ()
    memories: Sequence[Memory] = ()
    flip_flops: Sequence[FlipFlops] = ()


@dataclass(frozen=True)
class Run:
    """What a price needs to know of a run, beside its modules.

    Attributes
    ----------
    n_pe, clock_mhz : of the machine
    dram_pj : what the reads of weight memories would have cost from DRAM
    device : device type of the memories, where an array does not say its own
    notes : assumptions of the machine's own
    process : what the figures at 45 nm are scaled to
    """

    machine: str
    counters: CounterSet
    n_pe: int
    clock_mhz: float
    dram_pj: float
    device: str
    notes: Sequence[str] = ()
    process: Process = HOME


def price_modules(
    modules: Sequence[Module], run: Run, calibration: Calibration | None = None
) -> EnergyReport:
    """Energy by module and by cause, power and area.

    Leakage and clock are shared by the states of the PEs, an event's energy by the states that it
    names.

    Parameters
    ----------
    calibration : None is the shipped one
    """
    settled = calibration or load_calibration()
    counters = run.counters
    cycles = int(vars(counters)["cycles"])
    time_us = cycles / run.clock_mhz
    events = {m.name: sum((e.pj for e in m.events), 0.0) for m in modules}
    leakage = {
        # 1 mW for 1 us is 1 nJ.
        m.name: sum((s.array.leakage_mw * s.copies for s in m.memories), 0.0) * time_us * 1e3
        for m in modules
    }
    clock = {
        m.name: sum((clock_pj_a_bit(settled, f.like) * f.bits for f in m.flip_flops), 0.0) * cycles
        for m in modules
    }
    area = {m.name: _area_um2(m, settled) * 1e-6 for m in modules}
    area["filler"] = FILLER_SHARE * sum(area.values())
    states = {name: int(np.sum(of_pes)) for name, of_pes in counters.states().items()}
    causes = dict.fromkeys(states, 0.0)
    steady = Event(sum(leakage.values()) + sum(clock.values()), tuple(states))
    for event in (steady, *(e for m in modules for e in m.events)):
        for state, pj in _shared(event, states).items():
            causes[state] += pj
    fixed = {"leakage": _shared(Event(sum(leakage.values()), tuple(states)), states),
             DRAM: dict.fromkeys(states, 0.0)}
    for event in (e for m in modules if m.name == DRAM for e in m.events):
        for state, pj in _shared(event, states).items():
            fixed[DRAM][state] += pj
    return EnergyReport(
        events, leakage, clock, causes, area, time_us, counters.totals()["macs"], run.n_pe,
        run.dram_pj, notes=tuple(_notes(modules, run)), fixed_causes_pj=fixed,
    ).on(run.process)


def _area_um2(module: Module, settled: Calibration) -> float:
    macros = sum((m.array.area_um2 * settled.macro_factor.get(m.like or "", 1.0) * m.copies
                  for m in module.memories), 0.0)
    return macros + sum((area_um2_a_bit(settled, f.like) * f.bits for f in module.flip_flops), 0.0)


def _shared(event: Event, states: Mapping[str, int]) -> dict[str, float]:
    """An event's energy by state; to the first that it names, where a PE was in none of them."""
    cycles = sum(states[state] for state in event.states)
    if not cycles:
        return {event.states[0]: event.pj}
    return {state: event.pj * states[state] / cycles for state in event.states}


def _notes(modules: Sequence[Module], run: Run) -> list[str]:
    """What was scaled, extrapolated or does not reach the clock; then the machine's own notes."""
    found = [f"clock, flip-flop area and filler scaled from EIE's calibration, bit by bit; no "
             f"{run.machine} silicon to calibrate on"]
    for memory in (memory for module in modules for memory in module.memories):
        if memory.array.extrapolated:
            found.append(f"{memory.what}: beyond the SRAM table, extrapolated")
        found += cycle_notes(memory.what, memory.array, run.device, run.process, run.clock_mhz)
    return [*found, *run.notes]
