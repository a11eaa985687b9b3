"""What all figures share: lines, bars, ranges over seeds, saving."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from accelsim.errors import InputError, printable
from accelsim.files import atomic_path, is_plain
from accelsim.report.drawn_text import plain
from accelsim.report.meanings import Look, looks_of
from accelsim.report.paper import (
    SMALL,
    STYLE,
    legend_below,
    new_axes,
    text_width,
    tick,
)

__all__ = ["draw_groups", "draw_lines", "draw_ranges", "picture_kind", "plain", "save", "stacked",
           "write"]

Series = Mapping[str, Sequence[float]]
"""Values by the name of the line, one for each x; NaN where missing."""

Ranges = Mapping[str, tuple[Sequence[float], Sequence[float]]]
"""Least and most by the name of the line, over seeds."""

FORMATS: dict[str, tuple[dict[str, None], str]] = {
    "svg": ({"Date": None}, "Description"),
    "pdf": ({"CreationDate": None}, "Subject"),
    "png": ({}, "Description"),
}
"""Kinds of picture: what keeps the date out of them, and the key of a note in them."""

PNG_DPI = 300
MOST_TOTALS = 12
"""So many bars have room for a number each."""


def draw_lines(
    axes: Axes, x: Sequence[float], series: Series, ranges: Ranges | None = None, base: int = 2
) -> None:
    """One marked line a series over a logarithmic x axis whose ticks are the values of ``x``."""
    for name, look in looks_of(series).items():
        axes.plot(x, series[name], label=plain(name), color=look.colour, marker=look.marker,
                  linestyle=look.dash)
        if ranges and name in ranges:
            draw_ranges(axes, x, series[name], ranges[name], look.colour)
    axes.set_xscale("log", base=base)
    axes.set_xticks(list(x), [tick(value) for value in x])
    axes.minorticks_off()


def draw_ranges(
    axes: Axes, x: Sequence[float], y: Sequence[float],
    ends: tuple[Sequence[float], Sequence[float]], colour: str = "#333333",
) -> None:
    """Error bars from the least to the most value."""
    low, high = (np.asarray(end, dtype=np.float64) for end in ends)
    centre = np.asarray(y, dtype=np.float64)
    reach = np.maximum(np.array([centre - low, high - centre]), 0.0)
    axes.errorbar(x, centre, yerr=reach, fmt="none", ecolor=colour, elinewidth=0.8, capsize=1.8,
                  capthick=0.8, label="_range", zorder=3)


def stacked(
    about: str, names: Sequence[str], parts: Series, quantity: str, width: float,
    notes: Sequence[str] = (),
) -> Figure:
    """One stacked bar a name, its sum beside it; few bars lie, many stand.

    Parameters
    ----------
    parts : heights by part, in the order of ``names``; parts that are zero everywhere are left out
    quantity : of the heights, with its unit
    """
    lying = len(names) <= 3
    height = 0.55 + 0.32 * len(names) if lying else None
    figure, axes = new_axes(about, quantity if lying else "", "" if lying else quantity, width,
                            height)
    places, ends = range(len(names)), [0.0] * len(names)  # two of one name are two bars
    shown = {part: heights for part, heights in parts.items() if any(heights)}
    for part, look in looks_of(shown).items():
        style: dict[str, Any] = {"color": look.colour, "hatch": look.hatch, "label": plain(part),
                 "edgecolor": look.edge, "linewidth": 0.4}
        if lying:
            axes.barh(places, shown[part], left=ends, height=0.62, **style)
        else:
            axes.bar(places, shown[part], bottom=ends, width=0.72, **style)
        ends = [end + own for end, own in zip(ends, shown[part], strict=True)]
    _name_bars(axes, names, lying, width)
    if len(names) <= MOST_TOTALS:
        _totals(axes, ends, lying, width)
    legend_below(figure, notes)
    return figure


def _name_bars(axes: Axes, names: Sequence[str], lying: bool, width: float) -> None:
    drawn = list(map(plain, names))
    if lying:
        axes.set_yticks(range(len(names)), drawn)
        axes.set_ylim(len(names) - 0.45, -0.55)
        axes.tick_params(axis="y", length=0)
        return
    name_ticks(axes, drawn, width)


def name_ticks(axes: Axes, drawn: Sequence[str], width: float) -> None:
    """Names below standing bars: turned, and smaller, where they have no room beside each other."""
    room = 72 * (width - 0.6) / max(len(drawn), 1)
    widest = max(map(text_width, drawn), default=0.0)
    turn = 0 if widest + 3 <= room else (45 if room >= 1.4 * SMALL else 90)
    size = SMALL if turn < 90 else max(3.5, min(SMALL, 0.9 * room))
    axes.set_xticks(range(len(drawn)), list(drawn), rotation=turn, fontsize=size,
                    ha="right" if turn == 45 else "center",
                    rotation_mode="anchor" if turn == 45 else "default")
    axes.tick_params(axis="x", length=0)


def _totals(axes: Axes, ends: Sequence[float], lying: bool, width: float) -> None:
    texts = [amount(end) for end in ends]
    widest = max(map(text_width, texts), default=0.0)
    if not lying and widest > 72 * (width - 0.6) / max(len(ends), 1) + 2:
        return
    for place, (end, text) in enumerate(zip(ends, texts, strict=True)):
        at = (end, place) if lying else (place, end)
        axes.annotate(text, at, xytext=(2, 0) if lying else (0, 1.5), textcoords="offset points",
                      ha="left" if lying else "center", va="center" if lying else "bottom",
                      fontsize=SMALL)
    (axes.set_xlim if lying else axes.set_ylim)(
        0, (max(ends, default=0.0) or 1.0) * (1.06 + (widest / (72 * width) if lying else 0.02)))


def amount(value: float) -> str:
    """A value as a number beside its bar: whole from a thousand on, else four digits."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def draw_groups(
    axes: Axes, names: Sequence[str], series: Series, looks: Mapping[str, Look], width: float,
    ranges: Ranges | None = None,
) -> None:
    """Bars side by side, a group a name. Missing values (NaN) leave no gap: those that a group has
    stand in its middle."""
    values = {name: np.asarray(heights, dtype=np.float64) for name, heights in series.items()}
    there = np.array([~np.isnan(heights) for heights in values.values()])
    each = 0.8 / max(len(values), 1)
    rank = there.cumsum(axis=0) - 1
    shift = (rank - (there.sum(axis=0) - 1) / 2) * each
    for index, (name, heights) in enumerate(values.items()):
        look = looks[name]
        x = np.arange(len(names)) + np.where(there[index], shift[index], 0.0)
        axes.bar(x, heights, each, label=plain(name), color=look.colour, hatch=look.hatch,
                 edgecolor=look.edge, linewidth=0.4)
        if ranges and name in ranges:
            draw_ranges(axes, list(x), list(heights), ranges[name])
    name_ticks(axes, list(map(plain, names)), width)


