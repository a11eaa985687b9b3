"""What all figures share: colours, hatches, markers, saving."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO

import matplotlib
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from accelsim.errors import InputError, printable
from accelsim.files import atomic_path, is_plain

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


def plain(text: str) -> str:
    """A text as matplotlib must be given it to draw it as it is: no formula, no hidden label, and
    an escape for a character that the font lacks."""
    lines = [printable(line).replace("$", r"\$") for line in text.split("\n")]
    drawn = "".join(c if c == "\n" or _has_glyph(c) else ascii(c)[1:-1] for c in "\n".join(lines))
    return f" {drawn}" if drawn.startswith("_") else drawn


@cache
def _has_glyph(character: str) -> bool:
    font = font_manager.get_font(font_manager.findfont(font_manager.FontProperties()))
    return character.isascii() or font.get_char_index(ord(character)) > 0


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
    axes.set_title(plain(title))
    axes.set_xlabel(plain(x_label))
    axes.set_ylabel(plain(y_label))
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
            x, y, label=plain(name), color=LINE_COLOURS[index % len(LINE_COLOURS)],
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
    places = range(len(names))  # two of one name are two bars
    for index, (part, heights) in enumerate(parts.items()):
        if any(heights):
            axes.bar(
                places, heights, bottom=bottoms, color=OKABE_ITO[index % len(OKABE_ITO)],
                hatch=HATCHES[index % len(HATCHES)], label=plain(part), edgecolor="white",
                linewidth=0.5,
            )
        bottoms = [b + h for b, h in zip(bottoms, heights, strict=True)]
    axes.set_xticks(places, list(map(plain, names)))


def draw_groups(
    axes: Axes, names: Sequence[str], series: Mapping[str, Sequence[float]]
) -> None:
    """Bars side by side, a group a name; a missing value (NaN) leaves a gap."""
    width = 0.8 / max(len(series), 1)
    for index, (name, heights) in enumerate(series.items()):
        shift = (index - (len(series) - 1) / 2) * width
        axes.bar(
            [k + shift for k in range(len(names))], heights, width, label=plain(name),
            color=OKABE_ITO[index % len(OKABE_ITO)], hatch=HATCHES[index % len(HATCHES)],
            edgecolor="white", linewidth=0.5,
        )
    names = list(map(plain, names))
    turn = 45 if max((len(name) for name in names), default=0) * len(names) > 60 else 0
    axes.set_xticks(range(len(names)), names, rotation=turn, ha="right" if turn else "center")


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
    metadata = {**undated, about: printable(note)} if note else undated
    with matplotlib.rc_context({"svg.hashsalt": "accelsim"}):
        figure.savefig(target, format=kind, metadata=metadata)
