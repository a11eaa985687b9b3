"""Optuna's NSGA-II: wrong decisions and the budget's ratio, both small.

Optuna's study is kept in memory: begun again with the same seed it asks for the same designs,
which the results file answers, and goes on where it was stopped as if it never was.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accelsim.errors import InputError
from accelsim.study.axes import Scalar
from accelsim.study.codesign.design import Design, LayerChoice
from accelsim.study.codesign.proposals import LEAST_DENSITY, Proposal
from accelsim.study.codesign.rounds import Plan
from accelsim.study.codesign.runner import Runner, Step
from accelsim.study.codesign.setting import known
from accelsim.study.extras import extra

BATCH = 10
"""Designs of a generation, all asked for before one is answered."""


def search_by_nsga2(
    runner: Runner, plan: Plan, trials: int,
    on_round: Callable[[int, Step], object] = lambda number, step: None,
) -> Step:
    """The design with the fewest wrong decisions of those that meet the budget, tuned.

    Raises
    ------
    InputError
        If none of ``trials`` designs meets it.
    ConfigError
        If Optuna is not installed.
    KeyboardInterrupt
        After Ctrl-C.
    """
    optuna = extra("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    start = runner.begin()
    if start.error is not None:
        raise InputError(start.error)
    sampler = optuna.samplers.NSGAIISampler(population_size=BATCH, seed=runner.setting.seed)
    study = optuna.create_study(directions=["minimize", "minimize"], sampler=sampler)
    best: Step | None = None
    for first in range(0, trials, BATCH):
        asked = [study.ask() for _ in range(min(BATCH, trials - first))]
        steps = runner.run([
            runner.step(Proposal("given", _design(runner, trial), 0.0, plan.steps, rate=plan.rate),
                        start, 1, trial.number) for trial in asked])
        for trial, step in zip(asked, steps, strict=True):
            if step.error is not None or not step.feasible:
                study.tell(trial, state=optuna.trial.TrialState.FAIL)
                continue
            study.tell(trial, [step.values["wrong_percent"], step.ratio])
            if step.ratio <= 1.0 and (best is None or step.score < best.score):
                best = step
        if best is not None:
            on_round(first // BATCH + 1, best)
    if best is None:
        raise InputError(f"none of {trials} designs meets the budget; raise it, or take more "
                         f"--trials")
    tune = Proposal("tune", best.design, 0.0, plan.final_steps, rate=plan.final_rate)
    (last,) = runner.run([runner.step(tune, best, 0)])
    chosen = last if last.error is None and last.ratio <= 1.0 else best
    runner.settle(chosen)
    on_round(0, chosen)
    return chosen


def _design(runner: Runner, trial: Any) -> Design:
    setting = runner.setting
    layers = {}
    for name, choice in known(setting).start.layers.items():
        density = trial.suggest_float(f"{name}.density", max(0.02, LEAST_DENSITY), 1.0, log=True)
        table, bits = choice.table, choice.weight_bits
        if "codes" in setting.choose and len(setting.tables) > 1:
            place = trial.suggest_int(f"{name}.table", 0, len(setting.tables) - 1)
            table, bits = setting.tables[place]
        index_bits = trial.suggest_int(f"{name}.index_bits", 2, 6) if (
            "index" in setting.choose) else choice.index_bits
        balanced = "rows" in setting.choose and trial.suggest_categorical(
            f"{name}.balanced", [False, True])
        layers[name] = LayerChoice(density, table, bits, index_bits, bool(balanced))
    machine: dict[str, Scalar] = {
        key: values[trial.suggest_int(key, 0, len(values) - 1)] for key, values in setting.axes}
    return Design(layers, machine)
