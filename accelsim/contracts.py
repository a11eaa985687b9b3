"""The contract that every machine keeps: its tellings agree, its laws hold, its views add up.

One body for the machines of this package and for anyone's own:

    python -m accelsim.contracts my_machine.py --cases 200

draws small machines and small work, runs every telling that the machine's record has, and says
the first thing in which two of them differ. A machine whose record has ``cases`` draws its own.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from accelsim.compression import Recipe, compress
from accelsim.errors import (
    AccelsimError,
    CapacityError,
    ConfigError,
    InputError,
    UnsupportedError,
)
from accelsim.machines import get_machine, load_machine, machine_names
from accelsim.machines.base import ENGINES, Machine
from accelsim.machines.plugins import load_plugin
from accelsim.records import CompressedLayer
from accelsim.records.recurrent import RecurrentLayer
from accelsim.records.result import JobResult
from accelsim.workload import random_layer

LARGEST_SIDE = 24
"""Most rows and columns of the work that is drawn where a machine draws none itself."""


@dataclass(frozen=True, eq=False)
class Case:
    """One machine with one piece of work; ``seed`` makes it again."""

    seed: int
    config: Any
    job: Any


@dataclass(frozen=True)
class Fault:
    """What was found: ``seed`` of the case, the check that failed, and how."""

    seed: int
    check: str
    what: str


def draw(machine: Machine, seed: int) -> Case | None:
    """A small configuration and job; None where the work drawn does not fit the machine drawn."""
    rng = np.random.default_rng(seed)
    overrides, work, inputs = _cases(machine)(rng)
    try:
        config = load_machine(machine.name, **overrides)
        return Case(seed, config, machine.job(config, work, inputs))
    except (CapacityError, ConfigError):
        return None


def faults(machine: Machine, case: Case) -> Iterator[Fault]:
    """Everything in which this case breaks the contract; at most one fault a check."""
    for check in CHECKS:
        try:
            told = check(machine, case)
        except Exception as problem:  # a machine of one's own may break in any way
            told = f"{type(problem).__name__}: {problem}"
        if told:
            name = (check.__doc__ or check.__name__).splitlines()[0].rstrip(".")
            yield Fault(case.seed, name, told)


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


CHECKS: tuple[Callable[[Machine, Case], str | None], ...] = (
    _tellings, _without_outputs, _order, _observed, _price,
)
"""What is held of every case; conservation laws and states are held in every run."""


def _cases(machine: Machine) -> Callable[[np.random.Generator], tuple[dict[str, Any], Any, Any]]:
    if machine.cases is not None:
        own: Callable[[np.random.Generator], tuple[dict[str, Any], Any, Any]]
        own = machine.part("cases")
        return own
    if CompressedLayer in machine.takes:
        return _compressed_case
    if RecurrentLayer in machine.takes:
        return _linear_case
    raise InputError(f"{machine.name}: takes neither CompressedLayer nor RecurrentLayer; give its "
                     f"Machine record a 'cases' part that draws (overrides, work, inputs)")


def _drawn(rng: np.random.Generator) -> tuple[dict[str, Any], Any]:
    rows, columns = (int(n) for n in rng.integers(1, LARGEST_SIDE + 1, 2))
    layer = random_layer((rows, columns), float(rng.choice([0.1, 0.4, 1.0])),
                         float(rng.choice([0.0, 0.4, 1.0])), int(rng.integers(1 << 30)),
                         bias=bool(rng.integers(2)))
    return {"n_pe": int(rng.integers(1, 7))}, layer


def _compressed_case(rng: np.random.Generator) -> tuple[dict[str, Any], Any, Any]:
    overrides, layer = _drawn(rng)
    packed = compress(replace(layer, activations=None), Recipe())
    return overrides, packed, np.asarray(layer.activations).ravel()


def _linear_case(rng: np.random.Generator) -> tuple[dict[str, Any], Any, Any]:
    overrides, layer = _drawn(rng)
    dense = layer.weights.to_dense()
    biases = {} if layer.bias is None else {"by": layer.bias}
    steps = np.abs(rng.normal(size=(int(rng.integers(1, 4)), 1, dense.shape[1])))
    return overrides, RecurrentLayer("linear", {"Wyx": dense}, biases), steps


def check_machine(machine: Machine, cases: int = 100, seed: int = 0) -> tuple[int, list[Fault]]:
    """Hold a machine to the contract on so many drawn cases.

    Returns
    -------
    Cases that ran, and what was found, the first fault of each check.
    """
    found: dict[str, Fault] = {}
    ran = 0
    for number in range(seed, seed + 20 * cases):
        if ran == cases:
            break
        case = draw(machine, number)
        if case is None:
            continue
        ran += 1
        for fault in faults(machine, case):
            found.setdefault(fault.check, fault)
    return ran, list(found.values())


def main(arguments: list[str] | None = None) -> int:
    """The command: 0 where the contract is kept, 1 where it is not, 2 for a mistake."""
    parser = argparse.ArgumentParser(
        prog="python -m accelsim.contracts",
        description="Hold machines to the contract: tellings agree, laws hold, views add up.",
    )
    parser.add_argument("machine", help="a machine's name, or a plug-in file (.py)")
    parser.add_argument("--cases", type=int, default=100, help="cases to draw (100)")
    parser.add_argument("--seed", type=int, default=0, help="of the first case (0)")
    given = parser.parse_args(arguments)
    try:
        is_file = given.machine.endswith(".py")
        names = load_plugin(given.machine).machines if is_file else [given.machine]
        kept = [_told(get_machine(name), given.cases, given.seed) for name in names]
    except AccelsimError as problem:
        sys.stderr.write(f"accelsim: error: {problem}\n")
        return 2
    return 0 if all(kept) else 1


def _told(machine: Machine, cases: int, seed: int) -> bool:
    ran, found = check_machine(machine, cases, seed)
    if not ran:
        raise InputError(f"{machine.name}: no case that was drawn fits the machine")
    tellings = ", ".join(machine.tellings)
    sys.stdout.write(f"{machine.name}: {ran} cases, tellings {tellings}, "
                     f"{len(CHECKS)} checks a case, {len(found)} faults\n")
    for line in machine.replaces:
        sys.stdout.write(f"  replaces: {line}\n")
    for fault in found:
        sys.stdout.write(f"  seed {fault.seed}: {fault.check}: {fault.what}\n")
    return not found


__all__ = ["CHECKS", "Case", "Fault", "check_machine", "draw", "faults", "machine_names", "main"]

if __name__ == "__main__":
    sys.exit(main())
