"""Line, branch and toggle coverage of the Verilog, as Verilator counts it: read, summed, as HTML.

A point is a block of lines (hit when it runs), a branch of an if (hit when it is taken) or a bit of
a signal (hit when it changes). Instances of a module, with whatever parameters, are one: a point is
hit if it is hit in one of them. Verilator counts no signal declared inside a generate block, and
none wider than 256 bits.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from accelsim.errors import InputError

KINDS = ("line", "branch", "toggle")
_FIELD = re.compile("\x01([^\x01\x02]+)\x02([^\x01]*)")
_RECORD = re.compile(r"C '(.*)' (\d+)")
_BIT = re.compile(r"(.*)\[(\d+)\]")


@dataclass(frozen=True, order=True)
class Point:
    """A block of lines, or a bit: ``what`` is ``if``, ``else``, ``block`` or ``signal[3]``."""

    module: str
    kind: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.module}.v:{self.line} {self.what}"


@dataclass(frozen=True)
class Hole:
    """Points that need not be hit, and why: a signal, ``signal[high:low]``, or a block or branch by
    a text that stands in its line.

    Attributes
    ----------
    unreachable : no input whatever can hit it, so that it does not count at all; a hole does
    """

    module: str
    what: str
    reason: str
    unreachable: bool = False

    def excuses(self, point: Point, source: Sequence[str]) -> bool:
        """Whether it speaks of this point of its module."""
        if point.module != self.module:
            return False
        if point.kind != "toggle":
            return self.what in source[point.line - 1]
        name, bit = _split(point.what)
        mine, high, low = _span(self.what)
        return name == mine and (high is None or (bit is not None and low <= bit <= high))


@dataclass(frozen=True)
class Row:
    """A module's points of one kind: hit, unreachable, holes, and those without a reason."""

    module: str
    kind: str
    hit: int
    unreachable: int
    holes: int
    missed: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.reachable + self.unreachable

    @property
    def reachable(self) -> int:
        """Those that count."""
        return self.hit + self.holes + self.missed

    @property
    def percent(self) -> float:
        """Hit, of those that count, holes among them; 100 if none does."""
        return 100 * self.hit / self.reachable if self.reachable else 100.0


def read_coverage(paths: Iterable[Path], modules: Iterable[str]) -> Counter[Point]:
    """Hits of every point of these modules, summed over the files that the host wrote.

    Raises
    ------
    InputError
        If a file cannot be read, or holds no point of theirs.
    """
    hits: Counter[Point] = Counter()
    wanted = set(modules)
    for path in paths:
        try:
            text = path.read_text("utf-8")
        except OSError as error:
            raise InputError(f"{path}: {error.strerror}; run with coverage first") from None
        for match in _RECORD.finditer(text):
            found = dict(_FIELD.findall(match[1]))
            module, kind = Path(found.get("f", "")).stem, found.get("page", "").split("/")[0][2:]
            if module in wanted and kind in KINDS:
                hits[Point(module, kind, int(found["l"]), found["o"])] += int(match[2])
    if not hits:
        raise InputError("no coverage of these modules was counted; "
                         "build with coverage=True under Verilator")
    return hits


def split_holes(
    hits: Mapping[Point, int], holes: Sequence[Hole], sources: Mapping[str, Path]
) -> tuple[dict[Point, Hole], list[Point]]:
    """Points without a hit: those that a hole excuses, and the others.

    Raises
    ------
    InputError
        If a hole excuses nothing: it is closed, or its text has changed.
    """
    lines = {module: path.read_text().splitlines() for module, path in sources.items()}
    excused: dict[Point, Hole] = {}
    missed = []
    for point in sorted(point for point, count in hits.items() if not count):
        hole = next((h for h in holes if h.excuses(point, lines[point.module])), None)
        if hole is None:
            missed.append(point)
        else:
            excused[point] = hole
    idle = next((hole for hole in holes if hole not in excused.values()), None)
    if idle is not None:
        raise InputError(f"hole {idle.module} {idle.what}: everything there is hit; "
                         f"take it from the list")
    return excused, missed


