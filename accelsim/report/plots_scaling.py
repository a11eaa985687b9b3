"""Figures over a parameter: number of PEs, queue depth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from accelsim.report.meanings import LOOKS, looks_of
from accelsim.report.paper import PAGE, legend_below, new_axes, styled, tick
from accelsim.report.plots_style import Ranges, Series, draw_lines, plain


@styled
def speedup(
    n_pe: Sequence[int], series: Series, published: Series | None = None,
    against: str = "published", *, width: float = PAGE, ranges: Ranges | None = None,
    notes: Sequence[str] = (),
) -> Figure:
    """Speedup over one PE against the number of PEs; lines near the ideal coincide, which
    `efficiency` tells apart.

    Parameters
    ----------
    series, published : speedups, a line a layer; ``published`` are drawn as open markers
    against : what the legend calls the open markers, here and below
    ranges : least and most over seeds, of lines that have some
    notes : what a reader must know of the figure, below it
    """
    figure, axes = new_axes("Speedup over one PE", "PEs", "speedup (x)", width)
    axes.plot(n_pe, n_pe, color=LOOKS["ideal"].colour, linewidth=3, label="ideal", zorder=0)
    draw_lines(axes, n_pe, series, ranges)
    _open_markers(axes, n_pe, series, published, against)
    axes.set_yscale("log", base=2)
    axes.yaxis.set_major_formatter(tick)
    legend_below(figure, notes)
    return figure


@styled
def efficiency(
    n_pe: Sequence[int], series: Series, published: Series | None = None,
    quantity: str = "load balance", against: str = "published", *, width: float = PAGE,
    ranges: Ranges | None = None, notes: Sequence[str] = (),
) -> Figure:
    """A share in percent against the number of PEs (EIE Figs. 11 to 13)."""
    figure, axes = new_axes(f"{quantity.capitalize()} and number of PEs", "PEs", f"{quantity} (%)",
                            width)
    draw_lines(axes, n_pe, series, ranges)
    _open_markers(axes, n_pe, series, published, against)
    _percent(axes, series, published)
    legend_below(figure, notes)
    return figure


@styled
def queue_depth(
    depths: Sequence[int], series: Series, published_depths: Sequence[int] = (),
    published: Series | None = None, against: str = "published", *, width: float = PAGE,
    ranges: Ranges | None = None, notes: Sequence[str] = (),
) -> Figure:
    """Load balance in percent against the depth of the activation queue (EIE Fig. 8)."""
    figure, axes = new_axes("Load balance and queue depth", "columns a PE's queue holds",
                            "load balance (%)", width)
    draw_lines(axes, depths, series, ranges)
    _open_markers(axes, published_depths, series, published, against)
    _percent(axes, series, published)
    legend_below(figure, notes)
    return figure


def _percent(axes: Axes, series: Series, published: Series | None) -> None:
    """From 0 to 105, or to what is more: a speedup can be more than ideal."""
    drawn = [value for lines in (series, published or {}) for line in lines.values()
             for value in line if np.isfinite(value)]
    axes.set_ylim(0, max(105.0, 1.05 * max(drawn, default=0.0)))


def _open_markers(
    axes: Axes, x: Sequence[float], series: Series, published: Series | None, against: str
) -> None:
    """Published values in the colour of their line, larger and not filled."""
    for name, look in looks_of(series).items():
        values = np.asarray((published or {}).get(name, ()), dtype=np.float64)
        if len(values):
            axes.plot(
                x, values, linestyle="none", marker=look.marker, markersize=6.5,
                markerfacecolor="none", markeredgecolor=look.colour, markeredgewidth=0.7,
                label=f"_{name}, {against}",
            )
    if published:
        axes.plot([], [], linestyle="none", marker="o", markersize=6.5, markerfacecolor="none",
                  markeredgecolor="black", markeredgewidth=0.7, label=plain(against))
