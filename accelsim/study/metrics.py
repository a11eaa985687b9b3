"""What a study keeps of a run: named functions of a finished point.

Whatever a machine's counters and record offer is told of it, by one name on every machine: times,
the states of its PEs, energy if it has a price. Numbers of one machine alone are the ``metrics`` of
its record. Every metric is a finite number; a metric that cannot be told makes its point fail by
name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from accelsim.errors import ConfigError, InputError, nearest
from accelsim.machines import Machine, get_machine, machine_names
from accelsim.machines.plugins import PREFIX
from accelsim.records.metric import Combine, FinishedPoint, Metric

__all__ = [
    "METRICS", "Combine", "FinishedPoint", "Metric", "combined", "metrics_named", "metrics_of",
    "register_metric",
]

METRICS: dict[str, Metric] = {}
"""Metrics of every machine that has what they need, by name, in the order of the columns; then
those of `register_metric`. `metrics_of` gives all of one machine."""


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


def metrics_of(name: str) -> dict[str, Metric]:
    """Every metric that is told of a machine, in the order of the columns.

    Raises
    ------
    ConfigError
        If there is no such machine, or two of its metrics have one name.
    """
    machine = get_machine(name)
    offers = _offers(machine)
    found = [m for m in METRICS.values() if _is_told(m, machine, offers)]
    own: Iterable[Metric] = machine.part("metrics") if machine.metrics is not None else ()
    told = [m for m in own if _is_told(m, machine, offers)]
    for metric in (*_state_metrics(machine), *told):
        if metric.name in [m.name for m in found]:
            raise ConfigError(f"{name}: two metrics are called '{metric.name}'; rename one")
        # Behind those that stand there already.
        places = [at for at, m in enumerate(found)
                  if metric.after and metric.after in (m.name, m.after)]
        found.insert(1 + max(places, default=len(found) - 1), metric)
    return {metric.name: metric for metric in found}


def metrics_named(names: Iterable[str], machine: str) -> tuple[Metric, ...]:
    """The metrics of these names; all of a machine's for no name at all.

    Raises
    ------
    InputError
        If there is none of that name, naming the nearest, or it is not told of the machine.
    """
    known = metrics_of(machine)
    chosen = list(names) or list(known)
    for name in chosen:
        if name not in known:
            if any(name in metrics_of(other) for other in machine_names()):
                raise InputError(f"metric {name} is not told of the machine '{machine}'; "
                                 f"it has {', '.join(known)}")
            raise InputError(f"unknown metric '{name}'{nearest(name, known)}")
    return tuple(known[name] for name in chosen)


def combined(metric: Metric, values: Sequence[float]) -> float:
    """One number of a design from the numbers of its layers."""
    if metric.combine == "max":
        return max(values)
    return sum(values) / (len(values) if metric.combine == "mean" else 1)


def travelling(metric: Metric) -> Metric | str:
    """A metric as a worker gets it: by name where a plug-in brings its function, which the worker
    loads from its text first."""
    return metric.name if metric.value.__module__.startswith(PREFIX) else metric


def arrived(metrics: Iterable[Metric | str], machine: str) -> tuple[Metric, ...]:
    """The metrics of `travelling`, in a process that has loaded the plug-ins."""
    known: Mapping[str, Metric] = {}
    found = []
    for metric in metrics:
        if isinstance(metric, str):
            known = known or metrics_of(machine)
            metric = known[metric]
        found.append(metric)
    return tuple(found)


def _offers(machine: Machine) -> set[str]:
    """What a metric may need: counters, parts of the record, kinds of work."""
    parts = {f.name for f in fields(machine) if getattr(machine, f.name) is not None}
    counters: set[str] = set()
    if machine.counters is not None:
        counters = {f.name for f in fields(machine.counter_class())}
    return parts | counters | {kind.__name__ for kind in machine.takes}


def _is_told(metric: Metric, machine: Machine, offers: set[str]) -> bool:
    named = not metric.machines or machine.name in metric.machines
    return named and set(metric.needs) <= offers


def _state_metrics(machine: Machine) -> list[Metric]:
    """A share of the PE-cycles for every state but the useful one, which is the utilisation.

    Their names are those that the counters of no run at all tell.
    """
    if machine.counters is None:
        return []
    kind = machine.counter_class()
    nothing = kind.partial({
        f.name: np.zeros(1, dtype=np.int64) if f.metadata["per"] == "PE" else 0
        for f in fields(kind)
    })
    return [
        Metric(f"{state.removesuffix('s').replace(' ', '_')}_share",
               f"PE-cycles: {state}", "mean", StateShare(state), after="utilisation")
        for state in nothing.states() if state != _USEFUL
    ]


_USEFUL = "useful"


@dataclass(frozen=True)
class StateShare:
    """PE-cycles in a state over all; a class so that it can travel."""

    state: str

    def __call__(self, point: FinishedPoint) -> float:
        return int(point.states[self.state].sum()) / _pe_cycles(point)


def _cycles(point: FinishedPoint) -> float:
    return int(point.counters.cycles)


def _time_us(point: FinishedPoint) -> float:
    return point.result.time_us


def _theoretical_us(point: FinishedPoint) -> float:
    return point.result.theoretical_us


def _load_balance(point: FinishedPoint) -> float:
    return point.result.load_balance


def _gops(point: FinishedPoint) -> float:
    return 2 * point.result.operations["macs"] / (1000 * point.result.time_us)


def _pe_cycles(point: FinishedPoint) -> int:
    return int(point.counters.cycles) * int(point.counters.n_pe)


def _blocked_share(point: FinishedPoint) -> float:
    return float(point.counters.blocked_cycles / point.counters.cycles)


def _queue_mean(point: FinishedPoint) -> float:
    return int(point.counters.queue_occupancy_sum.sum()) / _pe_cycles(point)


def _energy_uj(point: FinishedPoint) -> float:
    return float(point.energy.total_uj)


def _power_w(point: FinishedPoint) -> float:
    return float(point.energy.power_w)


def _gops_per_w(point: FinishedPoint) -> float:
    return float(point.energy.gops_per_w)


def _area_mm2(point: FinishedPoint) -> float:
    return float(point.energy.total_mm2)


def _energy_notes(point: FinishedPoint) -> float:
    return len(point.energy.notes)


_TIMED, _PRICED = ("counters",), ("counters", "price")

for _metric in (
    Metric("cycles", "clock cycles of the layer", "sum", _cycles, needs=_TIMED),
    Metric("time_us", "time of the layer", "sum", _time_us, needs=_TIMED),
    Metric("theoretical_us", "time without any imbalance (EIE Table IV)", "sum", _theoretical_us,
           needs=_TIMED),
    Metric("load_balance", "theoretical over actual time (EIE Fig. 13)", "mean", _load_balance,
           needs=_TIMED),
    Metric("gops", "multiplications and additions, 10^9 a second", "mean", _gops, needs=_TIMED),
    Metric("utilisation", "PE-cycles with a multiply-accumulate", "mean", StateShare(_USEFUL),
           needs=_TIMED),
    Metric("blocked_share", "cycles in which a full queue blocks the broadcast", "mean",
           _blocked_share, needs=("blocked_cycles",)),
    Metric("queue_mean", "columns in a PE's queue, on average", "mean", _queue_mean,
           needs=("queue_occupancy_sum",)),
    Metric("energy_uj", "energy of the layer", "sum", _energy_uj, needs=_PRICED),
    Metric("power_w", "mean power of the array", "mean", _power_w, needs=_PRICED),
    Metric("gops_per_w", "10^9 operations a joule", "mean", _gops_per_w, needs=_PRICED),
    Metric("area_mm2", "area of the array", "max", _area_mm2, needs=_PRICED),
    Metric("energy_notes", "assumptions of the energy model, extrapolations above all", "max",
           _energy_notes, needs=_PRICED),
):
    register_metric(_metric)
