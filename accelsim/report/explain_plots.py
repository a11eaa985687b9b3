"""An explanation in one picture: each PE's cycles, who is to blame, slots, what would help."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from accelsim.inside.explain import Explanation, steady_step
from accelsim.report.meanings import LOOKS, looks_of
from accelsim.report.paper import PAGE, SMALL, label, legend_below, styled
from accelsim.report.plots_style import amount, name_ticks, plain

SAVED = {True: LOOKS["useful"].colour, False: LOOKS["overhead"].colour}
"""Whether a change saves cycles."""


@styled
def explanation(found: Explanation, *, width: float = PAGE) -> Figure:
    """A panel of states, and one each for blame, slots and remedies where there are some."""
    tried = [r for r in found.remedies if r.cycles is not None]
    n_pe = found.result.timed.n_pe
    heights = [2.3]
    if found.blamed is not None:
        heights.append(1.2)
    if found.result.slots:
        heights.append(1.9)
    if tried:
        heights.append(0.35 + 0.27 * len(tried))
    figure = Figure(figsize=(width, sum(heights) + 0.25 * len(heights)), layout="constrained")
    figure.set_label(f"{found.result.name}: where {found.result.cycles:,} cycles went, and what "
                     f"would help")
    panels = iter(figure.subplots(len(heights), 1, height_ratios=heights, squeeze=False).flat)
    axes = next(panels)
    _states(axes, found)
    label(axes, "PE", "cycles")
    axes.set_xlim(-0.6, n_pe - 0.4)
    if found.blamed is not None:
        axes = next(panels)
        blocked = "starved: blocked by a full queue"
        axes.bar(np.arange(n_pe), found.blamed / n_pe, color=LOOKS[blocked].colour, width=0.8)
        label(axes, "PE whose full queue starved others", "cycles a PE")
        axes.set_xlim(-0.6, n_pe - 0.4)
    if found.result.slots:
        _slots(next(panels), found, width)
    for axes in panels:
        _remedies(axes, found)
    legend_below(figure)
    return figure


def _states(axes: Axes, found: Explanation) -> None:
    n_pe = found.result.timed.n_pe
    bottom = np.zeros(n_pe)
    shown = {state: cycles for state, cycles in found.states.items() if cycles.any()}
    for state, look in looks_of(shown).items():
        axes.bar(np.arange(n_pe), shown[state], bottom=bottom, color=look.colour,
                 width=1.0 if n_pe > 32 else 0.8, label=plain(state), linewidth=0)
        bottom += shown[state]


def _slots(axes: Axes, found: Explanation, width: float) -> None:
    """The slots of a steady step, coloured by what decided when they ended."""
    slots = found.result.slots
    bounds = found.slot_bounds or ("",) * len(slots)
    step = steady_step(slots)
    shown = [(slot, bound) for slot, bound in zip(slots, bounds, strict=True)
             if slot.step == step]
    for bound, look in looks_of(bound for _, bound in shown).items():
        at = [k for k, (_, own) in enumerate(shown) if own == bound]
        axes.bar(at, [shown[k][0].cycles for k in at], width=0.8, color=look.colour,
                 label=plain(f"slot bound by {bound}" if bound else "_slot"))
    label(axes, f"slots of step {step}", "cycles")
    name_ticks(axes, [plain(f"{slot.name} {slot.spmv or ''}") for slot, _ in shown], width)


def _remedies(axes: Axes, found: Explanation) -> None:
    """A bar a change, its name above it: beside it there is no room in a column."""
    tried = [r for r in found.remedies if r.cycles is not None][::-1]
    saved = [found.saved(r) or 0 for r in tried]
    axes.barh(range(len(tried)), saved, height=0.4, color=[SAVED[s > 0] for s in saved])
    label(axes, f"cycles saved of {found.result.cycles:,}", "")
    axes.set_yticks([])
    for row, (remedy, cycles) in enumerate(zip(tried, saved, strict=True)):
        percent = 100 * cycles / found.result.cycles
        axes.annotate(
            plain(f"{_short(remedy.name)}: {amount(cycles)} ({percent:+.1f} %)"), (0, row),
            xycoords=("axes fraction", "data"), xytext=(3, 3.5), textcoords="offset points",
            va="bottom", fontsize=SMALL)
    axes.set_ylim(-0.6, len(tried) - 0.1)


def _short(name: str) -> str:
    return name.partition(":")[0].partition(" (")[0]
