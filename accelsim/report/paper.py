"""What makes a figure fit for a paper: true size, typeset units, thousands, the legend below.

A figure is drawn at the size at which it is printed: 3.4 inches are a column, 7 inches a page, in
8-point type. It has no title inside; what it would say is kept as the figure's label, which
`accelsim.report.plots_style.save` writes into the file.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from accelsim.errors import InputError
from accelsim.report.drawn_text import plain

COLUMN, PAGE = 3.4, 7.0
"""Widths in inches: one column of a two-column paper, and both."""

WIDTHS = {"column": COLUMN, "page": PAGE}
NARROWEST, WIDEST = 2.0, 40.0

SMALL = 7.0
"""Points of ticks and legends."""

STYLE: Any = {
    "font.size": 8.0, "axes.labelsize": 8.0, "axes.titlesize": 8.0, "figure.titlesize": 8.0,
    "xtick.labelsize": SMALL, "ytick.labelsize": SMALL, "legend.fontsize": SMALL,
    "axes.linewidth": 0.6, "lines.linewidth": 1.0, "lines.markersize": 3.5,
    "hatch.linewidth": 0.4, "xtick.major.width": 0.6, "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4, "ytick.minor.width": 0.4, "pdf.fonttype": 42,
    "axes.spines.top": False, "axes.spines.right": False, "figure.constrained_layout.h_pad": 0.02,
    "figure.constrained_layout.w_pad": 0.02,
}
"""pdf.fonttype 42: fonts that publishers take."""

UNITS = {"us": "µs", "uJ": "µJ", "um2": "µm²", "mm2": "mm²", "x": "×", "u": "µ"}

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


def styled(draw: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
    """A function that draws, in the style of all figures, whatever the user's own is."""

    @wraps(draw)
    def run(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
        with matplotlib.rc_context(STYLE):
            return draw(*args, **kwargs)

    return run


def width_of(text: str) -> float:
    """Inches of ``column``, ``page`` or a number.

    Raises
    ------
    InputError
        If it is none of these, or no width that a figure can have.
    """
    try:
        width = WIDTHS.get(text) or float(text)
    except ValueError:
        width = math.nan
    if not NARROWEST <= width <= WIDEST:
        raise InputError(f"width is '{text}'; need column ({COLUMN} inches), page ({PAGE:g}) or "
                         f"inches from {NARROWEST:g} to {WIDEST:g}")
    return width


def typeset(text: str) -> str:
    """A label whose unit, in brackets at its end, has its proper signs: ``time (us)``, µs."""
    def unit(found: re.Match[str]) -> str:
        return re.sub(r"[A-Za-z]+2?", lambda word: UNITS.get(word[0], word[0]), found[0])

    return re.sub(r"\([^()]*\)$", unit, text)


def new_axes(
    about: str, x_label: str, y_label: str, width: float = PAGE, height: float | None = None
) -> tuple[Figure, Axes]:
    """A figure with one pair of axes, labelled; ``about`` is what a title would say.

    Parameters
    ----------
    width, height : inches; a height that goes well with the width where none is given
    """
    figure = Figure(figsize=(width, height or height_for(width)), layout="constrained")
    figure.set_label(about)
    axes = figure.subplots()
    label(axes, x_label, y_label)
    return figure, axes


def height_for(width: float) -> float:
    """Inches of the axes' part of a figure."""
    return 0.62 * width if width <= 4.5 else 2.8


def label(axes: Axes, x_label: str, y_label: str) -> None:
    """Labels with typeset units, numbers with separators."""
    axes.set_xlabel(plain(typeset(x_label)))
    axes.set_ylabel(plain(typeset(y_label)))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(tick))


def tick(value: float, _: object = None) -> str:
    """A number of an axis: 12,500 and 0.05; powers of ten from a million on and below 0.001."""
    size = abs(value)
    if size and not 1e-3 <= size < 1e6:
        exponent = math.floor(math.log10(size) + 1e-9)
        factor = value / 10.0**exponent
        power = f"10^{{{exponent}}}"
        return f"${power}$" if math.isclose(factor, 1) else rf"${factor:.4g} \times {power}$"
    return f"{value:,.10g}".replace("-", "−")


def log_axis(axes: Axes, which: str) -> None:
    """A logarithmic axis, "x" or "y", with numbers that can be read, however few decades it has."""
    (axes.set_xscale if which == "x" else axes.set_yscale)("log")
    axis: Axis = axes.xaxis if which == "x" else axes.yaxis
    low, high = (float(end) for end in axis.get_view_interval())
    decades = math.log10(high / low) if 0 < low < high else 0.0
    axis.set_major_formatter(FuncFormatter(tick))
    axis.set_minor_formatter(NullFormatter())
    if decades < 0.5:
        axis.set_major_locator(MaxNLocator(4))
        axis.set_minor_locator(NullLocator())
    elif decades < 2.2:
        axis.set_major_locator(LogLocator(10, subs=(1.0, 2.0, 5.0)))
        axis.set_minor_locator(NullLocator())


def text_width(text: str, size: float = SMALL) -> float:
    """Points that a line of text takes."""
    lines = [line for line in text.split("\n") if line.strip()]
    font = FontProperties(size=size)
    return max((float(TextPath((0, 0), line.replace("$", ""), prop=font).get_extents().width)
                for line in lines), default=0.0)


def legend_below(figure: Figure, notes: Sequence[str] = ()) -> None:
    """One legend for all axes, below them and in as many columns as the width has room for, so that
    it takes nothing of the width; the figure grows by its height.

    Parameters
    ----------
    notes : what a reader must know of the figure, above the legend's entries
    """
    entries = _entries(figure)
    names = list(entries)
    width, height = (float(side) for side in figure.get_size_inches())
    columns, spacing = _columns(names, 72 * width - 8)
    title = "\n".join(plain(line) for note in notes for line in wrapped(note, 72 * width - 12))
    if not names and not title:
        return
    figure.legend(
        list(entries.values()), names, loc="outside lower center", ncols=max(columns, 1),
        frameon=False, fontsize=SMALL, title=title or None, title_fontsize=SMALL - 0.5,
        handlelength=1.8, handletextpad=0.5, columnspacing=spacing, labelspacing=0.25,
        borderaxespad=0.1, borderpad=0.1, alignment="center",
    )
    rows = -(-len(names) // max(columns, 1)) + (title.count("\n") + 1 if title else 0)
    figure.set_size_inches(width, height + (rows * 1.28 * SMALL + 6) / 72)


def wrapped(text: str, width: float, size: float = SMALL - 0.5) -> list[str]:
    """A text in lines of at most so many points."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _entries(figure: Figure) -> dict[str, Artist]:
    """Label to what it stands for, of all axes, each label once."""
    found: dict[str, Artist] = {}
    for axes in figure.axes:
        for artist, name in zip(*axes.get_legend_handles_labels(), strict=True):
            found.setdefault(name, artist)
    return found


def _columns(names: Sequence[str], room: float) -> tuple[int, float]:
    """(columns, space between them in units of the font) of a legend in so many points."""
    handle, spacing = (1.8 + 0.5) * SMALL, 1.4
    sizes = [text_width(name) + handle for name in names]
    for columns in range(len(names), 1, -1):
        parts = np.array_split(np.array(sizes), columns)
        whole = sum(float(part.max()) for part in parts) + (columns - 1) * spacing * SMALL
        if whole <= room:
            return columns, spacing
    return 1, spacing
