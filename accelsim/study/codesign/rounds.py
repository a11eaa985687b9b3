"""Searches in rounds: each cuts the network a little further, until the budget is met.

``greedy``   in every round each layer proposes the least cut of itself that meets the round's
             target, of its density alone and with the next narrower table; all are tuned shortly,
             the one with the fewest wrong decisions is taken (NetAdapt, Yang et al., ECCV 2018,
             alg. 1). Where none can, all layers are cut by the same share
``energy``   layers by simulated energy, the most expensive first: the first whose cut costs no more
             than ``tolerance`` points of error is taken; what a layer keeps is chosen by the error
             of its outputs and refitted (Yang, Chen and Sze, CVPR 2017)
``uniform``  every layer keeps the same share, by magnitude
``given``    towards given densities, the same part of the way in each round

Targets fall geometrically from the uncut network's ratio to 1. Settings of the machine that may be
chosen change no output: they are chosen first in each round, by simulation alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from accelsim.errors import InputError
from accelsim.study.codesign.design import Design
from accelsim.study.codesign.guides import Guide, proxy
from accelsim.study.codesign.proposals import Criterion, Proposal
from accelsim.study.codesign.runner import Runner, Step

AFTER = 1_000_000
"""Numbers of rounds behind the last tuning begin here."""

REPAIRS = 6
"""Cuts behind the last tuning, at most."""

REPAIR_STEP = 0.005
"""Of the budget, by which each of them aims lower; chosen."""

MOST_ROUNDS = 4
"""Times the rounds that were asked for, a proxy's search may take."""


@dataclass(frozen=True)
class Plan:
    """How a search in rounds goes.

    Attributes
    ----------
    rounds : from the uncut network to the budget
    steps : batches of each round's tuning
    final_steps : batches at the end; those of rounds that a search did not need are added
    rate, final_rate : learning rates
    tolerance : points of error that "energy" lets a layer's cut cost
    densities : of "given", by layer
    """

    kind: str = "greedy"
    rounds: int = 12
    steps: int = 100
    final_steps: int = 1000
    rate: float = 0.02
    final_rate: float = 0.05
    guide: Guide = "exact"
    tolerance: float = 0.3
    densities: Mapping[str, float] = field(default_factory=dict)

    @property
    def criterion(self) -> Criterion:
        """By what weights are kept."""
        return "output" if self.kind == "energy" else "magnitude"


def search_in_rounds(
    runner: Runner, plan: Plan, on_round: Callable[[int, Step], object] = lambda number, step: None
) -> Step:
    """The last step, tuned: it meets the budget.

    Raises
    ------
    InputError
        If no cut meets it; the nearest is told.
    KeyboardInterrupt
        After Ctrl-C.
    """
    start = at = runner.begin()
    _check_start(runner, start, plan)
    used = 0
    share = start.ratio ** (-1 / plan.rounds)
    for number in range(1, MOST_ROUNDS * plan.rounds + 1):
        if plan.kind == "given":
            if number > plan.rounds:
                break
        elif at.ratio <= 1.0:
            break
        at = _machine_first(runner, at, number)
        target = max(1.0, start.ratio * share ** number) if plan.guide == "exact" else (
            proxy(plan.guide, runner.setting, start.design) * share ** number)
        if plan.guide == "exact" and at.ratio <= target and plan.kind != "given":
            continue
        found = _taken(runner, plan, at, target, number)
        if found is None:
            raise InputError(_unreachable(runner, at))
        at = found
        runner.settle(at)
        used += plan.steps
        on_round(number, at)
    return _finished(runner, plan, at, used, on_round)


def _finished(
    runner: Runner, plan: Plan, at: Step, used: int, on_round: Callable[[int, Step], object]
) -> Step:
    """Tuned to the end; where that took it beyond the budget, cut to it once more."""
    steps = plan.final_steps + max(0, plan.rounds * plan.steps - used)
    tune = Proposal("tune", at.design, 0.0, steps, rate=plan.final_rate)
    (last,) = runner.run([runner.step(tune, at, 0)])
    _raise(last)
    for number in range(1, REPAIRS + 1):
        if last.ratio <= 1.0 or plan.kind == "given":
            break
        # Tuning moves what a cut has left, so each cut goes a little further than the last.
        target = 1.0 - REPAIR_STEP * number
        found = _taken(runner, plan, last, target, AFTER + number, exact=True)
        if found is None:
            raise InputError(_unreachable(runner, last))
        last = found
    if last.ratio > 1.0 and plan.kind != "given":
        raise InputError(_unreachable(runner, last))
    runner.settle(last)
    on_round(0, last)
    return last


