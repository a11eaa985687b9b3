"""Each unit alone, cycle by cycle; the machine as a whole; its speed."""

from __future__ import annotations

import random
import time
from collections import deque

import numpy as np
import pytest

from accelsim.errors import InputError
from accelsim.machines import run_job
from accelsim.machines.eie.plan import Pass
from accelsim.machines.eie.reference.act_rw import ActRw
from accelsim.machines.eie.reference.array import Eie, run
from accelsim.machines.eie.reference.ccu import Ccu
from accelsim.machines.eie.reference.lnzd_tree import LnzdTree
from accelsim.units.act_queue import ActQueue
from accelsim.units.arith_unit import ArithUnit
from accelsim.units.ptr_read import PtrRead
from accelsim.units.spmat_read import SpmatRead
from accelsim.units.weight_decoder import WeightDecoder
from tests.timing.layers import machine, make_job, random_job


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_act_queue(depth: int) -> None:
    rng = random.Random(depth)
    unit, model = ActQueue(depth), deque()
    held = []
    for cycle in range(500):
        assert unit.head == (model[0] if model else None)
        assert unit.full == (len(model) == depth)
        held.append(len(model))
        pop = bool(model) and rng.random() < 0.5
        push = len(model) < depth and rng.random() < 0.6
        if pop:
            unit.pop()
        if push:
            unit.push((cycle, cycle))
        unit.load()
        if pop:
            model.popleft()
        if push:
            model.append((cycle, cycle))
    assert unit.histogram == [held.count(n) for n in range(depth + 1)]
    assert unit.most == max(held)
    assert unit.pushes == unit.pops + len(model)


def test_ptr_read_takes_one_word_from_each_bank() -> None:
    pointers = [0, 3, 3, 4, 9, 9, 9, 20]
    unit = PtrRead(empty_column_cycles=1)
    unit.fill(pointers[0::2], pointers[1::2])
    for base in (0, 1, 2):
        unit.begin(base)
        for column in range(7 - base):
            unit.decide([(column, 5)], free=False)
            assert unit.load() is None
            unit.decide([(column, 5)], free=True)
            assert unit.pops == 1
            assert unit.load() == (pointers[base + column], pointers[base + column + 1], 5)
    assert unit.reads_even == unit.reads_odd == 7 + 6 + 5


def test_ptr_read_drops_empty_columns_if_they_are_free() -> None:
    unit = PtrRead(empty_column_cycles=0)
    unit.fill([0, 3, 5], [3, 3])               # columns of 3, 0, 0 and 2 entries
    queue = [(1, 7), (2, 8), (3, 9), (0, 6)]
    unit.decide(queue, free=True)
    assert (unit.pops, unit.load()) == (3, (3, 5, 9))
    unit.decide(queue[:2], free=True)
    assert (unit.pops, unit.load()) == (2, None)


def test_spmat_read() -> None:
    """Columns of 2, 0 and 3 entries, waits at random: entries in order, none lost."""
    codes, runs = bytes([1, 0, 3, 4, 5]), bytes([9, 8, 7, 6, 5])
    rng = random.Random(1)
    for _ in range(50):
        unit = SpmatRead(entries_per_line=2)
        unit.fill(codes, runs)
        unit.begin()
        columns, entries = deque([(0, 2, 10), (2, 2, 11), (2, 5, 12)]), []
        while columns or unit.holds:
            unit.decide(waits=rng.random() < 0.5)
            column = columns.popleft() if unit.free and columns else None
            entry = unit.load(column)
            entries += [entry] if entry else []
        assert entries == [
            (1, 9, 10, True), (0, 8, 10, False),
            (3, 7, 12, True), (4, 6, 12, False), (5, 5, 12, False),
        ]
        assert (unit.issued, unit.padding, unit.empty_columns, unit.line_reads) == (5, 1, 1, 3)


def test_an_empty_column_passes_while_stage_1_waits() -> None:
    unit = SpmatRead(entries_per_line=2)
    unit.load((4, 4, 1))
    unit.decide(waits=True)
    assert (unit.skips, unit.free, unit.advances) == (True, True, False)


@pytest.mark.parametrize("bypass", [True, False])
def test_arith_unit(bypass: bool) -> None:
    """Random entries with bubbles against plain additions in order."""
    rng = random.Random(2)
    codebook = [0, 100, -90, 7]
    for _ in range(100):
        unit = ArithUnit(WeightDecoder(codebook), shift=2, accumulator_bits=8, bypass=bypass)
        accumulators, model, row = [0] * 4, [0] * 4, -1
        saturations = macs = 0
        for _ in range(40):
            entry = None
            if not unit.waits and rng.random() < 0.8:
                first = row >= 2 or rng.random() < 0.3
                row = -1 if first else row
                run_length = rng.randint(0, 2 - row)
                row += run_length + 1
                code, activation = rng.randint(0, 3), rng.randint(-5, 5)
                entry = (code, run_length, activation, first)
                if code:
                    exact = model[row] + (codebook[code] * activation + 2) // 4
                    model[row] = max(-128, min(127, exact))
                    saturations += model[row] != exact
                    macs += 1
            unit.load(entry, accumulators)
        for _ in range(7):
            unit.load(None, accumulators)
        assert unit.empty
        assert accumulators == model
        assert (unit.macs, unit.file_writes, unit.saturations) == (macs, macs, saturations)


