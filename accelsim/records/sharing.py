"""Whether runs that follow each other share what they have in common.

A study or an explanation runs the same work on machines that differ in little. Inside of
`shared_work` a telling may keep what a run has worked out for the next ones; its results are the
same. Outside of it every run is worked out anew, so that the time it takes is that of a run.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_shared: ContextVar[bool] = ContextVar("shared_work", default=False)


@contextmanager
def shared_work() -> Iterator[None]:
    """Let the runs inside share their work."""
    token = _shared.set(True)
    try:
        yield
    finally:
        _shared.reset(token)


def is_shared() -> bool:
    """Whether a run may take what one before it has worked out."""
    return _shared.get()
