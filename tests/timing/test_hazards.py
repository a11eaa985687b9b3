"""Accumulator hazards: A3 (bypass on) and A4 (off: wait by distance)."""

from __future__ import annotations

import numpy as np
import pytest

from accelsim.machines.eie.reference.array import run
from tests.timing.layers import machine, make_job, trace


def distance(rows: int) -> list[dict[int, int]]:
    """Single-entry columns: accumulator 0, ``rows - 1`` others, accumulator 0 again."""
    return [{0: 1}, *({row: 1} for row in range(1, rows)), {0: 1}]


@pytest.mark.parametrize(
    ("apart", "adder", "write", "waits"), [(1, 1, 0, 2), (2, 0, 1, 1), (3, 0, 0, 0)]
)
def test_distance(apart: int, adder: int, write: int, waits: int) -> None:
    job = make_job(machine(n_pe=1), distance(apart))
    slots = apart + 1
    _, on = trace(machine(n_pe=1), job)
    assert on.compute_cycles == 2 + slots
    assert (on.adder_bypasses.tolist(), on.write_bypasses.tolist()) == ([adder], [write])
    assert on.dst_reg_reads.tolist() == [slots]
    assert on.hazard_stall_cycles.tolist() == [0]
    _, off = trace(machine(n_pe=1, bypass=False), job)
    assert off.compute_cycles == 2 + slots + waits
    assert (off.adder_bypasses.tolist(), off.write_bypasses.tolist()) == ([0], [0])
    assert off.dst_reg_reads.tolist() == [slots]
    assert off.hazard_stall_cycles.tolist() == [waits]


def test_the_nearer_entry_wins() -> None:
    """Three in a row on one accumulator: both later ones take the sum from stage 3."""
    config = machine(n_pe=1)
    job = make_job(config, [{0: 1}, {0: 2}, {0: 4}])
    _, counters = trace(config, job)
    assert counters.adder_bypasses.tolist() == [2]
    assert counters.write_bypasses.tolist() == [0]
    assert np.array_equal(run(config, job).outputs, [7])


def test_waits_follow_each_other() -> None:
    """Each waits for the one before: slots 2, 3, 6, 9, the last one until 11."""
    config = machine(n_pe=1, bypass=False)
    job = make_job(config, [{0: 1}, {0: 2}, {0: 4}, {0: 8}])
    seen, counters = trace(config, job)
    assert seen.slots == [[2, 3, 6, 9]]
    assert counters.hazard_stall_cycles.tolist() == [6]
    assert counters.compute_cycles == 12
    assert np.array_equal(run(config, job).outputs, [15])


def test_a_wait_of_two_leaves_one_for_the_next_but_one() -> None:
    """0 0 1 1: the second 1 waits two cycles for the first, no more."""
    config = machine(n_pe=1, bypass=False)
    seen, counters = trace(config, make_job(config, [{0: 1}, {0: 1}, {1: 1}, {1: 1}]))
    assert seen.slots == [[2, 3, 6, 7]]
    assert counters.hazard_stall_cycles.tolist() == [4]


@pytest.mark.parametrize("columns", [[{3: 1}, {4: 1}], [{4: 1}, {3: 1}]])
def test_padding_selects_no_accumulator(columns: list[dict[int, int]]) -> None:
    """Row 4 comes behind a padding entry that stands on row 3."""
    job = make_job(machine(n_pe=1), columns)
    for bypass in (True, False):
        _, counters = trace(machine(n_pe=1, bypass=bypass), job)
        assert counters.padding_entries.tolist() == [1]
        assert counters.compute_cycles == 2 + 3
        assert counters.adder_bypasses.tolist() == counters.write_bypasses.tolist() == [0]


def test_another_pe_is_no_hazard() -> None:
    """Rows 0 and 1 are register 0 of two PEs."""
    config = machine(bypass=False)
    _, counters = trace(config, make_job(config, [{0: 1}, {1: 1}]))
    assert counters.hazard_stall_cycles.tolist() == [0, 0]


def test_the_drain_is_four_cycles_whatever_is_in_flight() -> None:
    for bypass in (True, False):
        config = machine(n_pe=1, bypass=bypass)
        for columns in ([{}], distance(1), distance(4)):
            assert trace(config, make_job(config, columns))[1].drain_cycles == 4
