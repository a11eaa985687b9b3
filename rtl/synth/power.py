"""Energy of a netlist's switching, by unit: ``python -m rtl.synth.power [--write]``.

A layer runs on the netlist under Icarus; every change of every net is counted in its waveform. A
change costs half of load times voltage squared, and the internal energy that the library's tables
give for the cell that makes it; flip-flops also what their clock and data pins take inside. Loads
are those of pins, without wires; the clock is ideal, without a tree; changes within a cycle that
real delays would make are not there; SRAMs cost nothing here. So it tells how the gates' energy is
spread over the units, and its order of magnitude.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelsim.errors import InputError
from accelsim.machines import load_config, run_job
from accelsim.machines.eie.energy import price
from accelsim.machines.eie.rtl import RTL as EIE
from accelsim.rtl_bridge import run_layer
from accelsim.rtl_bridge.simulator import Window
from accelsim.workload import random_layer
from rtl.synth.command import table_command
from rtl.synth.flows import RTL
from rtl.synth.liberty import Cell, Library, Pin, read_library
from rtl.synth.netlist import Instance, Netlist, make_netlist
from rtl.synth.timing import START_SLEW_NS

_SCOPE = "u_gates"            # instance of the netlist in its wrapper


@dataclass(frozen=True)
class UnitPower:
    """One unit of all PEs: cells, changes of its nets, energy in pJ.

    Attributes
    ----------
    clock_pj : of ``pj``, what the clock pins of its flip-flops take
    """

    cells: int
    changes: int
    pj: float
    clock_pj: float


def count_changes(vcd: Path) -> Counter[str]:
    """Net of the netlist to how often it changes, the first value aside.

    Raises
    ------
    InputError
        If the waveform has no netlist in it.
    """
    scopes: list[str] = []
    ids: dict[str, str] = {}
    changes: Counter[str] = Counter()
    with vcd.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            words = line.split()
            if line.startswith("$scope"):
                scopes.append(words[2])
            elif line.startswith("$upscope"):
                scopes.pop()
            elif line.startswith("$var") and scopes[-1] == _SCOPE and words[2] == "1":
                name = words[4] + (words[5] if words[5] != "$end" else "")
                ids.setdefault(words[3], name.lstrip("\\"))
            elif line.startswith("$enddefinitions"):
                break
        changes.update(line[1:].rstrip() for line in lines if line[0] in "01x")
    if not ids:
        raise InputError(f"{vcd}: holds no netlist {_SCOPE}")
    return Counter({name: max(0, changes[key] - 1) for key, name in ids.items()})


def unit_powers(
    netlist: Netlist, library: Library, changes: Mapping[str, int]
) -> dict[str, UnitPower]:
    """Unit to what it switched; a net belongs to the unit whose cell drives it."""
    load: dict[int, float] = defaultdict(float)
    known = [cell for cell in netlist.cells if cell.kind in library.cells]
    for cell in known:
        for pin, net in _pins(cell, library):
            if not pin.output:
                load[net] += pin.capacitance
    by_net = {bit: changes.get(name, 0) for bit, name in netlist.names.items()}
    cells: Counter[str] = Counter()
    number: Counter[str] = Counter()
    total: dict[str, float] = defaultdict(float)
    clock: dict[str, float] = defaultdict(float)
    for cell in known:
        cells[cell.unit] += 1
        for pin, net in _pins(cell, library):
            count = by_net.get(net, 0)
            inside = count * _energy_pj(pin, load[net])
            total[cell.unit] += inside
            if pin.output:
                number[cell.unit] += count
                total[cell.unit] += count * 0.5 * load[net] * library.volts**2
            elif pin.clock:
                pins = count * 0.5 * pin.capacitance * library.volts**2
                total[cell.unit] += pins
                clock[cell.unit] += inside + pins
    return {unit: UnitPower(cells[unit], number[unit], total[unit], clock[unit])
            for unit in sorted(cells)}


def _pins(cell: Instance, library: Library) -> list[tuple[Pin, int]]:
    known: Cell = library.cells[cell.kind]
    return [(known.pins[name], bits[0]) for name, bits in cell.nets.items()
            if isinstance(bits[0], int)]


def _energy_pj(pin: Pin, load: float) -> float:
    """Inside the cell, for one change: the mean of its tables and of both edges."""
    tables = [table for edge in pin.energy.values() for table in edge]
    values = [table.at(load, START_SLEW_NS) for table in tables]
    return sum(values) / len(values) if values else 0.0


def measure(
    config: Any, job: Any, liberty: Path, folder: Path, gated: bool = False
) -> tuple[dict[str, UnitPower], int]:
    """Energy by unit of one layer, and its cycles; outputs must be the model's.

    Parameters
    ----------
    gated : clocks are held back, by rtl/gated

    Raises
    ------
    InputError
        If tools are missing, or the gates give other outputs.
    """
    parameters = EIE.parameters(config, [(job, None)]).verilog() | {"Counters": 0}
    netlist = make_netlist(parameters, liberty, folder / "gates", gated=gated)
    window = Window(folder / "all.vcd", 0, 1 << 30)
    told = run_layer(config, job, [folder / "gates", RTL], folder, counters=False,
                     window=window)
    model = run_job("fast", config, job)
    if told.outputs is None or (told.outputs != model.outputs).any():
        raise InputError(f"{job.name}: the netlist's outputs are not the model's")
    return unit_powers(netlist, read_library(liberty), count_changes(window.path)), told.cycles


def table(liberty: Path, folder: Path) -> str:
    """As Markdown: the published PE and CCU, two PEs, beside the energy model's share."""
    from accelsim.api import make_job
    from accelsim.compression import compress

    config = load_config("eie", n_pe=2, spmat_kb=2.0, pointer_kb=1.0, act_sram_kb=0.25,
                         capacity="check")
    layer = random_layer((96, 80), 0.1, 0.35, seed=3)
    job = make_job(config, compress(layer), layer.activations)
    powers, cycles = measure(config, job, liberty, folder)
    held, _ = measure(config, job, liberty, folder / "gated", gated=True)
    total = sum(power.pj for power in powers.values())
    told = price(config, run_job("fast", config, job).counters)
    model = {module: told.events_pj[module] + told.clock_pj[module] for module in told.events_pj}
    lines = ["| unit | cells | changes a cycle | pJ a cycle | of it clock pins | of the gates "
             "| clocks gated, pJ a cycle | of it clock pins "
             f"| model at {told.node_nm:g} nm, pJ a cycle | of the model |",
             "| --- " * 10 + "|"]
    for unit, power in powers.items():
        known = model.get(unit)
        shown = ("", "") if known is None else (
            f"{known / cycles:.3f}", f"{100 * known / sum(model.values()):.1f} %")
        lines.append(f"| {unit} | {power.cells:,} | {power.changes / cycles:,.1f} "
                     f"| {power.pj / cycles:,.2f} | {power.clock_pj / cycles:,.2f} "
                     f"| {100 * power.pj / total:.1f} % | {held[unit].pj / cycles:,.2f} "
                     f"| {held[unit].clock_pj / cycles:,.2f} | {shown[0]} | {shown[1]} |")
    lines.append(f"| all | {sum(p.cells for p in powers.values()):,} "
                 f"| {sum(p.changes for p in powers.values()) / cycles:,.1f} "
                 f"| {total / cycles:,.2f} "
                 f"| {sum(p.clock_pj for p in powers.values()) / cycles:,.2f} | 100.0 % "
                 f"| {sum(p.pj for p in held.values()) / cycles:,.2f} "
                 f"| {sum(p.clock_pj for p in held.values()) / cycles:,.2f} "
                 f"| {sum(model.values()) / cycles:.3f} | 100.0 % |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(table_command("power", __doc__, table))
