"""Tables for a terminal of any width: a number stands whole or not at all.

Where a table is wider than the terminal, heads go onto several lines, sentences are wrapped, and
names lose their middle. If that is not enough, a table of few rows is turned on its side; of
another, columns are left out, the last ones first, and a line below says which.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from accelsim.errors import printable

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

GAP = 3  # characters between two columns; one in front of the first
SHORTEST_NAME = 12
WHOLE = 16
"""A text of so few characters is never cut or wrapped; a column of sentences is as wide."""


class Grid:
    """A table; columns of numbers stand on the right.

    Parameters
    ----------
    keep : heads of columns that are never left out, beside the first
    """

    def __init__(
        self, title: str, columns: Sequence[str], rows: Iterable[Sequence[object]],
        keep: Sequence[str] = (),
    ) -> None:
        self.title = printable(title)
        self._heads = [(printable(head), at == 0 or head in keep)
                       for at, head in enumerate(columns)]
        self._body = [[cell_text(value) for value in row] for row in rows]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text(self.title)
        rule = "-" if options.ascii_only else "─"
        for line in self.lines(options.max_width, rule, options.encoding):
            yield Text(line, no_wrap=True, overflow="ignore")
        yield Text("")

    def lines(self, width: int, rule: str = "─", encoding: str = "utf-8") -> Iterator[str]:
        """The table without its title, in lines of at most ``width`` where numbers allow it.

        What the encoding lacks is written as an escape, which takes more room.
        """
        def known(text: str) -> str:
            return text.encode(encoding, "backslashreplace").decode(encoding)

        every = [_Column(known(head), [known(row[at]) for row in self._body], kept)
                 for at, (head, kept) in enumerate(self._heads)]
        columns, left_out = _fitting(every, width)
        if left_out:
            turned = _turned(every)
            if sum(column.least for column in turned) + GAP * len(turned) <= width + 1:
                columns, left_out = turned, []
        widths = _widths(columns, width)
        head = [_wrapped(_parts(column.head), w) for column, w in zip(columns, widths, strict=True)]
        if any(column.head for column in columns):
            yield ""
            yield from _printed(head, columns, widths)
            yield f" {rule * (sum(widths) + GAP * (len(widths) - 1))}"
        for at in range(len(columns[0].cells)):
            cells = [column.shown(at, w) for column, w in zip(columns, widths, strict=True)]
            yield from _printed(cells, columns, widths)
        if left_out:
            names = ", ".join(column.head for column in left_out if column.head)
            yield from _wrapped(_words(f"left out, for want of width: {names}"), width)


def cell_text(value: object) -> str:
    """A value as a cell shows it; what has no value is a dash."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.1f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return printable(str(value))


def shortened(text: str, width: int) -> str:
    """A text without its middle, ``width`` characters of a terminal wide."""
    if cell_len(text) <= width:
        return text
    room = max(width - 2, 2)
    front, back = "", ""
    for at in range(len(text)):
        # From both ends by turns; names tell more at their end.
        if cell_len(back + text[-1 - at]) + cell_len(front) > room:
            break
        back = text[-1 - at] + back
        if cell_len(front + text[at]) + cell_len(back) > room:
            break
        front += text[at]
    return f"{front}..{back}"


@dataclass
class _Column:
    head: str
    cells: list[str]
    kept: bool = False

    def __post_init__(self) -> None:
        self.number = all(_is_number(cell) for cell in self.cells)
        widest = max(map(cell_len, self.cells), default=0)
        words = max((cell_len(part) for part in _parts(self.head)), default=0)
        self.natural = max(widest, cell_len(self.head))
        # What a column without its head on one line, its sentences and long names takes.
        self.whole = max((cell_len(c) for c in self.cells if self._stays(c)), default=0)
        self.sentence = any(" " in cell for cell in self.cells if not self._stays(cell))
        self.least = max(self.whole, words)
        if widest > self.whole:
            at_least = WHOLE if self.sentence else SHORTEST_NAME
            self.least = max(self.least, min(widest, at_least))
            while not self.sentence and not self._distinct():
                self.least += 1
        self.without_head = max(widest, self.least)

    def shown(self, at: int, width: int) -> list[str]:
        """A cell's lines."""
        cell = self.cells[at]
        if cell_len(cell) <= width or self._stays(cell):
            return [cell]
        return _wrapped(_words(cell), width) if " " in cell else [shortened(cell, width)]

    def _stays(self, cell: str) -> bool:
        return self.number or cell_len(cell) <= WHOLE or _is_number(cell)

    def _distinct(self) -> bool:
        cells = set(self.cells)
        return len({shortened(cell, self.least) for cell in cells}) == len(cells)


def _is_number(text: str) -> bool:
    return text in ("", "-") or re.fullmatch(
        r"[-+]?[\d,]*\.?\d+(e[-+]?\d+)?( ?[%x])?", text) is not None


def _parts(head: str) -> list[str]:
    """Where a head may be broken: behind spaces and underscores, and a dot between words."""
    return [part for part in re.split(r"(?<=[ _])|(?<=\.)(?=[A-Za-z])", head) if part]


def _fitting(columns: list[_Column], width: int) -> tuple[list[_Column], list[_Column]]:
    """The columns that there is room for, and those that there is not."""
    stay, out = list(columns), list[_Column]()
    while len(stay) > 1 and sum(c.least for c in stay) + GAP * len(stay) > width + 1:
        last = next((c for c in reversed(stay) if not c.kept), None)
        if last is None:
            break
        stay.remove(last)
        out.insert(0, last)
    return stay, out


def _turned(columns: list[_Column]) -> list[_Column]:
    """A line a column, a column a row."""
    rows = len(columns[0].cells)
    heads = _Column("", [column.head for column in columns], True)
    return [heads, *(_Column("", [c.cells[at] for c in columns], True) for at in range(rows))]


def _widths(columns: list[_Column], width: int) -> list[int]:
    """Of each column: as wide as it likes, or less, the widest first."""
    room = width + 1 - GAP * len(columns)
    widths = [column.natural for column in columns]
    for floor in ([c.without_head for c in columns], [c.least for c in columns]):
        while sum(widths) > room:
            spare = [w - least for w, least in zip(widths, floor, strict=True)]
            if max(spare) <= 0:
                break
            able = [at for at, extra in enumerate(spare) if extra > 0]
            widths[max(able, key=lambda at: widths[at])] -= 1
    return widths


def _wrapped(parts: Iterable[str], width: int) -> list[str]:
    """Parts of a text in lines; a part that is wider than a line is broken where the line ends."""
    lines = [""]
    for part in parts:
        if lines[-1] and cell_len(lines[-1] + part.rstrip()) > width:
            lines.append("")
        lines[-1] += part
        while cell_len(lines[-1].rstrip()) > width:
            at = next(n for n in range(len(lines[-1]), 0, -1) if cell_len(lines[-1][:n]) <= width)
            lines[-1:] = [lines[-1][:at], lines[-1][at:]]
    return [line.rstrip() for line in lines]


def _words(text: str) -> list[str]:
    return re.split(r"(?<= )", text)


def _printed(
    cells: list[list[str]], columns: list[_Column], widths: list[int]
) -> Iterator[str]:
    """The lines of a row."""
    for line in range(max(map(len, cells))):
        parts = []
        for own, column, width in zip(cells, columns, widths, strict=True):
            text = own[line] if line < len(own) else ""
            pad = " " * (width - cell_len(text))
            parts.append(pad + text if column.number else text + pad)
        yield f" {(' ' * GAP).join(parts)}".rstrip()
