"""The fast ESE engine: slot by slot, time from recurrences, values column by column."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.fixedpoint import bounds
from accelsim.machines.ese.config import EseConfig
from accelsim.machines.ese.counters import EseCounters
from accelsim.machines.ese.ddr import Ddr
from accelsim.machines.ese.fixed_cell import FixedCell, result_counts
from accelsim.machines.ese.job import RecurrentJob
from accelsim.machines.ese.kernels import spmv_time, spmv_values
from accelsim.machines.ese.schedule import Slot
from accelsim.records.result import JobResult, SlotTime
from accelsim.units.arith_unit import ARITH_STAGES

IntArray = npt.NDArray[np.int64]

NEVER_WAITS = -1
"""Arrival of a column that no word of the stream is needed for."""


def run(config: EseConfig, job: RecurrentJob, outputs: bool = True) -> JobResult:
    """Run an utterance; equal to the reference in outputs, cycles and every counter."""
    timing = _Timing(config, job)
    slots = timing.utterance()
    values = _Values(config, job)
    cell = FixedCell(config, job, values.spmv)
    y = np.array([cell.step(x) for x in job.inputs])
    counters = timing.counters(slots, values.saturations, cell.saturations)
    operations = job.operations | {"saturations": int(values.saturations.sum())}
    return JobResult(y if outputs else None, counters, operations, slots)


def slot_ends(config: EseConfig, job: RecurrentJob) -> list[dict[str, int]]:
    """What each slot of an utterance waits for: cause to cycles from the slot's start to its end.

    The largest is the slot's length. "multiplication" is its length with all weights there; where
    it ends later because they arrive later, "weights arriving" is its true end.
    """
    timing, undisturbed = _Timing(config, job), _Timing(config, job)
    timing.utterance()
    alone = {name: undisturbed.alone(name) for name in job.streams}
    slots = job.schedule.utterance(len(job.inputs))
    for slot, ends in zip(slots, timing.ends, strict=True):
        if slot.spmv is not None and ends["multiplication"] > alone[slot.spmv]:
            ends["weights arriving"] = ends["multiplication"]
            ends["multiplication"] = alone[slot.spmv]
    return timing.ends


class _Timing:
    """When everything happens. Values play no part in it."""

    def __init__(self, config: EseConfig, job: RecurrentJob) -> None:
        self._config, self._job = config, job
        self._ddr_1, self._ddr_2 = Ddr(config), Ddr(config)
        self._ready: dict[str, IntArray] = {}
        self._words = {
            name: -(-s.column_ends(config.column_align_bits) // config.ddr_word_bits)
            for name, s in job.streams.items()
        }
        columns = max(s.shape[1] for s in job.streams.values())
        self._issue = np.zeros(columns, dtype=np.int64)
        self._pop = np.zeros((columns, config.n_pe), dtype=np.int64)
        self._pointers = 0
        self._assemble_rows = 0
        self.ends: list[dict[str, int]] = []
        self._total = dict.fromkeys((
            "start_cycles", "compute_cycles", "drain_cycles", "broadcasts", "fetch_wait_cycles",
            "blocked_cycles", "broadcast_idle_cycles", "weight_words", "pointer_words",
            "vector_words", "table_words", "result_words", "vector_path_cycles",
            "assembled_results",
        ), 0)
        self._pe = {
            name: np.zeros(config.n_pe, dtype=np.int64) for name in (
                "issued_entries", "padding_entries", "empty_column_cycles", "blocking_cycles",
                "queue_occupancy_sum", "queue_occupancy_max",
            )
        }

    def utterance(self) -> tuple[SlotTime, ...]:
        """All slots, one after the other."""
        schedule, n_steps = self._job.schedule, len(self._job.inputs)
        before, times, now = len(schedule.initial), [], 0
        for index, slot in enumerate(schedule.utterance(n_steps)):
            cycles = self._slot(slot, now)
            step = (index - before) // len(schedule.step) if index >= before else -1
            times.append(SlotTime(step, slot.name, slot.spmv, cycles))
            now += cycles
        return tuple(times)

    def _slot(self, slot: Slot, now: int) -> int:
        """Cycles of one slot that begins in cycle ``now`` (contract S2)."""
        config = self._config
        # The half in front; a matrix that follows itself is fetched again meanwhile.
        front = self._ready.get(slot.spmv or "")
        last = {"assemble": now + self._assemble_rows - 1, **self._fetch(slot, now),
                **self._store(slot, now)}
        self._assemble_rows = 0
        for operation in slot.operations:
            passes = -(-operation.length // config.elementwise_width)
            done = now + config.elementwise_latency_cycles + passes - 1
            last["element-wise"] = max(last.get("element-wise", now), done)
        if slot.spmv is not None:
            last["multiplication"] = self._multiply(slot.spmv, front, now)
        self.ends.append({c: end - now + 1 for c, end in last.items() if end >= now})
        return max([1, *self.ends[-1].values()])

    def _fetch(self, slot: Slot, now: int) -> dict[str, int]:
        """Request what the slot fetches; the last cycles of what holds the slot up."""
        config, job = self._config, self._job
        last = {}
        if slot.fetch_matrix is not None:
            words = self._words[slot.fetch_matrix]
            arrivals = self._ddr_1.request(now, int(words[-1]))
            self._total["weight_words"] += len(arrivals)
            if config.weights_ready == "matrix":
                words = np.full_like(words, words[-1])
            self._ready[slot.fetch_matrix] = np.append(arrivals, NEVER_WAITS)[words - 1]
        if slot.tables:
            bits = sum(len(t.samples) for t in job.tables.values()) * config.activation_bits
            last["table fetch"] = self._whole("table_words", bits, now)
        if slot.fetch_vector is not None:
            last["vector fetch"] = self._vector(job.layer.n_cells, 1, now)
        if slot.fetch_x:
            last["input fetch"] = self._vector(job.layer.n_inputs, config.n_channels, now)
        if slot.fetch_matrix is not None:
            pointers = config.n_pe * (job.streams[slot.fetch_matrix].shape[1] + 1)
            self._pointers = self._whole("pointer_words", pointers * config.pointer_bits, now)
        if slot.awaits_pointers:
            last["pointer fetch"] = self._pointers
        return last

    def _whole(self, counter: str, bits: int, now: int) -> int:
        """Fetch something from DDR_2 that goes to its place at once."""
        words = -(-bits // self._config.ddr_word_bits)
        self._total[counter] += words
        return int(self._ddr_2.request(now, words)[-1])

    def _vector(self, length: int, copies: int, now: int) -> int:
        """Fetch a vector through the vector path (contract M4); its last cycle there."""
        config = self._config
        bits, path = length * config.activation_bits, config.vector_path_bits
        arrivals = self._ddr_2.request(now, -(-bits * copies // config.ddr_word_bits))
        chunk = np.arange(-(-bits // path))
        words = -(-np.minimum((chunk + 1) * path, bits) * copies // config.ddr_word_bits)
        last = int((arrivals[words - 1] + 1 - chunk).max() + chunk[-1])
        self._total["vector_words"] += len(arrivals)
        self._total["vector_path_cycles"] += len(chunk)
        return last

    def alone(self, name: str) -> int:
        """Cycles of a multiplication whose weights are all there."""
        there = np.full(self._job.streams[name].shape[1], NEVER_WAITS)
        return self._multiply(name, there, 0) + 1

    def _store(self, slot: Slot, now: int) -> dict[str, int]:
        """Store y; only the final slot waits for it."""
        if not slot.store_y:
            return {}
        config, job = self._config, self._job
        bits = job.layer.n_outputs * config.activation_bits * config.n_channels
        words = -(-bits // config.ddr_word_bits)
        self._total["result_words"] += words
        last = int(self._ddr_1.request(now + self._assemble_rows, words)[-1])
        return {"store": last} if slot.state == "FINAL" else {}

    def _multiply(self, name: str, ready: IntArray | None, now: int) -> int:
        """One matrix times one vector of every channel; the last cycle of its drain.

        Parameters
        ----------
        ready : (n_columns,) int64, the last cycle before each column may be broadcast
        now : the cycle in which the slot begins

        Raises
        ------
        ValueError
            If the matrix has not been fetched.
        """
        config, stream = self._config, self._job.streams[name]
        counts, pe, total = stream.counts, self._pe, self._total
        if ready is None or ready.shape != counts.shape[:1]:
            raise ValueError(f"{name}: multiplied before all of its columns were fetched")
        compute, waited, blocked = spmv_time(
            counts, ready, now + config.start_cycles, config.act_queue_depth,
            self._issue, self._pop, pe["blocking_cycles"], pe["queue_occupancy_sum"],
            pe["queue_occupancy_max"],
        )
        pe["issued_entries"] += counts.sum(axis=0)
        pe["padding_entries"] += stream.padding.sum(axis=0)
        pe["empty_column_cycles"] += (counts == 0).sum(axis=0)
        total["start_cycles"] += config.start_cycles
        total["compute_cycles"] += compute
        total["drain_cycles"] += ARITH_STAGES
        total["broadcasts"] += len(counts)
        total["fetch_wait_cycles"] += waited
        total["blocked_cycles"] += blocked
        total["broadcast_idle_cycles"] += compute - len(counts) - waited - blocked
        total["assembled_results"] += stream.shape[0] * self._job.n_channels
        self._assemble_rows = -(-stream.shape[0] // config.n_pe)
        return now + config.start_cycles + int(compute) + ARITH_STAGES - 1

    def counters(
        self, slots: tuple[SlotTime, ...], saturations: IntArray, elementwise_saturations: int
    ) -> EseCounters:
        """Everything as one record."""
        config, job, pe, total = self._config, self._job, self._pe, self._total
        issued, pops = pe["issued_entries"], np.full(config.n_pe, total["broadcasts"])
        used_bits = int(issued.sum()) * config.entry_bits
        fields: dict[str, Any] = {**total, **pe, **result_counts(job)}
        return EseCounters(
            **fields,
            cycles=sum(slot.cycles for slot in slots),
            slots=len(slots),
            weight_padding_bits=total["weight_words"] * config.ddr_word_bits - used_bits,
            elementwise_saturations=elementwise_saturations,
            starved_cycles=total["compute_cycles"] - issued - pe["empty_column_cycles"],
            queue_pushes=pops,
            queue_pops=pops,
            pointer_reads=2 * pops,
            weight_buffer_writes=issued.copy(),
            macs=(issued - pe["padding_entries"]) * job.n_channels,
            saturations=saturations,
        )


class _Values:
    """Matrix products of all channels; ``saturations`` per PE."""

    def __init__(self, config: EseConfig, job: RecurrentJob) -> None:
        self._config = config
        self._shifts = job.shifts
        self._low, self._high = bounds(config.accumulator_bits)
        # In 32 bits a product and an accumulator's sum must both fit; else 64 bits.
        narrow = max(config.accumulator_bits, config.weight_bits + config.activation_bits) <= 30
        self._type = np.int32 if narrow else np.int64
        self._matrices = {
            name: (w.matrix.column_starts, w.matrix.rows, w.matrix.values.astype(self._type),
                   w.matrix.shape[0])
            for name, w in job.weights.items()
        }
        self.saturations = np.zeros(config.n_pe, dtype=np.int64)

    def spmv(self, name: str, activations: IntArray) -> IntArray:
        """(n_channels, n_columns) activations to (n_channels, n_rows) accumulators, int64.

        Raises
        ------
        ValueError
            If there are not as many activations as columns.
        """
        starts, rows, weights, n_rows = self._matrices[name]
        if activations.ndim != 2 or activations.shape[1] != len(starts) - 1:
            raise ValueError(f"{name}: activations {activations.shape}, {len(starts) - 1} columns")
        shift, kind = self._shifts[name], self._type
        sums = np.zeros((n_rows, len(activations)), dtype=kind)
        changed = np.zeros(n_rows, dtype=np.int64)
        spmv_values(
            starts, rows, weights, np.ascontiguousarray(activations.T, dtype=kind),
            kind((1 << shift) >> 1), kind(shift), kind(self._low), kind(self._high), sums, changed,
        )
        np.add.at(self.saturations, np.arange(n_rows) % self._config.n_pe, changed)
        return sums.T.astype(np.int64)
