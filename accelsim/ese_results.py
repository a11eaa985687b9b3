"""What an utterance on ESE gives: counters, slot times, outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.counting import CounterSet, per_pe, total
from accelsim.fixedpoint import dequantise

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class EseCounters(CounterSet):
    """Everything that a run counts. Channels work in lock step: what is counted per PE is the
    same in each, and counted once; only values (``macs``, ``saturations`` and the element-wise
    counters) are summed over channels. Rules: engines/ese/README.md.
    """

    cycles: int = total("clock cycles of the utterance, all slots")
    slots: int = total("slots of the state machine")
    start_cycles: int = total("cycles in which the controller set a multiplication up")
    compute_cycles: int = total("cycles from a multiplication's first broadcast slot to its last")
    drain_cycles: int = total("cycles in which the arithmetic pipeline drained")
    broadcasts: int = total("columns broadcast")
    fetch_wait_cycles: int = total("compute cycles in which the next column had not arrived")
    blocked_cycles: int = total("compute cycles in which a full queue held the broadcast back")
    broadcast_idle_cycles: int = total("compute cycles after the last broadcast")
    weight_words: int = total("DDR words of weights fetched")
    weight_padding_bits: int = total("fetched bits that only fill columns and words")
    pointer_words: int = total("DDR words of pointers fetched")
    vector_words: int = total("DDR words of inputs, biases and peephole weights fetched")
    table_words: int = total("DDR words of look-up tables fetched")
    result_words: int = total("DDR words of outputs stored")
    vector_path_cycles: int = total("cycles in which the vector path passed something on")
    assembled_results: int = total("accumulators collected, all channels")
    elem_mul_results: int = total("results of the element-wise multiplier, all channels")
    adder_tree_results: int = total("results of the adder tree, all channels")
    table_lookups: int = total("sigmoid and tanh look-ups, all channels")
    elementwise_saturations: int = total("element-wise results that saturated, all channels")
    issued_entries: IntArray = per_pe("entries passed to the multiplier, padding included")
    padding_entries: IntArray = per_pe("issued entries that only extend a zero run")
    empty_column_cycles: IntArray = per_pe("issue slots of columns without entries")
    starved_cycles: IntArray = per_pe("compute cycles without anything to issue")
    blocking_cycles: IntArray = per_pe("blocked cycles in which this PE's queue was full")
    queue_pushes: IntArray = per_pe("columns written to the activation queue")
    queue_pops: IntArray = per_pe("columns taken from the activation queue")
    queue_occupancy_sum: IntArray = per_pe("queue entries summed over all cycles")
    queue_occupancy_max: IntArray = per_pe("most entries the queue held at the start of a cycle")
    pointer_reads: IntArray = per_pe("pointers read, two a column")
    weight_buffer_writes: IntArray = per_pe("entries written to the weight buffer")
    macs: IntArray = per_pe("multiply-accumulates, all channels")
    saturations: IntArray = per_pe("sums that saturated, all channels")

    @property
    def n_pe(self) -> int:
        """PEs of a channel."""
        return len(self.issued_entries)

    def check(self, entry_bits: int, word_bits: int, n_channels: int) -> None:
        """The conservation laws, for entries and DDR words of these sizes and ``n_channels`` used.

        Raises
        ------
        ConservationError
            Naming the law and the first PE that broke it.
        """
        compute = np.full(self.n_pe, self.compute_cycles)
        states = self.issued_entries + self.empty_column_cycles + self.starved_cycles
        fetched = self.weight_words * word_bits
        used = int(self.issued_entries.sum()) * entry_bits
        scan = (self.broadcasts + self.fetch_wait_cycles + self.blocked_cycles
                + self.broadcast_idle_cycles)
        self.judge([
            ("states of a PE = compute cycles", states, compute),
            ("pushes = broadcasts", self.queue_pushes, np.full(self.n_pe, self.broadcasts)),
            ("pops = pushes", self.queue_pops, self.queue_pushes),
            ("macs = (issued - padding) * channels",
             self.macs, (self.issued_entries - self.padding_entries) * n_channels),
            ("written entries = issued entries", self.weight_buffer_writes, self.issued_entries),
            ("broadcast states = compute cycles", np.array([scan]), compute[:1]),
            ("fetched bits = used + padding",
             np.array([fetched]), np.array([used + self.weight_padding_bits])),
        ])


@dataclass(frozen=True)
class SlotTime:
    """One slot of the state machine in an utterance: ``step`` -1 before the first time step."""

    step: int
    name: str
    spmv: str | None
    cycles: int


@dataclass(frozen=True, eq=False)
class RecurrentResult:
    """One utterance run once.

    Attributes
    ----------
    outputs : (n_steps, n_channels, n_outputs) int64; None without values
    counters, slots : None and empty from the functional engine, which has no time
    frac_bits : binary point of every signal; ``outputs_float`` uses that of y
    operations : entries, padding, macs and saturations of a whole utterance
    pricer : prices counters; behind ``energy``
    """

    name: str
    engine: str
    clock_mhz: float
    outputs: IntArray | None
    counters: EseCounters | None
    slots: tuple[SlotTime, ...]
    frac_bits: Mapping[str, int]
    operations: dict[str, int]
    provenance: dict[str, Any] = field(default_factory=dict)
    pricer: Callable[[EseCounters], Any] | None = None

    @property
    def energy(self) -> Any:
        """The `accelsim.energy.ese.EseEnergy` of this utterance: events of an ASIC at 45 nm."""
        if self.pricer is None:
            raise AttributeError(f"{self.name}: no energy model for this run")
        return self.pricer(self.timed)

    @property
    def timed(self) -> EseCounters:
        """The counters; an error from an engine without time."""
        if self.counters is None:
            raise AttributeError(f"engine '{self.engine}' tells no time; use another engine")
        return self.counters

    @property
    def time_us(self) -> float:
        """Wall-clock time of the machine for the whole utterance."""
        return self.timed.cycles / self.clock_mhz

    @property
    def theoretical_us(self) -> float:
        """Stored entries / PEs / clock: no imbalance, and nothing but multiplications."""
        return self.operations["entries"] / self.timed.n_pe / self.clock_mhz

    @property
    def load_balance(self) -> float:
        """Theoretical over actual time of the whole utterance, element-wise slots included."""
        return self.theoretical_us / self.time_us

    @property
    def outputs_float(self) -> npt.NDArray[np.float64]:
        """Outputs as real numbers."""
        if self.outputs is None:
            raise AttributeError("this run was made without outputs")
        return dequantise(self.outputs, self.frac_bits["y"])
