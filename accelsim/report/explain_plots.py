"""An explanation in one picture: each PE's cycles, who is to blame, what would help."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from accelsim.machines.eie.explain import STATES, Explanation
from accelsim.report.plots_style import label

COLOURS = dict(zip(STATES, (
    "#009E73", "#E69F00", "#F0E442", "#CC79A7", "#D55E00", "#0072B2", "#56B4E9", "#BBBBBB",
    "#8B6914", "#777777", "#444444",
), strict=True))
"""Okabe and Ito's colours for the states that matter most, greys for the rest."""


def explanation(found: Explanation) -> Figure:
    """Three panels; what does not occur is left out."""
    tried = [r for r in found.remedies if r.cycles is not None]
    n_pe = found.result.timed.n_pe
    figure = Figure(figsize=(9.2, 6.3 + 0.3 * len(tried)),
                    layout=ConstrainedLayoutEngine(h_pad=0.12))
    panels = figure.subplots(3, 1, height_ratios=(4, 2, 0.5 + 0.4 * max(len(tried), 1)))
    _states(panels[0], found)
    name = found.result.name.replace("$", r"\$")  # no formula
    label(panels[0], f"{name}: where the cycles went", "PE", "cycles")
    panels[1].bar(np.arange(n_pe), found.blamed / n_pe, color="#D55E00", width=0.8)
    label(panels[1], "Starved because this PE's queue was full", "PE", "cycles a PE")
    _remedies(panels[2], found)
    for axes in panels[:2]:
        axes.set_xlim(-0.6, n_pe - 0.4)
    return figure


def _states(axes: Axes, found: Explanation) -> None:
    n_pe = found.result.timed.n_pe
    bottom = np.zeros(n_pe)
    for state, cycles in found.states.items():
        if cycles.any():
            axes.bar(np.arange(n_pe), cycles, bottom=bottom, width=1.0 if n_pe > 32 else 0.8,
                     color=COLOURS[state], label=state, linewidth=0)
            bottom += cycles
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize="small")


def _remedies(axes: Axes, found: Explanation) -> None:
    tried = [r for r in found.remedies if r.cycles is not None][::-1]
    saved = [found.saved(r) or 0 for r in tried]
    axes.barh(range(len(tried)), saved, color=["#009E73" if s > 0 else "#999999" for s in saved])
    axes.set_yticks(range(len(tried)), [_short(r.name) for r in tried], fontsize="small")
    for row, cycles in enumerate(saved):
        percent = 100 * cycles / found.result.cycles
        axes.annotate(f" {cycles:,} ({percent:+.1f} %)", (max(cycles, 0), row), va="center",
                      fontsize="small")
    axes.margins(x=0.15)
    label(axes, f"What would help, of {found.result.cycles:,} cycles", "cycles saved", "")


def _short(name: str) -> str:
    return name.partition(":")[0].partition(" (")[0]
