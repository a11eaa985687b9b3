"""Compiled kernels: imported late, and announced before the first of them is compiled.

Numba keeps compiled kernels on disk; compiling all of them for the first time takes some seconds.
A caller that talks to a person asks to be told before that pause:

    on_first_compile(lambda: print("compiling kernels, once", file=sys.stderr))

This module does not import Numba.
"""

from __future__ import annotations

from collections.abc import Callable

_listeners: list[Callable[[], None]] = []


def on_first_compile(listener: Callable[[], None] | None) -> None:
    """Call ``listener`` before this process compiles its first kernel; None calls nobody.

    Kernels that come from the disk are not compiled, so a warm cache calls nobody.
    """
    _listeners[:] = [] if listener is None else [listener]


def about_to_compile() -> None:
    """Tell the listener, once."""
    while _listeners:
        _listeners.pop()()
