"""Designs in two of their numbers: all of them, their front, what cannot be built, over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize, to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter

from accelsim.errors import InputError
from accelsim.report.meanings import LOOKS, Look, looks_of
from accelsim.report.paper import PAGE, legend_below, log_axis, new_axes, styled, tick
from accelsim.report.plots_style import draw_ranges, plain
from accelsim.report.quantities import axis_label, told

MOST_COLOURS = 9
"""Values of a colour beyond which they are a scale."""

Floats = npt.NDArray[np.float64]

_PLACES = [(dx, dy, ha, va) for reach in (4, 9, 16) for dx, dy, ha, va in (
    (reach, reach, "left", "bottom"), (-reach, reach, "right", "bottom"),
    (reach, -reach, "left", "top"), (-reach, -reach, "right", "top"),
    (reach + 1, 0, "left", "center"), (-reach - 1, 0, "right", "center"),
    (0, reach + 1, "center", "bottom"), (0, -reach - 1, "center", "top"))]
"""Where a label may stand from its point, in points; the nearest first."""


@styled
def pareto_scatter(
    x: npt.ArrayLike, y: npt.ArrayLike, on_front: npt.ArrayLike, x_label: str, y_label: str,
    labels: Sequence[str] = (), log: bool = False, *, width: float = PAGE,
    colours: tuple[str, Sequence[object]] | None = None,
    infeasible: npt.ArrayLike | None = None,
    x_range: npt.ArrayLike | None = None, y_range: npt.ArrayLike | None = None,
    x_ticks: Sequence[float] | None = None, notes: Sequence[str] = (),
) -> Figure:
    """All designs, those on the Pareto front marked and joined.

    Parameters
    ----------
    x, y : (n,) one value a design
    on_front : (n,) bool; all false draws no front
    labels : of the designs on the front, in the order of ``x``; an empty text is not drawn. One
        that has no room is left out: none overprints another, a point or the frame
    log : logarithmic axes
    colours : metric or parameter that colours the designs, and its (n,) values: few are named,
        many numbers are a scale
    infeasible : (n,) bool, designs that cannot be built, marked
    x_range, y_range : (2, n) least and most over seeds
    x_ticks : numbers below the axis, of a parameter with few values
    notes : what a reader must know of the figure, below it

    Raises
    ------
    InputError
        If lengths differ.
    """
    xs, ys = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    front = np.asarray(on_front, dtype=bool)
    broken = np.zeros(len(xs), bool) if infeasible is None else np.asarray(infeasible, dtype=bool)
    if not xs.shape == ys.shape == front.shape == broken.shape or xs.ndim != 1:
        raise InputError(f"x, y and on_front have shapes {xs.shape}, {ys.shape} and "
                         f"{front.shape}; need one dimension and equal lengths")
    figure, axes = new_axes("Designs and their Pareto front", x_label, y_label, width)
    _draw_ranges(axes, xs, ys, x_range, y_range)
    if colours is None:
        at = ~front & ~broken
        axes.plot(xs[at], ys[at], ".", color=LOOKS["design"].colour, label="designs", markersize=4)
    else:
        _coloured(figure, axes, xs, ys, broken, *colours)
    if broken.any():
        look = LOOKS["cannot be built"]
        at = broken if colours is None else np.zeros_like(broken)
        axes.plot(xs[at], ys[at], look.marker, markersize=4, label="cannot be built",
                  color=look.colour if colours is None else "black")
    if front.any():
        _draw_front(axes, xs, ys, front, colours is None)
    if log:
        log_axis(axes, "x")
        log_axis(axes, "y")
    if x_ticks is not None:
        axes.set_xticks(list(x_ticks), [tick(value) for value in x_ticks])
        axes.minorticks_off()
    legend_below(figure, notes)
    on_line = np.flatnonzero(front)
    label_apart(figure, axes, xs, ys,
                list(zip(map(plain, labels), on_line.tolist(), strict=False)),
                on_line[np.argsort(xs[front], kind="stable")].tolist())
    return figure


def _draw_front(axes: Axes, xs: Floats, ys: Floats, front: npt.NDArray[np.bool_],
                filled: bool) -> None:
    """Its line, in the order of x; around points that have a colour of their own, empty."""
    at = np.flatnonzero(front)[np.argsort(xs[front], kind="stable")]
    look = LOOKS["front"]
    style: dict[str, Any] = {"markersize": 4} if filled else {
        "markersize": 6.5, "markerfacecolor": "none", "markeredgewidth": 0.7}
    axes.plot(xs[at], ys[at], color=look.colour, marker=look.marker,
              linewidth=0.9, zorder=2, label="front", **style)


def _draw_ranges(axes: Axes, xs: Floats, ys: Floats, x_range: npt.ArrayLike | None,
                 y_range: npt.ArrayLike | None) -> None:
    if y_range is not None:
        low, high = np.asarray(y_range, dtype=np.float64)
        draw_ranges(axes, list(xs), list(ys), (list(low), list(high)), "#777777")
    if x_range is not None:
        low, high = np.asarray(x_range, dtype=np.float64)
        axes.errorbar(xs, ys, xerr=np.maximum(np.array([xs - low, high - xs]), 0), fmt="none",
                      ecolor="#777777", elinewidth=0.8, capsize=1.8, label="_range", zorder=3)


def _coloured(
    figure: Figure, axes: Axes, xs: Floats, ys: Floats, broken: npt.NDArray[np.bool_], key: str,
    values: Sequence[object],
) -> None:
    """A colour a value, named in the legend; a scale for many numbers. Designs that cannot be built
    keep their colour and are crosses."""
    if len(values) != len(xs):
        raise InputError(f"{len(values)} values of {key} for {len(xs)} designs; need one each")
    cross = LOOKS["cannot be built"].marker
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    kinds = sorted(set(values), key=lambda v: (v if numbers else 0, str(v)))
    if numbers and len(kinds) > MOST_COLOURS:
        shown = np.asarray(values, dtype=np.float64)
        wide = shown.min() > 0 and shown.max() / shown.min() > 30
        norm = (LogNorm if wide else Normalize)(shown.min(), shown.max())
        for marker, at in (("o", ~broken), (cross, broken)):
            spread = axes.scatter(xs[at], ys[at], c=shown[at], cmap="cividis", norm=norm, s=9,
                                  marker=marker, linewidths=0.8, label="_designs")
        bar = figure.colorbar(spread, ax=axes, aspect=30, pad=0.02)
        bar.ax.yaxis.set_major_formatter(FuncFormatter(tick))
        bar.set_label(plain(axis_label(key)))
        bar.outline.set_visible(False)
        return
    looks = _scale(kinds) if numbers else looks_of(map(str, kinds))
    for value in kinds:
        own = np.array([each == value for each in values])
        look = looks[str(value)]
        axes.plot(xs[own & ~broken], ys[own & ~broken], linestyle="none", marker=look.marker,
                  markersize=3.5, color=look.colour, label=plain(told(key, value)))
        axes.plot(xs[own & broken], ys[own & broken], linestyle="none", marker=cross,
                  markersize=4, color=look.colour, label=f"_{value}, cannot be built")


def _scale(kinds: Sequence[object]) -> dict[str, Look]:
    """Numbers in their order from dark to light, with a marker each."""
    scale = matplotlib.colormaps["cividis"]
    markers = ("o", "s", "^", "v", "P", "*", "<", ">", "p")
    last = max(len(kinds) - 1, 1)
    return {str(value): Look(to_hex(scale(0.92 * k / last)), "", markers[k])
            for k, value in enumerate(kinds)}


def label_apart(
    figure: Figure, axes: Axes, xs: Floats, ys: Floats, labels: Sequence[tuple[str, int]],
    along: Sequence[int] = (),
) -> list[str]:
    """Write labels beside their points so that none overprints another, a point or the frame.

    Parameters
    ----------
    labels : (text, index into ``xs``)
    along : indices of the points of a line, which no label may cross

    Returns
    -------
    texts that found no room, and are left out
    """
    if not any(text for text, _ in labels):
        return []
    figure.draw_without_rendering()
    half = 2 * figure.dpi / 72
    points = axes.transData.transform(np.column_stack([xs, ys]))
    points = points[np.isfinite(points).all(axis=1)]
    lines = axes.transData.transform(np.column_stack([xs, ys])[list(along)])
    points = np.vstack([points, _between(lines, 2 * half)])
    taken = np.hstack([points - half, points + half])
    lost = []
    for text, index in labels:
        if not text:
            continue
        box = _place(axes, text, (float(xs[index]), float(ys[index])), taken)
        if box is None:
            lost.append(text)
        else:
            taken = np.vstack([taken, box])
    return lost


def _between(corners: Floats, step: float) -> Floats:
    """Points along a line of several pieces, at most ``step`` apart."""
    parts = [np.linspace(a, b, 2 + int(np.hypot(*(b - a)) / step))
             for a, b in pairwise(corners)]
    return np.vstack([np.empty((0, 2)), *parts])


def _place(
    axes: Axes, text: str, point: tuple[float, float], taken: Floats
) -> Floats | None:
    """(4,) the box of a label, in the first place where nothing of ``taken`` stands."""
    frame = axes.get_window_extent()
    for dx, dy, ha, va in _PLACES:
        line = {"arrowstyle": "-", "linewidth": 0.4, "color": "#777777", "shrinkA": 0,
                "shrinkB": 2} if max(abs(dx), abs(dy)) > 10 else None
        drawn = axes.annotate(text, point, xytext=(dx, dy), textcoords="offset points", ha=ha,
                              va=va, fontsize=6.5, zorder=4, arrowprops=line)
        drawn.set_in_layout(False)
        drawn.get_window_extent()  # moves the text to its place
        # Its text alone: a line to the point may pass over others.
        box = Text.get_window_extent(drawn)
        free = not ((taken[:, 0] < box.x1) & (box.x0 < taken[:, 2])
                    & (taken[:, 1] < box.y1) & (box.y0 < taken[:, 3])).any()
        if free and frame.x0 <= box.x0 and box.x1 <= frame.x1 + 2 and frame.y0 <= box.y0 and (
                box.y1 <= frame.y1 + 2):
            return np.array([box.x0, box.y0, box.x1, box.y1])
        drawn.remove()
    return None
