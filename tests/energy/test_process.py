"""Node and voltage: what scales, what does not, and that modules and causes stay one total."""

import numpy as np
import pytest

import accelsim
from accelsim.energy.process import Process
from accelsim.energy.report import DRAM, EnergyReport

NODES = (45, 28, 16, 7)


def run(machine, density=0.4, **overrides):
    layer = accelsim.load_layer(f"random:60x80:density={density}:activations=0.5")
    config = accelsim.load_config(machine, n_pe=4, **overrides)
    return accelsim.simulate(config, accelsim.compress(layer), layer.activations, outputs=False)


def report(**overrides):
    return run("eie", **overrides).energy


def test_the_projection_of_a_report_adds_up():
    """28 nm: causes were 4,828,248 and the total 4,829,797 pJ of alex-7."""
    layer = accelsim.load_layer("alex-7")
    result = accelsim.simulate("eie", accelsim.compress(layer), layer.activations, outputs=False)
    scaled = result.energy.scaled(28.0)
    assert sum(scaled.causes_pj.values()) == pytest.approx(scaled.total_pj, rel=1e-12)
    assert scaled.total_pj == pytest.approx(4_829_797, rel=1e-6)
    faster = result.energy.scaled(28.0, clock_ratio=1.5, voltage_ratio=0.9)
    assert sum(faster.causes_pj.values()) == pytest.approx(faster.total_pj, rel=1e-12)


@pytest.mark.parametrize("node", NODES)
@pytest.mark.parametrize("ratio", [0.7, 1.0, 1.2])
@pytest.mark.parametrize("stream", [False, True])
def test_modules_and_causes_are_one_total(node, ratio, stream):
    memories = {"spmat_kb": 0.25, "capacity": "stream"} if stream else {}
    priced = report(node_nm=node, voltage_ratio=ratio, clock_mhz=100.0, **memories)
    assert sum(priced.causes_pj.values()) == pytest.approx(priced.total_pj, rel=1e-12)
    assert (DRAM in priced.events_pj) == stream


def test_each_part_by_its_own_rule():
    home = report(clock_mhz=100.0, spmat_kb=0.25, capacity="stream")
    there = report(clock_mhz=100.0, spmat_kb=0.25, capacity="stream", node_nm=16,
                   voltage_ratio=0.9)
    for module, pj in home.events_pj.items():
        factor = 1.0 if module == DRAM else 0.170 * 0.81
        assert there.events_pj[module] == pytest.approx(pj * factor)
        assert there.clock_pj[module] == pytest.approx(home.clock_pj[module] * 0.170 * 0.81)
        leakage = home.leakage_pj[module] * 0.9 * 10 ** (-0.1 * 0.86)
        assert there.leakage_pj[module] == pytest.approx(leakage)
    assert there.total_mm2 == pytest.approx(home.total_mm2 * 0.19)
    assert there.time_us == home.time_us
    assert there.node_nm == 16
    assert any("scaled from 45 nm to 16 nm" in note for note in there.notes)
    assert any("0.9 of the nominal voltage" in note for note in there.notes)


def test_refills_are_dram_and_its_bits():
    """The bits that a run refilled, at Horowitz' 640 pJ for 32 of them."""
    result = run("eie", spmat_kb=0.25, capacity="stream")
    assert result.timed.refill_bits > 0
    assert result.energy.events_pj[DRAM] == pytest.approx(result.timed.refill_bits * 20.0)


def test_smaller_nodes_are_faster_smaller_and_cheaper():
    factors = [(p.delay, p.energy, p.area) for p in map(Process, NODES)]
    assert factors == sorted(factors, reverse=True)
    assert factors[0] == (1.0, 1.0, 1.0)
    assert Process(45, 1.1).delay < 1 < Process(45, 0.9).delay
    assert Process(45, 1.1).leakage > 1.1 > 0.9 > Process(45, 0.9).leakage


def test_28_nm_lies_between_its_neighbours():
    """Log-log between 32 and 16 nm of Stillmaker and Baas, Table 2."""
    share = np.log(28 / 32) / np.log(16 / 32)
    for name, high, low in (("delay", 9.8 / 10.9, 6.12 / 10.9), ("energy", 0.51 / 1.05,
                            0.179 / 1.05), ("area", 0.46, 0.19)):
        between = high * (low / high) ** share
        assert getattr(Process(28), name) == pytest.approx(between, abs=5e-4)


def test_a_report_without_parts_adds_up_too():
    """A plug-in's of the last version."""
    plain = EnergyReport({"a": 6.0, DRAM: 2.0}, {"a": 1.0, DRAM: 0.0}, {"a": 1.0, DRAM: 0.0},
                         {"useful": 7.5, "idle": 2.5}, {"a": 1.0}, 1.0, 1, 1, 0.0)
    scaled = plain.on(Process(7))
    assert scaled.total_pj == pytest.approx(7 * 0.106 + 2 + 1)
    assert sum(scaled.causes_pj.values()) == pytest.approx(scaled.total_pj)
    both = plain.with_more([plain]).on(Process(7))
    assert sum(both.causes_pj.values()) == pytest.approx(2 * scaled.total_pj)
