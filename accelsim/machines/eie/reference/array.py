"""EIE: an array of PEs behind one control unit, cycle by cycle (Han et al., ISCA 2016, sec. IV)."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np
import simpy

from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.convolution import (
    ConvJob,
    Later,
    MapsJob,
    run_products,
    vector_by_vector,
)
from accelsim.machines.eie.counters import Counters
from accelsim.machines.eie.job import IntArray, LayerJob
from accelsim.machines.eie.plan import Pass
from accelsim.machines.eie.reference.ccu import Ccu
from accelsim.machines.eie.reference.counting import count
from accelsim.machines.eie.reference.dma import Dma, brought
from accelsim.machines.eie.reference.pe import Pe
from accelsim.machines.eie.reference.wide import pe_of
from accelsim.machines.eie.sequence import SequenceJob, run_sequence
from accelsim.records.result import JobResult
from accelsim.records.signals import NOTHING, Observer, Place, Signals, Values
from accelsim.units.clock import Clock, Process

INSTANCE = ("eie_array_tb", "dut")
"""Where rtl/eie/tb/eie_array_tb.v has the array; its waveforms and ours lie side by side."""


def run(
    config: EieConfig, job: LayerJob | MapsJob | SequenceJob, outputs: bool = True, *,
    shuffle: random.Random | None = None, observer: Observer | None = None,
    wiring: type[Eie] | None = None,
) -> JobResult:
    """Run one layer, a convolution vector by vector, or layers in sequence.

    Parameters
    ----------
    outputs : whether the result holds the outputs
    shuffle : another order of processes and clock edges in every cycle; no result depends on it
    observer : is called in every cycle
    wiring : a machine derived from `Eie`, with other units

    Raises
    ------
    CapacityError
        If the layer does not fit the machine (`accelsim.machines.eie.plan.make_plan`).
    """
    if isinstance(job, MapsJob):
        def one_by_one(product: ConvJob, passed: int) -> JobResult:
            return vector_by_vector(run, config, product, outputs, observer, passed,
                                    shuffle=shuffle, wiring=wiring)

        return run_products(job, one_by_one)
    if isinstance(job, SequenceJob):
        return run_sequence(job, lambda layer, passed: run(
            config, layer, outputs, shuffle=shuffle, wiring=wiring,
            observer=None if observer is None else Later(observer, passed)))
    machine = (wiring or Eie)(config, job, observer)
    machine.run(shuffle)
    counters, operations = machine.count()
    return JobResult(machine.outputs() if outputs else None, counters, operations)


class Eie:
    """The array and one layer in its memories.

    Attributes
    ----------
    CCU, PE : the classes it is made of; a machine with others derives from this one
    clock, ccu, dma, pes : the units
    plan : the passes
    step : the pass in work, from its refill on
    """

    CCU: ClassVar[type[Ccu]] = Ccu
    PE: ClassVar[type[Pe]] = Pe

    def __init__(self, config: EieConfig, job: LayerJob, observer: Observer | None = None) -> None:
        self.config = config
        self.job = job
        self.plan = job.plan
        self.step = self.plan[0]
        self._env = simpy.Environment()
        self.clock = Clock(
            self._env, None if observer is None else lambda t: observer.cycle(t, self)
        )
        self.ccu = self.CCU(config, self.plan, job.bias_activation, self.begin, self._read_row)
        self.ccu.load_early = self._load_early
        self.ccu.dma = self.dma = Dma(config, job)
        n_pe, image = config.n_pe, job.image
        in_rows = -(-image.n_inputs // n_pe)
        self._loads = any(step.load_rows for step in self.plan)
        self._stores = any(step.store_rows for step in self.plan)
        loaded = max(step.load_rows for step in self.plan)
        rows = max(image.tile_rows, loaded or in_rows)
        words = self.ccu.bias_base + sum(step.bias_rows for step in self.plan)
        kind = pe_of(config, self.PE)
        self.pes = [kind(config, job, rows, words, self.clock, self.ccu) for _ in range(n_pe)]
        if config.queue_pes == 2:
            for even, odd in zip(self.pes[::2], self.pes[1::2], strict=False):
                even.partner, odd.partner = odd, even
        self._set_widths()
        self._io_mode(in_rows)

    def run(self, shuffle: random.Random | None = None, last: int | None = None) -> None:
        """To the end of the last pass, or of cycle ``last``."""
        control = self._control()
        processes = [control, self.clock.run(), *(pe.run() for pe in self.pes)]
        if self.clock.cycle:  # resumed: queues may be full already, so their PEs go first
            processes.reverse()
        if shuffle is not None:
            shuffle.shuffle(processes)
            self.clock.order = shuffle
        made = {process: self._env.process(process) for process in processes}
        self.clock.loading[self] = None
        end: simpy.Event = made[control]
        if last is not None:
            end |= self.clock.after(last)
        self._env.run(until=end)
        for pe in self.pes:
            pe.settle()

    def load(self) -> None:
        """Clock edge of CCU, DMA and, in load, bias and store phases, of the activation SRAMs."""
        ccu = self.ccu
        if ccu.phase in ("load", "store"):
            for pe in self.pes:
                pe.act_rw.load(ccu.load_row, ccu.store_row)
        elif ccu.phase == "bias":
            for pe in self.pes:
                pe.act_rw.load_bias(ccu.bias_row)
        self.dma.load()
        ccu.load()

    def outputs(self) -> IntArray:
        """Accumulators, (n_outputs,), PE after PE in each row; (n, n_outputs) of shared refills."""
        if self.job.others is None:
            return self._outputs_of(0)
        return np.array([self._outputs_of(vector) for vector in range(len(self.job.inputs))])

    def _outputs_of(self, vector: int) -> IntArray:
        rows = -(-self.job.image.n_outputs // self.config.n_pe)
        if self._stores:
            base = self.ccu.store_base + vector * rows
            columns = [pe.act_rw.sram[base : base + rows] for pe in self.pes]
        else:
            columns = [pe.act_rw.destination[:rows] for pe in self.pes]
        return np.array(columns, dtype=np.int64).T.ravel()[: self.job.image.n_outputs]

    def units(self, pes: Sequence[int]) -> Iterator[Place]:
        """The array with its control unit, and the units of some PEs, under the Verilog's names."""
        yield INSTANCE, self
        yield (*INSTANCE, "u_ccu", "u_scan"), self.ccu
        for pe in pes:
            for name, unit in self.pes[pe].units():
                yield (*INSTANCE, f"g_pe[{pe}]", "u_pe", name), unit

    def signals(self) -> Signals:
        """What the control unit tells the PEs, as rtl/eie_array.v names it."""
        ccu, scan = self.ccu, self.ccu.scan

        def read() -> Values:
            phase, sent = ccu.phase, ccu.broadcast
            if sent is not None:
                return (True, False, False, False, True, False, False, True, False, False,
                        self.pointer_address(sent[0]), sent[1])
            if phase == "compute":
                # A full queue holds the broadcast back (S5), or the scan changes rows (S3).
                blocked = scan.found is not None
                return (True, False, False, False, True, False, False, False, blocked,
                        not blocked and not scan.finished, NOTHING, NOTHING)
            return (True, phase == "start", ccu.load_row is not None, ccu.bias_row is not None,
                    False, phase == "drain", phase == "store", False, False, False, NOTHING,
                    NOTHING)

        return Signals(
            dict.fromkeys((
                "running", "pass_start", "load", "bias_load", "compute", "drain", "store",
                "broadcast", "blocked", "row_change"), 1)
            | {"column": self.pes[0].ptr_read.address_bits,
               "activation": self.config.activation_bits},
            read,
        )

    def count(self) -> tuple[Counters, dict[str, int]]:
        """Counters of the finished run, and operations over the PEs; a machine may count more."""
        return count(self)

    def pointer_address(self, column: int) -> int:
        """Where the first pointer of an image column is, in the present pass."""
        if self.step.refill_bits:
            return column - self.step.first_row * self.config.n_pe
        return self.step.tile * (self.job.image.n_columns + 1) + column

    def _control(self) -> Process:
        """The CCU's process: full flags and busy PEs in, broadcasts out."""
        ccu, pes, idle = self.ccu, self.pes, [False] * self.config.n_pe
        while True:
            awake = len(self.clock.loading) > 1  # anyone beside the control itself
            full = [pe.act_queue.full for pe in pes] if awake else idle
            # A pass goes on while its scan does, whoever is busy.
            busy = awake and (not ccu.scan.finished or any(pe.busy for pe in pes))
            if not ccu.decide(full, busy):
                return
            if ccu.broadcast is not None:
                for pe in pes:
                    pe.push(ccu.broadcast)
            yield self.clock.tick

    def _set_widths(self) -> None:
        """Those of the Verilog's parameters, or more if the job needs more."""
        config, image = self.config, self.job.image
        pointers = max(config.pointer_words, image.n_tiles * (image.n_columns + 1))
        words = max(image.max_words, config.spmat_entries)
        rows = max(image.tile_rows, config.regfile_depth)
        for pe in self.pes:
            pe.ptr_read.address_bits = max(1, (pointers - 1).bit_length())
            pe.spmat_read.address_bits = max(config.pointer_bits, image.max_words.bit_length())
            pe.spmat_read.line_bits = max(1, (words // config.entries_per_line).bit_length())
            pe.arith_unit.row_bits = max(1, (rows - 1).bit_length())

    def _io_mode(self, in_rows: int) -> None:
        """Before the first cycle: activations as the layer before leaves them, weights, biases."""
        n_pe, image = self.config.n_pe, self.job.image
        inputs = self.job.inputs
        padded = np.zeros((len(inputs), in_rows * n_pe), dtype=np.int64)
        padded[:, : inputs.shape[1]] = inputs
        for index, pe in enumerate(self.pes):
            mine = padded[:, index::n_pe].ravel().tolist()
            (pe.act_rw.sram if self._loads else pe.act_rw.destination)[: len(mine)] = mine
            self._fill(pe, image.words[index].ravel(), *pe.stored(image, index))
            if self.job.rows_per_table is not None:
                pe.fill_tables(self.job, index)
        if self.job.bias is not None:
            for pe, biases in zip(self.pes, self.job.starts(), strict=True):
                pe.act_rw.sram[self.ccu.bias_base :] = biases.tolist()

    def begin(self, step: Pass) -> None:
        """A pass's control registers, and the DMA's work if the layer is not resident (C1, M4)."""
        self.step = step
        image = self.job.image
        first = step.first_row * self.config.n_pe
        end = min(first + step.n_rows * self.config.n_pe, image.n_inputs)
        active = (self.job.inputs[:, first:end] != 0).max(axis=0, initial=False)
        for index, pe in enumerate(self.pes):
            if step is self.plan[0]:
                pe.act_rw.swap()
            if step.clear:
                pe.act_rw.clear()
            pe.begin(image, step.tile)
            if self.job.rows_per_table is not None:
                pe.decoder.begin(step.tile * image.tile_rows)
            pe.ptr_read.begin(self.pointer_address(0))
            if step.refill_bits and step.fetches:
                memory = image.pe(index)
                pointers = memory.pointers[
                    step.tile, first : (image.n_columns if step.bias else end) + 1
                ]
                self._fill(pe, *brought(self.config, memory, pointers, active))

    @staticmethod
    def _fill(pe: Pe, pointers: IntArray, codes: np.ndarray, runs: np.ndarray) -> None:
        flat = np.ascontiguousarray(pointers).data
        pe.ptr_read.fill(flat[0::2], flat[1::2])
        pe.spmat_read.fill(codes.tobytes(), runs.tobytes())

    def _load_early(self, row: tuple[int, int] | None) -> None:
        for pe in self.pes:
            pe.act_rw.load(row, None)

    def _read_row(self, row: int) -> list[int]:
        return [pe.act_rw.read(row) for pe in self.pes]
