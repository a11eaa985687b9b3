"""What a run of a whole network gives: each layer's result, and what the host did beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.records.limits import Limit, worst
from accelsim.records.result import Configuration, RunResult


def added_up(results: Sequence[RunResult]) -> RunResult:
    """Runs of one layer on inputs that follow each other, as one: outputs behind each other,
    counters and operations added up."""
    first = results[0]
    told = [own.outputs for own in results if own.outputs is not None]
    counted = [own.counters for own in results if own.counters is not None]
    operations = {name: sum(own.operations[name] for own in results) for name in first.operations}
    return replace(
        first, outputs=np.concatenate(told) if told else None,
        counters=type(counted[0]).added(counted) if counted else None, operations=operations,
        n_vectors=sum(own.n_vectors for own in results),
        losses=tuple(loss for own in results for loss in own.losses))


@dataclass(frozen=True)
class HostWork:
    """One operation of the host, for all images of a run: counted, never timed or priced.

    ``bytes`` are those of the operands read and of the result written, at the width of the
    machine's activations.
    """

    name: str
    kind: str
    operations: int
    bytes: int


@dataclass(frozen=True, eq=False)
class NetworkResult:
    """One network run on one machine, layer after layer, image after image.

    Attributes
    ----------
    layers : node's name to the `RunResult` of all images, in the order of the network
    host : what ran off the array, in order
    values : (n, ...) float64, the network's results
    several : whether the images had an axis of their own
    notes : what a reader of the result has to know
    """

    name: str
    engine: str
    config: Configuration
    layers: Mapping[str, RunResult]
    host: tuple[HostWork, ...]
    values: npt.NDArray[np.float64]
    several: bool
    notes: tuple[str, ...] = ()

    @property
    def n_images(self) -> int:
        """Images run one after the other."""
        return len(self.values)

    @property
    def limits(self) -> tuple[Limit, ...] | None:
        """What keeps the machine from being built for all layers, each by the layer that asks for
        most; None where the machine does not say."""
        told = [result.limits for result in self.layers.values()]
        return None if None in told else worst(limit for own in told for limit in own or ())

    @property
    def feasible(self) -> bool | None:
        """Whether the machine can be built as it is configured; None where it does not say."""
        return None if self.limits is None else not self.limits

    @property
    def outputs_float(self) -> npt.NDArray[np.float64]:
        """The network's results: of one image, or (n, ...)."""
        return self.values if self.several else self.values[0]

    @property
    def cycles(self) -> int:
        """Clock cycles of the array: all layers of all images. The host's time is not told."""
        return sum(result.cycles for result in self.layers.values())

    @property
    def time_us(self) -> float:
        """Of the array."""
        return self.cycles / self.config.clock_mhz

    @property
    def theoretical_us(self) -> float:
        """Of the array without imbalance or stalls: stored entries of active columns / lanes."""
        return sum(result.theoretical_us for result in self.layers.values())

    @property
    def load_balance(self) -> float:
        """Theoretical over actual time."""
        return self.theoretical_us / self.time_us

    @property
    def host_operations(self) -> int:
        """Operations of the host, all images."""
        return sum(work.operations for work in self.host)

    @property
    def host_bytes(self) -> int:
        """Bytes that the host reads and writes, all images."""
        return sum(work.bytes for work in self.host)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the array."""
        return sum(result.operations["macs"] for result in self.layers.values())

    def with_more(self, others: Sequence[NetworkResult]) -> NetworkResult:
        """This run and others of other images of the same network, as one."""
        every = (self, *others)
        layers = {name: added_up([one.layers[name] for one in every]) for name in self.layers}
        host = tuple(replace(work, operations=sum(one.host[at].operations for one in every),
                             bytes=sum(one.host[at].bytes for one in every))
                     for at, work in enumerate(self.host))
        return replace(self, layers=layers, host=host, several=True,
                       values=np.concatenate([one.values for one in every]))

    def as_one(self) -> RunResult:
        """All layers together as a run of one piece of work without outputs: counters and
        operations added up, the energy that of the layers, limits and losses those of any."""
        runs = list(self.layers.values())
        timed = [own.counters for own in runs if own.counters is not None]
        operations = {name: sum(own.operations[name] for own in runs)
                      for name in runs[0].operations
                      if all(name in own.operations for own in runs)}
        priced = all(own.pricer is not None for own in runs)
        return RunResult(
            self.name, self.engine, self.config, None,
            type(timed[0]).added(timed) if len(timed) == len(runs) else None, {}, operations,
            lanes=runs[0].lanes, pricer=(lambda counters: self.energy) if priced else None,
            n_vectors=sum(own.n_vectors for own in runs), notes=self.notes, limits=self.limits,
            losses=tuple(loss for own in runs for loss in own.losses))

    @cached_property
    def energy(self) -> Any:
        """The `accelsim.energy.EnergyReport` of the array: the layers' added up."""
        first, *rest = (result.energy for result in self.layers.values())
        return first.with_more(rest)
