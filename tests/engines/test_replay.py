"""A window replayed is the same window of a whole run: every register, in every cycle."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelsim.errors import InputError
from accelsim.machines.eie.fast.walk import CAUSES, walk_pass
from accelsim.machines.eie.reference import array as eie
from accelsim.machines.eie.reference.array import run
from accelsim.machines.eie.replay import replay, state_before
from tests.contracts.cases import cases, make_case

MANY = [HealthCheck.too_slow, HealthCheck.filter_too_much]


def registers(machine):
    """Everything that the machine holds and decides in this cycle, as plain values."""
    ccu = machine.ccu
    words = [ccu.phase, ccu.broadcast, ccu.load_row, ccu.store_row, machine.dma.left]
    if ccu.phase == "compute":
        words += [ccu.scan.finished, ccu.scan.found, ccu.scan.found is not None and ccu.scan.item]
    for pe in machine.pes:
        queue, ptr, spmat, arith = pe.act_queue, pe.ptr_read, pe.spmat_read, pe.arith_unit
        words += [tuple(queue.items), queue.head, queue.full, queue.pushed, ptr.pops]
        words += [spmat.holds, spmat.advances, spmat.skips, spmat.free]
        if ccu.phase == "compute":  # what a pass leaves in the line register means nothing (C1)
            words += [spmat.line]
        if spmat.holds:
            words += [spmat.address, spmat.end, spmat.activation]
        rows = (arith.row1, arith.row2, arith.row3, arith.row4)
        words += [*rows, arith.padding1, arith.waits, arith.signals().values()["saturation_o"]]
        words += [arith.sum4] if arith.row4 >= 0 else []
        words += [tuple(pe.act_rw.destination), tuple(pe.act_rw.source)]
    return words


class Snapshots:
    def __init__(self):
        self.seen = {}

    def cycle(self, t, machine):
        self.seen[t] = registers(machine)


def first_difference(case, first, length):
    """The first cycle of a window in which a replay shows something else, or None."""
    whole, window = Snapshots(), Snapshots()
    cycles = run(case.config, case.job, observer=whole).counters.cycles
    first %= cycles
    last = first + length
    shown = replay(case.config, case.job, first, last, window)
    assert list(window.seen) == list(range(first, min(last + 1, cycles)))
    assert shown == len(window.seen)
    for t, found in window.seen.items():
        if found != whole.seen[t]:
            at = next(i for i, (a, b) in enumerate(zip(found, whole.seen[t], strict=False))
                      if a != b)
            return t, at, found[at], whole.seen[t][at]
    return None


@settings(max_examples=250, suppress_health_check=MANY)
@given(case=cases(), first=st.integers(0, 10_000), length=st.integers(0, 40))
def test_a_replayed_window_is_the_whole_runs(case, first, length):
    assert first_difference(case, first, length) is None


@pytest.mark.slow
@settings(max_examples=10_000, suppress_health_check=MANY)
@given(case=cases(max_pe=20, max_side=40), first=st.integers(0, 10_000), length=st.integers(0, 40))
def test_many_replayed_windows_are_the_whole_runs(case, first, length):
    assert first_difference(case, first, length) is None


PLAIN = {
    "seed": 7, "n_in": 20, "n_out": 24, "weights": 0.6, "active": 0.8, "bias": True,
    "values": "any", "shift": 15, "overrides": {"n_pe": 3, "capacity": "ignore"},
}


@pytest.mark.parametrize("overrides", [
    {}, {"bias": "exact"}, {"bias": "exact", "capacity": "check", "regfile_depth": 2},
    {"bypass": False}, {"act_queue_depth": 1}, {"empty_column_cycles": 0},
    {"row_change_cycles": 0}, {"index_bits": 2, "bypass": False, "act_queue_depth": 2},
    {"capacity": "check", "regfile_depth": 2}, {"capacity": "check", "regfile_depth": 3},
    {"capacity": "stream", "spmat_kb": 4 * 64 / 8192, "dma_width_bits": 64},
], ids=str)
def test_every_cycle_of_a_run_can_be_the_first(overrides):
    overrides = dict(overrides)
    words = {**PLAIN, "bias": overrides.pop("bias", True)}
    case = make_case(**{**words, "overrides": {**PLAIN["overrides"], **overrides}})
    cycles = run(case.config, case.job).counters.cycles
    for first in range(cycles):
        assert first_difference(case, first, 6) is None


def test_a_wrong_state_is_seen(monkeypatch):
    """The judge can fail: one accumulator off by one, one queue entry lost."""
    case = make_case(**PLAIN)
    honest = state_before

    def off_by_one(config, job, cycle):
        state = honest(config, job, cycle)
        state.destination[0, 0] += 1
        return state

    def lost(config, job, cycle):
        state = honest(config, job, cycle)
        del state.pes[0].queue[:1]
        return state

    for fault in (off_by_one, lost):
        monkeypatch.setattr("accelsim.machines.eie.replay.state_before", fault)
        found = [first_difference(case, first, 6) for first in range(8, 20)]
        assert any(found)


def test_only_the_window_is_simulated(monkeypatch):
    """The machine begins at the window, not at the beginning of the layer."""
    case = make_case(**PLAIN)
    cycles = run(case.config, case.job).counters.cycles
    stepped = []
    monkeypatch.setattr(eie.Eie, "load", lambda self, own=eie.Eie.load: (
        stepped.append(self.clock.cycle), own(self)))
    replay(case.config, case.job, cycles - 12, cycles - 8, Snapshots())
    assert stepped == list(range(cycles - 12, cycles - 7))


def test_windows_that_are_not_there():
    case = make_case(**PLAIN)
    cycles = run(case.config, case.job).counters.cycles
    with pytest.raises(InputError, match=f"takes {cycles} cycles"):
        replay(case.config, case.job, cycles, cycles + 5, Snapshots())
    for window in ((-1, 3), (5, 4)):
        with pytest.raises(InputError, match="first"):
            replay(case.config, case.job, *window, Snapshots())


@settings(max_examples=150, suppress_health_check=MANY)
@given(case=cases())
def test_causes_of_starvation_add_up(case):
    """Each starved cycle of the reference has one cause, and each blocked one a culprit."""
    counters = run(case.config, case.job).counters
    walks = [walk_pass(case.config, case.job, step)
             for step in case.job.plan]
    starved = sum(walk.starved for walk in walks)
    assert (starved >= 0).all()
    beside = sum(walk.beside for walk in walks)
    assert (beside >= 0).all()
    assert np.array_equal(starved.sum(axis=1) + beside, counters.starved_cycles)
    assert sum(walk.compute_cycles for walk in walks) == counters.compute_cycles
    charged = sum(walk.charged for walk in walks)
    assert charged.sum() == starved[:, CAUSES.index("blocked")].sum()
    # Who is to blame had a full queue in a blocked cycle.
    assert not charged[counters.blocking_cycles == 0].any()


class ScanStates:
    """What the scan does in each compute cycle, and which PEs are starved: seen, not computed."""

    def __init__(self):
        self.scan, self.starved, self.causes = [], [], {}

    def cycle(self, t, machine):
        ccu = machine.ccu
        if ccu.phase != "compute":
            self.scan = []
            return
        self.scan.append(
            "finished" if ccu.scan.finished else "row changes" if ccu.scan.found is None
            else "blocked" if ccu.broadcast is None else "dropped empty columns"
        )
        before = self.scan[-3] if len(self.scan) > 2 else "fill"
        for index, pe in enumerate(machine.pes):
            if not (pe.issues or pe.arith_unit.waits):
                shared = pe.partner is not None and pe.partner.spmat_read.holds
                key = (index, "beside" if shared else before)
                self.causes[key] = self.causes.get(key, 0) + 1


@settings(max_examples=150, suppress_health_check=MANY)
@given(case=cases())
def test_causes_are_what_the_reference_shows(case):
    seen = ScanStates()
    run(case.config, case.job, observer=seen)
    walks = [walk_pass(case.config, case.job, step) for step in case.job.plan]
    starved = sum(np.column_stack([walk.starved, walk.beside]) for walk in walks)
    found = {(pe, cause): int(starved[pe, i]) for pe in range(case.config.n_pe)
             for i, cause in enumerate((*CAUSES, "beside")) if starved[pe, i]}
    assert found == seen.causes
