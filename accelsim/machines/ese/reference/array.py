"""ESE, cycle by cycle: state machine, memory controllers and channels (contract: machines/ese)."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import simpy

from accelsim.machines.ese.config import EseConfig
from accelsim.machines.ese.job import RecurrentJob
from accelsim.machines.ese.reference import shown
from accelsim.machines.ese.reference.channel import Channel
from accelsim.machines.ese.reference.counting import count
from accelsim.machines.ese.reference.memory_controller import MemoryController, word_waits
from accelsim.machines.ese.reference.pe import EsePe
from accelsim.machines.ese.reference.ping_pong_buffer import (
    Entry,
    PingPongBuffer,
    PointerLoader,
    WeightLoader,
)
from accelsim.machines.ese.reference.spmv_control import Multiplication, SpmvControl
from accelsim.machines.ese.reference.vector_path import VectorFetch, VectorPath
from accelsim.machines.ese.schedule import Slot
from accelsim.records.result import JobResult, SlotTime
from accelsim.records.signals import Observer, Place, Signals
from accelsim.units.clock import Clock, Process


def run(
    config: EseConfig, job: RecurrentJob, outputs: bool = True, *,
    shuffle: random.Random | None = None, observer: Observer | None = None,
) -> JobResult:
    """Run an utterance.

    Parameters
    ----------
    shuffle : puts processes and clock edges into another order in every cycle; no result depends
        on it
    observer : is called in every cycle
    """
    machine = Ese(config, job, observer)
    machine.run(shuffle)
    counters = count(machine)
    operations = job.operations | {"saturations": int(counters.saturations.sum())}
    return JobResult(
        np.array(machine.outputs, dtype=np.int64) if outputs else None, counters, operations,
        tuple(machine.slots),
    )


class Ese:
    """The machine and one utterance.

    Attributes
    ----------
    ddr_1, ddr_2, path, control, channels : the units
    weights, pointers : ping-pong buffers of each PE number, shared by the channels
    slot : the present one; ``step`` its time step, -1 before the first
    pointers_loader, tables_left, results_left : what the slot may still wait for
    """

    def __init__(
        self, config: EseConfig, job: RecurrentJob, observer: Observer | None = None
    ) -> None:
        self.config, self.job = config, job
        self._env = simpy.Environment()
        self.clock = Clock(
            self._env, None if observer is None else lambda t: observer.cycle(t, self)
        )
        self.ddr_1, self.ddr_2 = (
            MemoryController(
                config.ddr_latency_cycles, config.ddr_burst_words, config.ddr_burst_gap_cycles,
                None if config.dram_part is None else partial(word_waits, config),
            ) for _ in range(2)
        )
        self.path = VectorPath(config.vector_path_bits, config.ddr_word_bits)
        self.control = SpmvControl(
            self._env, config.start_cycles, config.weights_ready == "matrix"
        )
        self.control.blocking_cycles = [0] * config.n_pe
        self.weights: list[PingPongBuffer[Entry]] = [PingPongBuffer() for _ in range(config.n_pe)]
        self.pointers: list[PingPongBuffer[int]] = [PingPongBuffer() for _ in range(config.n_pe)]
        self.channels = [self._channel() for _ in range(job.n_channels)]
        self.slot, self.step = job.schedule.initial[0], -1
        self.slots: list[SlotTime] = []
        self.outputs: list[list[list[int]]] = []
        self.traffic = dict.fromkeys(("weight", "pointer", "vector", "table", "result"), 0)
        self._loaders: dict[str, WeightLoader] = {}
        self.pointers_loader: PointerLoader | None = None
        self._next_x = 0
        self.tables_left = self.results_left = 0
        self._multiplied: str | None = None
        self._store_at = -1

    def run(self, shuffle: random.Random | None = None) -> None:
        """From the first initial slot to the end of the final one."""
        control = self._state_machine()
        pes = [pe for channel in self.channels for pe in channel.pes]
        processes = [control, self.clock.run(), *(pe.run() for pe in pes)]
        if shuffle is not None:
            shuffle.shuffle(processes)
            self.clock.order = shuffle
        made = {process: self._env.process(process) for process in processes}
        self.clock.loading[self] = None
        self._env.run(until=made[control])

    def load(self) -> None:
        """Clock edge of everything but the PEs."""
        cycle = self.clock.cycle
        self.ddr_1.load(cycle)
        self.ddr_2.load(cycle)
        self.path.load(cycle)
        for channel in self.channels:
            channel.load(cycle)

    def units(self, pes: Sequence[int]) -> Iterator[Place]:
        """The state machine, the units that channels share, and those of some PEs."""
        return shown.units(self, pes)

    def signals(self) -> Signals:
        """The time step, the slot's number in its state, and what holds the slot up (S2)."""
        return shown.signals(self)

    def _channel(self) -> Channel:
        pes = [
            EsePe(self.config, weights, pointers, self.clock, self.control)
            for weights, pointers in zip(self.weights, self.pointers, strict=True)
        ]
        return Channel(self.config, self.job, pes)

    def _state_machine(self) -> Process:
        """Slot after slot (S2): the next one in the first cycle in which all is done."""
        schedule, n_steps = self.job.schedule, len(self.job.inputs)
        before = len(schedule.initial)
        for index, slot in enumerate(schedule.utterance(n_steps)):
            place = index - before
            first = self.clock.cycle
            if 0 <= place < n_steps * len(schedule.step) and place % len(schedule.step) == 0:
                for channel in self.channels:
                    channel.begin_step()
            self.slot = slot
            self.step = place // len(schedule.step) if place >= 0 else -1
            self._begin(slot, first)
            while True:
                self._broadcast()
                yield self.clock.tick
                self._store(self.clock.cycle)
                if self.control.active:
                    self._advance()
                if self._finished(slot):
                    break
            self.slots.append(SlotTime(
                self.step, slot.name, slot.spmv, self.clock.cycle - first,
            ))

    def _begin(self, slot: Slot, cycle: int) -> None:
        """Everything of a slot starts in its first cycle."""
        rows = self._collect()
        if slot.spmv is not None:
            self._multiply(slot.spmv)
        self._fetch(slot, cycle)
        if slot.store_y:
            self._store_at = cycle + rows
            self._store(cycle)
        for operation in slot.operations:
            for channel in self.channels:
                channel.start(operation, cycle)

    def _collect(self) -> int:
        """Assemble takes over what the slot before has multiplied; the cycles that it needs."""
        name, self._multiplied = self._multiplied, None
        if name is None:
            return 0
        n_rows = self.job.streams[name].shape[0]
        for channel in self.channels:
            channel.assemble.start(
                [pe.accumulators for pe in channel.pes], channel.vectors[name], n_rows
            )
        return -(-n_rows // self.config.n_pe)

    def _fetch(self, slot: Slot, cycle: int) -> None:
        config, job = self.config, self.job
        if slot.tables:
            bits = sum(len(t.samples) for t in job.tables.values()) * config.activation_bits
            self.tables_left = -(-bits // config.ddr_word_bits)
            self.traffic["table"] += self.tables_left
            self.ddr_2.request(cycle, self.tables_left, self._table_word)
        if slot.fetch_vector is not None:
            values = job.vectors[slot.fetch_vector].tolist()
            self._fetch_vector(cycle, slot.fetch_vector, [values] * job.n_channels, 1)
        if slot.fetch_x:
            self._fetch_vector(cycle, None, job.inputs[self._next_x].tolist(), config.n_channels)
            self._next_x += 1
        if slot.fetch_matrix is not None:
            stream = job.streams[slot.fetch_matrix]
            loader = WeightLoader(
                stream, config.column_align_bits, config.ddr_word_bits, self.weights
            )
            self._loaders[slot.fetch_matrix] = loader
            self.ddr_1.request(cycle, loader.n_words, loader.receive)
            pointers = PointerLoader(
                stream, config.pointer_bits, config.ddr_word_bits, self.pointers
            )
            self.pointers_loader = pointers
            self.ddr_2.request(cycle, pointers.n_words, pointers.receive)
            self.traffic["weight"] += loader.n_words
            self.traffic["pointer"] += pointers.n_words

    def _fetch_vector(
        self, cycle: int, name: str | None, values: Sequence[Sequence[int]], copies: int
    ) -> None:
        targets = [
            channel.next_x if name is None else channel.vectors[name] for channel in self.channels
        ]
        length = len(values[0])
        fetch = VectorFetch(
            values, targets, length, copies, self.config.activation_bits,
            self.config.ddr_word_bits,
        )
        self.path.push(fetch)
        self.ddr_2.request(cycle, fetch.n_words, fetch.receive)
        self.traffic["vector"] += fetch.n_words

    def _multiply(self, name: str) -> None:
        stream = self.job.streams[name]
        for weights, pointers in zip(self.weights, self.pointers, strict=True):
            weights.swap()
            pointers.swap()
        n_rows = -(-stream.shape[0] // self.config.n_pe)
        for channel in self.channels:
            for pe in channel.pes:
                pe.begin(self.job.shifts[name], stream.shape[1], n_rows)
        self._multiplied = name
        self.control.begin(Multiplication(name, stream.shape[1], self._loaders[name]))
        self._advance()

    def _advance(self) -> None:
        """One cycle of the multiplication: all channels alike, so one channel's queues tell."""
        pes = self.channels[0].pes
        self.control.step([pe.act_queue.full for pe in pes], any(pe.busy for pe in pes))

    def _broadcast(self) -> None:
        """A column to every PE, with each channel's activation."""
        column, name = self.control.column, self._multiplied
        if column is not None and name is not None:
            for channel in self.channels:
                item = column, channel.activation(name, column)
                for pe in channel.pes:
                    pe.push(item)

    def _store(self, cycle: int) -> None:
        """Y of the step before goes to DDR_1, once it has been collected (M5)."""
        if cycle != self._store_at:
            return
        self._store_at = -1
        config, job = self.config, self.job
        self.outputs.append([channel.vectors[channel.y].values() for channel in self.channels])
        bits = job.layer.n_outputs * config.activation_bits * config.n_channels
        words = -(-bits // config.ddr_word_bits)
        self.results_left += words
        self.traffic["result"] += words
        self.ddr_1.request(cycle, words, self._result_word, stores=True)

    def _table_word(self, cycle: int) -> None:
        self.tables_left -= 1

    def _result_word(self, cycle: int) -> None:
        self.results_left -= 1

    def _finished(self, slot: Slot) -> bool:
        """Whether the slot ended with the cycle before (S2)."""
        if self.control.active or not self.path.idle or self.tables_left:
            return False
        if not all(channel.idle for channel in self.channels):
            return False
        if slot.awaits_pointers and self.pointers_loader and not self.pointers_loader.whole:
            return False
        return slot.state != "FINAL" or (self._store_at < 0 and self.results_left == 0)
