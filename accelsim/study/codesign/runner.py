"""Proposals that the results file does not hold are worked out; what is there is read.

A proposal is known by the digest of all that determines its answer: the setting, the budget, the
chain of proposals before it, itself and its seed. So a search that begins anew is answered by the
file up to where it was stopped, and goes on as if it never was. Weights of the last steps that were
taken are in the file too; those of any other are worked out again where they are needed.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load, save

from accelsim import __version__
from accelsim.machines import load_machine
from accelsim.machines.plugins import plugins
from accelsim.study.codesign.budget import Budget
from accelsim.study.codesign.design import Design
from accelsim.study.codesign.proposals import METRICS, Answer, Proposal, Task, work_out
from accelsim.study.codesign.setting import Setting, digest, known
from accelsim.study.points import Chunk, Point
from accelsim.study.schema import StoreError, explained
from accelsim.study.store import Store
from accelsim.study.sweep import stop_signals
from accelsim.study.workers import Done, Pools, end, in_process, local_processes

_WEIGHTS = ("CREATE TABLE IF NOT EXISTS codesign_weights (digest BLOB PRIMARY KEY, "
            "tensors BLOB NOT NULL)")
KEPT_WEIGHTS = 2
"""Steps whose weights stay in the file."""


@dataclass(frozen=True)
class Searched:
    """What a search's rows are of, as a store has it."""

    name: str
    digest: str
    seed: int


@dataclass(eq=False)
class Step:
    """A step that was proposed: where it comes from, and what it came to.

    Attributes
    ----------
    before : the step whose weights it begins with; None begins with the network's own
    values : `METRICS`; empty where it failed
    error : why it failed
    feasible : whether its machine can be built
    """

    proposal: Proposal
    before: Step | None
    digest: bytes
    seed: tuple[int, ...]
    design: Design
    values: Mapping[str, float] = field(default_factory=dict)
    error: str | None = None
    feasible: bool = True
    weights: Mapping[str, npt.NDArray[np.float32]] | None = None

    @property
    def ratio(self) -> float:
        """Of the budget."""
        return self.values["ratio"]

    @property
    def score(self) -> tuple[float, float]:
        """Small is good: wrong decisions, then the loss."""
        return self.values["wrong_percent"], self.values["loss"]


