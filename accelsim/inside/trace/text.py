"""One line a cycle, one column a unit."""

from __future__ import annotations

from typing import IO

from accelsim.inside.trace import Closing
from accelsim.inside.tracks import Cell, View
from accelsim.records.signals import Array


class Trace(Closing):
    """Writes the lines as they come."""

    def __init__(self, file: IO[str], view: View, note: str = "") -> None:
        self._file, self._view, self._note = file, view, note
        self._cells: list[Cell] = []
        self._widths: list[int] = []

    def cycle(self, t: int, array: Array) -> None:
        """One cycle of the reference."""
        if not self._cells:
            self._open(array)
        self._view.look()
        self._line(f"{t:>9}", [cell.text() for cell in self._cells])

    def _open(self, array: Array) -> None:
        view = self._view
        view.open(array)
        self._cells = view.cells()
        self._widths = [max(cell.width, len(cell.head)) for cell in self._cells]
        if self._note:
            self._file.write(f"# {self._note}\n")
        self._file.write(view.legend)
        self._line(f"{'cycle':>9}", [cell.head for cell in self._cells])

    def _line(self, first: str, texts: list[str]) -> None:
        padded = [text.ljust(width) for text, width in zip(texts, self._widths, strict=True)]
        self._file.write(" ".join([first, *padded]).rstrip() + "\n")
