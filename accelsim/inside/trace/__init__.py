"""Runs cycle by cycle: waveforms (VCD), tracks (Perfetto), text.

Each writer is an observer of the reference engine. It writes as it sees, so its memory does not
grow with the run, and it only reads: a run with and without it is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from types import TracebackType
from typing import IO, Any, Protocol

from accelsim.errors import InputError, nearest
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.job import LayerJob
from accelsim.machines.eie.reference.array import Eie

FORMATS = {
    "vcd": "accelsim.inside.trace.vcd",
    "perfetto": "accelsim.inside.trace.perfetto",
    "text": "accelsim.inside.trace.text",
}
"""Format to the module whose ``Trace(file, config, job, pes, note)`` writes it."""

BINARY = {"perfetto"}


class TraceWriter(Protocol):
    """An observer that writes to a file; ``close`` ends what is open."""

    def cycle(self, t: int, machine: Eie) -> None: ...
    def close(self) -> None: ...
    def __enter__(self) -> TraceWriter: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        where: TracebackType | None,
    ) -> None: ...


def trace_writer(
    kind: str, file: IO[Any], config: EieConfig, job: LayerJob, pes: Sequence[int],
    note: str = "",
) -> TraceWriter:
    """An observer that writes ``kind`` to an open file (of bytes if in `BINARY`).

    Parameters
    ----------
    pes : which PEs to show; the control unit is always shown
    note : of one line, kept in the file: what ran, and with which settings

    Raises
    ------
    InputError
        If the format is unknown, a PE is not there, or the format's library is not installed.
    """
    if kind not in FORMATS:
        raise InputError(f"no trace format '{kind}'{nearest(kind, FORMATS)}")
    for pe in pes:
        if not 0 <= pe < config.n_pe:
            raise InputError(f"PE {pe} is not there; the machine has 0 to {config.n_pe - 1}")
    try:
        trace = import_module(FORMATS[kind]).Trace
    except ImportError as problem:
        library = (problem.name or kind).partition(".")[0]
        raise InputError(
            f"{library} is not installed; install it with: pip install 'accelsim[trace]'"
        ) from None
    writer: TraceWriter = trace(file, config, job, pes, note)
    return writer


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