class Runner:
    """Answers proposals of one search.

    Parameters
    ----------
    path : the results file; None keeps nothing
    on_step : called with each step that was worked out now
    """

    def __init__(
        self, setting: Setting, budget: Budget, path: str | Path | None, jobs: int = 1,
        dask: str | None = None, on_step: Callable[[Step], object] = lambda step: None,
    ) -> None:
        self.setting, self.budget, self.jobs, self.dask = setting, budget, jobs, dask
        self.on_step = on_step
        self.identity = digest(setting.identity(), dict(budget.limits))
        self.worked_out = 0
        self._pools: Pools = {}
        self._stopped = False
        values = dict(setting.machine)
        self._base: dict[str, Any] = load_machine(str(values["machine"])).model_dump()
        self._name = known(setting).network.name
        self.is_new = path is not None and not Path(path).exists()
        self.store = Store(path, METRICS)
        with explained(self.store.path):
            self.store.connection.execute(_WEIGHTS)

    def begin(self) -> Step:
        """The uncut network, measured."""
        return self.run([self.step(Proposal("tune", known(self.setting).start, 0.0, 0), None)])[0]

    def step(self, proposal: Proposal, before: Step | None, *more: int) -> Step:
        """A step to be run; ``more`` numbers tell it from others of the same proposal."""
        seed = (self.setting.seed, *more)
        chain = self.identity.hex() if before is None else before.digest.hex()
        known_by = digest(chain, proposal.as_dict(), seed)
        return Step(proposal, before, known_by, seed, proposal.design)

    def run(self, steps: Sequence[Step]) -> list[Step]:
        """The steps with what they came to.

        Raises
        ------
        KeyboardInterrupt
            After Ctrl-C; what was finished is stored.
        """
        left = deque(step for step in steps if not self._read(step))
        tasks = {step.digest: self._task(step) for step in left}
        by_digest = {step.digest: step for step in left}

        def take(worker: object) -> Chunk | None:
            return None if self._stopped or not left else tasks[left.popleft().digest]

        def stop() -> None:
            self._stopped = True

        if left:
            with stop_signals(stop), closing(self._backend(take)) as results:
                for chunk, (outcome,) in results:
                    step = by_digest[chunk.points[0].digest]
                    self._keep(step, chunk, outcome)
        if self._stopped:
            raise KeyboardInterrupt
        return list(steps)

    def settle(self, step: Step) -> None:
        """Keep the weights of a step that the search goes on from."""
        weights = self.weights_of(step)
        blob = save({name: np.ascontiguousarray(array) for name, array in weights.items()})
        with explained(self.store.path):
            db = self.store.connection
            db.execute("BEGIN IMMEDIATE")
            db.execute("INSERT OR IGNORE INTO codesign_weights VALUES (?, ?)", (step.digest, blob))
            older = [(at.digest,) for at in _chain(step)[KEPT_WEIGHTS:]]
            db.executemany("DELETE FROM codesign_weights WHERE digest = ?", older)
            db.execute("COMMIT")

    def weights_of(self, step: Step | None) -> Mapping[str, npt.NDArray[np.float32]]:
        """A step's weights: as they are kept, or worked out again."""
        if step is None:
            return known(self.setting).weights
        if step.weights is None:
            with explained(self.store.path):
                row = self.store.connection.execute(
                    "SELECT tensors FROM codesign_weights WHERE digest = ?", [step.digest]
                ).fetchone()
            if row is not None:
                step.weights = load(row[0])
            else:
                (answer,) = work_out(self._task(step))
                assert isinstance(answer, Answer)
                step.weights = answer.weights
        if step.weights is None:
            raise StoreError(f"{self.store.path}: holds a step that cannot be worked out again; "
                             f"name another results file with -o")
        return step.weights

    def close(self) -> None:
        """End workers and close the file; one that holds nothing is removed."""
        end(self._pools, wait=not self._stopped)
        if self.is_new and not self.store.count()[0]:
            self.store.withdraw()
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def _backend(self, take: Callable[[object], Chunk | None]) -> Generator[Done]:
        if self.dask is not None:
            from accelsim.study.cluster import on_cluster

            return on_cluster(take, self.dask, self.jobs, work_out)
        if self.jobs == 1:
            return in_process(take, work_out)
        return local_processes(take, self.jobs, work_out, self._pools)

    def _task(self, step: Step) -> Task:
        setting = self.setting
        overrides = {key: value for key, value in {
            **dict(setting.machine), **step.proposal.design.machine}.items()
            if value != self._base[key]}
        searched: Any = Searched(self._name, digest(setting.identity()).hex(), setting.seed)
        return Task(
            workload=searched, recipe={}, base=self._base, engine="fast", metrics=METRICS,
            version=__version__, points=(Point(step.digest, overrides),), plugins=plugins(),
            setting=setting, budget=self.budget, proposal=step.proposal,
            weights=self.weights_of(step.before), seed=step.seed)

    def _keep(self, step: Step, chunk: Chunk, outcome: Any) -> None:
        """Store what a step came to."""
        if isinstance(outcome, Answer) and outcome.design is not None:
            step.design, step.weights = outcome.design, outcome.weights
        proposal = step.proposal
        recipe = {"move": proposal.move, "layer": proposal.layer, "guide": proposal.guide,
                  "steps": proposal.steps,
                  "before": "" if step.before is None else step.before.digest.hex(),
                  "design": step.design.as_text()}
        self.store.write(replace(chunk, recipe=recipe), [outcome])
        self.worked_out += 1
        self._fill(step, outcome.values, outcome.error,
                   outcome.limits is None or not outcome.limits)
        self.on_step(step)

    def _read(self, step: Step) -> bool:
        """Whether the file has the step; its answer is in it then."""
        if step.values or step.error is not None:
            return True
        columns = ", ".join(f'"{name}"' for name in METRICS)
        with explained(self.store.path):
            row = self.store.connection.execute(
                f"SELECT recipe_json, error, limits, {columns} FROM results WHERE digest = ?",
                [step.digest]).fetchone()
        if row is None:
            return False
        try:
            step.design = Design.from_text(json.loads(row[0])["design"])
        except (ValueError, TypeError, KeyError, AttributeError):
            raise StoreError(f"{self.store.path}: damaged: a step is no design; name another "
                             f"results file with -o") from None
        self._fill(step, row[3:], row[1], row[2] in (None, "[]"))
        return True

    def _fill(self, step: Step, values: Sequence[Any], error: str | None, feasible: bool) -> None:
        if error is None:
            step.values = dict(zip(METRICS, map(float, values), strict=True))
        step.error, step.feasible = error, feasible


def _chain(step: Step) -> list[Step]:
    """A step and all before it."""
    found, at = [], step
    while True:
        found.append(at)
        if at.before is None:
            return found
        at = at.before
