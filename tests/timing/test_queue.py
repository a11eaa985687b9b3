"""Activation queue and blocking: Q1, Q2, S4, S5."""

from __future__ import annotations

import pytest

from tests.timing.layers import machine, make_job, trace

FOUR = {0: 1, 1: 1, 2: 1, 3: 1}


def test_full_by_one() -> None:
    """One PE, four entries a column: pops at 1, 5, 9, 13.

    Two places hold columns 1 and 2 from cycle 3 on; the pop of cycle 5 frees one for cycle 6.
    """
    job = make_job(machine(n_pe=1), [FOUR] * 4)
    seen, counters = trace(machine(n_pe=1, act_queue_depth=2), job)
    assert seen.pops == [[1, 5, 9, 13]]
    assert seen.broadcasts == [0, 1, 2, 6]
    assert (counters.blocked_cycles, counters.blocking_cycles.tolist()) == (3, [3])
    seen, counters = trace(machine(n_pe=1, act_queue_depth=3), job)
    assert seen.broadcasts == [0, 1, 2, 3]
    assert counters.blocked_cycles == 0


def test_depth_1_takes_every_second_cycle() -> None:
    """A pop of t makes room for t + 1, so a column a cycle needs two places."""
    job = make_job(machine(n_pe=1), [{0: 1}] * 4)
    seen, counters = trace(machine(n_pe=1, act_queue_depth=1), job)
    assert seen.broadcasts == [0, 2, 4, 6]
    assert counters.compute_cycles == 6 + 3
    seen, counters = trace(machine(n_pe=1, act_queue_depth=2), job)
    assert seen.broadcasts == [0, 1, 2, 3]
    assert counters.compute_cycles == 3 + 3


def test_one_full_queue_blocks_all_and_is_charged() -> None:
    """PE 0 has three entries a column, PE 1 none; one place each.

    Pops of PE 0: 1, 4, 7, 10. Blocked in 1, 3, 6 by both, in 4 and 7 by PE 0 alone.
    """
    config = machine(act_queue_depth=1)
    seen, counters = trace(config, make_job(config, [{0: 1, 2: 1, 4: 1}] * 4))
    assert seen.broadcasts == [0, 2, 5, 8]
    assert seen.pops == [[1, 4, 7, 10], [1, 3, 6, 9]]
    assert counters.blocked_cycles == 5
    assert counters.blocking_cycles.tolist() == [5, 3]
    assert counters.compute_cycles == 14
    assert counters.starved_cycles.tolist() == [2, 10]
    assert counters.empty_column_cycles.tolist() == [0, 4]


def test_occupancy_counts_every_cycle_of_the_layer() -> None:
    """Depth 2, pushes at 0, 1, 2; pops at 1, 5, 9: held at the start of cycles 0, 1, ...:
    0, 1, 1, 2, 2, 2, 1, 1, 1, 1, then nothing; one start cycle before, four to drain behind."""
    config = machine(n_pe=1, act_queue_depth=2)
    _, counters = trace(config, make_job(config, [FOUR] * 3))
    assert counters.compute_cycles == 14
    assert counters.queue_occupancy_histogram.tolist() == [[19 - 9, 6, 3]]
    assert counters.queue_occupancy_sum.tolist() == [12]
    assert counters.queue_occupancy_max.tolist() == [2]


@pytest.mark.parametrize("depth", [1, 2, 3, 4096])
def test_columns_are_pushed_and_popped_once(depth: int) -> None:
    config = machine(act_queue_depth=depth)
    _, counters = trace(config, make_job(config, [FOUR, {}, {1: 2}, FOUR]))
    assert counters.broadcasts == 4
    for counter in (counters.queue_pushes, counters.queue_pops, counters.ptr_reads_even,
                    counters.ptr_reads_odd):
        assert counter.tolist() == [4, 4]
