"""Scan and phases: C1, S1 to S7, A5. Expected cycles are worked out by hand from the rules."""

from __future__ import annotations

import pytest

from tests.timing.layers import OVERHEAD, machine, make_job, trace

EMPTY: dict[int, int] = {}


def scan_only(activations: list[int], **overrides: int) -> tuple[list[int], int, int]:
    """Broadcast cycles, row-change cycles and compute cycles of a layer whose columns are empty."""
    config = machine(**overrides)
    job = make_job(config, [EMPTY] * len(activations), activations, n_outputs=2)
    seen, counters = trace(config, job)
    return seen.broadcasts, counters.row_change_cycles, counters.compute_cycles


def test_the_shortest_layer() -> None:
    """Broadcast 0, pop 1, slot 2, four stages 3 to 6; before it the start cycle."""
    config = machine(n_pe=1)
    seen, counters = trace(config, make_job(config, [{0: 1}]))
    assert (seen.broadcasts, seen.pops, seen.slots) == ([0], [[1]], [[2]])
    assert seen.phases == ["start"] + ["compute"] * 3 + ["drain"] * 4
    assert counters.cycles == OVERHEAD + 3


@pytest.mark.parametrize("start", [0, 1, 2, 64])
def test_start_cycles(start: int) -> None:
    config = machine(n_pe=1, start_cycles=start)
    _, counters = trace(config, make_job(config, [{0: 1}]))
    assert (counters.start_cycles, counters.cycles) == (start, start + 3 + 4)


def test_broadcasts_ascend_one_a_cycle() -> None:
    assert scan_only([1, 1, 1, 1]) == ([0, 1, 2, 3], 0, 3 + 3)


def test_negative_values_are_not_zero() -> None:
    assert scan_only([-1, 5, 0, -7]) == ([0, 1, 2], 0, 2 + 3)


def test_row_change_after_an_earlier_position() -> None:
    """Position 0 at 0, row change at 1, position 1 of row 1 at 2."""
    assert scan_only([1, 0, 0, 1]) == ([0, 2], 1, 2 + 3)


def test_no_row_change_after_the_last_position() -> None:
    assert scan_only([0, 1, 0, 1]) == ([0, 1], 0, 1 + 3)


def test_a_free_row_change() -> None:
    assert scan_only([1, 0, 0, 1], row_change_cycles=0) == ([0, 1], 0, 1 + 3)


def test_an_all_zero_row_costs_a_cycle() -> None:
    assert scan_only([1, 1, 0, 0, 1, 1]) == ([0, 1, 3, 4], 1, 4 + 3)
    assert scan_only([1, 1, 0, 0, 0, 0, 1, 1]) == ([0, 1, 4, 5], 2, 5 + 3)
    assert scan_only([1, 1, 0, 0, 1, 1], row_change_cycles=0) == ([0, 1, 2, 3], 0, 3 + 3)


def test_rows_behind_the_last_non_zero() -> None:
    """Five rows of zeros outlast the PEs, which end in cycle 3."""
    assert scan_only([1, 1] + [0] * 10) == ([0, 1], 5, 7)
    assert scan_only([1, 1] + [0] * 10, row_change_cycles=0) == ([0, 1], 0, 1 + 3)


def test_a_row_shorter_than_the_array_ends_in_zeros() -> None:
    """Input 4 is at position 0 of a row of 4: a row change at 5 finds the end."""
    assert scan_only([1] * 5, n_pe=4) == ([0, 1, 2, 3, 4], 1, 4 + 3)
    assert scan_only([1] * 8, n_pe=4)[1] == 0


def test_nothing_but_zeros() -> None:
    assert scan_only([0, 0, 0, 0]) == ([], 2, 2)
    assert scan_only([0, 0, 0, 0], row_change_cycles=0) == ([], 0, 0)


@pytest.mark.parametrize(
    ("activations", "broadcasts", "row_changes"),
    [
        ([1, 1], [0, 1, 2], 0),            # the bias row follows the last position at once
        ([1, 0], [0, 2], 1),
        ([0, 1], [0, 1], 0),
        ([0, 0], [1], 1),
        ([1, 1, 1], [0, 1, 2, 4], 1),      # the row of input 2 is not full
    ],
)
def test_the_bias_is_a_row_of_its_own(
    activations: list[int], broadcasts: list[int], row_changes: int
) -> None:
    config = machine()
    job = make_job(config, [EMPTY] * len(activations), activations, bias={0: 3, 1: 2},
                   bias_activation=5)
    seen, counters = trace(config, job)
    assert seen.broadcasts == broadcasts
    assert counters.row_change_cycles == row_changes
    assert counters.compute_cycles == broadcasts[-1] + 3
    assert counters.src_reg_reads.tolist() == [-(-len(activations) // 2)] * 2


def test_the_bias_is_broadcast_even_as_integer_zero() -> None:
    config = machine()
    seen, counters = trace(
        config, make_job(config, [EMPTY] * 2, [1, 1], bias={0: 3}, bias_activation=0)
    )
    assert seen.broadcasts == [0, 1, 2]
    assert counters.macs.tolist() == [1, 0]


def test_a_row_change_does_not_wait_for_queues() -> None:
    """One place: full in cycle 1, when the row changes; then the slot of 0 is free at 2."""
    broadcasts, row_changes, _ = scan_only([1, 0, 1, 0], act_queue_depth=1)
    assert (broadcasts, row_changes) == ([0, 2], 2)


def test_every_row_is_read_once() -> None:
    config = machine(act_queue_depth=1)
    job = make_job(config, [{0: 1, 2: 1, 4: 1}] * 5)
    _, counters = trace(config, job)
    assert counters.blocked_cycles > 0
    assert counters.src_reg_reads.tolist() == [3, 3]
