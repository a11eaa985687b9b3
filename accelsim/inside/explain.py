"""Where the cycles of a run went, what bounds it, and what would help: for every machine.

Everything is counted or run, nothing estimated: the states of each PE add up to the run's cycles,
and each remedy's gain is that of a run with it. A machine may add to what its counters say
(`Details`) and name changes to try (`Change`); without either, its counters' states are told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from accelsim.errors import AccelsimError, ConfigError, ConservationError, UnsupportedError
from accelsim.records.result import RunResult, SlotTime
from accelsim.records.sharing import shared_work
from accelsim.records.shown import Short

__all__ = ["explain"]

IntArray = npt.NDArray[np.int64]
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Change:
    """Something to try: other values of the configuration, other work, or both."""

    name: str
    settings: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    work: Any = None


@dataclass(frozen=True)
class Remedy:
    """A change, and the cycles of a run with it; ``problem`` says why there is none."""

    name: str
    cycles: int | None
    problem: str | None = None


@dataclass(frozen=True)
class Table:
    """Figures of one machine's own.

    Attributes
    ----------
    name : what they are called in ``--json``
    columns : key of a row to its heading; keys without one are told in ``--json`` alone
    rows : plain values by key
    """

    name: str
    title: str
    columns: Mapping[str, str]
    rows: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, eq=False)
class Details(Short):
    """What a machine says of a run beyond its counters; None or empty where it says nothing.

    Attributes
    ----------
    states : (n_pe,) cycles by state, "useful" first; None takes the counters' states
    blamed : (n_pe,) cycles that all PEs lost because of this PE
    worst : PEs, the one to look at first before the others
    tables : more figures
    bound : what bounds the run, as a clause
    slot_bounds : what decided when each of the result's slots ended
    """

    states: Mapping[str, IntArray] | None = None
    blamed: IntArray | None = None
    worst: Sequence[int] | IntArray | None = None
    tables: tuple[Table, ...] = ()
    bound: str | None = None
    slot_bounds: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Explanation(Short):
    """Where the cycles of one run went; see `Details` for what depends on the machine."""

    result: RunResult
    states: Mapping[str, IntArray]
    bound: str
    worst: IntArray
    blamed: IntArray | None = None
    tables: tuple[Table, ...] = ()
    slot_bounds: tuple[str, ...] = ()
    remedies: list[Remedy] = field(default_factory=list)

    @property
    def finding(self) -> str:
        """One sentence: what bounds the run, and the two changes that save most cycles.

        Two, as the first may cost more hardware than it is worth.
        """
        told = self.bound[:1].upper() + self.bound[1:]
        tried = [(self.saved(r) or 0, r.name) for r in self.remedies if r.cycles is not None]
        if not tried:
            return f"{told}."
        best = [pair for pair in sorted(tried, key=lambda pair: -pair[0])[:2] if pair[0] > 0]
        if not best:
            return f"{told}; no change that was tried saves a cycle."
        cycles = self.result.cycles
        gains = "; ".join(
            f"{name.partition(':')[0]} would save {saved:,} of {cycles:,} cycles "
            f"({100 * saved / cycles:.1f} %)" for saved, name in best)
        return f"{told}; {gains}."

    def shares(self) -> dict[str, float]:
        """Share of all PE-cycles in each state."""
        return shares(self.states)

    def worst_pes(self, count: int = 5) -> list[int]:
        """The PEs to look at first: those to blame, then those with most work."""
        return [int(pe) for pe in self.worst[:count]]

    def saved(self, remedy: Remedy) -> int | None:
        """Cycles that a remedy saves; below 0 it costs some."""
        return None if remedy.cycles is None else self.result.cycles - remedy.cycles

    def as_dict(self) -> dict[str, Any]:
        """Plain values for ``--json``; the rows of each table stand under its name."""
        return {
            "layer": self.result.name,
            "cycles": self.result.cycles,
            "n_pe": self.result.timed.n_pe,
            "finding": self.finding,
            "shares": self.shares(),
            "states": {state: cycles.tolist() for state, cycles in self.states.items()},
            "blamed": None if self.blamed is None else self.blamed.tolist(),
            "worst_pes": self.worst_pes(),
            "tables": {table.name: table.title for table in self.tables},
            **{table.name: [dict(row) for row in table.rows] for table in self.tables},
            "remedies": [vars(r) | {"saved": self.saved(r)} for r in self.remedies],
            "losses": [loss.as_dict() for loss in self.result.losses],
        }


def explain(
    machine: Any, config: Any, work: Any, job: Any, remedies: bool = True, **options: Any
) -> Explanation:
    """Run a job on the quickest telling with time, and explain it.

    Parameters
    ----------
    machine : the `accelsim.machines.base.Machine` of ``config``
    work : what ``job`` was made from
    remedies : whether to run the job again with each change that may help
    options : of the machine's ``explain`` part

    Raises
    ------
    ConservationError
        If the machine's states do not add up to the run's cycles.
    UnsupportedError
        If the machine has no telling with time, or takes no options.
    """
    return explain_result(machine, config, work, job, machine.finish(config, job, outputs=False),
                          remedies, **options)


def explain_result(
    machine: Any, config: Any, work: Any, job: Any, result: RunResult, remedies: bool = True,
    **options: Any,
) -> Explanation:
    """Explain a run that is there already; arguments and errors as of `explain`.

    Parameters
    ----------
    result : of ``job``, or of several like it, added up
    """
    counters, details = result.timed, Details()
    if machine.explain is not None:
        details = machine.part("explain")(machine, config, work, job, result, **options)
    elif options:
        raise UnsupportedError(f"{machine.name}: its explanation takes no {', '.join(options)}")
    states = counters.states() if details.states is None else details.states
    told = np.sum([*states.values()], axis=0)
    if not np.array_equal(told, np.full(counters.n_pe, result.cycles)):
        pe = int(np.argmax(told != result.cycles))
        raise ConservationError(f"{result.name}: states of PE {pe} add up to {told[pe]}, not to "
                                f"{result.cycles} cycles")
    found = []
    if remedies and machine.remedies is not None:
        changes = machine.part("remedies")(config, work, job, result)
        with shared_work():
            found = list(tried(machine, config, work, job, changes))
    return Explanation(
        result, states, details.bound or largest_loss(states), _worst(details, states),
        details.blamed, details.tables, details.slot_bounds, found,
    )


def tried(
    machine: Any, config: Any, work: Any, job: Any, changes: Iterable[Change]
) -> Iterator[Remedy]:
    """Run the job with one change after the other."""
    for change in changes:
        try:
            other = _changed(config, change.settings)
            own = job.again(machine, other, work if change.work is None else change.work)
            yield Remedy(change.name, machine.finish(other, own, outputs=False).cycles)
        except AccelsimError as problem:
            yield Remedy(change.name, None, str(problem))


def _changed(config: Any, settings: Mapping[str, Any]) -> Any:
    """Another configuration, checked as if it came from a file."""
    try:
        return type(config).model_validate(config.model_dump() | dict(settings))
    except ValidationError as problem:
        text = problem.errors()[0]["msg"].removeprefix("Value error, ")
        raise ConfigError(" ".join(text.split())) from None


def shares(states: Mapping[str, IntArray]) -> dict[str, float]:
    """Share of all PE-cycles in each state; they add up to 1."""
    total = np.sum([*states.values()])
    return {state: float(cycles.sum() / total) for state, cycles in states.items()}


def largest_loss(states: Mapping[str, IntArray]) -> str:
    """How much is useful, and in which other state most cycles went, as a clause."""
    useful, *others = shares(states).items()
    state, lost = max(others, key=lambda item: item[1], default=("", 0.0))
    text = f"{100 * useful[1]:.1f} % of the PE-cycles are useful work"
    return f"{text}, the largest loss is '{state}' with {100 * lost:.1f} %" if lost else text


def steady_step(slots: Sequence[SlotTime]) -> int:
    """A step in the steady state: the last but one, as the last fetches nothing for a next one.

    Slots before and after the steps have names of their own.
    """
    names = {slot.name for slot in slots if slot.step == 0}
    steps = {slot.step for slot in slots if slot.step >= 0 and slot.name in names}
    return max(len(steps) - 2, 0)


def _worst(details: Details, states: Mapping[str, IntArray]) -> IntArray:
    if details.worst is not None:
        return np.asarray(details.worst, dtype=np.int64)
    busy = next(iter(states.values()))
    blamed = np.zeros_like(busy) if details.blamed is None else details.blamed
    return np.lexsort((np.arange(len(busy)), -busy, -blamed)).astype(np.int64)
