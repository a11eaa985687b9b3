"""What a study keeps of a run: named functions of a finished point.

A metric belongs to some machines; what both tell goes by one name. Every metric is a finite
number; a metric that cannot be told makes its point fail by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from accelsim.energy import EnergyReport, price
from accelsim.energy.technology import MODULES
from accelsim.errors import InputError, nearest
from accelsim.machines import EieConfig, EseConfig
from accelsim.machines.eie.counters import Counters
from accelsim.machines.ese.counters import EseCounters
from accelsim.records import CompressedLayer
from accelsim.records.recurrent import RecurrentLayer
from accelsim.records.result import RunResult

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
class RecurrentPoint:
    """One recurrent layer that has run on ESE.

    Attributes
    ----------
    wanted : (n_steps, n_channels, n_outputs), outputs in float of the layer before compression
    """

    config: EseConfig
    layer: RecurrentLayer
    result: RunResult
    wanted: npt.NDArray[np.float64]

    @property
    def counters(self) -> EseCounters:
        """The run's counters."""
        return self.result.timed

    @cached_property
    def energy(self) -> EnergyReport:
        """What the run costs, priced once for all metrics."""
        return price(self.config, self.counters, n_channels=self.wanted.shape[1])


Point = FinishedPoint | RecurrentPoint


@dataclass(frozen=True)
class Metric:
    """One number of a finished point.

    Attributes
    ----------
    name : column name; the unit ends it
    meaning : one line
    combine : how the layers of a design become one number: added up, averaged or the largest
    value : the function; a module's own, so that it can travel to a worker
    machines : whose points it is told of: a `FinishedPoint` on "eie", a `RecurrentPoint` on "ese"
    """

    name: str
    meaning: str
    combine: Combine
    value: Callable[[Any], float]
    machines: tuple[str, ...] = ("eie",)


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


def metrics_named(names: Iterable[str], machine: str | None = None) -> tuple[Metric, ...]:
    """The metrics of these names; all of a machine's for no name at all.

    Raises
    ------
    InputError
        If there is none of that name, naming the nearest, or it is not told of the machine.
    """
    known = [name for name, m in METRICS.items() if machine is None or machine in m.machines]
    chosen = list(names) or known
    for name in chosen:
        if name not in METRICS:
            raise InputError(f"no metric '{name}'{nearest(name, METRICS)}")
        if name not in known:
            raise InputError(f"metric {name} is not told of the machine '{machine}'; "
                             f"it has {', '.join(known)}")
    return tuple(METRICS[name] for name in chosen)


def _cycles(point: Point) -> float:
    return point.counters.cycles


def _time_us(point: Point) -> float:
    return point.result.time_us


def _theoretical_us(point: Point) -> float:
    return point.result.theoretical_us


def _load_balance(point: Point) -> float:
    return point.result.load_balance


def _gops(point: Point) -> float:
    return 2 * point.result.operations["macs"] / (1000 * point.result.time_us)


def _pe_cycles(point: Point) -> int:
    return point.counters.cycles * point.counters.n_pe


def _utilisation(point: Point) -> float:
    counters = point.counters
    return int((counters.issued_entries - counters.padding_entries).sum()) / _pe_cycles(point)


def _padding_share(point: Point) -> float:
    return int(point.counters.padding_entries.sum()) / _pe_cycles(point)


def _empty_column_share(point: Point) -> float:
    return int(point.counters.empty_column_cycles.sum()) / _pe_cycles(point)


def _hazard_share(point: FinishedPoint) -> float:
    return int(point.counters.hazard_stall_cycles.sum()) / _pe_cycles(point)


def _starved_share(point: Point) -> float:
    return int(point.counters.starved_cycles.sum()) / _pe_cycles(point)


def _overhead_share(point: FinishedPoint) -> float:
    counters = point.counters
    return (counters.cycles - counters.compute_cycles) / counters.cycles


def _blocked_share(point: Point) -> float:
    return point.counters.blocked_cycles / point.counters.cycles


def _spmat_line_reads(point: FinishedPoint) -> float:
    return int(point.counters.spmat_line_reads.sum())


def _spmat_read_mbit(point: FinishedPoint) -> float:
    return _spmat_line_reads(point) * point.config.spmat_width_bits / 1e6


