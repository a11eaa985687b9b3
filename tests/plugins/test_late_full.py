"""A unit of one's own in EIE's wiring: held against a loop over cycles that shares no code."""

import random
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelsim import compress, contracts, load_machine, simulate
from accelsim.contracts.__main__ import main as hold
from accelsim.errors import ConfigError, UnsupportedError
from accelsim.machines import get_machine
from accelsim.machines.eie.counters import Counters
from accelsim.machines.eie.reference.pe import Pe
from accelsim.machines.plugins import load_plugin, unload
from accelsim.workload import random_layer
from tests.contracts import oracle_cycles
from tests.contracts.cases import make_case

PATH = Path(__file__).with_name("late_full.py")


@pytest.fixture(scope="module", autouse=True)
def machine():
    """The plug-in's machine, forgotten afterwards."""
    plugin = load_plugin(PATH)
    assert plugin.machines == ("eie_late",)
    yield get_machine("eie_late")
    unload(plugin.name)


class LateOracle(oracle_cycles.Machine):
    """The contract as a loop over cycles, with full flags of the cycle before."""

    flags = None

    def scan(self, full):
        late = self.flags or [False] * len(self.pes)
        self.flags = [len(pe.queue) >= self.config.act_queue_depth - 1 for pe in self.pes]
        return super().scan(late)


def late(case):
    """The case's configuration on the machine with the late flag."""
    return load_machine("eie_late", **case.config.model_dump(exclude={"machine"}))


@pytest.mark.parametrize("overrides", [{}, {"bypass": False}, {"empty_column_cycles": 0}], ids=str)
def test_it_agrees_with_a_loop_over_cycles(machine, overrides):
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(seed=st.integers(0, 10**6), depth=st.integers(2, 6), n_pe=st.integers(1, 5))
    def check(seed, depth, n_pe):
        case = make_case(
            seed=seed, n_in=24, n_out=20, weights=0.5, active=0.7, bias=True, values="any",
            shift=15, overrides={"n_pe": n_pe, "act_queue_depth": depth, "capacity": "ignore",
                                 **overrides})
        config = late(case)
        got = machine.run(config, case.job)
        oracle = LateOracle(config, case.job)
        want = oracle.counters()
        assert isinstance(want, Counters)
        assert got.counters.difference(want) is None
        assert np.array_equal(got.outputs, oracle.outputs())
        run = machine.telling("reference")
        shuffled = run(config, case.job, shuffle=random.Random(seed))
        assert shuffled.counters.difference(want) is None

    check()


def test_the_late_flag_costs_cycles(machine):
    """The comparison can fail: the plain machine is not the one with the late flag."""
    case = make_case(seed=3, n_in=60, n_out=40, weights=0.4, active=0.9, bias=False, values="any",
                     shift=15, overrides={"n_pe": 4, "act_queue_depth": 2, "capacity": "ignore"})
    plain = get_machine("eie").run(case.config, case.job, "reference").counters
    slow = machine.run(late(case), case.job).counters
    assert slow.cycles > plain.cycles
    assert slow.difference(LateOracle(late(case), case.job).counters()) is None
    assert plain.difference(LateOracle(late(case), case.job).counters()) is not None


def test_the_cost_falls_with_the_depth():
    """As the chapter "Adding a unit" of accelsim/machines/README.md tells it."""
    layer = random_layer((300, 400), 0.1, 0.5, seed=1)
    packed = compress(layer)
    found = []
    for depth in (2, 4, 8, 16):
        plain, slow = (
            simulate(load_machine(name, act_queue_depth=depth), packed, layer.activations,
                     "reference") for name in ("eie", "eie_late"))
        assert np.array_equal(plain.outputs, slow.outputs)
        found.append((depth, plain.cycles, slow.cycles))
    text = Path("accelsim/machines/README.md").read_text("utf-8")
    for depth, before, after in found:
        assert f"| {depth} | {before} | {after} |" in text


def test_it_keeps_the_contract(machine, capsys):
    ran, faults = contracts.check_machine(machine, 60)
    assert ran == 60
    assert faults == []
    assert hold([str(PATH), "--cases", "3"]) == 0
    out = capsys.readouterr().out
    assert "eie_late: 3 cases, tellings functional, reference" in out
    assert "replaces: Q2" in out


def test_a_pe_that_sleeps_with_its_flag_up_is_seen(machine):
    """Planted: empty columns all dropped in one cycle, asleep in the next, the flag for ever up."""
    module = sys.modules["accelsim_plugin_late_full"]
    careless = type("Careless", (Pe,), {"ACT_QUEUE": module.LateFullQueue})
    wiring = type("Wiring", (module.LateEie,), {"PE": careless})
    case = make_case(
        seed=7, n_in=24, n_out=20, weights=0.5, active=0.7, bias=True, values="any", shift=15,
        overrides={"n_pe": 4, "act_queue_depth": 2, "capacity": "ignore",
                   "empty_column_cycles": 0})
    config = late(case)
    want = LateOracle(config, case.job).counters()
    slow = module.run(config, case.job, wiring=wiring).counters
    assert slow.difference(want) == "cycles: 66 != 59"
    assert machine.run(config, case.job).counters.difference(want) is None


def test_what_it_cannot_is_refused_by_name(machine):
    with pytest.raises(ConfigError, match="act_queue_depth"):
        load_machine("eie_late", act_queue_depth=1)
    with pytest.raises(UnsupportedError, match="not told by engine 'fast'"):
        machine.check_engine("fast")
    with pytest.raises(UnsupportedError, match="no 'rtl'"):
        machine.part("rtl")
