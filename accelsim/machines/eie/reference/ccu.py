"""Central control unit: the phases of each pass, the scan and the broadcast (EIE sec. IV)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.plan import Pass
from accelsim.machines.eie.reference.dma import Dma
from accelsim.machines.eie.reference.lnzd_tree import LnzdTree
from accelsim.records.signals import NOTHING, Signals
from accelsim.units.act_queue import Item
from accelsim.units.arith_unit import ARITH_STAGES

PHASES = ("start", "refill", "load", "bias", "compute", "drain", "store")


class Scan:
    """Walks over the register rows of a pass (contract S1 to S4, S6, S7).

    State: ``finished``; ``found``, the position of the next non-zero in the row held, or None;
    ``value``, the activation there; ``column``, its image column.
    """

    __slots__ = ("_bias_activation", "_bias_row", "_end", "_free_moves", "_n_pe", "_read_row",
                 "_row", "_tree", "_values", "finished", "found")

    def __init__(
        self, n_pe: int, row_change_cycles: int, bias_activation: int,
        read_row: Callable[[int], list[int]],
    ) -> None:
        self._n_pe = n_pe
        self._free_moves = row_change_cycles == 0
        self._bias_activation = bias_activation
        self._read_row = read_row
        self._tree = LnzdTree()
        self._row = self._end = 0
        self._bias_row: int | None = None
        self._values: list[int] = []
        self.finished = True
        self.found: int | None = None

    def begin(self, step: Pass) -> None:
        """Stand at the first position of a pass."""
        self._row = step.first_row
        self._end = step.first_row + step.n_rows + int(step.bias)
        self._bias_row = self._end - 1 if step.bias else None
        self._enter_row()

    @property
    def item(self) -> Item:
        """(image column, activation) of what was found."""
        assert self.found is not None
        column = self._row * self._n_pe + self.found
        if self._row == self._bias_row:
            return column, self._bias_activation
        return column, self._values[self.found]

    def set_behind(self, position: int | None, row_changes: int) -> None:
        """Stand behind a non-zero of this pass, or at its first row; then change rows."""
        if position is not None:
            self._row, self.found = divmod(position, self._n_pe)
            self._values = [1] if self._row == self._bias_row else self._read_row(self._row)
            self.next_position()
        for _ in range(row_changes):
            self.next_row()

    def next_position(self) -> None:
        """Move behind what was found; behind the row's last position is the next row (S4)."""
        assert self.found is not None
        position = self.found + 1
        if position < len(self._values):
            self._look(position)
        else:
            self.next_row()

    def next_row(self) -> None:
        """Move to the next row (S3), or behind the last (S7)."""
        self._row += 1
        self._enter_row()

    def _enter_row(self) -> None:
        self.found = None
        self.finished = self._row == self._end
        if self.finished:
            return
        # The bias row holds 1.0 whatever integer that is: always found (S6).
        self._values = [1] if self._row == self._bias_row else self._read_row(self._row)
        self._look(0)

    def _look(self, position: int) -> None:
        self.found = self._tree.first(self._values, position)
        if self.found is None and self._free_moves:
            self.next_row()


