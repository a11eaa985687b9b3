"""What a run gives: counters, outputs, times. Every counter has one line of meaning."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from accelsim.counting import CounterSet, per_pe, total
from accelsim.fixedpoint import dequantise
from accelsim.records import BinaryPoints

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Counters(CounterSet):
    """Everything that a run counts. Per-PE counters are (n_pe,) int64 arrays.

    ``queue_occupancy_histogram`` is (n_pe, act_queue_depth + 1). Rules: engines/README.md.
    A run without outputs may leave some uncounted: see `partial`.
    """

    # CCU, whole layer
    cycles: int = total("clock cycles of the layer, all phases")
    passes: int = total("passes that the layer was cut into")
    start_cycles: int = total("cycles of start phases")
    refill_cycles: int = total("cycles in which the DMA refilled the SRAMs")
    load_cycles: int = total("cycles in which source files were loaded from the activation SRAM")
    drain_cycles: int = total("cycles in which the arithmetic pipeline drained")
    store_cycles: int = total("cycles in which destination files went to the activation SRAM")
    broadcasts: int = total("non-zero activations broadcast, the bias included")
    row_change_cycles: int = total("scan cycles that found nothing left in a row")
    blocked_cycles: int = total("scan cycles in which a full queue held the broadcast back")
    scan_idle_cycles: int = total("compute cycles after the scan had finished")
    refill_bits: int = total("bits that the DMA brought")
    # Each PE
    issued_entries: IntArray = per_pe("entries passed to the ArithmUnit, padding included")
    padding_entries: IntArray = per_pe("issued entries that only extend a zero run")
    empty_column_cycles: IntArray = per_pe("issue slots of columns without entries")
    hazard_stall_cycles: IntArray = per_pe("cycles waiting for an accumulator in flight")
    starved_cycles: IntArray = per_pe("compute cycles without anything to issue")
    blocking_cycles: IntArray = per_pe("blocked cycles in which this PE's queue was full")
    queue_pushes: IntArray = per_pe("columns written to the activation queue")
    queue_pops: IntArray = per_pe("columns taken from the activation queue")
    queue_occupancy_sum: IntArray = per_pe("queue entries summed over all cycles")
    queue_occupancy_max: IntArray = per_pe("most entries the queue held at the start of a cycle")
    queue_occupancy_histogram: IntArray = per_pe("cycles that started with 0, 1, ... entries")
    ptr_reads_even: IntArray = per_pe("reads of the even pointer bank")
    ptr_reads_odd: IntArray = per_pe("reads of the odd pointer bank")
    spmat_line_reads: IntArray = per_pe("sparse-matrix SRAM lines read")
    macs: IntArray = per_pe("multiply-accumulates")
    saturations: IntArray = per_pe("sums that saturated")
    adder_bypasses: IntArray = per_pe("accumulators taken from stage 3 instead of the file")
    write_bypasses: IntArray = per_pe("accumulators taken from stage 4 instead of the file")
    src_reg_reads: IntArray = per_pe("source register file reads by the scan")
    src_reg_writes: IntArray = per_pe("source register file writes from the activation SRAM")
    dst_reg_reads: IntArray = per_pe("destination register file reads")
    dst_reg_writes: IntArray = per_pe("destination register file writes")
    act_sram_reads: IntArray = per_pe("activation SRAM reads")
    act_sram_writes: IntArray = per_pe("activation SRAM writes")

    @classmethod
    def partial(cls, values: dict[str, Any]) -> Counters:
        """Counters of a run that could not count all; reading one left out is an AttributeError."""
        if not values.keys() <= cls.__dataclass_fields__.keys():
            unknown = sorted(values.keys() - cls.__dataclass_fields__.keys())
            raise TypeError(f"no such counters: {', '.join(unknown)}")
        counters = cls.__new__(cls)
        vars(counters).update(values)
        return counters

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Only reached for what is not there."""
            if name in {f.name for f in fields(self)}:
                raise AttributeError(f"{name} were not counted; run with outputs=True")
            raise AttributeError(f"'{type(self).__name__}' has no attribute '{name}'")

    @property
    def compute_cycles(self) -> int:
        """Cycles of compute phases."""
        return (
            self.cycles - self.start_cycles - self.refill_cycles - self.load_cycles
            - self.drain_cycles - self.store_cycles
        )

    @property
    def n_pe(self) -> int:
        """Number of PEs counted."""
        return len(self.issued_entries)

    def check(self) -> None:
        """The conservation laws.

        Raises
        ------
        ConservationError
            Naming the law and the first PE that broke it.
        """
        compute = np.full(self.n_pe, self.compute_cycles)
        states = (
            self.issued_entries + self.empty_column_cycles + self.hazard_stall_cycles
            + self.starved_cycles
        )
        pushes = np.full(self.n_pe, self.broadcasts)
        histogram = self.queue_occupancy_histogram
        self.judge([
            ("states of a PE = compute cycles", states, compute),
            ("pushes = broadcasts", self.queue_pushes, pushes),
            ("pops = pushes", self.queue_pops, self.queue_pushes),
            ("macs = issued - padding", self.macs, self.issued_entries - self.padding_entries),
            ("histogram = cycles", histogram.sum(axis=1), np.full(self.n_pe, self.cycles)),
            ("histogram mean = occupancy sum",
             histogram @ np.arange(histogram.shape[1]), self.queue_occupancy_sum),
            ("scan states = compute cycles",
             np.array([self.broadcasts + self.row_change_cycles + self.blocked_cycles
                       + self.scan_idle_cycles]), compute[:1]),
        ])