@pytest.mark.parametrize("width", [1, 2, 4, 5, 16, 17, 70])
def test_lnzd_tree(width: int) -> None:
    rng = random.Random(width)
    tree = LnzdTree()
    for _ in range(100):
        values = [rng.choice((0, 0, 0, -3, 8)) for _ in range(width)]
        position = rng.randrange(width)
        later = [i for i in range(position, width) if values[i] != 0]
        assert tree.first(values, position) == (later[0] if later else None)


def test_act_rw() -> None:
    """A loaded word arrives one edge after its address; a swap copies nothing."""
    unit = ActRw(rows=2, sram_words=4)
    unit.sram[:] = [5, 6, 7, 8]
    unit.load((2, 0), None)
    assert unit.source == [0, 0]
    unit.load((3, 1), None)
    assert unit.source == [7, 0]
    unit.load(None, None)
    assert [unit.read(0), unit.read(1)] == [7, 8]
    unit.swap()
    assert (unit.source, unit.destination) == ([0, 0], [7, 8])
    unit.load(None, (0, 1))
    assert unit.sram == [8, 6, 7, 8]
    unit.clear()
    assert unit.destination == [0, 0]
    assert (unit.sram_reads, unit.source_writes, unit.sram_writes, unit.store_reads) == (2, 2, 1, 1)


def test_ccu_alone() -> None:
    """Two PEs, activations 4 0 | 0 9, stepped without SimPy; a queue is full in cycles 3 and 4."""
    config = machine()
    begun: list[Pass] = []
    rows = [[4, 0], [0, 9]]
    plan = make_job(config, [{}] * 4, n_outputs=1).plan
    ccu = Ccu(config, plan, 0, begun.append, lambda row: rows[row])
    seen = []
    for cycle in range(20):
        full = [False, cycle in (3, 4)]
        if not ccu.decide(full, busy=cycle in (6, 7)):
            break
        seen.append((ccu.phase, ccu.broadcast))
        ccu.load()
    assert begun == list(plan)
    assert seen == [
        ("start", None), ("compute", (0, 4)), ("compute", None), ("compute", None),
        ("compute", None), ("compute", (3, 9)), ("compute", None), ("compute", None),
        ("drain", None), ("drain", None), ("drain", None), ("drain", None),
    ]
    assert (ccu.row_change_cycles, ccu.blocked_cycles, ccu.scan_idle_cycles) == (1, 2, 2)
    assert ccu.blocking_cycles == [0, 2]


def test_an_observer_sees_every_cycle_and_changes_nothing() -> None:
    config = machine()
    job = random_job(config, 20, 15, 0.4, 0.6, True, 3, seed=5)
    seen = []

    class Watch:
        def cycle(self, t: int, machine: Eie) -> None:
            seen.append((t, len(machine.pes), machine.clock.cycle))

    watched, alone = run(config, job, observer=Watch()), run(config, job)
    assert watched.counters is not None
    assert alone.counters is not None
    assert watched.counters.difference(alone.counters) is None
    assert seen == [(t, 2, t) for t in range(alone.counters.cycles)]


def test_without_outputs_the_counters_are_the_same() -> None:
    config = machine()
    job = random_job(config, 20, 15, 0.4, 0.6, True, 3, seed=6)
    full, bare = run(config, job), run_job("reference", config, job, outputs=False)
    assert bare.outputs is None
    assert bare.counters is not None
    assert full.counters is not None
    assert bare.counters.difference(full.counters) is None
    assert bare.operations == full.operations


def test_a_job_of_another_machine_is_refused() -> None:
    job = make_job(machine(), [{0: 1}] * 4)
    with pytest.raises(InputError, match="n_pe is 2"):
        run_job("reference", machine(n_pe=4), job)


@pytest.mark.parametrize("n_pe", [1, 3, 64, 4096])
def test_any_number_of_pes(n_pe: int) -> None:
    config = machine(n_pe=n_pe, capacity="ignore")
    job = random_job(config, 50, 40, 0.3, 0.7, True, 3, seed=n_pe)
    with_shuffle = run(config, job, shuffle=random.Random(n_pe))
    assert np.array_equal(with_shuffle.outputs, run_job("functional", config, job).outputs)


@pytest.mark.bench
def test_pe_cycles_per_second() -> None:
    """A fifth of nt-lstm: 64 PEs kept busy, at least 150,000 PE-cycles a second of CPU."""
    config = machine(n_pe=64, index_bits=4, capacity="ignore")
    job = random_job(config, 2400, 240, 0.1, 1.0, False, 4, seed=1)
    begin = time.process_time()
    counters = run(config, job).counters
    seconds = time.process_time() - begin
    assert counters is not None
    assert counters.cycles * config.n_pe / seconds > 150_000