def picture_kind(path: Path) -> str:
    """The format of a picture by its name; of a pipe or device without an ending, SVG.

    Raises
    ------
    InputError
        If the ending is of no known format.
    """
    kind = path.suffix.lstrip(".").lower()
    if not kind and not is_plain(path):
        return "svg"
    if kind not in FORMATS:
        raise InputError(f"{path}: a picture's name ends in .{', .'.join(FORMATS)}")
    return kind


def save(figure: Figure, path: Path, note: str = "") -> Path:
    """Write a figure, whole or not at all; the ending of ``path`` names the format.

    Parameters
    ----------
    note : kept in the file's metadata: what ran, and with which settings

    Raises
    ------
    InputError
        If the ending is not svg, pdf or png, or the file cannot be written.
    """
    kind = picture_kind(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as part:
        write(figure, part, kind, note)
    return path


def write(figure: Figure, target: Path | IO[bytes], kind: str, note: str = "") -> None:
    """Write a figure to an open file or a path; the same figure gives the same bytes."""
    undated, about = FORMATS[kind]
    metadata: dict[str, str | None] = dict(undated)
    if title := str(figure.get_label() or ""):
        metadata["Title"] = printable(title)
    if note:
        metadata[about] = printable(note)
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": "accelsim"}):
        figure.savefig(target, format=kind, metadata=metadata,
                       dpi=PNG_DPI if kind == "png" else "figure")
