"""`codesign`: a search from a network and a budget to a design, and what it is worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.compression.network import calibrate_network
from accelsim.compression.sharing import widened
from accelsim.errors import AccelsimError, InputError, nearest
from accelsim.machines.network_run import run_network
from accelsim.network import network_outputs
from accelsim.records.network import Network
from accelsim.study.codesign.budget import Budget
from accelsim.study.codesign.candidate import Bench, judge
from accelsim.study.codesign.evolution import search_by_nsga2
from accelsim.study.codesign.guides import GUIDES
from accelsim.study.codesign.rounds import Plan, search_in_rounds
from accelsim.study.codesign.runner import Runner, Step
from accelsim.study.codesign.setting import Known, Setting, known
from accelsim.training import Labelled, load_labelled

SEARCHES = ("greedy", "energy", "nsga2", "uniform", "given")
CALIBRATED_ON = 200
"""Images that settle the binary points of the design that was found."""


@dataclass(frozen=True, eq=False)
class Codesigned:
    """What a search found.

    Attributes
    ----------
    step : the design and its `proposals.METRICS`
    start : those of the uncut network
    worked_out : candidates worked out now, not read from the results file
    packed : the compressed network, calibrated
    held_out_wrong_percent : of all held-out images, or of the given inputs the decisions that the
        uncut network does not make
    test_wrong_percent : of the test images; None where none were given
    arithmetic : of the last two: fixed point, as the machine has it; of a network with convolutions
        floating point with the shared weights, which takes seconds instead of minutes
    """

    step: Step
    start: Step
    worked_out: int
    packed: Network
    held_out_wrong_percent: float
    test_wrong_percent: float | None
    layer_uj: dict[str, float]

    @property
    def arithmetic(self) -> str:
        """What errors are of."""
        return "fixed point" if self.packed.is_chain else "floating point, shared weights"


def codesign(
    setting: Setting,
    budget: Budget,
    plan: Plan | None = None,
    *,
    store: str | Path | None = None,
    jobs: int = 1,
    dask: str | None = None,
    trials: int = 100,
    max_error: float | None = None,
    test: str | None = None,
    on_step: Callable[[Step], object] = lambda step: None,
    on_round: Callable[[int, Step], object] = lambda number, step: None,
) -> Codesigned:
    """Search a design that meets a budget with the fewest wrong decisions.

    Parameters
    ----------
    store : a results file to resume and keep, which `accelsim.study.Results` reads; None keeps
        nothing
    jobs, dask : as `accelsim.study.sweep`
    trials : designs of "nsga2"
    max_error : percent of held-out images that may be wrong in the end
    test : labelled images that are looked at once, when all is chosen
    on_step, on_round : called with each candidate, and with each round's number and its step; 0
        is the end

    Raises
    ------
    InputError
        If the budget or the error cannot be met, or an argument is wrong.
    KeyboardInterrupt
        After Ctrl-C; the same call goes on.
    """
    plan = plan or Plan()
    _check(setting, budget, plan, max_error)
    with Runner(setting, budget, store, jobs, dask, on_step) as runner:
        here = known(setting)
        _check_error(here, max_error)
        start = runner.begin()
        last = (search_by_nsga2(runner, plan, trials, on_round) if plan.kind == "nsga2"
                else search_in_rounds(runner, plan, on_round))
        bench = Bench(here, dict(runner.weights_of(last)))
        many = here.timed if here.train is None else here.train.images[:CALIBRATED_ON]
        packed = calibrate_network(bench.packed(last.design), many)
        measured = bench.measure(last.design)
        held = _wrong_percent(bench, last, packed, here.held)
        if max_error is not None and held > max_error:
            raise InputError(
                f"--max-error {max_error:g}: at this budget the search came to {held:.3g} % wrong "
                f"({budget.told(last.values)}); raise the error or the budget")
        tested = None if test is None else _wrong_percent(
            bench, last, packed, load_labelled(test, here.network.shapes()["input"]))
        return Codesigned(last, start, runner.worked_out, packed, held, tested,
                          dict(measured.layer_uj))


def _wrong_percent(bench: Bench, step: Step, packed: Network, data: Labelled) -> float:
    """Of the decisions on all images."""
    if not packed.is_chain:
        return 100 * judge(bench.known, packed, data).wrong
    classes = fixed_point_outputs(bench, step, packed, data.images).argmax(axis=1)
    return 100 * float(np.mean(classes != data.labels))


def fixed_point_outputs(
    bench: Bench, step: Step, packed: Network, images: npt.NDArray[Any]
) -> npt.NDArray[Any]:
    """(n, n_classes) results of matrices in sequence on the machine, without time."""
    # Codes of a narrower layer in the widest decoder: the same weights, all vectors at once.
    config = bench.config(step.design)
    wide = [replace(layer, codebook=widened(layer.codebook, config.weight_bits),
                    weight_bits=config.weight_bits, index_bits=config.index_bits)
            for layer in packed.layers]
    vectors = images.reshape(len(images), -1)
    return np.concatenate([network_outputs(config, wide, vectors[at:at + 500])
                           for at in range(0, len(vectors), 500)])


def _check(setting: Setting, budget: Budget, plan: Plan, max_error: float | None) -> None:
    if plan.kind not in SEARCHES:
        raise InputError(f"search '{plan.kind}'{nearest(plan.kind, SEARCHES)}")
    if plan.guide not in GUIDES:
        raise InputError(f"guide '{plan.guide}'{nearest(plan.guide, GUIDES)}")
    if plan.guide != "exact" and plan.kind != "greedy":
        raise InputError(f"guide '{plan.guide}' is for the search 'greedy', not '{plan.kind}'")
    if min(plan.rounds, setting.timed, setting.judged) < 1 or min(plan.steps, plan.final_steps) < 0:
        raise InputError("rounds and images must be 1 or more, batches 0 or more")
    if max_error is not None and not 0 <= max_error <= 100:
        raise InputError(f"--max-error is {max_error:g}; need percent, 0 to 100")
    machine = dict(setting.machine)
    for key, values in setting.axes:
        if key not in machine:
            raise InputError(f"--axis {key}: the machine has no such value{nearest(key, machine)}")
        if machine[key] not in values:
            raise InputError(f"--axis {key}: the machine's own value {machine[key]} is not among "
                             f"them; add it")
    here = known(setting)
    for name, density in plan.densities.items():
        if name not in here.start.layers:
            raise InputError(f"--densities: no layer '{name}'{nearest(name, here.start.layers)}")
        if not 0 < density <= 1:
            raise InputError(f"--densities {name}={density:g}: need a share above 0, at most 1")
    if plan.kind == "given" and not plan.densities:
        raise InputError("search 'given' needs --densities")
    _check_tables(here)


def _check_tables(here: Known) -> None:
    """Each table on the machine's decoder, with the whole network."""
    bench = Bench(here, here.weights)
    for table, bits in here.setting.tables:
        design = here.start
        for name in design.layers:
            design = design.changed(name, table=table, weight_bits=bits)
        try:
            packed = calibrate_network(bench.packed(design), here.timed[:1])
            run_network(here.machine, bench.config(design), packed, here.timed[:1], "functional",
                        layer_configs={n: bench.config(design, n) for n in design.layers})
        except AccelsimError as problem:
            raise type(problem)(f"--table {table} at {bits} bits: {problem}") from None


def _check_error(here: Known, max_error: float | None) -> None:
    """Before anything is searched: the uncut network must do what is asked."""
    if max_error is None or here.model is None:
        return
    outputs = here.model.outputs(here.held.images)
    wrong = 100 * float(np.mean(outputs.argmax(axis=1) != here.held.labels))
    if wrong > max_error:
        raise InputError(f"--max-error {max_error:g}: the uncut network has {wrong:.3g} % wrong of "
                         f"the held-out images; raise the error")
