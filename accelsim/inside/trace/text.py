"""One line a cycle, one column a unit."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO

from accelsim.inside.trace import Closing
from accelsim.inside.tracks import View
from accelsim.records.signals import Array


class Trace(Closing):
    """Writes the lines as they come."""

    def __init__(self, file: IO[str], view: View, note: str = "") -> None:
        self._file, self._view, self._note = file, view, note
        self._texts: list[Callable[[], str]] = []
        self._line = ""

    def cycle(self, t: int, array: Array) -> None:
        """One cycle of the reference."""
        if not self._texts:
            self._open(array)
        self._view.look()
        self._write(t, [text() for text in self._texts])

    def _open(self, array: Array) -> None:
        view = self._view
        view.open(array)
        cells = view.cells()
        self._texts = [cell.text for cell in cells]
        widths = [max(cell.width, len(cell.head)) for cell in cells]
        self._line = " ".join(["%9s", *(f"%-{width}s" for width in widths)])
        if self._note:
            self._file.write(f"# {self._note}\n")
        self._file.write(view.legend)
        self._write("cycle", [cell.head for cell in cells])

    def _write(self, first: object, texts: list[str]) -> None:
        self._file.write((self._line % (first, *texts)).rstrip() + "\n")
