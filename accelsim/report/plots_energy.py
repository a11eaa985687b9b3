"""Figures of energy: line width, breakdown, accuracy against energy."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from accelsim.report.meanings import looks_of
from accelsim.report.paper import COLUMN, PAGE, label, legend_below, new_axes, styled
from accelsim.report.plots_style import draw_lines, plain, stacked


@styled
def line_width_energy(
    widths_bits: Sequence[int], line_reads: Sequence[float],
    pj_per_read: Mapping[str, Sequence[float]], *, width: float = PAGE, notes: Sequence[str] = (),
) -> Figure:
    """Line reads, energy a read and their product against the line width (EIE Fig. 9).

    Parameters
    ----------
    line_reads : of all PEs, one for each width
    pj_per_read : picojoules a read, a line a memory; several memories can be compared
    width : in inches; the three panels stand below each other in a column
    """
    narrow = width < 1.5 * COLUMN
    figure = Figure(figsize=(width, 4.6 if narrow else 2.2), layout="constrained")
    figure.set_label("Line reads, energy a read, energy of all reads by line width")
    panels = figure.subplots(3, 1, sharex=True) if narrow else figure.subplots(1, 3)
    reads, each, total = panels
    for axes, y_label in ((reads, "reads (thousands)"), (each, "energy a read (pJ)"),
                          (total, "energy of all reads (nJ)")):
        label(axes, "line width (bits)" if not narrow or axes is total else "", y_label)
    draw_lines(reads, widths_bits, {"line reads": [n / 1000 for n in line_reads]})
    draw_lines(each, widths_bits, pj_per_read)
    draw_lines(total, widths_bits, {
        name: [n * pj / 1000 for n, pj in zip(line_reads, energies, strict=True)]
        for name, energies in pj_per_read.items()
    })
    for axes in panels:
        axes.set_ylim(bottom=0)
    legend_below(figure, notes)
    return figure


@styled
def energy_breakdown(
    energies_nj: Mapping[str, Mapping[str, float]], *, width: float = PAGE
) -> Figure:
    """Where the energy of each layer went, stacked.

    Parameters
    ----------
    energies_nj : layer to part (module or cause) to nanojoules
    """
    parts = dict.fromkeys(part for energies in energies_nj.values() for part in energies)
    return stacked(
        "Where the energy went", list(energies_nj),
        {part: [e.get(part, 0.0) for e in energies_nj.values()] for part in parts},
        "energy (nJ)", width,
    )


@styled
def accuracy_energy(
    points: Mapping[str, tuple[float, float]], *, n_inputs: int | None = None,
    width: float = PAGE,
) -> Figure:
    """Accuracy against energy, a marked point a design.

    Parameters
    ----------
    points : design to (energy in nJ, accuracy in percent)
    n_inputs : inputs that the accuracy was measured on. The axis says so and is never finer than
        ten of them from end to end, and a bar shows one standard error of each share
    """
    of = f" of {n_inputs:,} inputs" if n_inputs else ""
    figure, axes = new_axes("Accuracy and energy", "energy an inference (nJ)", f"accuracy{of} (%)",
                            width)
    for name, look in looks_of(points).items():
        energy_nj, percent = points[name]
        if n_inputs:
            share = min(max(percent / 100, 0.0), 1.0)
            axes.errorbar([energy_nj], [percent], elinewidth=0.7, capsize=2,
                          yerr=100 * math.sqrt(share * (1 - share) / n_inputs),
                          color=look.colour, fmt="none", label="_error")
        axes.plot(energy_nj, percent, linestyle="none", label=plain(name), markersize=5,
                  marker=look.marker, color=look.colour)
    if n_inputs:
        low, high = axes.get_ylim()
        short = max(0.0, 10 * 100 / n_inputs - (high - low)) / 2
        axes.set_ylim(low - short, min(high + short, 100.5))
    legend_below(figure, ("bars: one standard error of the share",) if n_inputs else ())
    return figure
