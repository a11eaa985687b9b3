"""What a run gives: outputs, times, counters, energy. One record for every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from accelsim.fixedpoint import dequantise
from accelsim.records.counters import CounterSet
from accelsim.records.layer import BinaryPoints
from accelsim.records.limits import Limit
from accelsim.records.losses import Loss
from accelsim.records.shown import Short, html_table

IntArray = npt.NDArray[np.int64]


class Configuration(Protocol):
    """What every machine's configuration says."""

    @property
    def machine(self) -> str: ...
    @property
    def n_pe(self) -> int: ...
    @property
    def clock_mhz(self) -> float: ...


@dataclass(frozen=True)
class SlotTime:
    """One of the parts that a run consists of, one after the other.

    ``step`` counts time steps; it is -1 before the first. ``spmv`` names the matrix, or None.
    """

    step: int
    name: str
    spmv: str | None
    cycles: int


@dataclass(frozen=True, eq=False)
class JobResult(Short):
    """What a telling gives of one job; None or empty where it does not tell.

    Attributes
    ----------
    outputs : integers, int64 or fewer bits, before the job's own `finished` makes int64 of them
    counters : of the machine's class
    operations : entries, padding, macs, and saturations where values were worked out
    slots : parts of the run, where the machine has them
    """

    outputs: IntArray | None
    counters: Any
    operations: dict[str, int]
    slots: tuple[SlotTime, ...] = ()


@dataclass(frozen=True, eq=False)
class RunResult(Short):
    """One job run once, on any machine.

    Attributes
    ----------
    outputs : int64, ReLU applied where the layer has it; None without values. (n_outputs,) of a
        layer, (n_steps, n_channels, n_outputs) of an utterance, (out, rows, columns) of an image,
        (n, out, rows, columns) of several
    counters : of the machine's own class; None from the functional engine, which has no time
    frac_bits : binary point of every signal; ``outputs_float`` uses that of "output"
    operations : entries, padding, macs and saturations
    slots : parts of the run, where the machine has them
    lanes : multiplications that the machine can start in a cycle
    pricer : prices the counters; behind ``energy``
    no_outputs : why there are none, where the machine does not tell this work's values
    n_vectors, lowering, tried : of the job (`accelsim.records.job.Job`)
    notes : what a reader has to know of a network whose layers are told as one
    losses : what the layer, its inputs and its sums lost; sums that saturate are seen by runs with
        outputs only
    limits : what keeps the machine, as configured, from being built for this; None where the
        machine does not say
    """

    name: str
    engine: str
    config: Configuration
    outputs: IntArray | None
    counters: Any
    frac_bits: Mapping[str, int]
    operations: dict[str, int]
    provenance: dict[str, Any] = field(default_factory=dict)
    slots: tuple[SlotTime, ...] = ()
    lanes: int = 1
    pricer: Callable[[Any], Any] | None = None
    no_outputs: str = ""
    n_vectors: int = 1
    lowering: str = ""
    notes: tuple[str, ...] = ()
    losses: tuple[Loss, ...] = ()
    limits: tuple[Limit, ...] | None = None
    tried: Mapping[str, int | str] = field(default_factory=dict)

    @property
    def feasible(self) -> bool | None:
        """Whether the machine can be built as it is configured; None where it does not say."""
        return None if self.limits is None else not self.limits

    def _repr_html_(self) -> str:
        """A table for a notebook: times, operations, what the PEs did."""
        rows: list[tuple[str, object]] = []
        if self.counters is not None:
            rows += [(name, getattr(self, name)) for name in
                     ("cycles", "time_us", "theoretical_us", "load_balance")]
        rows += self.operations.items()
        if self.counters is not None:
            pe_cycles = self.cycles * self.timed.n_pe
            rows += [(f"{state}, share of PE-cycles", int(cycles.sum()) / pe_cycles)
                     for state, cycles in self.timed.states().items()]
        title = f"{self.name} on {self.config.machine}, {self.config.n_pe} PEs, {self.engine}"
        return html_table(title, ("figure", "value"), rows)

    @cached_property
    def energy(self) -> Any:
        """The `accelsim.energy.EnergyReport` of this run, priced once."""
        counters = self.timed
        if self.pricer is None:
            raise AttributeError(f"{self.name}: no energy model for this machine")
        return self.pricer(counters)

    @property
    def binary_points(self) -> BinaryPoints:
        """Fraction bits of a layer's three signals."""
        try:
            return BinaryPoints(*(self.frac_bits[s] for s in ("weight", "input", "output")))
        except KeyError:
            raise AttributeError(
                f"{self.name}: more than one matrix; its binary points are in frac_bits"
            ) from None

    @property
    def cycles(self) -> int:
        """Clock cycles of the run."""
        return int(self.timed.cycles)

    @property
    def timed(self) -> Any:
        """The counters; an error from an engine without time."""
        if self.counters is None:
            raise AttributeError(f"engine '{self.engine}' tells no time; use another engine")
        return self.counters

    @property
    def clock_mhz(self) -> float:
        """Of the machine."""
        return self.config.clock_mhz

    @property
    def time_us(self) -> float:
        """Wall-clock time of the machine."""
        return self.cycles / self.config.clock_mhz

    @property
    def theoretical_us(self) -> float:
        """Stored entries / lanes / clock: no imbalance at all (EIE Table IV)."""
        return self.operations["entries"] / self.lanes / self.config.clock_mhz

    @property
    def load_balance(self) -> float:
        """Theoretical over actual time (EIE Fig. 13: 1 - bubbles / total)."""
        return self.theoretical_us / self.time_us

    @property
    def outputs_float(self) -> npt.NDArray[np.float64]:
        """Outputs as real numbers."""
        return dequantise(self._told(), self.frac_bits["output"])

    def outputs_sha256(self) -> str:
        """Digest of the outputs as little-endian int64."""
        return hashlib.sha256(self._told().astype("<i8").tobytes()).hexdigest()

    def _told(self) -> IntArray:
        if self.outputs is None:
            raise AttributeError(self.no_outputs or "this run was made without outputs")
        return self.outputs


__all__ = ["Configuration", "CounterSet", "JobResult", "RunResult", "SlotTime"]
