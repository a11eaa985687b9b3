"""Designs of a results file as a picture: two of their numbers, the front, what colours them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from accelsim.errors import InputError, nearest
from accelsim.records.limits import worst
from accelsim.report.paper import PAGE
from accelsim.report.plots_pareto import pareto_scatter
from accelsim.report.quantities import axis_label, told
from accelsim.study.designs import Design, read_designs
from accelsim.study.pareto import pareto_mask
from accelsim.study.query import Condition, Results

__all__ = ["Drawn", "scatter"]

MOST_TICKS = 10
"""So many values of a parameter are told below the axis, each."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Drawn:
    """What a picture shows and what it leaves out.

    Attributes
    ----------
    designs : number of designs drawn, of several seeds one
    front : of them those that no other beats; 0 where no front was asked for
    seeds : largest number of seeds of a design
    infeasible : designs that cannot be built; left out, unless they were asked for
    reasons : what keeps them from being built, with their number
    unknown : drawn, though their runs do not say whether they can be built
    unfinished : left out, because a layer is missing or failed
    unlabelled : labels of the front that found no room
    """

    figure: Figure
    designs: int
    front: int
    seeds: int
    infeasible: int
    reasons: dict[str, int]
    unknown: int
    unfinished: int
    unlabelled: tuple[str, ...]


@dataclass(frozen=True)
class _Group:
    """A design, over its seeds."""

    settings: dict[str, Any]
    metrics: dict[str, float]
    x: tuple[float, ...]
    y: tuple[float, ...]
    broken: tuple[str, ...]
    known: bool


def scatter(
    results: Results, x: str, y: str, *, maximise: Sequence[str] = (), front: bool = False,
    colour: str | None = None, labels: Sequence[str] | None = None,
    conditions: Sequence[Condition] = (), infeasible: bool = False, log: bool = False,
    width: float = PAGE,
) -> Drawn:
    """Designs by two numbers; layers are combined as in `accelsim.study.fronts`.

    Designs that differ in their seed alone are one point, their mean, with bars from the least to
    the most.

    Parameters
    ----------
    x, y : metrics, or parameters that are numbers
    maximise : which of the two are better when large; the others when small
    front : whether to mark and join the designs that no other beats
    colour : a parameter or metric
    labels : parameters that name the designs of the front; None is those that vary along it, an
        empty sequence none
    infeasible : whether designs that cannot be built are drawn too, marked
    log : logarithmic axes
    width : inches

    Raises
    ------
    InputError, ConfigError
        If a name is unknown or holds no numbers, nothing is complete, or nothing can be built.
    """
    for name in maximise:
        if name not in (x, y):
            raise InputError(f"--max {name} is neither --x nor --y; the front is that of the two")
    keys = [x, y, *([colour] if colour else [])]
    _check_names(results, [*keys, *(labels or ())])
    metrics = list(dict.fromkeys(key for key in keys if key in results.metrics))
    designs, unfinished = read_designs(results, metrics, conditions)
    groups = _over_seeds(results, designs, x, y)
    broken = [group for group in groups if group.broken]
    drawn = groups if infeasible else [group for group in groups if not group.broken]
    reasons = _counted(broken)
    if not drawn:
        why = ", ".join(f"{what} {count:,}" for what, count in reasons.items())
        raise InputError(
            f"{results.path}: none of {len(broken):,} designs can be built ({why}); --all draws "
            f"them, marked" if broken else f"{results.path}: no design has finished on every "
            f"selected layer; run the sweep to its end, or select layers with --where "
            f"workload=NAME")
    xs, ys = (np.array([np.mean(getattr(group, side)) for group in drawn]) for side in "xy")
    if log and min(xs.min(), ys.min()) <= 0:
        raise InputError(f"{results.path}: {x if xs.min() <= 0 else y} is not above 0 everywhere; "
                         f"leave out --log")
    signs = np.array([-1.0 if name in maximise else 1.0 for name in (x, y)])
    mask = (pareto_mask(np.column_stack([xs, ys]) * signs) if front
            else np.zeros(len(drawn), dtype=bool))
    along = [group for group, on in zip(drawn, mask, strict=True) if on]
    named = _varying(along, (x, y)) if labels is None else list(labels)
    texts = [", ".join(told(key, group.settings.get(key)) for key in named) for group in along]
    seeds = max(len(group.x) for group in drawn)
    values = sorted(set(xs.tolist()))
    few = log and x not in results.metrics and len(values) <= MOST_TICKS
    figure = pareto_scatter(
        xs, ys, mask, axis_label(x), axis_label(y), texts, log, width=width,
        colours=None if colour is None else (
            colour, [_value(group, colour) for group in drawn]),
        infeasible=[bool(group.broken) for group in drawn],
        x_ticks=values if few else None,
        x_range=_range([g.x for g in drawn]), y_range=_range([g.y for g in drawn]),
        notes=(f"mean, least and most of {seeds} seeds",) if seeds > 1 else ())
    shown = {text.get_text() for axes in figure.axes for text in axes.texts}
    return Drawn(figure, len(drawn), int(mask.sum()), seeds, len(broken), reasons,
                 sum(not group.known for group in drawn), unfinished,
                 tuple(text for text in texts if text and text not in shown))


def _check_names(results: Results, names: Sequence[str]) -> None:
    known = [*results.metrics, *results.config_keys, *results.recipe_keys]
    for name in names:
        if name not in known:
            raise InputError(f"{results.path}: no metric or parameter '{name}'"
                             f"{nearest(name, known)}")


def _over_seeds(results: Results, designs: Sequence[Design], x: str, y: str) -> list[_Group]:
    """Designs that differ in their seed alone, together."""
    together: dict[str, list[Design]] = {}
    for design in designs:
        key = repr({k: v for k, v in design.settings.items() if k != "seed"})
        together.setdefault(key, []).append(design)
    found = []
    for own in together.values():
        limits = worst(limit for design in own for limit in design.limits or ())
        numbers = [[_number(results, design, name) for design in own] for name in (x, y)]
        found.append(_Group(
            own[0].settings,
            {name: float(np.mean([design.metrics[name] for design in own]))
             for name in own[0].metrics}, tuple(numbers[0]), tuple(numbers[1]),
            tuple(limit.what for limit in limits),
            all(design.limits is not None for design in own)))
    return found


def _number(results: Results, design: Design, name: str) -> float:
    value = design.metrics.get(name, design.settings.get(name))
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{results.path}: {name} is {value!r} in a design; an axis needs numbers")
    return float(value)


def _value(group: _Group, name: str) -> object:
    value = group.metrics.get(name, group.settings.get(name))
    return value if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _varying(front: Sequence[_Group], drawn: Sequence[str]) -> list[str]:
    """Parameters that tell the designs of a front apart and are not on an axis."""
    if len(front) < 2:
        return []
    keys = [key for key in front[0].settings if key not in drawn and key != "seed"]
    return [key for key in keys if len({repr(group.settings.get(key)) for group in front}) > 1]


def _range(values: Sequence[tuple[float, ...]]) -> Floats | None:
    if max(map(len, values)) < 2:
        return None
    return np.array([[min(own) for own in values], [max(own) for own in values]])


def _counted(groups: Sequence[_Group]) -> dict[str, int]:
    found: dict[str, int] = {}
    for group in groups:
        for what in group.broken:
            found[what] = found.get(what, 0) + 1
    return dict(sorted(found.items(), key=lambda item: -item[1]))