def add_counters(parts: Iterable[Counters]) -> Counters:
    """Counters of several passes or layers on one machine, added up.

    A counter that one of them left out is left out of the sum.
    """
    items = list(parts)
    names = set.intersection(*({f.name for f in c.counted()} for c in items))
    added = {
        f.name: (
            np.maximum.reduce if f.name == "queue_occupancy_max" else sum
        )([getattr(c, f.name) for c in items])
        for f in fields(Counters)
        if f.name in names
    }
    return Counters.partial(added)


class Machine(Protocol):
    """The numbers of a configuration that turn cycles into time."""

    @property
    def n_pe(self) -> int: ...
    @property
    def clock_mhz(self) -> float: ...


@dataclass(frozen=True, eq=False)
class RunResult:
    """One layer run once.

    Attributes
    ----------
    outputs : (n_outputs,) int64, ReLU applied where the layer has it; None without values
    counters : None from the functional engine, which has no time
    binary_points : of the signals; ``outputs_float`` uses them
    operations : entries, padding, macs and saturations of the active columns
    pricer : prices counters on a machine; behind ``energy``
    """

    name: str
    engine: str
    config: Machine
    outputs: IntArray | None
    counters: Counters | None
    binary_points: BinaryPoints
    operations: dict[str, int]
    provenance: dict[str, Any] = field(default_factory=dict)
    pricer: Callable[[Any, Counters], Any] | None = None

    @property
    def energy(self) -> Any:
        """The `accelsim.energy.EnergyReport` of this run."""
        if self.pricer is None:
            raise AttributeError(f"{self.name}: no energy model for this machine")
        return self.pricer(self.config, self.timed)

    @property
    def cycles(self) -> int:
        """Clock cycles of the layer."""
        return self.timed.cycles

    @property
    def timed(self) -> Counters:
        """The counters; an error from an engine without time."""
        if self.counters is None:
            raise AttributeError(f"engine '{self.engine}' tells no time; use another engine")
        return self.counters

    @property
    def time_us(self) -> float:
        """Wall-clock time of the machine."""
        return self.cycles / self.config.clock_mhz

    @property
    def theoretical_us(self) -> float:
        """Stored entries of the active columns / PEs / clock: no imbalance at all (Table IV)."""
        return self.operations["entries"] / self.config.n_pe / self.config.clock_mhz

    @property
    def load_balance(self) -> float:
        """Theoretical over actual time (EIE Fig. 13: 1 - bubbles / total)."""
        return self.theoretical_us / self.time_us

    @property
    def outputs_float(self) -> npt.NDArray[np.float64]:
        """Outputs as real numbers."""
        if self.outputs is None:
            raise AttributeError("this run was made without outputs")
        return dequantise(self.outputs, self.binary_points.output_frac_bits)

    def outputs_sha256(self) -> str:
        """Digest of the outputs as little-endian int64."""
        if self.outputs is None:
            raise AttributeError("this run was made without outputs")
        return hashlib.sha256(self.outputs.astype("<i8").tobytes()).hexdigest()
