"""One step of a search, as a worker does it: cut to a target, tuned shortly, measured, judged."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from accelsim.errors import AccelsimError
from accelsim.study.codesign.budget import Budget
from accelsim.study.codesign.candidate import Bench, Measured, judge
from accelsim.study.codesign.design import Design
from accelsim.study.codesign.guides import Guide, largest_kept, predicted_uj, proxy
from accelsim.study.codesign.least_squares import output_importance, refitted
from accelsim.study.codesign.setting import Known, Setting, Weights, joined, known, parted
from accelsim.study.evaluate import Outcome, error_text
from accelsim.study.points import Chunk
from accelsim.training import Schedule, train

Criterion = Literal["magnitude", "output"]
Move = Literal["layer", "all", "scale", "given", "machine", "tune"]
HALVINGS = 7
"""Steps of the search for a density: to 1 % where a layer may lose all but a hundredth."""
LEAST_SHARE = 0.1
"""Of its density, the least that a layer keeps in one step; chosen."""
LEAST_DENSITY = 0.005

METRICS = ("energy_uj", "time_us", "cycles", "size_kb", "bits", "area_mm2", "weights", "macs",
           "ratio", "wrong_percent", "loss", "decisions_kept_percent", "relative_error",
           "predicted_uj")
"""Columns of a candidate."""


@dataclass(frozen=True)
class Proposal:
    """What is asked of a worker.

    Attributes
    ----------
    move : "layer" cuts ``layer``, to meet ``target``; "all" cuts every layer to one density,
        "scale" each to the same share of its own; "given" cuts to the design's own densities;
        "machine" and "tune" cut nothing
    design : to begin with; of "given" and "machine" what is wanted
    target : the ratio to meet, of a proxy its own number
    steps : batches of tuning
    """

    move: Move
    design: Design
    target: float
    steps: int
    layer: str = ""
    guide: Guide = "exact"
    criterion: Criterion = "magnitude"
    rate: float = 0.02

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {**vars(self), "design": self.design.as_dict()}


@dataclass(frozen=True)
class Task(Chunk):
    """A proposal as a unit of work; its one point is what it is known by."""

    setting: Setting = field(default=Setting(""))
    budget: Budget = field(default=Budget({}))
    proposal: Proposal = field(default=Proposal("tune", Design({}), 0.0, 0))
    weights: Mapping[str, npt.NDArray[np.float32]] = field(default_factory=dict, hash=False)
    seed: tuple[int, ...] = ()


@dataclass(frozen=True)
class Answer(Outcome):
    """An outcome with the design that was found and the weights it was tuned to."""

    design: Design | None = None
    weights: Mapping[str, npt.NDArray[np.float32]] | None = field(default=None, hash=False)


def work_out(task: Chunk) -> list[Outcome]:
    """What a worker does."""
    assert isinstance(task, Task)
    begin = time.perf_counter()
    try:
        answer: Outcome = _worked_out(task)
    except AccelsimError as problem:
        answer = Answer((), error_text(problem), 0.0)
    return [replace(answer, wall_s=time.perf_counter() - begin)]


def _worked_out(task: Task) -> Answer:
    here, proposal = known(task.setting), task.proposal
    weights = dict(task.weights)
    step = _Step(here, task.budget, proposal, weights)
    design, weights = step.cut()
    weights = _tuned(here, weights, proposal, np.random.default_rng(list(task.seed)))
    measured = Bench(here, weights).measure(design)
    told = judge(here, measured.packed)
    start = measured.values["energy_uj"] if proposal.guide == "exact" else predicted_uj(
        proposal.guide, task.setting, design, start_uj(task.setting))
    values = {
        **measured.values, "ratio": task.budget.ratio(measured.values),
        "wrong_percent": 100 * told.wrong, "loss": told.loss,
        "decisions_kept_percent": 100 * told.kept, "relative_error": told.error,
        "predicted_uj": start,
    }
    return Answer(tuple(float(values[name]) for name in METRICS), None, 0.0,
                  limits=measured.limits, design=design, weights=weights)


def start_uj(setting: Setting) -> float:
    """Energy of an image in the uncut network."""
    here = known(setting)
    if setting not in _START:
        _START[setting] = Bench(here, here.weights).measure(here.start).values["energy_uj"]
    return _START[setting]


_START: dict[Setting, float] = {}


class _Step:
    """A cut of one network."""

    def __init__(self, here: Known, budget: Budget, proposal: Proposal, weights: Weights) -> None:
        self.here, self.budget, self.proposal = here, budget, proposal
        self.weights, self.bench = weights, Bench(here, weights)
        self._importance: dict[str, npt.NDArray[np.float32]] = {}

    def cut(self) -> tuple[Design, Weights]:
        """The design that was found, and its weights before tuning."""
        proposal, design = self.proposal, self.proposal.design
        if proposal.move in ("machine", "tune"):
            return design, self.weights
        if proposal.move == "given":
            return self._applied(design, list(design.layers))
        if proposal.move != "layer":
            return self._to_target(design, list(design.layers))
        name = proposal.layer
        found, weights = self._to_target(design, [name])
        better = self._lossless(found, weights, name)
        if better == found:
            return found, weights
        return self._to_target(better.changed(name, density=design.layers[name].density), [name])

    def _to_target(self, design: Design, names: list[str]) -> tuple[Design, Weights]:
        """The largest share of some layers' densities that meets the target."""
        top = max(design.layers[name].density for name in names)

        def at(share: float) -> Design:
            found = design
            for name in names:
                own = design.layers[name].density
                wanted = share * top if self.proposal.move == "all" else share * own
                wanted = round(max(wanted, LEAST_DENSITY), 6)
                found = found.changed(name, density=min(own, wanted))
            return found

        low, high = LEAST_SHARE, 1.0
        if self._meets(at(high), names):
            return self._applied(at(high), names)
        if not self._meets(at(low), names):
            what = names[0] if len(names) == 1 else "every layer"
            raise UnmetError(f"{what} cut to {low:g} of its density does not meet the target")
        for _ in range(HALVINGS):
            middle = float(np.sqrt(low * high))
            low, high = (middle, high) if self._meets(at(middle), names) else (low, middle)
        return self._applied(at(low), names)

    def _meets(self, design: Design, names: list[str]) -> bool:
        """Whether a design is as cheap as the step wants; a proxy's step ends at the budget."""
        proposal = self.proposal
        if proposal.guide != "exact":
            if proxy(proposal.guide, self.here.setting, design) <= proposal.target:
                return True
            return self._ratio(design, names) <= 1.0
        return self._ratio(design, names) <= proposal.target

    def _ratio(self, design: Design, names: list[str]) -> float:
        return self.budget.ratio(self._measured(design, names).values)

    def _measured(self, design: Design, names: list[str]) -> Measured:
        cut = {name: self._kept(name, design.layers[name].density) for name in names}
        return self.bench.with_weights(cut).measure(design)

    def _kept(self, name: str, density: float) -> npt.NDArray[np.float32]:
        matrix = self.weights[name]
        if name not in self._importance:
            self._importance[name] = np.abs(matrix) if (
                self.proposal.criterion == "magnitude") else output_importance(
                    parted(self.here.network, self.weights), self._seen(), name)
        return largest_kept(matrix, self._importance[name], density)

    def _seen(self) -> npt.NDArray[Any]:
        """Images that output errors are taken of."""
        train = self.here.train
        return self.here.timed if train is None else train.images[:500]

    def _applied(self, design: Design, names: list[str]) -> tuple[Design, Weights]:
        weights = {**self.weights, **{
            name: self._kept(name, design.layers[name].density) for name in names}}
        if self.proposal.criterion == "output" and self.here.model is not None:
            before = parted(self.here.network, self.weights)
            for name in names:
                weights[name] = refitted(before, self._seen(), name, weights[name])
        return design, weights

    def _lossless(self, design: Design, weights: Weights, name: str) -> Design:
        """The run width and the order of rows with which the layer is cheapest; no output changes.
        """
        chosen = self.here.setting.choose
        if self.proposal.guide != "exact":
            return design
        bench = Bench(self.here, weights)
        best, least = design, self.budget.ratio(bench.measure(design).values)
        choice = design.layers[name]
        others: list[dict[str, Any]] = [{"balanced": not choice.balanced}] * ("rows" in chosen)
        if "index" in chosen:
            others += [{"index_bits": bits} for bits in (choice.index_bits - 1,
                                                         choice.index_bits + 1) if 2 <= bits <= 8]
        for own in others:
            found = design.changed(name, **own)
            ratio = self.budget.ratio(bench.measure(found).values)
            if ratio < least:
                best, least = found, ratio
        return best


class UnmetError(AccelsimError):
    """A step cannot meet its target."""


def _tuned(here: Known, weights: Weights, proposal: Proposal, rng: np.random.Generator) -> Weights:
    """Weights after masked training: what is zero stays zero."""
    if here.train is None or not proposal.steps:
        return weights
    model = parted(here.network, weights)
    masks = {name: matrix != 0 for name, matrix in model.weights.items()}
    train(model, here.train, Schedule(steps=proposal.steps, rate=proposal.rate), rng, masks=masks)
    return joined(model)
