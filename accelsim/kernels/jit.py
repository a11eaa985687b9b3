"""How kernels are compiled: cached on disk, without the interpreter lock, announced and timed.

A kernel takes arrays and integers only. It may call other functions of its own file only, because
Numba's cache notices changes of that file alone: a `part` or a `linked` one, not another kernel,
which would be compiled twice, alone and once more inside of the caller. Import this module late: it
imports Numba.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
from numba.core import event

from accelsim.kernels import compiling


class _Announce(event.Listener):
    def on_start(self, event: Any) -> None:
        if _is_ours(event):
            compiling.begin()

    def on_end(self, event: Any) -> None:
        if _is_ours(event):
            compiling.end()


def _is_ours(event: Any) -> bool:
    return str(event.data["dispatcher"].py_func.__module__).startswith("accelsim.")


_config: Any = numba.config
_njit: Any = numba.njit  # its types lack the options by which it leaves out a wrapper

PLAIN = bool(_config.DISABLE_JIT)
"""Whether nothing is compiled: kernels are plain Python."""

_CODE = {"nogil": True, "error_model": "numpy"}

event.register("numba:compile", _Announce())  # type: ignore[no-untyped-call]


def kernel(function: Callable[..., Any]) -> Any:
    """Compile ``function`` at its first call; integer overflow, bounds and divisors of zero are not
    checked."""
    try:
        return _njit(cache=True, no_cfunc_wrapper=True, **_CODE)(function)
    except RuntimeError:  # neither the package's folder nor the user's cache can be written
        compiling.not_kept()
        return _njit(no_cfunc_wrapper=True, **_CODE)(function)


def part(function: Callable[..., Any]) -> Any:
    """Make ``function`` a part of the one kernel that calls it, compiled with it and only there."""
    return _njit(inline="always", **_CODE)(function)


def linked(function: Callable[..., Any]) -> Any:
    """Compile ``function`` for kernels alone: quicker than a `part` where it is small or inside of
    one, because a part is copied at every call."""
    return _njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, **_CODE)(function)
