"""An explanation in one picture: each PE's cycles, who is to blame, slots, what would help."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from accelsim.inside.explain import Explanation, steady_step
from accelsim.report.plots_style import label, plain

COLOURS = (
    "#009E73", "#E69F00", "#F0E442", "#CC79A7", "#D55E00", "#0072B2", "#56B4E9", "#BBBBBB",
    "#8B6914", "#777777", "#444444",
)
"""In the order of the states: useful work is green. Okabe and Ito's colours, then greys."""

_LEGEND = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5), "frameon": False,
           "fontsize": "small"}


def explanation(found: Explanation) -> Figure:
    """A panel of states, and one each for blame, slots and remedies where there are some."""
    tried = [r for r in found.remedies if r.cycles is not None]
    n_pe = found.result.timed.n_pe
    heights = [4.0]
    if found.blamed is not None:
        heights.append(2.0)
    if found.result.slots:
        heights.append(2.5)
    if tried:
        heights.append(0.5 + 0.4 * len(tried))
    figure = Figure(figsize=(9.2, sum(heights) - 0.2 - 0.1 * len(tried)),
                    layout=ConstrainedLayoutEngine(h_pad=0.12))
    panels = iter(figure.subplots(len(heights), 1, height_ratios=heights, squeeze=False).flat)
    axes = next(panels)
    _states(axes, found)
    label(axes, f"{found.result.name}: where the cycles went", "PE", "cycles")
    axes.set_xlim(-0.6, n_pe - 0.4)
    if found.blamed is not None:
        axes = next(panels)
        axes.bar(np.arange(n_pe), found.blamed / n_pe, color="#D55E00", width=0.8)
        label(axes, "Starved because this PE's queue was full", "PE", "cycles a PE")
        axes.set_xlim(-0.6, n_pe - 0.4)
    if found.result.slots:
        _slots(next(panels), found)
    for axes in panels:
        _remedies(axes, found)
    return figure


def _states(axes: Axes, found: Explanation) -> None:
    n_pe = found.result.timed.n_pe
    bottom = np.zeros(n_pe)
    for index, (state, cycles) in enumerate(found.states.items()):
        if cycles.any():
            axes.bar(np.arange(n_pe), cycles, bottom=bottom, width=1.0 if n_pe > 32 else 0.8,
                     color=COLOURS[index % len(COLOURS)], label=plain(state), linewidth=0)
            bottom += cycles
    axes.legend(**_LEGEND)


def _slots(axes: Axes, found: Explanation) -> None:
    """The slots of a steady step, coloured by what decided when they ended."""
    slots = found.result.slots
    bounds = found.slot_bounds or ("",) * len(slots)
    step = steady_step(slots)
    shown = [(slot, bound) for slot, bound in zip(slots, bounds, strict=True)
             if slot.step == step]
    for index, bound in enumerate(dict.fromkeys(bound for _, bound in shown)):
        at = [k for k, (_, own) in enumerate(shown) if own == bound]
        axes.bar(at, [shown[k][0].cycles for k in at], width=0.8, label=plain(bound),
                 color=COLOURS[(index + 4) % len(COLOURS)])
    names = [plain(f"{slot.name} {slot.spmv or ''}") for slot, _ in shown]
    axes.set_xticks(range(len(shown)), names,
                    fontsize="x-small", rotation=30, ha="right")
    label(axes, f"Slots of step {step}, by what decided when they ended", "", "cycles")
    if found.slot_bounds:
        axes.legend(**_LEGEND)


def _remedies(axes: Axes, found: Explanation) -> None:
    tried = [r for r in found.remedies if r.cycles is not None][::-1]
    saved = [found.saved(r) or 0 for r in tried]
    axes.barh(range(len(tried)), saved, color=["#009E73" if s > 0 else "#999999" for s in saved])
    axes.set_yticks(range(len(tried)), [plain(_short(r.name)) for r in tried], fontsize="small")
    for row, cycles in enumerate(saved):
        percent = 100 * cycles / found.result.cycles
        axes.annotate(f" {cycles:,} ({percent:+.1f} %)", (max(cycles, 0), row), va="center",
                      fontsize="small")
    axes.margins(x=0.15)
    label(axes, f"What would help, of {found.result.cycles:,} cycles", "cycles saved", "")


def _short(name: str) -> str:
    return name.partition(":")[0].partition(" (")[0]
