"""A window of any machine's run, cycle by cycle, to a file: what ``accelsim trace`` calls.

    with trace_writer("vcd", file, config, job, range(8)) as writer:
        watch(config, job, 0, 1999, writer)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import IO, Any

from accelsim.errors import InputError
from accelsim.inside import replay
from accelsim.inside.trace import BINARY, FORMATS, TraceWriter, writer
from accelsim.inside.tracks import View
from accelsim.machines.registry import machine_of
from accelsim.records.signals import Observer

__all__ = ["BINARY", "FORMATS", "TraceWriter", "n_pes", "requests", "trace_writer", "watch"]


def n_pes(config: Any, job: Any) -> int:
    """PEs that can be shown: those of the first channel, then those of the next one, and so on."""
    return int(config.n_pe) * int(job.n_channels)


def trace_writer(
    kind: str, file: IO[Any], config: Any, job: Any, pes: Sequence[int], note: str = ""
) -> TraceWriter:
    """An observer that writes ``kind`` to an open file (of bytes if in `BINARY`).

    Parameters
    ----------
    pes : which PEs to show, below `n_pes`; what they share is always shown
    note : of one line, kept in the file: what ran, and with which settings

    Raises
    ------
    InputError
        If the format is unknown, a PE is not there, or the format's library is not installed.
    """
    for pe in pes:
        if not 0 <= pe < n_pes(config, job):
            raise InputError(f"PE {pe} is not there; the machine has 0 to {n_pes(config, job) - 1}")
    machine = machine_of(config)
    view = View(job.name, pes) if machine.tracks is None else (
        machine.part("tracks")(config, job, pes))
    view.clock_mhz = config.clock_mhz
    return writer(kind, file, view, note)


def watch(config: Any, job: Any, first: int, last: int, observer: Observer) -> int:
    """Show the cycles ``first`` to ``last`` of a run to an observer.

    Returns
    -------
    The number of cycles shown: fewer if the run ends before ``last``.

    Raises
    ------
    InputError
        If the window is empty or begins after the run's end.
    UnsupportedError
        If the machine has no reference.
    """
    machine = machine_of(config)
    if machine.watch is not None:
        return int(machine.part("watch")(config, job, first, last, observer))
    return replay.watch(machine.telling("reference"), config, job, first, last, observer)


def requests(config: Any, job: Any) -> Iterator[int]:
    """Byte addresses that a run asks of DRAM, in order.

    Raises
    ------
    UnsupportedError
        If the machine has no model of its requests, or this run makes none.
    """
    asked: Iterator[int] = machine_of(config).part("requests")(config, job)
    return asked
