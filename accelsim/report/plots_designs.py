"""Figures that compare designs and show what bounds them: roofline, Pareto front, PE load."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from accelsim.errors import InputError
from accelsim.records.result import RunResult
from accelsim.report.plots_style import LINE_COLOURS, MARKERS, legend_beside, new_axes, plain


class SpmatMachine(Protocol):
    """The numbers of a machine that a roofline needs."""

    @property
    def n_pe(self) -> int: ...
    @property
    def clock_mhz(self) -> float: ...
    @property
    def spmat_width_bits(self) -> int: ...
    @property
    def weight_bits(self) -> int: ...
    @property
    def index_bits(self) -> int: ...


def roofline(machine: SpmatMachine, results: Sequence[RunResult], dram_gb_s: float) -> Figure:
    """Operations a second against operations a byte, under compute, SRAM and DRAM bounds.

    An operation is a multiplication or an addition on a weight that is not zero. Filled markers:
    what was reached, over the bytes read from the sparse-matrix SRAMs (whole lines). Open markers:
    the bound of the same layer if its entries came from DRAM instead, each read once.

    Parameters
    ----------
    results : runs on ``machine``
    dram_gb_s : bandwidth of the DRAM to compare with, 10^9 bytes a second
    """
    peak_gops = 2 * machine.n_pe * machine.clock_mhz / 1000
    sram_gb_s = machine.n_pe * machine.spmat_width_bits / 8 * machine.clock_mhz / 1000
    figure, axes = new_axes("Roofline", "operations a byte of weights", "GOP/s", (6.8, 4.2))
    points = []
    for result in results:
        operations = 2 * result.operations["macs"]
        sram_bytes = int(result.timed.spmat_line_reads.sum()) * machine.spmat_width_bits / 8
        entry_bits = machine.weight_bits + machine.index_bits
        dram_bytes = result.operations["entries"] * entry_bits / 8
        if not sram_bytes:
            raise InputError(f"{result.name}: read no weights; a roofline needs some")
        points.append((operations / sram_bytes, operations / result.time_us / 1000,
                       operations / dram_bytes))
    low = min(min(p[0], p[2]) for p in points) / 4 if points else 0.1
    x = np.geomspace(min(low, peak_gops / sram_gb_s / 4), 4 * peak_gops / dram_gb_s, 200)
    _bound(axes, x, np.minimum(peak_gops, sram_gb_s * x), f"SRAM, {sram_gb_s:,.0f} GB/s", "-")
    _bound(axes, x, np.minimum(peak_gops, dram_gb_s * x), f"DRAM, {dram_gb_s:,.0f} GB/s", "--")
    axes.axhline(peak_gops, color="black", linewidth=0.8, linestyle=":",
                 label=f"compute, {peak_gops:,.1f} GOP/s")
    for index, (result, (at_sram, gops, at_dram)) in enumerate(zip(results, points, strict=True)):
        marker = MARKERS[index % len(MARKERS)]
        colour = LINE_COLOURS[index % len(LINE_COLOURS)]
        axes.plot(at_sram, gops, color=colour, marker=marker, linestyle="none",
                  label=plain(result.name))
        axes.plot(at_dram, min(peak_gops, dram_gb_s * at_dram), markerfacecolor="none",
                  markeredgecolor=colour, marker=marker, linestyle="none",
                  label=f"_{result.name}, DRAM")
    axes.plot([], [], linestyle="none", marker="o", markerfacecolor="none",
              markeredgecolor="black", label="bound from DRAM")
    axes.set_xscale("log")
    axes.set_yscale("log")
    legend_beside(axes)
    return figure


def _bound(
    axes: Axes, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], name: str, dash: str
) -> None:
    axes.plot(x, y, color="#777777", linewidth=1.5, linestyle=dash, label=name)


def pareto_scatter(
    x: npt.ArrayLike, y: npt.ArrayLike, on_front: npt.ArrayLike, x_label: str, y_label: str,
    labels: Sequence[str] = (), log: bool = False,
) -> Figure:
    """All designs in grey, those on the Pareto front marked and joined.

    Parameters
    ----------
    x, y : (n,) one value a design
    on_front : (n,) bool
    labels : of the designs on the front, in the order of ``x``; an empty text is not drawn
    log : logarithmic axes
    """
    xs, ys = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    front = np.asarray(on_front, dtype=bool)
    if not xs.shape == ys.shape == front.shape or xs.ndim != 1:
        raise InputError(f"x, y and on_front have shapes {xs.shape}, {ys.shape} and "
                         f"{front.shape}; need one dimension and equal lengths")
    figure, axes = new_axes("Designs and their Pareto front", x_label, y_label)
    axes.plot(xs[~front], ys[~front], ".", color="#999999", label="designs", markersize=5)
    at = np.flatnonzero(front)[np.argsort(xs[front], kind="stable")]
    axes.plot(xs[at], ys[at], color="#D55E00", marker="D", markersize=5, linewidth=1.2,
              label="front")
    for text, index in zip(labels, np.flatnonzero(front), strict=False):
        if text:
            axes.annotate(plain(text), (xs[index], ys[index]), xytext=(5, 5),
                          textcoords="offset points", fontsize=7)
    if log:
        axes.set_xscale("log")
        axes.set_yscale("log")
    legend_beside(axes)
    return figure


def pe_load_heatmap(results: Sequence[RunResult]) -> Figure:
    """Entries that each PE issued, over the mean of its layer: who makes the others wait."""
    loads = np.array([
        result.timed.issued_entries / max(result.timed.issued_entries.mean(), 1)
        for result in results
    ])
    figure, axes = new_axes("Load of each PE", "PE", "", (7.2, 0.32 * len(results) + 1.6))
    reach = max(float(np.abs(loads - 1).max()), 0.01)
    # cividis: lightness grows with the load, so that it reads in grey too.
    image = axes.imshow(loads, aspect="auto", cmap="cividis", vmin=1 - reach, vmax=1 + reach,
                        interpolation="nearest")
    axes.set_yticks(range(len(results)), [plain(result.name) for result in results])
    bar = figure.colorbar(image, ax=axes)
    bar.set_label("entries / mean")
    return figure