def _queue_mean(point: Point) -> float:
    return int(point.counters.queue_occupancy_sum.sum()) / _pe_cycles(point)


def _energy_uj(point: Point) -> float:
    # Of a recurrent layer events alone: no silicon calibrates the rest.
    recurrent = isinstance(point, RecurrentPoint)
    return point.energy.events_uj if recurrent else point.energy.total_uj


@dataclass(frozen=True)
class _ModuleEnergy:
    """Energy of one module; a class so that it can travel."""

    module: str

    def __call__(self, point: FinishedPoint) -> float:
        return point.energy.modules_pj[self.module] * 1e-6


def _relative_error(point: RecurrentPoint) -> float:
    difference = point.result.outputs_float - point.wanted
    scale = float(np.sqrt(np.mean(point.wanted**2))) or 1.0
    return float(np.sqrt(np.mean(difference**2))) / scale


def _fetch_wait_share(point: RecurrentPoint) -> float:
    return point.counters.fetch_wait_cycles / point.counters.cycles


def _dram_mbit(point: RecurrentPoint) -> float:
    c = point.counters
    words = c.weight_words + c.pointer_words + c.vector_words + c.table_words + c.result_words
    return words * point.config.ddr_word_bits / 1e6


def _power_w(point: FinishedPoint) -> float:
    return point.energy.power_w


def _gops_per_w(point: FinishedPoint) -> float:
    return point.energy.gops_per_w


def _area_mm2(point: FinishedPoint) -> float:
    return point.energy.total_mm2


def _energy_notes(point: FinishedPoint) -> float:
    return len(point.energy.notes)


_BOTH = ("eie", "ese")

for _metric in (
    Metric("cycles", "clock cycles of the layer", "sum", _cycles, _BOTH),
    Metric("time_us", "time of the layer", "sum", _time_us, _BOTH),
    Metric("theoretical_us", "time without any imbalance (EIE Table IV)", "sum", _theoretical_us,
           _BOTH),
    Metric("load_balance", "theoretical over actual time (EIE Fig. 13)", "mean", _load_balance,
           _BOTH),
    Metric("gops", "multiplications and additions, 10^9 a second", "mean", _gops, _BOTH),
    Metric("utilisation", "PE-cycles with a multiply-accumulate", "mean", _utilisation, _BOTH),
    Metric("padding_share", "PE-cycles on padding entries", "mean", _padding_share, _BOTH),
    Metric("empty_column_share", "PE-cycles on empty columns", "mean", _empty_column_share, _BOTH),
    Metric("hazard_share", "PE-cycles waiting for an accumulator", "mean", _hazard_share),
    Metric("starved_share", "PE-cycles without anything to issue", "mean", _starved_share, _BOTH),
    Metric("overhead_share", "cycles outside of compute phases", "mean", _overhead_share),
    Metric("blocked_share", "cycles in which a full queue blocks the broadcast", "mean",
           _blocked_share, _BOTH),
    Metric("queue_mean", "columns in a PE's queue, on average", "mean", _queue_mean, _BOTH),
    Metric("spmat_line_reads", "sparse-matrix SRAM lines read", "sum", _spmat_line_reads),
    Metric("spmat_read_mbit", "10^6 bits read from the sparse-matrix SRAMs", "sum",
           _spmat_read_mbit),
    Metric("energy_uj", "energy of the layer", "sum", _energy_uj, _BOTH),
    *(Metric(f"energy_{module}_uj", f"of which {module}", "sum", _ModuleEnergy(module))
      for module in MODULES),
    Metric("power_w", "mean power of the array", "mean", _power_w),
    Metric("gops_per_w", "10^9 operations a joule", "mean", _gops_per_w),
    Metric("area_mm2", "area of the array", "max", _area_mm2),
    Metric("relative_error", "outputs against the uncompressed layer in float, by RMS", "mean",
           _relative_error, ("ese",)),
    Metric("fetch_wait_share", "cycles in which the next column had not arrived", "mean",
           _fetch_wait_share, ("ese",)),
    Metric("dram_mbit", "10^6 bits read from and written to DRAM", "sum", _dram_mbit, ("ese",)),
    Metric("energy_notes", "assumptions of the energy model, extrapolations above all", "max",
           _energy_notes),
):
    register_metric(_metric)
