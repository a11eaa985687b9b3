"""Several entries a cycle: against a machine of its own units, by hand, and what is refused."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from accelsim import Layer, Recipe, compress, load_machine, simulate
from accelsim.errors import ConfigError, UnsupportedError
from accelsim.inside.explain import explain
from accelsim.machines import get_machine
from accelsim.machines.eie.replay import replay
from accelsim.machines.plugins import load_plugin, unload
from accelsim.records import CompressedLayer
from accelsim.rtl_bridge import rtl_plan

EIE = get_machine("eie")
PLUGIN = Path(__file__).parents[1] / "plugins" / "two_entries.py"


def layer(density: float, seed: int = 1) -> tuple[CompressedLayer, np.ndarray]:
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(90, 40)) * (rng.random((90, 40)) < density)
    inputs = np.maximum(rng.normal(size=40), 0)
    return compress(Layer(weights, inputs, name="fc"), Recipe(index_bits=2)), inputs


def machine(**more: Any) -> Any:
    return load_machine("eie", **({"n_pe": 4, "index_bits": 2} | more))


@pytest.mark.parametrize("density", [0.05, 0.4, 1.0])
@pytest.mark.parametrize("empty", [0, 1])
def test_two_are_those_of_the_plug_in(density: float, empty: int) -> None:
    """tests/plugins/two_entries.py has a reader and an ArithmUnit of its own."""
    packed, inputs = layer(density)
    plugin = load_plugin(PLUGIN)
    try:
        other = simulate(load_machine("eie_two", n_pe=4, index_bits=2, empty_column_cycles=empty),
                         packed, inputs)
    finally:
        unload(plugin.name)
    for engine in ("reference", "fast"):
        own = simulate(machine(issue_width=2, empty_column_cycles=empty), packed, inputs,
                       engine=engine)
        assert np.array_equal(own.outputs, other.outputs)
        for name in {f.name for f in fields(own.counters)} - {"macs_beside", "padding_beside"}:
            assert np.array_equal(getattr(own.counters, name), getattr(other.counters, name)), name
        doubles = own.counters.macs_beside + own.counters.padding_beside
        assert np.array_equal(doubles, other.counters.double_issue_cycles)


def test_slots_of_a_full_column_are_its_lines() -> None:
    """23 entries of 6 bits, 10 in a line of 64: with 4 a cycle 3 + 3 + 1 slots; the lines of the
    next column begin 3 entries before the end of one."""
    rng = np.random.default_rng(0)
    packed = compress(Layer(rng.normal(size=(23, 2)), np.ones(2)), Recipe(index_bits=2))
    run = simulate(load_machine("eie", n_pe=1, index_bits=2, issue_width=4), packed, np.ones(2))
    first, second = 3 + 3 + 1, 2 + 3 + 2  # lines of 10, 10, 3 and of 7, 10, 6
    assert run.counters.macs.sum() == 46
    assert run.counters.macs_beside.sum() == 46 - first - second
    assert run.counters.spmat_line_reads.sum() == 5
    # Start, the first broadcast, its pop, the slots, and the drain.
    assert run.cycles == 1 + 2 + first + second + 4


class Seen:
    def __init__(self) -> None:
        self.cycles: list[int] = []

    def cycle(self, t: int, array: Any) -> None:
        self.cycles.append(t)


@pytest.mark.parametrize("more", [{"issue_width": 3}, {"issue_width": 3, "index": "bitmap"},
                                  {"queue_pes": 2}, {"queue_pes": 2, "empty_column_cycles": 0}])
def test_views_tell_the_same(more: dict[str, Any]) -> None:
    packed, inputs = layer(0.4)
    config = machine(**more)
    job = EIE.job(config, packed, inputs)
    run = simulate(config, packed, inputs)
    found = explain(EIE, config, packed, job, remedies=False)
    assert np.array_equal(sum(found.states.values()), np.full(4, run.cycles))
    starved = sum(c for state, c in found.states.items() if state.startswith("starved"))
    assert np.array_equal(starved, run.counters.starved_cycles)
    assert ("starved: PE beside it works" in found.states) == ("queue_pes" in more)
    seen = Seen()
    assert replay(config, job, 20, 29, seen) == 10
    assert seen.cycles == [*range(20, 30)]


def test_more_lanes_cost_more() -> None:
    packed, inputs = layer(0.4)
    one, two, four = (simulate(machine(issue_width=n), packed, inputs) for n in (1, 2, 4))
    assert one.cycles > two.cycles > four.cycles
    areas = [run.energy.area_mm2 for run in (one, two, four)]
    assert [a["arith_unit"] / areas[0]["arith_unit"] for a in areas] == pytest.approx([1, 2, 4])
    assert areas[0]["spmat_read"] == areas[2]["spmat_read"]
    assert areas[2]["act_rw"] > areas[1]["act_rw"] > areas[0]["act_rw"]
    assert two.theoretical_us == pytest.approx(one.theoretical_us / 2)


def test_a_shared_queue_takes_the_longer_column_of_two() -> None:
    """PE 0 has 8 entries in even columns, PE 1 in odd ones: alone each works half the time."""
    weights = np.zeros((16, 20))
    weights[0::2, 0::2] = weights[1::2, 1::2] = 1.0
    packed = compress(Layer(weights, np.ones(20)))
    own = simulate(load_machine("eie", n_pe=2), packed, np.ones(20))
    shared = simulate(load_machine("eie", n_pe=2, queue_pes=2), packed, np.ones(20))
    # Start, row changes hidden, the first broadcast, its pop, 20 columns of 8 slots, the drain.
    assert shared.cycles == 1 + 2 + 20 * 8 + 4
    assert own.cycles < shared.cycles
    assert shared.counters.starved_cycles.tolist() == [2 + 70, 2 + 70]
    half = [run.energy.area_mm2["act_queue"] for run in (own, shared)]
    assert half[1] == pytest.approx(half[0] / 2)
    three = simulate(load_machine("eie", n_pe=3, queue_pes=2), packed, np.ones(20))
    assert three.counters.check() is None


@pytest.mark.parametrize(("settings", "told"), [
    ({"queue_pes": 2, "bypass": False}, "use bypass=true, or queue_pes=1"),
    ({"issue_width": 2, "bypass": False}, "use bypass=true, or issue_width=1"),
    ({"issue_width": 2, "capacity": "stream"}, "issue_width=1, or capacity='check'"),
    ({"index": "bitmap", "capacity": "stream"}, "use index='zero_runs', or capacity='check'"),
    ({"issue_width": 9}, "issue_width"),
])
def test_what_does_not_go_together_is_one_line(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        machine(**settings)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("settings", [{"issue_width": 2}, {"index": "bitmap"}, {"queue_pes": 2}])
def test_the_verilog_refuses_by_name(settings: dict[str, Any]) -> None:
    packed, inputs = layer(0.4)
    config = machine(**settings)
    with pytest.raises(UnsupportedError, match=f"the RTL has no {next(iter(settings))}="):
        rtl_plan(config, EIE.job(config, packed, inputs).image)
