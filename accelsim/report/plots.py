"""One function a figure: records in, a matplotlib Figure out. Vector output, units on the axes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from accelsim.errors import InputError
from accelsim.files import atomic_path
from accelsim.report.summary import BREAKDOWN, breakdown
from accelsim.results import RunResult

OKABE_ITO = ("#009E73", "#E69F00", "#56B4E9", "#D55E00", "#BBBBBB", "#0072B2", "#CC79A7", "#F0E442")
"""Colours that colour-blind readers can tell apart (Okabe and Ito, 2008), grey for idle."""

HATCHES = ("", "//", "..", "xx", "", "\\\\")
"""So that the same bars can be read in grey."""

FORMATS: dict[str, dict[str, Any]] = {
    "svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {},
}
"""Kinds of picture, with what keeps the date out of them."""


def cycle_breakdown(results: Sequence[RunResult]) -> Figure:
    """Where each layer's PE-cycles went, stacked to its cycle count."""
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    axes = figure.subplots()
    names = [result.name for result in results]
    bottoms = [0.0] * len(results)
    for state, colour, hatch in zip(BREAKDOWN, OKABE_ITO, HATCHES, strict=False):
        heights = [breakdown(r.timed)[state] * r.cycles for r in results]
        if any(heights):
            axes.bar(
                names, heights, bottom=bottoms, color=colour, hatch=hatch, label=state,
                edgecolor="white", linewidth=0.5,
            )
        bottoms = [b + h for b, h in zip(bottoms, heights, strict=True)]
    axes.set_ylabel("cycles")
    axes.set_xlabel("layer")
    axes.set_title("Where the cycles of an average PE went")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def save(figure: Figure, path: Path) -> Path:
    """Write a figure, whole or not at all; the ending of ``path`` names the format (svg, pdf, png).

    Raises
    ------
    InputError
        If the ending is not one of them, or the file cannot be written.
    """
    kind = path.suffix.lstrip(".").lower()
    if kind not in FORMATS:
        raise InputError(f"{path}: a picture ends in {', '.join(f'.{name}' for name in FORMATS)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    # Fixed identifiers and no date: the same figure gives the same bytes.
    with rc_context({"svg.hashsalt": "accelsim"}), atomic_path(path) as part:
        figure.savefig(part, metadata=FORMATS[kind])
    return path
