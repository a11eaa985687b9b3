"""Pointer and sparse-matrix read, padding: P1 to P5, A1, A2."""

from __future__ import annotations

import numpy as np
import pytest

from accelsim.machines.eie.reference.array import Eie, run
from tests.timing.layers import machine, make_job, trace


def test_columns_follow_without_a_bubble() -> None:
    """Entries 2, 1, 3: the next column is popped while the last entry advances."""
    config = machine(n_pe=1)
    seen, counters = trace(config, make_job(config, [{0: 1, 1: 1}, {0: 1}, {0: 1, 1: 1, 2: 1}]))
    assert seen.slots == [[2, 3, 4, 5, 6, 7]]
    assert seen.pops == [[1, 3, 4]]
    assert counters.compute_cycles == 8
    assert counters.starved_cycles.tolist() == [2]


def test_a_late_broadcast_leaves_a_bubble() -> None:
    """Row changes at 1 and 2 (one PE: a zero is a row): the second column comes at 3."""
    config = machine(n_pe=1)
    seen, _ = trace(config, make_job(config, [{0: 1}] * 4, [1, 0, 0, 1]))
    assert (seen.broadcasts, seen.slots) == ([0, 3], [[2, 5]])


def test_an_empty_column_takes_a_slot() -> None:
    """Behind three entries (slots 2 to 4): empty at 5, the next entry at 6."""
    columns = [{0: 1, 1: 1, 2: 1}, {}, {0: 1}]
    config = machine(n_pe=1)
    seen, counters = trace(config, make_job(config, columns))
    assert (seen.pops, seen.slots, seen.empty_slots) == ([[1, 4, 5]], [[2, 3, 4, 6]], [[5]])
    assert counters.compute_cycles == 7


def test_a_free_empty_column_leaves_with_the_next() -> None:
    columns = [{0: 1, 1: 1, 2: 1}, {}, {}, {0: 1}]
    config = machine(n_pe=1, empty_column_cycles=0)
    seen, counters = trace(config, make_job(config, columns))
    assert (seen.pops, seen.slots, seen.empty_slots) == ([[1, 4, 4, 4]], [[2, 3, 4, 5]], [[]])
    assert counters.compute_cycles == 6
    assert counters.ptr_reads_even.tolist() == [4]


@pytest.mark.parametrize(("empty_cost", "compute"), [(0, 5), (1, 6)])
def test_empty_columns_at_the_end(empty_cost: int, compute: int) -> None:
    """Dropped alone in cycle 4, when the last entry before them advances."""
    config = machine(n_pe=1, empty_column_cycles=empty_cost)
    seen, counters = trace(config, make_job(config, [{0: 1, 1: 1, 2: 1}, {}], n_outputs=3))
    assert seen.pops == [[1, 4]]
    assert counters.compute_cycles == compute


def test_the_slot_of_an_empty_column_does_not_wait() -> None:
    """Entry 1 waits in stage 1 in 4 and 5; the empty column passes in 4, its follower at 6."""
    config = machine(n_pe=1, bypass=False)
    job = make_job(config, [{0: 1}, {0: 1}, {}, {1: 1}])
    seen, counters = trace(config, job)
    assert (seen.slots, seen.empty_slots) == ([[2, 3, 6]], [[4]])
    assert counters.hazard_stall_cycles.tolist() == [1]
    assert counters.compute_cycles == 7


def test_crossing_a_line_is_counted_and_costs_nothing() -> None:
    """Two entries a line: addresses 0 1 2 | 3 | 4 are in lines 0 0 1 | 1 | 2."""
    columns = [{0: 1, 1: 1, 2: 1}, {0: 1}, {0: 1}]
    narrow, wide = machine(n_pe=1, spmat_width_bits=12), machine(n_pe=1)
    assert narrow.entries_per_line == 2
    seen, counters = trace(narrow, make_job(narrow, columns))
    assert seen.slots == [[2, 3, 4, 5, 6]]
    assert counters.spmat_line_reads.tolist() == [3]
    assert trace(wide, make_job(wide, columns))[1].spmat_line_reads.tolist() == [1]


def test_a_line_that_is_skipped_is_not_read() -> None:
    """Column 1 (addresses 2 and 3, line 1) is not active."""
    config = machine(n_pe=1, spmat_width_bits=12)
    job = make_job(config, [{0: 1, 1: 1}, {0: 1, 1: 1}, {0: 1}], [1, 0, 1])
    assert trace(config, job)[1].spmat_line_reads.tolist() == [2]


@pytest.mark.parametrize(("row", "padding"), [(4, 0), (5, 1), (8, 1), (9, 2)])
def test_padding_takes_a_slot_and_does_nothing_else(row: int, padding: int) -> None:
    """2-bit runs: up to three zeros between rows 0 and 4, one padding entry for up to seven."""
    config = machine(n_pe=1)
    _, counters = trace(config, make_job(config, [{0: 1, row: 1}]))
    assert counters.padding_entries.tolist() == [padding]
    assert counters.compute_cycles == 2 + 2 + padding
    for counter in (counters.macs, counters.dst_reg_reads, counters.dst_reg_writes):
        assert counter.tolist() == [2]


def test_the_way_of_one_entry() -> None:
    """From the broadcast to the register file, a stage a cycle; seen before each edge."""
    config = machine(n_pe=1)
    seen: dict[str, int] = {}

    class Way:
        def cycle(self, t: int, machine: Eie) -> None:
            pe, ccu = machine.pes[0], machine.ccu
            arith = pe.arith_unit
            for name, there in {
                "broadcast": ccu.broadcast is not None,
                "queue": pe.act_queue.head is not None,
                "spmat_read": pe.spmat_read.holds,
                "stage 1": arith.row1 == 1, "stage 2": arith.row2 == 1,
                "stage 3": arith.row3 == 1, "stage 4": arith.row4 == 1 and arith.sum4 == 7,
            }.items():
                if there:
                    seen.setdefault(name, t)
            if pe.act_rw.destination[1]:
                seen["file"] = t

    result = run(config, make_job(config, [{1: 7}]), observer=Way())
    assert list(seen.values()) == [1, 2, 3, 4, 5, 6, 7]
    assert list(seen)[-1] == "stage 4"
    assert np.array_equal(result.outputs, [0, 7])