def rows(hits: Mapping[Point, int], excused: Mapping[Point, Hole]) -> list[Row]:
    """A row a module and kind, and the sums as module ``all``."""
    told = []
    for module in [*sorted({point.module for point in hits}), "all"]:
        for kind in KINDS:
            points = [p for p in hits if p.kind == kind and module in (p.module, "all")]
            hit = sum(hits[p] > 0 for p in points)
            named = [excused[p].unreachable for p in points if p in excused]
            if points:
                told.append(Row(module, kind, hit, sum(named), len(named) - sum(named),
                                len(points) - hit - len(named)))
    return told


def html_page(
    hits: Mapping[Point, int], excused: Mapping[Point, Hole], sources: Mapping[str, Path],
    bins: Mapping[str, int],
) -> str:
    """One page: the table, functional bins, holes by name, and every source with its hits."""
    cells = [(r.module, r.kind, r.hit, r.unreachable, r.holes, r.missed, f"{r.percent:.1f} %")
             for r in rows(hits, excused)]
    kept = sorted(excused.items())
    parts = [
        "<!doctype html><meta charset=utf-8><title>Coverage of the Verilog</title>", _STYLE,
        "<h1>Coverage of the Verilog</h1><h2>Lines, branches and toggles</h2>",
        _table(("module", "points", "hit", "unreachable", "holes", "missed", "hit of reachable"),
               cells),
        "<h2>Functional bins</h2>",
        _table(("hits", "bin"), [(count, name) for name, count in bins.items()]),
        "<h2>Holes</h2>",
        _table(("point", "why"), [(str(p), h.reason) for p, h in kept if not h.unreachable]),
        "<h2>Unreachable, not counted</h2>",
        _table(("point", "why"), [(str(p), h.reason) for p, h in kept if h.unreachable]),
        "<h2>Sources</h2>",
    ]
    for module in sorted({point.module for point in hits}):
        text = _source(module, hits, excused, sources)
        parts.append(f"<h3>{escape(module)}</h3><pre>{text}</pre>")
    return "\n".join(parts)


_STYLE = ("<style>body{font-family:sans-serif;margin:2em}td,th{padding:0 1em 0 0;text-align:left}"
          "pre{line-height:1.2}.hit{background:#dfd}.hole{background:#ffd}.miss{background:#fbb}"
          "</style>")


def _source(
    module: str, hits: Mapping[Point, int], excused: Mapping[Point, Hole],
    sources: Mapping[str, Path],
) -> str:
    by_line: dict[int, list[Point]] = {}
    for point in hits:
        if point.module == module:
            by_line.setdefault(point.line, []).append(point)
    out = []
    for number, text in enumerate(sources[module].read_text().splitlines(), 1):
        points = by_line.get(number, [])
        without = [p for p in points if not hits[p]]
        state = "" if not points else "hit" if not without else (
            "hole" if all(p in excused for p in without) else "miss")
        blocks = [hits[p] for p in points if p.kind != "toggle"]
        tip = escape(", ".join(p.what for p in without))
        count = f"{min(blocks):>9}" if blocks else " " * 9
        out.append(f'<span class="{state}" title="{tip}">{number:5} {count}  {escape(text)}</span>')
    return "\n".join(out)


def _table(head: Sequence[str], cells: Iterable[Sequence[object]]) -> str:
    lines = ["".join(f"<th>{escape(name)}" for name in head)]
    lines += ["".join(f"<td>{escape(str(cell))}" for cell in row) for row in cells]
    return "<table>" + "".join(f"<tr>{line}" for line in lines) + "</table>"


def _split(what: str) -> tuple[str, int | None]:
    match = _BIT.fullmatch(what)
    return (match[1], int(match[2])) if match else (what, None)


def _span(what: str) -> tuple[str, int | None, int]:
    match = re.fullmatch(r"(.*)\[(\d+)(?::(\d+))?\]", what)
    if match is None:
        return what, None, 0
    return match[1], int(match[2]), int(match[3] or match[2])
