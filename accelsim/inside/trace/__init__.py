"""Runs cycle by cycle: waveforms (VCD), tracks (Perfetto), text. For every machine.

Each writer is an observer of a reference. It writes as it sees, so its memory does not grow with
the run, and it only reads: a run with and without it is the same. `accelsim.machines.trace` makes
one from a configuration and a job.
"""

from __future__ import annotations

from importlib import import_module
from types import TracebackType
from typing import IO, Any, Protocol

from accelsim.errors import InputError, nearest
from accelsim.inside.tracks import View
from accelsim.records.signals import Array

FORMATS = {
    "vcd": "accelsim.inside.trace.vcd",
    "perfetto": "accelsim.inside.trace.perfetto",
    "text": "accelsim.inside.trace.text",
}
"""Format to the module whose ``Trace(file, view, note)`` writes it."""

BINARY = {"perfetto"}


class TraceWriter(Protocol):
    """An observer that writes to a file; ``close`` ends what is open."""

    def cycle(self, t: int, array: Array) -> None: ...
    def close(self) -> None: ...
    def __enter__(self) -> TraceWriter: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        where: TracebackType | None,
    ) -> None: ...


def writer(kind: str, file: IO[Any], view: View, note: str = "") -> TraceWriter:
    """An observer that writes ``kind`` to an open file (of bytes if in `BINARY`).

    Parameters
    ----------
    view : what to show; the machine's ``tracks``, or a `View` of any machine's signals
    note : of one line, kept in the file: what ran, and with which settings

    Raises
    ------
    InputError
        If the format is unknown, or its library is not installed.
    """
    if kind not in FORMATS:
        raise InputError(f"no trace format '{kind}'{nearest(kind, FORMATS)}")
    try:
        trace = import_module(FORMATS[kind]).Trace
    except ImportError as problem:
        library = (problem.name or kind).partition(".")[0]
        raise InputError(
            f"{library} is not installed; install it with: pip install 'accelsim[trace]'"
        ) from None
    made: TraceWriter = trace(file, view, note)
    return made


class Closing:
    """``with`` for a writer: closed on the way out."""

    def close(self) -> None:
        """End what is open."""

    def __enter__(self) -> Any:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
