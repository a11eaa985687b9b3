"""Guided search with Optuna, for spaces that are too large for a grid.

Optuna keeps its own journal beside the results file; both are resumable, and the search never
works out a point that the results file holds.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from accelsim.errors import AccelsimError, InputError
from accelsim.study.axes import Axis, Scalar
from accelsim.study.definition import Study, load_study
from accelsim.study.extras import extra
from accelsim.study.metrics import metrics_named
from accelsim.study.run import CANNOT, run_designs
from accelsim.study.schema import StoreError
from accelsim.study.store import compact

Sampler = Literal["nsga2", "tpe"]
BATCH = 16  # designs that a sampler suggests before it learns from them


@dataclass(frozen=True)
class Objective:
    """A metric to make small or large."""

    metric: str
    direction: Literal["minimize", "maximize"]


@dataclass(frozen=True)
class Found:
    """What a search has found so far.

    Attributes
    ----------
    trials, failed : designs tried in all, and those of them that cannot be built, or fail
    reasons : what keeps how many of them from being built, the most first
    best : (settings, values of the objectives) of each design that no other one beats
    interrupted : whether it was asked to stop before its end
    """

    trials: int
    failed: int
    best: list[tuple[dict[str, Scalar], list[float]]]
    interrupted: bool
    reasons: dict[str, int] = field(default_factory=dict)


def journal_path(store: str | Path) -> Path:
    """Where Optuna's journal of a results file is."""
    return Path(f"{store}.journal")


def explore(
    study: str | Path | Study,
    store: str | Path,
    objectives: Sequence[Objective],
    *,
    trials: int,
    sampler: Sampler = "nsga2",
    jobs: int = 1,
    dask: str | None = None,
    on_trials: Callable[[int], None] | None = None,
    infeasible: bool = False,
) -> Found:
    """Search the axes of a study until the journal holds ``trials`` designs.

    Every design runs on all workloads; its objectives combine them as the metrics say.

    Parameters
    ----------
    store : the results file; the journal is `journal_path` of it
    infeasible : whether designs that cannot be built may be found; else they count as failed

    Raises
    ------
    ConfigError, InputError
        If the study, an objective or an argument is wrong, or Optuna is not installed.
    StoreError
        If the results file cannot be written, or the journal is damaged.
    """
    plan = load_study(study)
    if not plan.axes:
        raise InputError("the study has no [axes] to search; name at least one parameter")
    if not objectives:
        raise InputError("name at least one metric with --min or --max, for instance --min time_us")
    if trials < 1:
        raise InputError(f"trials is {trials}; need 1 or more")
    names = [goal.metric for goal in objectives]
    metrics_named(names, plan.base_config().machine)
    optuna = extra("optuna")
    is_new = not journal_path(store).exists()
    search = _open(optuna, plan, store, objectives, sampler, infeasible)
    try:
        return _searched(optuna, plan, store, names, search, trials, jobs, dask, on_trials,
                         infeasible)
    except AccelsimError:
        if is_new and not _tried(search):
            journal_path(store).unlink(missing_ok=True)
        raise


def _searched(
    optuna: Any, plan: Study, store: str | Path, names: Sequence[str], search: Any, trials: int,
    jobs: int, dask: str | None, on_trials: Callable[[int], None] | None,
    infeasible: bool,
) -> Found:
    """Ask the sampler for designs, run them and tell it, until there are enough."""
    interrupted = False
    while (left := trials - _tried(search)) > 0 and not interrupted:
        asked = [search.ask() for _ in range(min(left, BATCH))]
        designs = [{k: _suggest(t, k, a) for k, a in plan.axes.items()} for t in asked]
        answers, interrupted = run_designs(plan, designs, store, names, jobs, dask,
                                           infeasible)
        for trial, design, answer in zip(asked, designs, answers, strict=True):
            if answer is None:
                continue
            trial.set_user_attr("design", design)
            if isinstance(answer, str):
                trial.set_user_attr("error", answer)
                search.tell(trial, state=optuna.trial.TrialState.FAIL)
            else:
                search.tell(trial, answer)
        if on_trials is not None:
            on_trials(_tried(search))
    return _found(search, interrupted)


