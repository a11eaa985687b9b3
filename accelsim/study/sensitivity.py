"""What matters first: one step of one parameter at a time, and what it does to each metric."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from accelsim.errors import InputError
from accelsim.study.axes import Axis, Scalar
from accelsim.study.definition import Study, load_study
from accelsim.study.metrics import metrics_named
from accelsim.study.recipes import PREFIX
from accelsim.study.run import run_designs

STEPS = 9  # places of a continuous axis that count as steps


@dataclass(frozen=True)
class Effect:
    """One step of one parameter.

    Attributes
    ----------
    before, after : the parameter's value in the base design and after the step
    change : of each metric, as a share of the base design's value; None where the design fails or
        the base value is 0
    error : why the design fails
    """

    parameter: str
    before: Scalar
    after: Scalar
    change: tuple[float | None, ...]
    error: str | None = None

    @property
    def largest(self) -> float:
        """The largest change of any metric, without its sign."""
        return max((abs(value) for value in self.change if value is not None), default=-1.0)


@dataclass(frozen=True)
class Sensitivity:
    """The base design's metrics, and the effects, the largest first."""

    metrics: tuple[str, ...]
    base: tuple[float, ...]
    effects: tuple[Effect, ...]


def sensitivity(
    study: str | Path | Study,
    store: str | Path,
    metrics: Sequence[str] = (),
    *,
    jobs: int = 1,
    dask: str | None = None,
) -> Sensitivity:
    """One-at-a-time table around the study's machine.

    The base design has the machine's own values and the study's fixed ones; where an axis does not
    hold that value, the base is the value of the axis nearest to it. Each axis takes one step down
    and one step up from there; an axis of words takes every other word.

    Parameters
    ----------
    metrics : what to look at; empty takes the study's

    Raises
    ------
    InputError
        If the study has no axes, an axis has one value, or the base design fails.
    ConfigError, FormatError, StoreError
        As `sweep`.
    """
    plan = load_study(study)
    machine = plan.base_config().machine
    names = tuple(metric.name for metric in metrics_named(metrics or plan.metrics, machine))
    values = {key: _places(axis) for key, axis in plan.axes.items()}
    if not any(len(places) > 1 for places in values.values()):
        raise InputError("no axis of the study has two values; there is no step to take")
    base = {key: _base_value(plan, key, places) for key, places in values.items()}
    steps = [
        (key, after) for key, places in values.items() for after in _steps(places, base[key])
    ]
    designs = [base, *({**base, key: after} for key, after in steps)]
    study_of_names = plan.model_copy(update={"metrics": names})
    answers, interrupted = run_designs(study_of_names, designs, store, names, jobs, dask)
    if interrupted:
        raise KeyboardInterrupt
    origin = answers[0]
    if not isinstance(origin, list):
        raise InputError(f"the base design {base} fails: {origin}")
    effects = [
        _effect(key, base[key], after, origin, answer)
        for (key, after), answer in zip(steps, answers[1:], strict=True)
    ]
    effects.sort(key=lambda effect: -effect.largest)
    return Sensitivity(names, tuple(origin), tuple(effects))


def _places(axis: Axis) -> list[Scalar]:
    if axis.span is not None:
        return [axis.at(k / (STEPS - 1)) for k in range(STEPS)]
    if all(type(value) in (int, float) for value in axis.values):
        return sorted(axis.values)
    return list(axis.values)


def _base_value(plan: Study, key: str, places: list[Scalar]) -> Scalar:
    if key.startswith(PREFIX):
        return places[len(places) // 2]
    own: Scalar = getattr(plan.base_config(), key)
    if own in places or not isinstance(own, int | float) or isinstance(own, bool):
        return own if own in places else places[0]
    return min(places, key=lambda value: abs(float(value) - own))


def _steps(places: list[Scalar], base: Scalar) -> list[Scalar]:
    if any(isinstance(value, str | bool) for value in places):
        return [value for value in places if value != base]
    at = places.index(base)
    return places[max(at - 1, 0):at] + places[at + 1:at + 2]


def _effect(
    key: str, before: Scalar, after: Scalar, origin: list[float], answer: list[float] | str | None
) -> Effect:
    if not isinstance(answer, list):
        return Effect(key, before, after, (None,) * len(origin), answer)
    change = tuple(
        (new - old) / old if old else None for new, old in zip(answer, origin, strict=True)
    )
    return Effect(key, before, after, change)
