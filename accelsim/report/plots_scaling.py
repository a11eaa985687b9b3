"""Figures over a parameter: number of PEs, queue depth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from accelsim.report.plots_style import (
    LINE_COLOURS,
    MARKERS,
    draw_lines,
    legend_beside,
    new_axes,
    plain,
)

Series = Mapping[str, Sequence[float]]
"""Values by the name of the line, one for each x; NaN where missing."""


def speedup(
    n_pe: Sequence[int], series: Series, published: Series | None = None,
    against: str = "published",
) -> Figure:
    """Speedup over one PE against the number of PEs (EIE Fig. 11).

    Parameters
    ----------
    series, published : speedups, a line a layer; ``published`` are drawn as open markers
    against : what the legend calls the open markers, here and below
    """
    figure, axes = new_axes("Speedup over one PE", "PEs", "speedup (x)")
    axes.plot(n_pe, n_pe, color="#BBBBBB", linewidth=3, label="ideal", zorder=0)
    draw_lines(axes, n_pe, series)
    _open_markers(axes, n_pe, series, published, against)
    axes.set_yscale("log", base=2)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    legend_beside(axes)
    return figure


def efficiency(
    n_pe: Sequence[int], series: Series, published: Series | None = None,
    quantity: str = "load balance", against: str = "published",
) -> Figure:
    """A share in percent against the number of PEs (EIE Figs. 12 and 13)."""
    figure, axes = new_axes(f"{quantity.capitalize()} and number of PEs", "PEs", f"{quantity} (%)")
    draw_lines(axes, n_pe, series)
    _open_markers(axes, n_pe, series, published, against)
    axes.set_ylim(0, 105)
    legend_beside(axes)
    return figure


def queue_depth(
    depths: Sequence[int], series: Series, published_depths: Sequence[int] = (),
    published: Series | None = None, against: str = "published",
) -> Figure:
    """Load balance in percent against the depth of the activation queue (EIE Fig. 8)."""
    figure, axes = new_axes("Load balance and queue depth", "columns a PE's queue holds",
                            "load balance (%)")
    draw_lines(axes, depths, series)
    _open_markers(axes, published_depths, series, published, against)
    axes.set_ylim(0, 105)
    legend_beside(axes)
    return figure


def _open_markers(
    axes: Axes, x: Sequence[float], series: Series, published: Series | None, against: str
) -> None:
    """Published values in the colour of their line, larger and not filled."""
    for index, name in enumerate(series):
        values = np.asarray((published or {}).get(name, ()), dtype=np.float64)
        if len(values):
            axes.plot(
                x, values, linestyle="none", marker=MARKERS[index % len(MARKERS)], markersize=8,
                markerfacecolor="none", markeredgecolor=LINE_COLOURS[index % len(LINE_COLOURS)],
                markeredgewidth=0.8, label=f"_{name}, {against}",
            )
    if published:
        axes.plot([], [], linestyle="none", marker="o", markersize=8, markerfacecolor="none",
                  markeredgecolor="black", label=plain(against))
