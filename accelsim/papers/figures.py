"""Which figure each published table is drawn as: what `accelsim published` saves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from matplotlib.figure import Figure

from accelsim.papers.comparison import Comparison, Published, Side
from accelsim.report import plots
from accelsim.report.meanings import LOOKS, OURS, PUBLISHED, Look, side_look
from accelsim.report.paper import PAGE

Lines = dict[str, list[float]]
Ranges = dict[str, tuple[Sequence[float], Sequence[float]]]
Draw = Callable[[Published, float], Figure]

__all__ = ["figure_of"]


def figure_of(result: Published, width: float = PAGE) -> Figure:
    """The figure of a reproduced table.

    Parameters
    ----------
    width : inches
    """
    return FIGURES[result.name](result, width)


def _lines(table: Comparison, which: Side) -> Lines:
    """A line a row."""
    values = table.values(which)
    return {row: list(line) for row, line in zip(table.rows, values, strict=True)}


def _ranges(table: Comparison) -> Ranges | None:
    """Least and most of each row over seeds, where there are several."""
    low, high = _lines(table, "low"), _lines(table, "high")
    if all(np.isnan(line).all() for line in low.values()):
        return None
    return {row: (low[row], high[row]) for row in low}


def _bars(
    result: Published, table: Comparison, columns: Mapping[str, str], y_label: str, width: float,
    log: bool = False, notes: Sequence[str] = (),
) -> Figure:
    """A group of bars a row: the chosen columns, ours and published; a row without any is left
    out."""
    ours, published = table.values("ours"), table.values("published")
    low, high = table.values("low"), table.values("high")
    at = [table.columns.index(column) for column in columns]
    kept = [k for k in range(len(table.rows))
            if np.isfinite([*ours[k, at], *published[k, at]]).any()]
    series: Lines = {}
    looks: dict[str, Look] = {}
    ranges: Ranges = {}
    for rank, (column, text) in enumerate(zip(at, columns.values(), strict=True)):
        name = f"{text}, {OURS}"
        series[name] = list(ours[kept, column])
        series[f"{text}, {table.against}"] = list(published[kept, column])
        looks[name] = side_look(OURS, rank, len(at))
        looks[f"{text}, {table.against}"] = side_look(PUBLISHED, rank, len(at))
        if np.isfinite(low).any():
            ranges[name] = (list(low[kept, column]), list(high[kept, column]))
    return plots.side_by_side(
        [table.rows[k] for k in kept], series, f"{result.title}: {table.title}", y_label, log,
        width=width, looks=looks, ranges=ranges, notes=(*notes, *result.assumes))


def _power(result: Published, width: float) -> Figure:
    """Power of a PE and its modules. Rows that the paper alone tells are another cut of the same
    total, and rows without a power are area: neither is drawn."""
    (whole, *_) = result.tables
    told = [cell.row for cell in whole.cells if cell.column == "power_mw" and cell.ours is not None]
    left = [row for row in whole.rows if row not in told]
    table = replace(whole, cells=tuple(cell for cell in whole.cells if cell.row in told))
    notes = (f"not drawn, no power of ours: {', '.join(left)}",) if left else ()
    return _bars(result, table, {"power_mw": "power"}, "power of a PE (mW)", width, notes=notes)


def _platforms(result: Published, width: float) -> Figure:
    """A group of bars a layer, a bar a platform: published ones, then ours."""
    (table,) = result.tables
    series = {f"{row}, published": line for row, line in _lines(table, "published").items()
              if row in _PUBLISHED_PLATFORMS}
    looks = {f"{row}, published": look for row, look in _PUBLISHED_PLATFORMS.items()}
    series["EIE, ours"] = _lines(table, "ours")["EIE"]
    found = _ranges(table)
    return plots.side_by_side(
        table.columns, series, result.title, "times dense CPU (x)", log=True, width=width,
        looks={**looks, "EIE, ours": LOOKS[OURS]}, notes=result.assumes,
        ranges={"EIE, ours": found["EIE"]} if found else None)


_PUBLISHED_PLATFORMS = {
    "CPU compressed": LOOKS["CPU"], "GPU compressed": LOOKS["GPU"],
    "mGPU compressed": LOOKS["mGPU"], "EIE": LOOKS[PUBLISHED],
}


def _queue(result: Published, width: float) -> Figure:
    rings, depths = result.tables
    return plots.queue_depth(
        [int(d) for d in depths.columns], _lines(depths, "ours"),
        [int(d) for d in rings.columns], _lines(rings, "published"), rings.against,
        width=width, ranges=_ranges(depths), notes=result.assumes)


def _efficiency(result: Published, width: float) -> Figure:
    """Speedup over PEs: as speedups, eight of nine lines lie on each other."""
    (table,) = result.tables
    n_pe = [int(n) for n in table.columns]

    def share(lines: Mapping[str, Sequence[float]]) -> Lines:
        return {row: [100 * value / n for value, n in zip(line, n_pe, strict=True)]
                for row, line in lines.items()}

    ranges = _ranges(table)
    shares = {row: (share({row: low})[row], share({row: high})[row])
              for row, (low, high) in ranges.items()} if ranges else None
    return plots.efficiency(
        n_pe, share(_lines(table, "ours")), share(_lines(table, "published")),
        "speedup / number of PEs", table.against, width=width, ranges=shares, notes=result.assumes)


def _share(quantity: str) -> Draw:
    def draw(result: Published, width: float) -> Figure:
        (table,) = result.tables
        n_pe = [int(n) for n in table.columns]
        return plots.efficiency(
            n_pe, _lines(table, "ours"), _lines(table, "published"), quantity, table.against,
            width=width, ranges=_ranges(table), notes=result.assumes)
    return draw


def _widths(result: Published, width: float) -> Figure:
    """Reads of AlexNet, and a line a memory made for 800 MHz."""
    _, reads, each, *_ = result.tables
    widths = [int(bits) for bits in reads.columns]
    energies = {name: pj for name, pj in _lines(each, "ours").items() if name.endswith(", 800mhz")}
    return plots.line_width_energy(widths, _lines(reads, "ours")["AlexNet"], energies, width=width,
                                   notes=result.assumes)


def _table(at: int, columns: Mapping[str, str], y_label: str, log: bool = False) -> Draw:
    return lambda result, width: _bars(result, result.tables[at], columns, y_label, width, log)


FIGURES: dict[str, Draw] = {
    "eie-table2": _power,
    "eie-table3": _table(0, {"weight_density": "weights", "activation_density": "activations"},
                         "not zero (%)"),
    "eie-table4": _table(0, {"theoretical": "theoretical", "actual": "actual"}, "time (us)"),
    "eie-table5": _table(0, {"frames": "frames"}, "frames/s", log=True),
    "eie-fig6": _platforms,
    "eie-fig7": _platforms,
    "eie-fig8": _queue,
    "eie-fig9": _widths,
    "eie-fig11": _efficiency,
    "eie-fig12": _share("real work / total work"),
    "eie-fig13": _share("load balance"),
    "deep-compression": _table(-1, {"rate": "rate"}, "compression rate (x)"),
    "ese": _table(0, {"theoretical": "theoretical", "real": "real"}, "time (us)"),
    "networks": _table(1, {"flop_left": "operations left"}, "operations left (%)"),
    "inq": _table(-1, {"rate": "rate"}, "compression rate (x)"),
}
"""By the names of `accelsim.papers.NAMES`."""
