"""Compiled kernels: imported late, announced before the first of them is compiled, and timed.

Numba keeps compiled kernels on disk; compiling those that a run needs for the first time takes some
seconds. A caller that talks to a person asks to be told before that pause:

    on_first_compile(lambda: print("compiling kernels", file=sys.stderr))

This module does not import Numba.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

_listeners: list[Callable[[], None]] = []
_depth = 0       # kernels compile others inside of themselves
_collected = False
_since = 0.0
_seconds = 0.0
_kept = True


def on_first_compile(listener: Callable[[], None] | None) -> None:
    """Call ``listener`` before this process compiles its first kernel; None calls nobody.

    Kernels that come from the disk are not compiled, so a warm cache calls nobody.
    """
    _listeners[:] = [] if listener is None else [listener]


def listener() -> Callable[[], None] | None:
    """Who is still to be told, for a process that compiles in this one's stead."""
    return _listeners[-1] if _listeners else None


def seconds() -> float:
    """Wall clock that this process has spent compiling so far."""
    return _seconds


def are_kept() -> bool:
    """Whether compiled kernels are written to a disk for the next run."""
    return _kept


def not_kept() -> None:
    """Remember that a kernel could not be given a place on the disk."""
    global _kept
    _kept = False


def begin() -> None:
    """A kernel is about to be compiled: tell the listener, once.

    Python's search for cycles, a fifth of what compiling costs, waits until then: the compiler
    makes many objects and few cycles.
    """
    global _depth, _since, _collected
    while _listeners:
        _listeners.pop()()
    if not _depth:
        _since, _collected = time.perf_counter(), gc.isenabled()
        gc.disable()
    _depth += 1


def end() -> None:
    """It is compiled."""
    global _depth, _seconds
    _depth -= 1
    if not _depth:
        _seconds += time.perf_counter() - _since
        if _collected:
            gc.enable()