class Ccu:
    """Runs the passes of a layer.

    Inputs of a cycle: ``decide(full, busy)``: which queues are full, and whether any PE has a
    queue entry, a column or a waiting entry; False once the layer is done. Outputs of the cycle:
    ``phase``; ``number``, of the pass in the plan; ``broadcast``, an item for every queue, or None;
    ``load_row``, ``bias_row`` and ``store_row``, (activation SRAM address, register row) or None.
    Edge: ``load()``.
    ``load_early(row)`` is an edge of a load that takes no cycle of its own (O1).
    ``begin(step)`` is called before a pass's refill: control registers and DMA, while nothing
    else runs. ``read_row(row)`` gives one activation of each PE.
    """

    def __init__(
        self, config: EieConfig, plan: Sequence[Pass], bias_activation: int,
        begin: Callable[[Pass], None], read_row: Callable[[int], list[int]],
    ) -> None:
        self._config = config
        self._plan = plan
        self._begin = begin
        self._batch_first = 0
        self.scan = Scan(
            config.n_pe, config.row_change_cycles, bias_activation,
            lambda row: read_row(row - self._batch_first),
        )
        # Stored outputs follow the inputs, if these are in the activation SRAM too.
        loaded = [step.input_base + step.first_row + step.load_rows for step in plan
                  if step.load_rows]
        self.store_base = max(loaded, default=0)
        # Biases follow them.
        self.bias_base = self.store_base + sum(step.store_rows for step in plan)
        if any(step.restores for step in plan):  # rows are stored again and again (M10)
            self.bias_base = max(self._output_row(s) + s.store_rows for s in plan if s.store_rows)
        self._full: Sequence[bool] = ()
        self._busy = False
        self._blocked = False
        self._sequence = self._cycles()
        self.phase = PHASES[0]
        self.number = 0
        self.broadcast: Item | None = None
        self.load_row: tuple[int, int] | None = None
        self.bias_row: tuple[int, int] | None = None
        self.store_row: tuple[int, int] | None = None
        self.phase_cycles = dict.fromkeys(PHASES, 0)
        self.broadcasts = 0
        self.row_change_cycles = 0
        self.blocked_cycles = 0
        self.scan_idle_cycles = 0
        self.blocking_cycles = [0] * config.n_pe
        self.load_early: Callable[[tuple[int, int] | None], None] = lambda row: None
        self.dma: Dma | None = None  # the wiring's, where weights are refilled

    def decide(self, full: Sequence[bool], busy: bool) -> bool:
        """What happens in this cycle; False if the layer ended with the one before."""
        self._full, self._busy = full, busy
        return next(self._sequence, False)

    def load(self) -> None:
        """Clock edge."""
        self.phase_cycles[self.phase] += 1
        if self.phase != "compute":
            return
        scan = self.scan
        if scan.finished:
            self.scan_idle_cycles += 1
        elif scan.found is None:
            self.row_change_cycles += 1
            scan.next_row()
        elif self.broadcast is None:
            self.blocked_cycles += 1
            for pe, full in enumerate(self._full):
                self.blocking_cycles[pe] += full
        else:
            self.broadcasts += 1
            scan.next_position()

    def signals(self) -> Signals:
        """As rtl/eie/scan.v names it; what the scan shows means something while it runs."""
        return Signals(
            {"finished_o": 1},
            lambda: (self.scan.finished if self.phase == "compute" else NOTHING,),
        )

    def resume(self, index: int, batch_first: int, computing: bool) -> None:
        """Go on from pass ``index``: at its start, or (its scan is set) in its compute phase."""
        self._batch_first = batch_first
        self._sequence = self._cycles(index, computing)

    def _cycles(self, index: int = 0, computing: bool = False) -> Iterator[bool]:
        """All passes from ``index`` on, one ``yield`` a cycle."""
        config = self._config
        for number, step in enumerate(self._plan[index:], index):
            self.number = number
            if not computing:
                yield from self._wait("start", config.start_cycles)
                self._begin(step)
                yield from self._refill(number, step)
                yield from self._load(step)
                yield from self._load_biases(step)
                self.scan.begin(step)
            computing = False
            yield from self._compute()
            yield from self._wait("drain", ARITH_STAGES)
            yield from self._store(step)

    def _wait(self, phase: str, cycles: int) -> Iterator[bool]:
        self.phase = phase
        for _ in range(cycles):
            yield True

    def _output_row(self, step: Pass) -> int:
        """Activation SRAM row of a pass's first output."""
        return self.store_base + step.output_base + step.tile * self._config.regfile_depth

    def _refill(self, number: int, step: Pass) -> Iterator[bool]:
        """M4; with M8 the next segment's begins as soon as this one's is over."""
        if self.dma is None or not step.fetches:
            return
        self.dma.begin(number)
        self.phase = "refill"
        while self.dma.left:
            yield True
        behind = range(number + 1, len(self._plan))
        following = next((other for other in behind if self._plan[other].fetches), None)
        if self._config.refill_overlap and following is not None:
            self.dma.begin(following)

    def _load(self, step: Pass) -> Iterator[bool]:
        """M2: an address a cycle, and one more cycle for the last word to arrive; those of O1 have
        passed in the drain before."""
        if not step.load_rows:
            return
        self.phase = "load"
        self._batch_first = step.first_row
        first = step.input_base + step.first_row
        rows = [*((first + row, row) for row in range(step.load_rows)), None]
        for early in rows[:step.early]:
            self.load_early(early)
        for self.load_row in rows[step.early:]:
            yield True

    def _load_biases(self, step: Pass) -> Iterator[bool]:
        """M6: an address a cycle, and one more cycle for the last word to arrive."""
        if not step.bias_rows:
            return
        self.phase = "bias"
        base = self.bias_base + step.tile * self._config.regfile_depth
        if step.restores:  # M10: the sums so far
            base = self._output_row(step)
        for row in range(step.bias_rows):
            self.bias_row = (base + row, row)
            yield True
        self.bias_row = None
        yield True

    def _compute(self) -> Iterator[bool]:
        """Broadcast what the scan finds until the scan has finished and no PE is busy."""
        self.phase = "compute"
        while self._busy or not self.scan.finished:
            self.broadcast = None
            if self.scan.found is not None and not any(self._full):
                self.broadcast = self.scan.item
            yield True
        self.broadcast = None

    def _store(self, step: Pass) -> Iterator[bool]:
        """M3: a destination row of every PE a cycle."""
        self.phase = "store"
        base = self._output_row(step)
        for row in range(step.store_rows):
            self.store_row = (base + row, row)
            yield True
        self.store_row = None
