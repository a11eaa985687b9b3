"""Figures of energy: line width, breakdown, accuracy against energy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from accelsim.report.plots_style import (
    LINE_COLOURS,
    MARKERS,
    draw_lines,
    draw_stack,
    label,
    legend_beside,
    new_axes,
    plain,
)


def line_width_energy(
    widths_bits: Sequence[int], line_reads: Sequence[float],
    pj_per_read: Mapping[str, Sequence[float]],
) -> Figure:
    """Line reads, energy a read and their product against the line width (EIE Fig. 9).

    Parameters
    ----------
    line_reads : of all PEs, one for each width
    pj_per_read : picojoules a read, a line a memory; several memories can be compared
    """
    figure = Figure(figsize=(9.6, 3.4), layout="constrained")
    reads, each, total = figure.subplots(1, 3)
    draw_lines(reads, widths_bits, {"line reads": [n / 1000 for n in line_reads]})
    draw_lines(each, widths_bits, pj_per_read)
    draw_lines(total, widths_bits, {
        name: [n * pj / 1000 for n, pj in zip(line_reads, energies, strict=True)]
        for name, energies in pj_per_read.items()
    })
    x_label = "line width (bits)"
    label(reads, "Line reads", x_label, "reads (thousands)")
    label(each, "Energy a read", x_label, "energy (pJ)")
    label(total, "Energy of all reads", x_label, "energy (nJ)")
    for axes in (reads, each, total):
        axes.set_ylim(bottom=0)
    if len(pj_per_read) > 1:
        legend_beside(total)
    return figure


def energy_breakdown(energies_nj: Mapping[str, Mapping[str, float]]) -> Figure:
    """Where the energy of each layer went, stacked.

    Parameters
    ----------
    energies_nj : layer to part (module or cause) to nanojoules
    """
    parts = dict.fromkeys(part for energies in energies_nj.values() for part in energies)
    figure, axes = new_axes("Where the energy went", "", "energy (nJ)",
                            (max(6.4, 0.75 * len(energies_nj) + 2.5), 3.8))
    draw_stack(
        axes, list(energies_nj),
        {part: [e.get(part, 0.0) for e in energies_nj.values()] for part in parts},
    )
    legend_beside(axes)
    return figure


def accuracy_energy(points: Mapping[str, tuple[float, float]]) -> Figure:
    """Accuracy against energy, a marked point a design.

    Parameters
    ----------
    points : design to (energy in nJ, accuracy in percent)
    """
    figure, axes = new_axes("Accuracy and energy", "energy an inference (nJ)", "accuracy (%)")
    for index, (name, (energy_nj, accuracy_percent)) in enumerate(points.items()):
        axes.plot(
            energy_nj, accuracy_percent, linestyle="none", label=plain(name), markersize=7,
            marker=MARKERS[index % len(MARKERS)], color=LINE_COLOURS[index % len(LINE_COLOURS)],
        )
    legend_beside(axes)
    return figure
