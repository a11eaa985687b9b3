"""What a study keeps of a run: named functions of a finished point.

Every metric is a finite number; a metric that cannot be told makes its point fail by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from accelsim.arch import EieConfig
from accelsim.energy import EnergyReport, price
from accelsim.energy.technology import MODULES
from accelsim.errors import InputError, nearest
from accelsim.records import CompressedLayer
from accelsim.results import Counters, RunResult

Combine = Literal["sum", "mean", "max"]


@dataclass(frozen=True)
class FinishedPoint:
    """One layer that has run on one machine."""

    config: EieConfig
    packed: CompressedLayer
    result: RunResult

    @property
    def counters(self) -> Counters:
        """The run's counters."""
        return self.result.timed

    @cached_property
    def energy(self) -> EnergyReport:
        """What the run costs, priced once for all metrics."""
        return price(self.config, self.counters)


@dataclass(frozen=True)
class Metric:
    """One number of a finished point.

    Attributes
    ----------
    name : column name; the unit ends it
    meaning : one line
    combine : how the layers of a design become one number: added up, averaged or the largest
    value : the function; a module's own, so that it can travel to a worker
    """

    name: str
    meaning: str
    combine: Combine
    value: Callable[[FinishedPoint], float]


METRICS: dict[str, Metric] = {}
"""Every metric by name, in the order of the columns."""


def register_metric(metric: Metric) -> None:
    """Offer a metric to studies.

    Raises
    ------
    InputError
        If the name is taken, or is not lower-case letters, digits and underscores.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,59}", metric.name):
        raise InputError(f"metric name is {metric.name!r}; need lower-case letters, digits and _")
    if metric.name in METRICS:
        raise InputError(f"there is a metric '{metric.name}' already; choose another name")
    METRICS[metric.name] = metric


def combined(metric: Metric, values: Sequence[float]) -> float:
    """One number of a design from the numbers of its layers."""
    if metric.combine == "max":
        return max(values)
    return sum(values) / (len(values) if metric.combine == "mean" else 1)


def metrics_named(names: Iterable[str]) -> tuple[Metric, ...]:
    """The metrics of these names; all of them for no name at all.

    Raises
    ------
    InputError
        If there is none of that name; names the nearest.
    """
    chosen = list(names) or list(METRICS)
    for name in chosen:
        if name not in METRICS:
            raise InputError(f"no metric '{name}'{nearest(name, METRICS)}")
    return tuple(METRICS[name] for name in chosen)


def _cycles(point: FinishedPoint) -> float:
    return point.counters.cycles


def _time_us(point: FinishedPoint) -> float:
    return point.result.time_us


def _theoretical_us(point: FinishedPoint) -> float:
    return point.result.theoretical_us


def _load_balance(point: FinishedPoint) -> float:
    return point.result.load_balance


def _gops(point: FinishedPoint) -> float:
    return 2 * point.result.operations["macs"] / (1000 * point.result.time_us)


def _pe_cycles(point: FinishedPoint) -> int:
    return point.counters.cycles * point.counters.n_pe


def _utilisation(point: FinishedPoint) -> float:
    return int(point.counters.macs.sum()) / _pe_cycles(point)


def _padding_share(point: FinishedPoint) -> float:
    return int(point.counters.padding_entries.sum()) / _pe_cycles(point)


def _empty_column_share(point: FinishedPoint) -> float:
    return int(point.counters.empty_column_cycles.sum()) / _pe_cycles(point)


def _hazard_share(point: FinishedPoint) -> float:
    return int(point.counters.hazard_stall_cycles.sum()) / _pe_cycles(point)


def _starved_share(point: FinishedPoint) -> float:
    return int(point.counters.starved_cycles.sum()) / _pe_cycles(point)


def _overhead_share(point: FinishedPoint) -> float:
    counters = point.counters
    return (counters.cycles - counters.compute_cycles) / counters.cycles


def _blocked_share(point: FinishedPoint) -> float:
    return point.counters.blocked_cycles / point.counters.cycles


def _spmat_line_reads(point: FinishedPoint) -> float:
    return int(point.counters.spmat_line_reads.sum())


def _spmat_read_mbit(point: FinishedPoint) -> float:
    return _spmat_line_reads(point) * point.config.spmat_width_bits / 1e6


def _queue_mean(point: FinishedPoint) -> float:
    return int(point.counters.queue_occupancy_sum.sum()) / _pe_cycles(point)


def _energy_uj(point: FinishedPoint) -> float:
    return point.energy.total_uj


@dataclass(frozen=True)
class _ModuleEnergy:
    """Energy of one module; a class so that it can travel."""

    module: str

    def __call__(self, point: FinishedPoint) -> float:
        return point.energy.modules_pj[self.module] * 1e-6


def _power_w(point: FinishedPoint) -> float:
    return point.energy.power_w


def _gops_per_w(point: FinishedPoint) -> float:
    return point.energy.gops_per_w


def _area_mm2(point: FinishedPoint) -> float:
    return point.energy.total_mm2


def _energy_notes(point: FinishedPoint) -> float:
    return len(point.energy.notes)


for _metric in (
    Metric("cycles", "clock cycles of the layer", "sum", _cycles),
    Metric("time_us", "time of the layer", "sum", _time_us),
    Metric("theoretical_us", "time without any imbalance (EIE Table IV)", "sum", _theoretical_us),
    Metric("load_balance", "theoretical over actual time (EIE Fig. 13)", "mean", _load_balance),
    Metric("gops", "multiplications and additions, 10^9 a second", "mean", _gops),
    Metric("utilisation", "PE-cycles with a multiply-accumulate", "mean", _utilisation),
    Metric("padding_share", "PE-cycles on padding entries", "mean", _padding_share),
    Metric("empty_column_share", "PE-cycles on empty columns", "mean", _empty_column_share),
    Metric("hazard_share", "PE-cycles waiting for an accumulator", "mean", _hazard_share),
    Metric("starved_share", "PE-cycles without anything to issue", "mean", _starved_share),
    Metric("overhead_share", "cycles outside of compute phases", "mean", _overhead_share),
    Metric("blocked_share", "cycles in which a full queue blocks the broadcast", "mean",
           _blocked_share),
    Metric("queue_mean", "columns in a PE's queue, on average", "mean", _queue_mean),
    Metric("spmat_line_reads", "sparse-matrix SRAM lines read", "sum", _spmat_line_reads),
    Metric("spmat_read_mbit", "10^6 bits read from the sparse-matrix SRAMs", "sum",
           _spmat_read_mbit),
    Metric("energy_uj", "energy of the layer", "sum", _energy_uj),
    *(Metric(f"energy_{module}_uj", f"of which {module}", "sum", _ModuleEnergy(module))
      for module in MODULES),
    Metric("power_w", "mean power of the array", "mean", _power_w),
    Metric("gops_per_w", "10^9 operations a joule", "mean", _gops_per_w),
    Metric("area_mm2", "area of the array", "max", _area_mm2),
    Metric("energy_notes", "assumptions of the energy model, extrapolations above all", "max",
           _energy_notes),
):
    register_metric(_metric)
