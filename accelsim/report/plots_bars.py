"""Bars: published beside ours, platforms, storage of encodings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from accelsim.report.plots_style import draw_groups, draw_stack, legend_beside, new_axes


def side_by_side(
    names: Sequence[str], series: Mapping[str, Sequence[float]], title: str, y_label: str,
    log: bool = False,
) -> Figure:
    """A group of bars a name, a bar a series; ``y_label`` names the unit.

    Parameters
    ----------
    series : heights in the order of ``names``; NaN leaves a gap
    log : a logarithmic y axis
    """
    figure, axes = new_axes(title, "", y_label, (max(6.4, 0.75 * len(names) + 2.5), 3.8))
    if log:
        axes.set_yscale("log")
    draw_groups(axes, names, series)
    legend_beside(axes)
    return figure


def storage_breakdown(encodings: Mapping[str, Mapping[str, float]]) -> Figure:
    """What the bits of each encoding of a layer are spent on, stacked.

    Parameters
    ----------
    encodings : encoding to part (weights, indices, padding, pointers, ...) to bits
    """
    parts = dict.fromkeys(part for bits in encodings.values() for part in bits)
    figure, axes = new_axes("Storage of an encoding, by what it holds", "", "storage (KB)",
                            (max(6.4, 1.1 * len(encodings) + 2.5), 3.8))
    draw_stack(
        axes, list(encodings),
        {part: [bits.get(part, 0.0) / 8000 for bits in encodings.values()] for part in parts},
    )
    legend_beside(axes)
    return figure
