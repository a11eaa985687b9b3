"""Static timing of a netlist by the library's tables of delay, and its FO4.

Rising and falling edges and their slews go through every cell; loads are those of the pins that a
net drives, without wires. Beyond a table's largest load its last slope goes on. What a clock edge
starts are the outputs of flip-flops and SRAMs (the latter at once: their access time is the
macro's); it ends at their inputs, with the flip-flop's setup time, or at an output of the unit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from graphlib import TopologicalSorter

from rtl.synth.liberty import Arc, Library, Table
from rtl.synth.netlist import Instance, Netlist

START_SLEW_NS = 0.06          # of inputs and of the clock: the steepest of OSU018's tables
_OTHER = {"rise": "fall", "fall": "rise"}


@dataclass(frozen=True)
class Path:
    """The longest path: delay with setup, where it starts and ends, cells on its way."""

    ns: float
    start: str
    end: str
    cells: int


@dataclass(frozen=True)
class _Arrival:
    ns: float
    slew: float
    before: tuple[int, str] | None   # net and edge that caused it
    start: str


def fo4_ns(library: Library, inverter: str = "INVX1") -> float:
    """Delay of an inverter that drives four of its kind, both edges averaged, in a long chain."""
    cell = library.cells[inverter]
    output = next(pin for pin in cell.pins.values() if pin.output)
    load = 4 * next(pin.capacitance for pin in cell.pins.values() if not pin.output)
    arc, slews = output.arcs[0], dict.fromkeys(_OTHER, START_SLEW_NS)
    for _ in range(50):
        slews = {edge: arc.slew[edge].at(load, slews[_OTHER[edge]]) for edge in _OTHER}
    return sum(arc.delay[edge].at(load, slews[_OTHER[edge]]) for edge in _OTHER) / 2


class Timing:
    """Longest paths of one netlist."""

    def __init__(self, netlist: Netlist, library: Library) -> None:
        self._netlist, self._library = netlist, library
        self._load: dict[int, float] = defaultdict(float)
        self._drivers: dict[int, Instance] = {}
        self._held: list[Instance] = []        # flip-flops and SRAMs
        for cell in netlist.cells:
            known = library.cells.get(cell.kind)
            if known is None or known.clocked:
                self._held.append(cell)
            for pin, bits in cell.nets.items():
                for bit in bits:
                    if isinstance(bit, int) and known is not None:
                        if known.pins[pin].output:
                            self._drivers[bit] = cell
                        else:
                            self._load[bit] += known.pins[pin].capacitance
        inner = [cell for cell in netlist.cells
                 if cell.kind in library.cells and not library.cells[cell.kind].clocked]
        graph = {id(cell): {id(self._drivers[bit]) for bit in self._inputs(cell)
                            if bit in self._drivers
                            and not library.cells[self._drivers[bit].kind].clocked}
                 for cell in inner}
        by_id = {id(cell): cell for cell in inner}
        self._order = [by_id[key] for key in TopologicalSorter(graph).static_order()]

    def longest(
        self, starts: Callable[[str], bool] = lambda name: True,
        ends: Callable[[str], bool] = lambda name: True,
    ) -> Path:
        """The longest path between starts and ends of these names: ports, or cells that hold."""
        arrivals = self._begin(starts)
        for cell in self._order:
            known = self._library.cells[cell.kind]
            for name, pin in known.pins.items():
                if pin.output and isinstance(bit := cell.nets[name][0], int):
                    for arc in pin.arcs:
                        self._through(arrivals, cell, arc, bit)
        worst = max(self._finish(arrivals, ends), key=lambda found: found[0], default=None)
        if worst is None:
            return Path(0.0, "", "", 0)
        ns, net, edge, end = worst
        return Path(ns, arrivals[net, edge].start, end, _steps(arrivals, (net, edge)))

    def _inputs(self, cell: Instance) -> Iterable[int]:
        for pin, bits in cell.nets.items():
            if not self._library.cells[cell.kind].pins[pin].output:
                yield from (bit for bit in bits if isinstance(bit, int))

    def _held_name(self, cell: Instance) -> str:
        """A flip-flop is named by the register bit that it holds, an SRAM by its instance."""
        bit = cell.nets.get("Q", ("",))[0]
        return self._netlist.names[bit] if isinstance(bit, int) else cell.name

    def _begin(self, starts: Callable[[str], bool]) -> dict[tuple[int, str], _Arrival]:
        arrivals: dict[tuple[int, str], _Arrival] = {}
        for name, (direction, bits) in self._netlist.ports.items():
            if direction == "input" and starts(name) and name not in ("clk_i", "rst_ni"):
                self._put(arrivals, bits, name)
        for cell in self._held:
            if not starts(self._held_name(cell)):
                continue
            known = self._library.cells.get(cell.kind)
            if known is None:                               # an SRAM
                self._put(arrivals, cell.nets["rdata_o"], cell.name)
                continue
            for name, pin in known.pins.items():
                if pin.output and isinstance(bit := cell.nets[name][0], int):
                    for arc in (arc for arc in pin.arcs if arc.clocked):
                        for edge in _OTHER:
                            arrivals[bit, edge] = _Arrival(
                                _at(arc.delay[edge], self._load[bit], START_SLEW_NS),
                                _at(arc.slew[edge], self._load[bit], START_SLEW_NS), None,
                                self._held_name(cell))
        return arrivals

    @staticmethod
    def _put(
        arrivals: dict[tuple[int, str], _Arrival], bits: Iterable[int | str], name: str
    ) -> None:
        arrivals.update({(bit, edge): _Arrival(0.0, START_SLEW_NS, None, name)
                         for bit in bits if isinstance(bit, int) for edge in _OTHER})

    def _through(
        self, arrivals: dict[tuple[int, str], _Arrival], cell: Instance, arc: Arc, bit: int
    ) -> None:
        source = cell.nets[arc.pin][0]
        if not isinstance(source, int):
            return
        for edge in _OTHER:
            causes = {"positive_unate": (edge,), "negative_unate": (_OTHER[edge],)}
            for cause in causes.get(arc.unate, tuple(_OTHER)):
                before = arrivals.get((source, cause))
                if before is None:
                    continue
                ns = before.ns + _at(arc.delay[edge], self._load[bit], before.slew)
                known = arrivals.get((bit, edge))
                if known is None or ns > known.ns:
                    slew = _at(arc.slew[edge], self._load[bit], before.slew)
                    arrivals[bit, edge] = _Arrival(ns, slew, (source, cause), before.start)

    def _finish(
        self, arrivals: dict[tuple[int, str], _Arrival], ends: Callable[[str], bool]
    ) -> Iterable[tuple[float, int, str, str]]:
        for name, (direction, bits) in self._netlist.ports.items():
            if direction == "output" and ends(name):
                for bit in bits:
                    for edge in _OTHER:
                        if isinstance(bit, int) and (bit, edge) in arrivals:
                            yield arrivals[bit, edge].ns, bit, edge, name
        for cell in (cell for cell in self._held if ends(self._held_name(cell))):
            known = self._library.cells.get(cell.kind)
            for pin, bits in cell.nets.items():
                setup = known.pins[pin].setup if known else {}
                if (known and not setup) or pin in ("rdata_o", "clk_i"):
                    continue
                for bit in bits:
                    for edge in _OTHER:
                        if isinstance(bit, int) and (bit, edge) in arrivals:
                            found = arrivals[bit, edge]
                            late = setup[edge].at(START_SLEW_NS, found.slew) if setup else 0.0
                            yield found.ns + late, bit, edge, self._held_name(cell)


def _at(table: Table, load: float, slew: float) -> float:
    """Value of a table; beyond the largest load with its last slope."""
    last, before = table.loads[-1], table.loads[-2] if len(table.loads) > 1 else 0.0
    if load <= last or len(table.loads) == 1:
        return table.at(load, slew)
    top = table.at(last, slew)
    return top + (load - last) * (top - table.at(before, slew)) / float(last - before)


def _steps(arrivals: dict[tuple[int, str], _Arrival], at: tuple[int, str]) -> int:
    steps, before = 0, arrivals[at].before
    while before is not None:
        steps, before = steps + 1, arrivals[before].before
    return steps
