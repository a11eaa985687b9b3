"""What is held of every case; conservation laws and states are held in every run."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from accelsim.contracts.cases import Case
from accelsim.errors import UnsupportedError
from accelsim.machines.base import ENGINES, Machine
from accelsim.records.result import JobResult

Check = Callable[[Machine, Case], str | None]
"""A machine and a case to what is wrong, in words, or None; its docstring is its name."""


def _runs(machine: Machine, case: Case, outputs: bool = True) -> list[tuple[str, JobResult]]:
    """Engine and what it gives; a telling may refuse the work by name."""
    runs = []
    for engine in ENGINES:
        if engine in machine.tellings:
            with suppress(UnsupportedError):
                runs.append((engine, machine.run(case.config, case.job, engine, outputs)))
    if not runs:
        raise UnsupportedError(f"{machine.name}: every telling refuses {case.job.name}")
    return runs


def _tellings(machine: Machine, case: Case) -> str | None:
    """Outputs, operations and every counter are equal in all tellings."""
    runs = _runs(machine, case)
    (first, want), *others = runs
    for engine, got in others:
        for what in ("outputs", "operations", "slots"):
            mine, theirs = getattr(want, what), getattr(got, what)
            if what == "slots" and "functional" in (first, engine):
                continue
            if not np.array_equal(mine, theirs):
                return f"{what} of {first} and {engine}: {_where(mine, theirs)}"
    timed = [(name, run.counters) for name, run in runs if run.counters is not None]
    for engine, counters in timed[1:]:
        difference = timed[0][1].difference(counters)
        if difference:
            return f"{timed[0][0]} and {engine}: {difference}"
    return None


def _where(mine: Any, theirs: Any) -> str:
    if np.shape(mine) != np.shape(theirs) or not isinstance(mine, np.ndarray):
        return f"{mine} != {theirs}"
    at = tuple(int(i) for i in np.argwhere(mine != theirs)[0])
    return f"{at}: {mine[at]} != {theirs[at]}"


def _without_outputs(machine: Machine, case: Case) -> str | None:
    """A run without outputs takes the same time and counts the same, as far as it counts."""
    for (engine, run), (_, bare) in zip(
        _runs(machine, case), _runs(machine, case, outputs=False), strict=True
    ):
        full = run.counters
        if full is None:
            continue
        if bare.outputs is not None:
            return f"{engine}: outputs were not asked for"
        counted = {f.name: getattr(bare.counters, f.name) for f in bare.counters.counted()}
        same = type(full).partial({name: getattr(full, name) for name in counted})
        difference = same.difference(type(full).partial(counted))
        if difference:
            return f"{engine}: {difference}"
    return None


def _order(machine: Machine, case: Case) -> str | None:
    """The order of a reference's processes changes nothing."""
    if "reference" not in machine.tellings:
        return None
    run = machine.telling("reference")
    plain = machine.run(case.config, case.job, "reference")
    mixed = run(case.config, case.job, shuffle=random.Random(case.seed))
    mine: Any = plain.outputs
    theirs: Any = mixed.outputs
    if not np.array_equal(mine, theirs):
        return _where(mine, theirs)
    difference: str | None = plain.counters.difference(mixed.counters)
    return difference


class _Silent:
    """Looks at every cycle and does nothing."""

    def __init__(self) -> None:
        self.seen = 0

    def cycle(self, t: int, array: Any) -> None:
        self.seen += 1


def _observed(machine: Machine, case: Case) -> str | None:
    """A reference that is watched runs as it does alone, and shows every cycle once."""
    if "reference" not in machine.tellings:
        return None
    watcher = _Silent()
    plain = machine.run(case.config, case.job, "reference").counters
    seen = machine.telling("reference")(case.config, case.job, observer=watcher).counters
    if watcher.seen != plain.cycles:
        return f"{watcher.seen} cycles shown, {plain.cycles} counted"
    difference: str | None = plain.difference(seen)
    return difference


def _price(machine: Machine, case: Case) -> str | None:
    """Energy by module and by cause add up to the same, and nothing costs less than zero."""
    if machine.price is None:
        return None
    report = machine.finish(case.config, case.job).energy
    causes = sum(report.causes_pj.values())
    if not np.isclose(causes, report.total_pj, rtol=1e-9):
        return f"causes {causes} pJ, total {report.total_pj} pJ"
    parts = {**report.modules_pj, **report.causes_pj, **report.area_mm2}
    return next((f"{name} is {value}" for name, value in parts.items() if value < 0), None)


CHECKS: tuple[Check, ...] = (_tellings, _without_outputs, _order, _observed, _price)
"""Those that need nothing but the package."""


class Verilog:
    """The Verilog agrees in outputs, cycles, counters and every signal of every cycle.

    Attributes
    ----------
    taken : cases that it did not refuse by name
    """

    def __init__(self, folder: Path, build_dir: Path) -> None:
        self._folder, self._build_dir = folder, build_dir
        self.taken = 0

    def __call__(self, machine: Machine, case: Case) -> str | None:
        if machine.rtl is None:
            return None
        from accelsim.rtl_bridge import cosim

        try:
            report = cosim(case.config, case.job, [self._folder], self._build_dir)
        except UnsupportedError:
            return None
        self.taken += 1
        if report.equal:
            return None
        return (f"{report.cycles_rtl} cycles against {report.cycles_model}, "
                f"{report.counter_difference or 'counters equal'}, "
                f"{report.trace_difference or 'signals equal'}")
