"""A window of a run, shown to an observer."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from accelsim.errors import AccelsimError, InputError
from accelsim.records.signals import Observer


class Window:
    """An observer that passes on the cycles ``first`` to ``last``; ``shown`` counts them.

    Raises
    ------
    InputError
        If the window is empty or begins before the run.
    """

    def __init__(self, observer: Observer, first: int, last: int) -> None:
        if not 0 <= first <= last:
            raise InputError(
                f"cycles {first} to {last}: need 0 or more, and the first not the later"
            )
        self._show, self._first, self._last = observer.cycle, first, last
        self.shown = 0

    def cycle(self, t: int, array: Any) -> None:
        """One cycle of the run."""
        if self._first <= t <= self._last:
            self.shown += 1
            self._show(t, array)


def watch(
    reference: Callable[..., Any], config: Any, job: Any, first: int, last: int, observer: Observer
) -> int:
    """Run a reference from its start and show the cycles ``first`` to ``last``; for any machine.

    Parameters
    ----------
    reference : the machine's ``run(config, job, outputs, observer=)``

    Returns
    -------
    The number of cycles shown: fewer if the run ends before ``last``.

    Raises
    ------
    InputError
        If the window is empty or begins after the run's end.
    """
    window = _Last(observer, first, last)
    with suppress(_SeenError):
        reference(config, job, False, observer=window)
    if not window.shown:
        raise InputError(
            f"{job.name}: cycle {first} is behind the end; the run takes {window.cycles} cycles"
        )
    return window.shown


class _SeenError(AccelsimError):
    """All of a window has been shown: the rest of the run is not needed."""


class _Last(Window):
    """Ends the run in the cycle behind the window."""

    cycles = 0

    def cycle(self, t: int, array: Any) -> None:
        if t > self._last:
            raise _SeenError
        self.cycles = t + 1
        super().cycle(t, array)