def _open(
    optuna: Any, plan: Study, store: str | Path, objectives: Sequence[Objective],
    sampler: Sampler, infeasible: bool,
) -> Any:
    """The search in its journal; a journal of other objectives is refused."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    seeded = (
        optuna.samplers.NSGAIISampler(seed=plan.seed) if sampler == "nsga2"
        else optuna.samplers.TPESampler(seed=plan.seed)
    )
    path = journal_path(store)
    try:
        _mend(path)
        storage = optuna.storages.JournalStorage(
            optuna.storages.journal.JournalFileBackend(str(path))
        )
        search = optuna.create_study(
            storage=storage, study_name="accelsim", load_if_exists=True, sampler=seeded,
            directions=[goal.direction for goal in objectives],
        )
        _stop_stale(optuna, search)
        before = search.user_attrs
        held = ", ".join(before.get("objectives", []))
        _found(search, interrupted=False)  # reads all that a search reads
    except OSError as problem:
        raise InputError(f"{path}: cannot be written: {problem.strerror}; name a results file in "
                         f"a folder that you may write with -o") from None
    except Exception as problem:  # Optuna trusts its journal: anything may come of a damaged one
        raise StoreError(f"{path}: damaged, not a journal of a search ({type(problem).__name__}); "
                         f"restore it or name another results file with -o") from None
    wanted = [f"{goal.direction} {goal.metric}" for goal in objectives]
    wanted += ["all designs"] * infeasible
    axes = {key: repr(axis) for key, axis in plan.axes.items()}
    if before and (before.get("objectives"), before.get("axes")) != (wanted, axes):
        raise InputError(f"{path}: holds a search for {held} over other axes or goals; name "
                         f"another results file with -o")
    search.set_user_attr("objectives", wanted)
    search.set_user_attr("axes", axes)
    return search


def _mend(path: Path) -> None:
    """Drop a last line that a killed search left unfinished: Optuna would write on behind it.

    ValueError or RecursionError if a whole line is no JSON.
    """
    if not path.exists():
        return
    data = path.read_bytes()
    *lines, unfinished = data.split(b"\n")
    for line in lines:
        json.loads(line)
    if unfinished:
        with path.open("r+b") as file:
            file.truncate(len(data) - len(unfinished))


def _suggest(trial: Any, key: str, axis: Axis) -> Scalar:
    if axis.span is not None:
        return float(trial.suggest_float(key, *axis.span))
    numbers = all(type(value) in (int, float) for value in axis.values)
    if numbers and list(axis.values) == sorted(axis.values):
        # By place on the axis, so that neighbours are neighbours to the sampler.
        return axis.values[int(trial.suggest_int(key, 0, len(axis.values) - 1))]
    return axis.values[axis.values.index(trial.suggest_categorical(key, list(axis.values)))]


def _stop_stale(optuna: Any, search: Any) -> None:
    """Designs that a killed search was about to try are not waited for."""
    for trial in search.get_trials(states=[optuna.trial.TrialState.RUNNING]):
        search.tell(trial.number, state=optuna.trial.TrialState.FAIL)


def _tried(search: Any) -> int:
    return sum("design" in trial.user_attrs for trial in search.get_trials(deepcopy=False))


def _found(search: Any, interrupted: bool) -> Found:
    best = {
        compact(trial.user_attrs["design"]): (trial.user_attrs["design"], list(trial.values))
        for trial in search.best_trials
    }
    trials = search.get_trials(deepcopy=False)
    errors = [trial.user_attrs["error"] for trial in trials if "error" in trial.user_attrs]
    reasons = Counter(what for error in errors if error.startswith(CANNOT)
                      for what in error.removeprefix(CANNOT).split("; "))
    return Found(_tried(search), len(errors), list(best.values()), interrupted,
                 dict(reasons.most_common()))
