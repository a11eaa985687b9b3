"""What all figures share: colours, hatches, markers, saving."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from accelsim.errors import InputError
from accelsim.files import atomic_path

OKABE_ITO = ("#009E73", "#E69F00", "#56B4E9", "#D55E00", "#BBBBBB", "#0072B2", "#CC79A7", "#F0E442")
"""Colours that colour-blind readers can tell apart (Okabe and Ito, 2008), grey for idle."""

HATCHES = ("", "//", "..", "xx", "", "\\\\", "++", "oo")
"""So that the same bars can be read in grey."""

LINE_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000",
                "#999999", "#8B6914")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<")
FORMATS: dict[str, tuple[dict[str, None], str]] = {
    "svg": ({"Date": None}, "Description"),
    "pdf": ({"CreationDate": None}, "Subject"),
    "png": ({}, "Description"),
}
"""Kinds of picture: what keeps the date out of them, and the key of a note in them."""

DASHES = ("-", "--", "-.", ":", "-", "--", "-.", ":", "-")
"""One colour, marker and dash a line: the marker alone tells lines apart in grey."""


def new_axes(
    title: str, x_label: str, y_label: str, size: tuple[float, float] = (6.4, 3.8)
) -> tuple[Figure, Axes]:
    """A figure with one pair of axes, labelled."""
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    label(axes, title, x_label, y_label)
    return figure, axes


def label(axes: Axes, title: str, x_label: str, y_label: str) -> None:
    """Title, axis labels with units, no frame above and to the right."""
    axes.set_title(title)
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.spines[["top", "right"]].set_visible(False)


def legend_beside(axes: Axes) -> None:
    """A legend to the right, clear of the data."""
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)


def draw_lines(
    axes: Axes, x: Sequence[float], series: Mapping[str, Sequence[float]], base: int = 2
) -> None:
    """One marked line a series over a logarithmic x axis whose ticks are the values of ``x``."""
    for index, (name, y) in enumerate(series.items()):
        axes.plot(
            x, y, label=name, color=LINE_COLOURS[index % len(LINE_COLOURS)],
            marker=MARKERS[index % len(MARKERS)], linestyle=DASHES[index % len(DASHES)],
            markersize=4, linewidth=1.2,
        )
    axes.set_xscale("log", base=base)
    axes.set_xticks(list(x), [f"{value:g}" for value in x])
    axes.minorticks_off()


def draw_stack(
    axes: Axes, names: Sequence[str], parts: Mapping[str, Sequence[float]]
) -> None:
    """One stacked bar a name; parts that are zero everywhere are left out."""
    bottoms = [0.0] * len(names)
    for index, (part, heights) in enumerate(parts.items()):
        if any(heights):
            axes.bar(
                names, heights, bottom=bottoms, color=OKABE_ITO[index % len(OKABE_ITO)],
                hatch=HATCHES[index % len(HATCHES)], label=part, edgecolor="white", linewidth=0.5,
            )
        bottoms = [b + h for b, h in zip(bottoms, heights, strict=True)]


def draw_groups(
    axes: Axes, names: Sequence[str], series: Mapping[str, Sequence[float]]
) -> None:
    """Bars side by side, a group a name; a missing value (NaN) leaves a gap."""
    width = 0.8 / max(len(series), 1)
    for index, (name, heights) in enumerate(series.items()):
        shift = (index - (len(series) - 1) / 2) * width
        axes.bar(
            [k + shift for k in range(len(names))], heights, width, label=name,
            color=OKABE_ITO[index % len(OKABE_ITO)], hatch=HATCHES[index % len(HATCHES)],
            edgecolor="white", linewidth=0.5,
        )
    turn = 45 if max((len(name) for name in names), default=0) * len(names) > 60 else 0
    axes.set_xticks(range(len(names)), names, rotation=turn, ha="right" if turn else "center")


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
    kind = path.suffix.lstrip(".").lower()
    if kind not in FORMATS:
        raise InputError(f"{path}: a picture's name ends in .{', .'.join(FORMATS)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as part:
        write(figure, part, kind, note)
    return path


def write(figure: Figure, target: Path | IO[bytes], kind: str, note: str = "") -> None:
    """Write a figure to an open file or a path; the same figure gives the same bytes."""
    undated, about = FORMATS[kind]
    with matplotlib.rc_context({"svg.hashsalt": "accelsim"}):
        figure.savefig(target, format=kind, metadata={**undated, about: note} if note else undated)
