"""Which figure each published table is drawn as: what `accelsim published` saves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from accelsim.report import plots

Lines = dict[str, list[float]]
Side = Literal["ours", "published"]

__all__ = ["figure_of"]


class Comparison(Protocol):
    """A table of cells with a value of ours and a published one, as studies make it."""

    @property
    def title(self) -> str: ...
    @property
    def rows(self) -> tuple[str, ...]: ...
    @property
    def columns(self) -> tuple[str, ...]: ...
    @property
    def against(self) -> str: ...
    def values(self, which: Side) -> npt.NDArray[np.float64]: ...


class Published(Protocol):
    """A published table or figure, reproduced."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def tables(self) -> tuple[Comparison, ...]: ...


def figure_of(result: Published) -> Figure:
    """The figure of a reproduced table."""
    return FIGURES[result.name](result)


def _lines(table: Comparison, which: Side) -> Lines:
    """A line a row."""
    values = table.values(which)
    return {row: list(line) for row, line in zip(table.rows, values, strict=True)}


def _bars(
    table: Comparison, columns: Mapping[str, str], y_label: str, log: bool = False
) -> Figure:
    """A group of bars a row: the chosen columns, ours and published."""
    ours, published = table.values("ours"), table.values("published")
    series = {}
    for column, text in columns.items():
        at = table.columns.index(column)
        series[f"{text}, ours"] = list(ours[:, at])
        series[f"{text}, {table.against}"] = list(published[:, at])
    return plots.side_by_side(table.rows, series, table.title, y_label, log)


def _platforms(result: Published) -> Figure:
    """A group of bars a layer, a bar a platform: published ones, then ours."""
    (table,) = result.tables
    series = {f"{row}, published": line for row, line in _lines(table, "published").items()
              if row in _PUBLISHED_PLATFORMS}
    series["EIE, ours"] = _lines(table, "ours")["EIE"]
    return plots.side_by_side(table.columns, series, result.title, "times dense CPU", log=True)


_PUBLISHED_PLATFORMS = ("CPU compressed", "GPU compressed", "mGPU compressed", "EIE")


def _queue(result: Published) -> Figure:
    rings, depths = result.tables
    return plots.queue_depth(
        [int(d) for d in depths.columns], _lines(depths, "ours"),
        [int(d) for d in rings.columns], _lines(rings, "published"), rings.against,
    )


def _speedup(result: Published) -> Figure:
    (table,) = result.tables
    n_pe = [int(n) for n in table.columns]
    return plots.speedup(
        n_pe, _lines(table, "ours"), _lines(table, "published"), table.against
    )


def _share(quantity: str) -> Callable[[Published], Figure]:
    def draw(result: Published) -> Figure:
        (table,) = result.tables
        n_pe = [int(n) for n in table.columns]
        return plots.efficiency(
            n_pe, _lines(table, "ours"), _lines(table, "published"), quantity, table.against
        )
    return draw


def _widths(result: Published) -> Figure:
    """Reads of AlexNet, and a line a memory made for 800 MHz."""
    _, reads, each, *_ = result.tables
    widths = [int(width) for width in reads.columns]
    energies = {name: pj for name, pj in _lines(each, "ours").items() if name.endswith(", 800mhz")}
    return plots.line_width_energy(widths, _lines(reads, "ours")["AlexNet"], energies)


def _sizes(result: Published) -> Figure:
    return _bars(result.tables[-1], {"rate": "rate"}, "compression rate (x)")


FIGURES: dict[str, Callable[[Published], Figure]] = {
    "eie-table2": lambda r: _bars(r.tables[0], {"power_mw": "power"}, "power of a PE (mW)"),
    "eie-table3": lambda r: _bars(
        r.tables[0], {"weight_density": "weights", "activation_density": "activations"},
        "not zero (%)"),
    "eie-table4": lambda r: _bars(
        r.tables[0], {"theoretical": "theoretical", "actual": "actual"}, "time (us)"),
    "eie-table5": lambda r: _bars(r.tables[0], {"frames": "frames"}, "frames/s", log=True),
    "eie-fig6": _platforms,
    "eie-fig7": _platforms,
    "eie-fig8": _queue,
    "eie-fig9": _widths,
    "eie-fig11": _speedup,
    "eie-fig12": _share("real work / total work"),
    "eie-fig13": _share("load balance"),
    "deep-compression": _sizes,
    "ese": lambda r: _bars(
        r.tables[0], {"theoretical": "theoretical", "real": "real"}, "time (us)"),
    "networks": lambda r: _bars(
        r.tables[1], {"flop_left": "operations left"}, "operations left (%)"),
    "inq": _sizes,
}
"""By the names of `accelsim.papers.NAMES`."""
