"""Standard cells of a Liberty file: pins, capacitances, functions, tables of delay and energy.

Reads what timing and power of a netlist need: the nonlinear delay model (tables over load and
input slew) and internal energy. Units are those of the file's header; OSU018's are ns, pF, V and,
for energy, pJ (1 V squared times 1 pF).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError

_TOKEN = re.compile(r'"[^"]*"|[\w.+-]+|[{}();:,]')
_COMMENT = re.compile(r"/\*.*?\*/", re.S)
_EDGES = ("rise", "fall")


@dataclass
class Group:
    """``kind(name) { ... }``: attributes, and groups inside."""

    kind: str
    name: str
    values: dict[str, str] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)

    def of(self, kind: str) -> Iterator[Group]:
        """The groups of one kind inside."""
        return (group for group in self.groups if group.kind == kind)


@dataclass(frozen=True, eq=False)
class Table:
    """Values over (load, slew), or over slew alone; between them straight lines, beyond them the
    nearest value."""

    loads: npt.NDArray[np.float64]
    slews: npt.NDArray[np.float64]
    values: npt.NDArray[np.float64]

    def at(self, load: float, slew: float) -> float:
        """Value at a load and an input slew."""
        over_slew = [float(np.interp(slew, self.slews, row)) for row in self.values]
        return float(np.interp(load, self.loads, over_slew))


@dataclass(frozen=True, eq=False)
class Arc:
    """From an input to an output; by edge of the output.

    Attributes
    ----------
    unate : "positive_unate", "negative_unate" or "non_unate": which input edge causes it
    clocked : from the clock's edge, not from a level
    """

    pin: str
    unate: str
    clocked: bool
    delay: dict[str, Table]
    slew: dict[str, Table]


@dataclass(frozen=True, eq=False)
class Pin:
    """A pin; an output has arcs, and energy of its own by edge."""

    name: str
    output: bool
    clock: bool
    capacitance: float
    function: str
    arcs: tuple[Arc, ...]
    energy: dict[str, tuple[Table, ...]]
    setup: dict[str, Table]


@dataclass(frozen=True, eq=False)
class Cell:
    """A cell; ``clocked`` if it holds a bit."""

    name: str
    area: float
    clocked: bool
    pins: dict[str, Pin]
    leakage_nw: float


@dataclass(frozen=True, eq=False)
class Library:
    """All cells of one file; ``volts`` is its nominal supply."""

    name: str
    volts: float
    cells: dict[str, Cell]


@cache
def read_library(path: Path) -> Library:
    """Read a Liberty file.

    Raises
    ------
    InputError
        If it cannot be read, or holds no cells with tables of delay.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; install the Debian package "
                         f"qflow-tech-osu018, or name a Liberty file") from None
    tokens = _TOKEN.findall(_COMMENT.sub("", text).replace("\\\n", " "))
    try:
        top = _groups(tokens)[0]
        cells = {group.name: _cell(group) for group in top.of("cell")}
        volts = float(top.values["nom_voltage"])
    except (IndexError, KeyError, ValueError) as error:
        raise InputError(f"{path}: no Liberty file with tables of delay ({error})") from None
    if not any(pin.arcs for cell in cells.values() for pin in cell.pins.values()):
        raise InputError(f"{path}: its cells have no tables of delay")
    return Library(top.name, volts, cells)


def find_latch(path: Path) -> dict[str, str] | None:
    """The first latch without set or reset that is open while its enable is high: ``cell`` and the
    pins ``E``, ``D`` and ``Q``; None if the library has none.

    Raises
    ------
    InputError
        If the file is no Liberty file.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        top = _groups(_TOKEN.findall(_COMMENT.sub("", text).replace("\\\n", " ")))[0]
    except (IndexError, ValueError) as error:
        raise InputError(f"{path}: no Liberty file ({error})") from None
    for cell in top.of("cell"):
        for latch in cell.of("latch"):
            pins = {pin.values.get("function", ""): pin.name for pin in cell.of("pin")}
            held = re.split(r"[,\s]+", latch.name)[0]
            found = {"cell": cell.name, "E": latch.values.get("enable", ""),
                     "D": latch.values.get("data_in", ""), "Q": pins.get(held, "")}
            if not latch.values.keys() & {"clear", "preset"} and all(
                    word.isidentifier() for word in found.values()):
                return found
    return None


def _groups(tokens: list[str]) -> list[Group]:
    """Statements of the file: ``a : b;``, ``a(b, c);`` and ``a(b) { ... }``."""
    stack = [Group("", "")]
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token == "}":
            done = stack.pop()
            stack[-1].groups.append(done)
            at += 1
        elif token == ";":
            at += 1
        elif tokens[at + 1] == ":":
            stack[-1].values[token] = tokens[at + 2].strip('"')
            at += 3
        else:
            end = tokens.index(")", at)
            inside = [part.strip('"') for part in tokens[at + 2 : end] if part != ","]
            at = end + 1
            if at < len(tokens) and tokens[at] == "{":
                stack.append(Group(token, " ".join(inside)))
                at += 1
            else:
                stack[-1].values[token] = ";".join(inside)
    return stack[0].groups


def _cell(group: Group) -> Cell:
    pins = {pin.name: _pin(pin) for pin in group.of("pin")}
    held = any(part.kind in ("ff", "latch") for part in group.groups)
    return Cell(group.name, float(group.values["area"]), held, pins,
                float(group.values.get("cell_leakage_power", 0)))


def _pin(group: Group) -> Pin:
    timings = list(group.of("timing"))
    arcs = tuple(_arc(timing) for timing in timings
                 if _has(timing, "cell_rise") and _has(timing, "cell_fall"))
    setup = {}
    for timing in timings:
        if timing.values.get("timing_type") == "setup_rising":
            setup = _by_edge(timing, "{}_constraint")
    energy: dict[str, list[Table]] = {edge: [] for edge in _EDGES}
    for power in group.of("internal_power"):
        for edge, table in _by_edge(power, "{}_power").items():
            energy[edge].append(table)
    return Pin(
        group.name, group.values["direction"] == "output", group.values.get("clock") == "true",
        float(group.values.get("capacitance", 0)), group.values.get("function", ""), arcs,
        {edge: tuple(tables) for edge, tables in energy.items()}, setup,
    )


def _arc(timing: Group) -> Arc:
    return Arc(
        timing.values["related_pin"], timing.values.get("timing_sense", "non_unate"),
        timing.values.get("timing_type", "") in ("rising_edge", "falling_edge"),
        _by_edge(timing, "cell_{}"), _by_edge(timing, "{}_transition"),
    )


def _by_edge(group: Group, named: str) -> dict[str, Table]:
    return {edge: _table(part) for edge in _EDGES for part in group.of(named.format(edge))}


def _has(group: Group, kind: str) -> bool:
    return any(True for _ in group.of(kind))


def _table(group: Group) -> Table:
    first = _numbers(group.values["index_1"])
    values = np.array([_numbers(row) for row in group.values["values"].split(";")])
    if "index_2" not in group.values:  # over the slew alone
        return Table(np.zeros(1), first, values)
    return Table(first, _numbers(group.values["index_2"]), values)


def _numbers(text: str) -> npt.NDArray[np.float64]:
    return np.array([float(part) for part in text.replace(",", " ").split()])
