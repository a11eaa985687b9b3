"""Figures that show what bounds a design: roofline, PE load."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from matplotlib.figure import Figure

from accelsim.errors import InputError
from accelsim.records.result import RunResult
from accelsim.report.meanings import looks_of
from accelsim.report.paper import PAGE, legend_below, log_axis, new_axes, styled
from accelsim.report.plots_style import plain


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
    @property
    def index(self) -> str: ...


@styled
def roofline(
    machine: SpmatMachine, results: Sequence[RunResult], dram_gb_s: float, *, width: float = PAGE
) -> Figure:
    """Operations a second against operations a byte, under compute, SRAM and DRAM bounds.

    An operation is a multiplication or an addition on a weight that is not zero. Filled markers:
    what was reached, over the bytes read from the sparse-matrix SRAMs (whole lines). Open markers:
    the bound of the same layer if its entries came from DRAM instead, each read once; or, with a
    bitmap, if those lines did.

    Parameters
    ----------
    results : runs on ``machine``
    dram_gb_s : bandwidth of the DRAM to compare with, 10^9 bytes a second
    """
    peak_gops = 2 * machine.n_pe * machine.clock_mhz / 1000
    sram_gb_s = machine.n_pe * machine.spmat_width_bits / 8 * machine.clock_mhz / 1000
    figure, axes = new_axes("Roofline", "operations a byte of weights", "GOP/s", width)
    points = [_point(machine, result) for result in results]
    low = min(min(p[0], p[2]) for p in points) / 4 if points else 0.1
    x = np.geomspace(min(low, peak_gops / sram_gb_s / 4), 4 * peak_gops / dram_gb_s, 200)
    for name, gb_s, dash in (("SRAM", sram_gb_s, "-"), ("DRAM", dram_gb_s, "--")):
        axes.plot(x, np.minimum(peak_gops, gb_s * x), color="#777777", linewidth=1.2,
                  linestyle=dash, zorder=1, label=f"{name}, {gb_s:,.0f} GB/s")
    axes.axhline(peak_gops, color="black", linewidth=0.8, linestyle=":", zorder=0,
                 label=f"compute, {peak_gops:,.1f} GOP/s")
    looks = looks_of(result.name for result in results)
    for result, (at_sram, gops, at_dram) in zip(results, points, strict=True):
        look = looks[result.name]
        axes.plot(at_sram, gops, color=look.colour, marker=look.marker, markersize=5,
                  linestyle="none", zorder=3, label=plain(result.name))
        axes.plot(at_dram, min(peak_gops, dram_gb_s * at_dram), markerfacecolor="white",
                  markeredgecolor=look.colour, markeredgewidth=0.9, marker=look.marker,
                  markersize=5, linestyle="none", zorder=3, label=f"_{result.name}, DRAM")
    axes.plot([], [], linestyle="none", marker="o", markersize=5, color="black",
              label="reached, from SRAM")
    axes.plot([], [], linestyle="none", marker="o", markersize=5, markerfacecolor="white",
              markeredgecolor="black", markeredgewidth=0.9, label="bound, from DRAM")
    log_axis(axes, "x")
    log_axis(axes, "y")
    legend_below(figure)
    return figure


def _point(machine: SpmatMachine, result: RunResult) -> tuple[float, float, float]:
    """(operations a byte from SRAM, GOP/s, operations a byte from DRAM)."""
    operations = 2 * result.operations["macs"]
    sram_bytes = int(result.timed.spmat_line_reads.sum()) * machine.spmat_width_bits / 8
    dram_bytes = result.operations["entries"] * (machine.weight_bits + machine.index_bits) / 8
    if machine.index == "bitmap":
        dram_bytes = sram_bytes
    if not sram_bytes:
        raise InputError(f"{result.name}: read no weights; a roofline needs some")
    return operations / sram_bytes, operations / result.time_us / 1000, operations / dram_bytes


@styled
def pe_load_heatmap(results: Sequence[RunResult], *, width: float = PAGE) -> Figure:
    """Entries that each PE issued, over the mean of its layer: who makes the others wait."""
    loads = np.array([
        result.timed.issued_entries / max(result.timed.issued_entries.mean(), 1)
        for result in results
    ])
    figure, axes = new_axes("Load of each PE", "PE", "", width, 0.26 * len(results) + 0.9)
    reach = max(float(np.abs(loads - 1).max()), 0.01)
    # cividis: lightness grows with the load, so that it reads in grey too.
    image = axes.imshow(loads, aspect="auto", cmap="cividis", vmin=1 - reach, vmax=1 + reach,
                        interpolation="nearest")
    axes.set_yticks(range(len(results)), [plain(result.name) for result in results])
    bar = figure.colorbar(image, ax=axes, orientation="horizontal", fraction=0.12, aspect=40)
    bar.set_label("entries / mean")
    bar.outline.set_visible(False)
    return figure