def _taken(
    runner: Runner, plan: Plan, at: Step, target: float, number: int, exact: bool = False
) -> Step | None:
    """The round's step; None where no proposal meets the target."""
    proposals = _proposals(runner, plan, at, target, number, exact)
    if plan.kind == "energy":
        found = _first_good(runner, plan, at, proposals, number)
    else:
        found = _best(runner.run([runner.step(p, at, number, k) for k, p in enumerate(proposals)]))
    if found is not None or plan.kind in ("uniform", "given"):
        return found
    together = replace(proposals[0], move="scale", layer="")  # no layer alone meets the target
    return _best(runner.run([runner.step(together, at, number, len(proposals))]))


def _best(steps: list[Step]) -> Step | None:
    good = [step for step in steps if step.error is None and step.feasible]
    return min(good, key=lambda step: step.score, default=None)


def _first_good(
    runner: Runner, plan: Plan, at: Step, proposals: list[Proposal], number: int
) -> Step | None:
    """By falling energy, as many at a time as there are workers; the answer does not depend on it.
    """
    tried: list[Step] = []
    wave = max(1, runner.jobs)
    for first in range(0, len(proposals), wave):
        part = proposals[first:first + wave]
        tried += runner.run([runner.step(p, at, number, first + k) for k, p in enumerate(part)])
        for step in tried:
            allowed = at.values["wrong_percent"] + plan.tolerance
            if step.error is None and step.feasible and step.score[0] <= allowed:
                return step
    return _best(tried)


def _proposals(
    runner: Runner, plan: Plan, at: Step, target: float, number: int, exact: bool
) -> list[Proposal]:
    guide: Guide = "exact" if exact else plan.guide
    proposal = partial(Proposal, target=target, steps=plan.steps, rate=plan.rate, guide=guide,
                       criterion=plan.criterion)
    if plan.kind == "uniform":
        return [proposal("all", at.design)]
    if plan.kind == "given":
        part = number / plan.rounds
        design = at.design
        for name, density in plan.densities.items():
            design = design.changed(name, density=density ** part)
        return [proposal("given", design)]
    names = list(at.design.layers)
    if plan.kind == "energy":
        uj = _layer_uj(runner, at)
        names.sort(key=lambda name: -uj[name])
    found = [proposal("layer", at.design, layer=name) for name in names]
    for name in names:
        found += [proposal("layer", design, layer=name)
                  for design in _narrower(runner, at.design, name)]
    return found


def _narrower(runner: Runner, design: Design, name: str) -> list[Design]:
    """The layer with the next table of the setting's list."""
    setting = runner.setting
    if "codes" not in setting.choose:
        return []
    choice = design.layers[name]
    here = (choice.table, choice.weight_bits)
    place = setting.tables.index(here) + 1
    return [design.changed(name, table=table, weight_bits=bits)
            for table, bits in setting.tables[place:place + 1]]


def _layer_uj(runner: Runner, at: Step) -> dict[str, float]:
    from accelsim.study.codesign.candidate import Bench
    from accelsim.study.codesign.setting import known

    bench = Bench(known(runner.setting), dict(runner.weights_of(at)))
    return dict(bench.measure(at.design).layer_uj)


def _machine_first(runner: Runner, at: Step, number: int) -> Step:
    """Neighbouring values of the machine's settings, as long as one lowers the ratio."""
    axes = dict(runner.setting.axes)
    values = dict(runner.setting.machine)
    while axes:
        designs = []
        for key, choices in axes.items():
            place = choices.index(at.design.machine.get(key, values[key]))
            designs += [at.design.on(**{key: choices[other]}) for other in (place - 1, place + 1)
                        if 0 <= other < len(choices)]
        steps = runner.run([runner.step(Proposal("machine", design, 0.0, 0), at, number, k)
                            for k, design in enumerate(designs)])
        good = [step for step in steps
                if step.error is None and step.feasible and step.ratio < at.ratio]
        if not good:
            break
        at = min(good, key=lambda step: step.ratio)
    return at


def _check_start(runner: Runner, start: Step, plan: Plan) -> None:
    _raise(start)
    if not start.feasible:
        raise InputError("the machine cannot be built as it is configured for the uncut network; "
                         "'accelsim simulate NETWORK' names what is in the way")
    if start.ratio <= 1.0 and plan.kind != "given":
        raise InputError(f"the budget is met by the uncut network: "
                         f"{runner.budget.told(start.values)}; give less")


def _raise(step: Step) -> None:
    if step.error is not None:
        raise InputError(step.error)


def _unreachable(runner: Runner, at: Step) -> str:
    driver = runner.budget.told(at.values)
    return (f"the budget cannot be met: the nearest design has {driver}, with "
            f"{at.values['wrong_percent']:.3g} % wrong, and no layer can be cut further as this "
            f"round needs; raise the budget, or take more --rounds")
