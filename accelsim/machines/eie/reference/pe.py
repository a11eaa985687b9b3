"""One processing element: its units, wired (EIE Fig. 4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from accelsim.errors import UnsupportedError
from accelsim.formats import LayerImage
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.decoder import own_tables
from accelsim.machines.eie.job import LayerJob
from accelsim.machines.eie.reference.act_rw import ActRw
from accelsim.machines.eie.reference.ccu import Ccu
from accelsim.records.signals import Unit
from accelsim.units.act_queue import ActQueue, Item
from accelsim.units.arith_unit import ArithUnit
from accelsim.units.clock import Clock, Process
from accelsim.units.ptr_read import Column, PtrRead
from accelsim.units.spmat_read import SpmatRead
from accelsim.units.weight_decoder import WeightDecoder


class Pe:
    """act_queue -> ptr_read -> spmat_read -> arith_unit -> act_rw.

    Sleeps while all of them are empty; a pushed column wakes it in the cycle of the broadcast.
    """

    # A machine with another unit derives from this class and names it here.
    ACT_QUEUE: ClassVar[type[ActQueue]] = ActQueue
    PTR_READ: ClassVar[type[PtrRead]] = PtrRead
    SPMAT_READ: ClassVar[type[SpmatRead]] = SpmatRead
    WEIGHT_DECODER: ClassVar[type[WeightDecoder]] = WeightDecoder
    ARITH_UNIT: ClassVar[type[ArithUnit]] = ArithUnit
    ACT_RW: ClassVar[type[ActRw]] = ActRw

    __slots__ = ("_asleep", "_ccu", "_clock", "_slept_compute", "_slept_from", "_wake",
                 "act_queue", "act_rw", "arith_unit", "decoder", "partner", "ptr_read",
                 "spmat_read", "stall_cycles", "starved_cycles")

    def __init__(
        self, config: EieConfig, job: LayerJob, rows: int, sram_words: int, clock: Clock, ccu: Ccu
    ) -> None:
        self.act_queue = self.ACT_QUEUE(config.act_queue_depth)
        self.ptr_read = self.PTR_READ(config.empty_column_cycles)
        self.spmat_read = self.SPMAT_READ(config.entries_per_line)
        self.decoder = self.WEIGHT_DECODER(job.codebook.ravel().tolist())
        self.arith_unit = self.ARITH_UNIT(
            self.decoder, job.shift, config.accumulator_bits, config.bypass
        )
        self.act_rw = self.ACT_RW(rows, sram_words)
        self.partner: Pe | None = None  # whose queue is this one's too; the wiring's to set
        self.stall_cycles = 0
        self.starved_cycles = 0
        self._clock = clock
        self._ccu = ccu
        self._wake = clock.tick
        self._asleep = False
        self._slept_from = 0
        self._slept_compute = 0

    def run(self) -> Process:
        """The PE's process."""
        clock = self._clock
        clock.loading[self] = None
        queue, ptr_read, spmat_read, arith_unit = (
            self.act_queue, self.ptr_read, self.spmat_read, self.arith_unit
        )
        while True:
            spmat_read.decide(arith_unit.waits)
            if spmat_read.free:
                if self.partner is None:
                    ptr_read.decide(queue.items, True)
                else:
                    self._pop_with(self.partner)
            if ptr_read.pops:
                queue.pop(ptr_read.pops)
            elif not (spmat_read.holds or queue.items or queue.pushed) and arith_unit.empty:
                yield from self._sleep()
            yield clock.tick

    def push(self, item: Item) -> None:
        """The broadcast bus: one item for the queue, in the first phase of a cycle."""
        self.act_queue.push(item)
        if self._asleep:
            self._asleep = False
            self._wake.succeed()

    def load(self) -> None:
        """Clock edge of all units, and the state of this cycle (README.md, counters)."""
        if not self.issues:
            if self.arith_unit.waits:
                self.stall_cycles += 1
            elif self._ccu.phase == "compute":
                self.starved_cycles += 1
        ptr_read = self.ptr_read
        column = ptr_read.load() if ptr_read.pops else None
        self._pass_on(column)
        self.act_queue.load()

    def stored(self, image: LayerImage, index: int) -> tuple[np.ndarray, np.ndarray]:
        """What the SpMat SRAM of PE ``index`` holds: codes and runs."""
        memory = image.pe(index)
        return memory.codes, memory.runs

    def begin(self, image: LayerImage, tile: int) -> None:
        """Start a pass (C1)."""
        self.spmat_read.begin()

    @property
    def issues(self) -> bool:
        """Whether an entry advances or an empty column takes its slot."""
        return self.spmat_read.advances or self.spmat_read.skips

    @property
    def index_cycles(self) -> int:
        """Slots in which bits of a bitmap were read: none."""
        return 0

    @property
    def beside(self) -> tuple[int, int]:
        """Multiply-accumulates and padding entries without a slot of their own: none."""
        return 0, 0

    def _pass_on(self, column: Column | None) -> None:
        """What leaves spmat_read at the edge enters the ArithmUnit."""
        self.arith_unit.load(self.spmat_read.load(column), self.act_rw.destination)

    def units(self) -> Iterator[tuple[str, Unit]]:
        """What a trace shows of a PE, by the instances' names in rtl/eie/pe.v."""
        yield "u_act_queue", self.act_queue
        yield "u_ptr_read", self.ptr_read
        yield "u_spmat_read", self.spmat_read
        yield "u_arith_unit", self.arith_unit

    @property
    def busy(self) -> bool:
        """Whether the compute phase goes on because of this PE."""
        return bool(self.act_queue.items) or self.spmat_read.holds or self.arith_unit.waits

    def fill_tables(self, job: LayerJob, index: int) -> None:
        """I/O mode: PE ``index`` gets the tables of its rows (D1)."""
        if not getattr(self.ARITH_UNIT, "SELECTS_TABLES", False):
            raise UnsupportedError(f"{job.name}: {self.ARITH_UNIT.__name__} does not select among "
                                   f"tables by the row; compress without table_rows")
        tables, rows = own_tables(job, index)
        self.decoder.fill(tables.ravel().tolist(), tables.shape[1], rows)

    def settle(self) -> None:
        """Account for the cycles slept so far."""
        if self._asleep:
            self._account()

    def _pop_with(self, partner: Pe) -> None:
        """Q3: both or none. Each has a copy of the queue they share, with the same in it."""
        partner.spmat_read.decide(partner.arith_unit.waits)
        if partner.spmat_read.free:
            self.ptr_read.decide_together(self.act_queue.items, partner.ptr_read)

    def _sleep(self) -> Process:
        """Until a push; what was decided (nothing) still holds then."""
        clock = self._clock
        self._asleep = True
        self._wake = clock.event()
        self._slept_from = clock.cycle
        self._slept_compute = self._ccu.phase_cycles["compute"]
        del clock.loading[self]
        yield self._wake
        clock.loading[self] = None
        self._account()

    def _account(self) -> None:
        """A sleeping PE is starved in compute cycles, and its queue is empty."""
        self.starved_cycles += self._ccu.phase_cycles["compute"] - self._slept_compute
        self.act_queue.idle(self._clock.cycle - self._slept_from)
