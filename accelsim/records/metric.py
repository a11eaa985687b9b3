"""A number that studies keep of a run: its column and the function that tells it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from accelsim.records.result import RunResult

Combine = Literal["sum", "mean", "max"]


@dataclass(frozen=True)
class FinishedPoint:
    """One piece of work that has run on one machine.

    Attributes
    ----------
    packed : the work as the machine took it, a `CompressedLayer` or a `RecurrentLayer`
    wanted : (n_steps, n_channels, n_outputs), outputs in float of a recurrent layer before
        compression; None of other work, whose outputs are not worked out
    """

    config: Any
    packed: Any
    result: RunResult
    wanted: npt.NDArray[np.float64] | None = None

    @property
    def counters(self) -> Any:
        """The run's counters, of the machine's own class."""
        return self.result.timed

    @property
    def energy(self) -> Any:
        """What the run costs, priced once for all metrics."""
        return self.result.energy

    @cached_property
    def states(self) -> dict[str, npt.NDArray[np.int64]]:
        """What each PE did, in cycles (`CounterSet.states`)."""
        told: dict[str, npt.NDArray[np.int64]] = self.counters.states()
        return told


@dataclass(frozen=True)
class Metric:
    """One number of a finished point.

    Attributes
    ----------
    name : column name; the unit ends it
    meaning : one line
    combine : how the layers of a design become one number: added up, averaged or the largest
    value : the function; a module's own, so that it can travel to a worker
    machines : names, of a metric that was written for some machines alone; empty for whichever
        machine has what it needs
    needs : what a machine must have to be told of it: names of its counters, of parts of its
        record ("price") and of kinds of work that it takes ("RecurrentLayer")
    after : of a machine's own metrics: the column behind which it stands; the end without one
    """

    name: str
    meaning: str
    combine: Combine
    value: Callable[[Any], float]
    machines: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    after: str = ""
