"""Standard streams as they may be: closed, or of an encoding that lacks some characters."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from accelsim.errors import printable


def ready() -> None:
    """Make the streams safe to write to: a closed one swallows all, and what an encoding lacks is
    written as an escape."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            # Or the next file that is opened would get its number, and its output.
            os.open(os.devnull, os.O_RDWR)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8"))
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def flushed(status: int) -> int:
    """Write what standard output still holds; ``status``, or that of a mistake if it cannot be."""
    try:
        # Typer may have put a wrapper in its place that hides a reader that has gone.
        stream = sys.__stdout__ if sys.__stdout__ is not None else sys.stdout
        for each in dict.fromkeys((sys.stdout, stream)):
            each.flush()
    except OSError as problem:
        # What is left would be tried again, and complained of, when Python ends.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)
        if not isinstance(problem, BrokenPipeError):
            return complain(f"standard output: {problem.strerror}")
    return status


def complain(message: str, program: str = "accelsim") -> int:
    """Say what is wrong in one line on standard error, if anybody reads it; the exit status."""
    line = printable(" ".join(message.split()))
    with suppress(OSError):
        sys.stderr.write(f"{program}: error: {line}\n")
        sys.stderr.flush()
    return 2
