"""How kernels are compiled: cached on disk, without the interpreter lock, announced.

A kernel takes arrays and integers only. It may call other kernels of its own file only, because
Numba's cache notices changes of that file alone. Import this module late: it imports Numba.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
from numba.core import event

from accelsim.kernels.compiling import about_to_compile


class _Announce(event.Listener):
    def on_start(self, event: Any) -> None:
        if str(event.data["dispatcher"].py_func.__module__).startswith("accelsim."):
            about_to_compile()

    def on_end(self, event: Any) -> None:
        """Nothing to tell."""


event.register("numba:compile", _Announce())  # type: ignore[no-untyped-call]


def kernel(function: Callable[..., Any]) -> Any:
    """Compile ``function`` at its first call; integer overflow and bounds are not checked."""
    try:
        return numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # neither the package's folder nor the user's cache can be written
        return numba.njit(nogil=True)(function)
