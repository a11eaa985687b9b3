"""Bars: published beside ours, platforms, storage of encodings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from accelsim.report.meanings import Look, looks_of
from accelsim.report.paper import PAGE, legend_below, log_axis, new_axes, styled
from accelsim.report.plots_style import Ranges, draw_groups, stacked


@styled
def side_by_side(
    names: Sequence[str], series: Mapping[str, Sequence[float]], title: str, y_label: str,
    log: bool = False, *, width: float = PAGE, looks: Mapping[str, Look] | None = None,
    ranges: Ranges | None = None, notes: Sequence[str] = (),
) -> Figure:
    """A group of bars a name, a bar a series; ``y_label`` names the unit.

    Parameters
    ----------
    series : heights in the order of ``names``; NaN is no bar
    title : kept as the figure's label, not drawn
    log : a logarithmic y axis
    looks : of the series; by their names where not given
    ranges : least and most over seeds, of series that have some
    notes : what a reader must know of the figure, below it
    """
    figure, axes = new_axes(title, "", y_label, width)
    draw_groups(axes, names, series, looks or looks_of(series), width, ranges)
    if log:
        log_axis(axes, "y")
    legend_below(figure, notes)
    return figure


@styled
def storage_breakdown(
    encodings: Mapping[str, Mapping[str, float]], *, width: float = PAGE
) -> Figure:
    """What the bits of each encoding of a layer are spent on, stacked.

    Parameters
    ----------
    encodings : encoding to part (weights, indices, padding, pointers, ...) to bits
    """
    parts = dict.fromkeys(part for bits in encodings.values() for part in bits)
    return stacked(
        "Storage of an encoding, by what it holds", list(encodings),
        {part: [bits.get(part, 0.0) / 8000 for bits in encodings.values()] for part in parts},
        "storage (KB)", width,
    )
