"""Loaded by local Dask workers as they start."""

from __future__ import annotations

import signal

from accelsim.study import evaluate  # a worker counts as started when it can work

__all__ = ["dask_setup", "evaluate"]


def dask_setup(worker: object) -> None:
    """A terminal's Ctrl-C reaches every process of its group; it is the sweep that answers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
