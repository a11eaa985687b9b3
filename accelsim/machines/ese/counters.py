"""Everything that an utterance on ESE counts. Every counter has one line of meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.records.counters import CounterSet, Law, per_pe, total

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class EseCounters(CounterSet):
    """Everything that a run counts. Channels work in lock step: what is counted per PE is the
    same in each, and counted once; only values (``macs``, ``saturations`` and the element-wise
    counters) are summed over channels. Rules: machines/ese/README.md.
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

    def states(self) -> dict[str, IntArray]:
        """What each PE of a channel did; "overhead" is whatever is no multiplication: set-up,
        drain, and slots that fetch, compute element by element or store."""
        return {
            "useful": self.issued_entries - self.padding_entries,
            "padding": self.padding_entries,
            "empty columns": self.empty_column_cycles,
            "starved": self.starved_cycles,
            "overhead": np.full(self.n_pe, self.cycles - self.compute_cycles),
        }

    def laws(self, config: Any = None, job: Any = None) -> list[Law]:
        """The conservation laws: README.md, counters."""
        compute = np.full(self.n_pe, self.compute_cycles)
        states = self.issued_entries + self.empty_column_cycles + self.starved_cycles
        fetched = self.weight_words * config.ddr_word_bits
        used = int(self.issued_entries.sum()) * config.entry_bits
        scan = (self.broadcasts + self.fetch_wait_cycles + self.blocked_cycles
                + self.broadcast_idle_cycles)
        return [
            ("states of a PE = compute cycles", states, compute),
            ("pushes = broadcasts", self.queue_pushes, np.full(self.n_pe, self.broadcasts)),
            ("pops = pushes", self.queue_pops, self.queue_pushes),
            ("macs = (issued - padding) * channels",
             self.macs, (self.issued_entries - self.padding_entries) * job.n_channels),
            ("written entries = issued entries", self.weight_buffer_writes, self.issued_entries),
            ("broadcast states = compute cycles", np.array([scan]), compute[:1]),
            ("fetched bits = used + padding",
             np.array([fetched]), np.array([used + self.weight_padding_bits])),
        ]
