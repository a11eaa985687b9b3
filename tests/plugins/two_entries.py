"""EIE with two entries a cycle: what would a second multiplier in every PE be worth?

spmat_read passes two entries of one column and one line in a cycle to an ArithUnit of two lanes.
Entries of a column select different accumulators, so the lanes never meet in one cycle; sums of
the cycles before are forwarded from either lane to either.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
from pydantic import Field

from accelsim.fixedpoint import bounds
from accelsim.machines import get_machine
from accelsim.machines.eie.config import EieConfig
from accelsim.machines.eie.counters import Counters
from accelsim.machines.eie.reference.array import Eie, run
from accelsim.machines.eie.reference.pe import Pe
from accelsim.records.counters import per_pe
from accelsim.records.signals import Signals
from accelsim.units.spmat_read import SpmatRead

EIE = get_machine("eie")
LANES = 2


class TwoConfig(EieConfig):
    """EIE's numbers; forwarding and the index are no choice here."""

    machine: Literal["eie_two"] = Field(description="which machine these numbers describe")
    bypass: Literal[True] = Field(description="forward sums that are not yet written")
    index: Literal["zero_runs"] = Field(description="what says an entry's row")
    issue_width: Literal[1] = Field(description="entries that the PE's own reader leaves to it")


class TwoRead(SpmatRead):
    """P3 changed: up to two entries of one line a cycle, and only of one column."""

    __slots__ = ("doubles", "padding_only", "width")

    def __init__(self, entries_per_line):
        super().__init__(entries_per_line)
        self.width = self.doubles = self.padding_only = 0

    def decide(self, waits):
        super().decide(waits)
        if self.advances:
            left_of_line = self._entries_per_line - self.address % self._entries_per_line
            self.width = min(LANES, self.end - self.address, left_of_line)
            self.free = self.address + self.width == self.end

    def load(self, column):
        """Clock edge: the entries that advance, and with the last of them the next column."""
        entries = []
        if self.advances and self.width == LANES:
            free, self.free = self.free, False  # the column stays until its second entry
            entries.append(super().load(None))
            self.free = free
            self.doubles += 1
        last = super().load(column)
        entries += [] if last is None else [last]
        self.padding_only += bool(entries) and not any(code for code, *_ in entries)
        return entries


class TwoArith:
    """A1 to A3 for two lanes: stage by stage, a list of what is in it."""

    waits = False

    def __init__(self, decoder, shift, accumulator_bits, bypass):
        self._decoder, self._shift = decoder, shift
        self._half = 1 << shift >> 1
        self._low, self._high = bounds(accumulator_bits)
        self._bits = accumulator_bits
        self._last_row = -1
        self._padding = False
        self._one, self._two, self._three, self._four = [], [], [], []
        self.macs = self.saturations = self.adder_bypasses = self.write_bypasses = 0
        self.file_writes = 0

    @property
    def empty(self):
        return not (self._one or self._two or self._three or self._four or self._padding)

    def load(self, entries, accumulators):
        """Clock edge, from the last stage to the first."""
        written = dict(self._four)
        added = {row: self._add(acc, product) for row, acc, product in self._three}
        self._three = [(row, self._read(row, added, written, accumulators), weight * activation)
                       for row, weight, activation in self._two]
        for row, total in written.items():
            accumulators[row] = total
        self.file_writes += len(written)
        self.macs += len(self._two)
        self._four = list(added.items())
        self._two = [(row, self._decoder.decode(code), act) for row, code, act in self._one]
        self._one, self._padding = [], False
        for code, run_length, activation, first in entries:
            self._last_row = run_length if first else self._last_row + run_length + 1
            self._padding = self._padding or not code
            self._one += [(self._last_row, code, activation)] if code else []

    def _read(self, row, added, written, accumulators):
        if row in added:
            self.adder_bypasses += 1
            return added[row]
        self.write_bypasses += row in written
        return written.get(row, accumulators[row])

    def _add(self, accumulator, product):
        total = accumulator + ((product + self._half) >> self._shift)
        self.saturations += not self._low <= total <= self._high
        return min(max(total, self._low), self._high)

    def signals(self):
        """How many entries each stage holds."""
        stages = ("stage1", "stage2", "stage3", "stage4")
        return Signals(dict.fromkeys(stages, 2), lambda: tuple(
            len(stage) for stage in (self._one, self._two, self._three, self._four)))


class TwoPe(Pe):
    SPMAT_READ = TwoRead
    ARITH_UNIT = TwoArith


@dataclass(frozen=True, eq=False)
class TwoCounters(Counters):
    """Those of EIE; an issue slot may hold two entries."""

    double_issue_cycles: np.ndarray = per_pe("issue slots with two entries")
    padding_cycles: np.ndarray = per_pe("issue slots that hold padding entries alone")

    def states(self):
        issue = self.issued_entries - self.double_issue_cycles
        return super().states() | {
            "useful": issue - self.padding_cycles, "padding": self.padding_cycles}

    def laws(self, config=None, job=None):
        slots = (self.issued_entries - self.double_issue_cycles + self.empty_column_cycles
                 + self.hazard_stall_cycles + self.starved_cycles)
        changed = "states of a PE = compute cycles"
        kept = [law for law in super().laws(config, job) if law[0] != changed]
        return [*kept, (changed, slots, np.full(self.n_pe, self.compute_cycles))]


class TwoEie(Eie):
    PE = TwoPe

    def count(self):
        counters, operations = super().count()
        reads = [pe.spmat_read for pe in self.pes]
        return TwoCounters(
            **vars(counters),
            double_issue_cycles=np.array([r.doubles for r in reads], dtype=np.int64),
            padding_cycles=np.array([r.padding_only for r in reads], dtype=np.int64),
        ), operations


def price(config, counters, **options):
    """EIE's prices; area and clock of the ArithUnit count twice [chosen]."""
    report = EIE.part("price")(config, counters, **options)
    clock, area, causes = report.clock_pj, report.area_mm2, report.causes_pj
    unit = "arith_unit"
    return replace(
        report,
        clock_pj={**clock, unit: 2 * clock[unit]},
        area_mm2={**area, unit: 2 * area[unit]},
        causes_pj={**causes, "overhead": causes["overhead"] + clock[unit]},
        notes=(*report.notes, "a second lane: clock and area of the ArithUnit twice [chosen]"),
    )


def case(rng):
    """EIE's cases where sums are forwarded."""
    overrides, layer, inputs = EIE.part("cases")(rng)
    return overrides | {"bypass": True}, layer, inputs


MACHINE = replace(
    EIE,
    config=TwoConfig,
    config_file=EIE.config_text.replace('machine = "eie"', 'machine = "eie_two"'),
    tellings={"functional": EIE.tellings["functional"],
              "reference": partial(run, wiring=TwoEie)},
    counters=TwoCounters,
    lanes=lambda config: LANES * config.n_pe,
    price=price,
    explain=None, watch=None, tracks=None, rtl=None,
    cases=case,
    replaces=(
        "P3: spmat_read passes up to two entries of one column and one line a cycle",
        "A1 to A3: two lanes; a sum is forwarded from either lane to either",
        "states of a PE = compute cycles: a slot with two entries counts once",
    ),
)
