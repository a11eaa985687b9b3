"""One PE of a channel: EIE's units around a shared weight buffer (ESE; Q2 to Q4)."""

from __future__ import annotations

from collections.abc import Iterator

from accelsim.machines.ese.config import EseConfig
from accelsim.machines.ese.reference.ping_pong_buffer import Entry, PingPongBuffer
from accelsim.machines.ese.reference.spmv_control import SpmvControl
from accelsim.records.signals import ADDRESS_BITS, NOTHING, Signals, Unit
from accelsim.units.act_queue import ActQueue, Item
from accelsim.units.arith_unit import ArithUnit
from accelsim.units.clock import Clock, Process
from accelsim.units.ptr_read import Column, PtrRead
from accelsim.units.weight_decoder import WeightDecoder


class LinearDecoder(WeightDecoder):
    """ESE's weights need no codebook: the entry holds the weight."""

    def __init__(self) -> None:
        super().__init__(())

    def decode(self, address: int) -> int:
        """The weight itself."""
        return address


class WeightRead:
    """Holds the column in work and passes one entry a cycle from the front half.

    State: ``holds``. Outputs of ``decide()``: ``advances``, ``skips``, ``free`` (see SpmatRead).
    """

    def __init__(self, buffer: PingPongBuffer[Entry]) -> None:
        self._buffer = buffer
        self.holds = self.advances = self.skips = self._first = False
        self.free = True
        self._address = self._end = self._activation = 0
        self.issued = self.padding = self.empty_columns = 0

    @property
    def activation(self) -> int:
        """What the column in work is multiplied by."""
        return self._activation

    def decide(self) -> None:
        """Whether an entry advances, and whether the column ends with this cycle."""
        left = self._end - self._address if self.holds else 0
        self.advances = left > 0
        self.skips = self.holds and left == 0
        self.free = left <= 1

    def signals(self) -> Signals:
        """Named as those of `accelsim.units.spmat_read`; a buffer word is one entry."""
        return Signals(
            {"busy_o": 1, "issue_o": 1, "empty_o": 1, "free_o": 1,
             "entry": ADDRESS_BITS, "end_i": ADDRESS_BITS},
            lambda: (self.holds, self.advances, self.skips, self.free,
                     self._address if self.holds else NOTHING,
                     self._end if self.holds else NOTHING),
        )

    def load(self, column: Column | None) -> tuple[int, int, int, bool] | None:
        """Clock edge: the entry that advances (weight, run, activation, first), next column."""
        entry = None
        if self.advances:
            weight, run = self._buffer.read(self._address)
            entry = (weight, run, self._activation, self._first)
            self.issued += 1
            self.padding += weight == 0
            self._address += 1
            self._first = False
        elif self.skips:
            self.empty_columns += 1
        if column is not None:
            self._address, self._end, self._activation = column
            self.holds = self._first = True
        elif self.free:
            self.holds = False
        return entry


class EsePe:
    """act_queue -> ptr_read -> weight_read -> arith_unit -> accumulators; asleep between
    multiplications."""

    def __init__(
        self, config: EseConfig, weights: PingPongBuffer[Entry], pointers: PingPongBuffer[int],
        clock: Clock, control: SpmvControl,
    ) -> None:
        self.act_queue = ActQueue(config.act_queue_depth)
        self.ptr_read = PtrRead(1)
        self.weight_read = WeightRead(weights)
        self.accumulators: list[int] = []
        self._pointers = pointers
        self.arith_unit = ArithUnit(LinearDecoder(), 0, config.accumulator_bits, True)
        self._clock = clock
        self._control = control
        self.starved_cycles = 0

    def begin(self, shift: int, n_columns: int, n_rows: int) -> None:
        """A multiplication's control registers; accumulators are cleared."""
        front = self._pointers.front(n_columns + 1)
        self.ptr_read.fill(front[0::2], front[1::2])
        self.arith_unit.begin(shift)
        self.accumulators = [0] * n_rows

    def units(self) -> Iterator[tuple[str, Unit]]:
        """What a trace shows of a PE, by name."""
        yield "act_queue", self.act_queue
        yield "ptr_read", self.ptr_read
        yield "weight_read", self.weight_read
        yield "arith_unit", self.arith_unit

    def run(self) -> Process:
        """The PE's process."""
        control, clock, queue = self._control, self._clock, self.act_queue
        while True:
            if not control.active:
                yield control.started
            clock.loading[self] = None
            while control.active:
                self.weight_read.decide()
                self.ptr_read.decide(queue.items, self.weight_read.free)
                if self.ptr_read.pops:
                    queue.pop(self.ptr_read.pops)
                yield clock.tick
            clock.loading.pop(self)

    def push(self, item: Item) -> None:
        """The broadcast bus."""
        self.act_queue.push(item)

    @property
    def busy(self) -> bool:
        """Whether the multiplication goes on because of this PE."""
        return bool(self.act_queue.items) or self.weight_read.holds

    def load(self) -> None:
        """Clock edge of all units, and the state of this cycle."""
        read = self.weight_read
        if self._control.computing and not (read.advances or read.skips):
            self.starved_cycles += 1
        self.arith_unit.load(read.load(self.ptr_read.load()), self.accumulators)
        self.act_queue.load()
