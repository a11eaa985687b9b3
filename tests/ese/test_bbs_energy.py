"""Energy of the bank-balanced machine: by hand, every counter accounted for, causes that add up."""

from dataclasses import fields, replace

import numpy as np
import pytest

from accelsim import simulate
from accelsim.compression.patterns import make_mask
from accelsim.energy import load_sram_table
from accelsim.machines import BbsConfig, load_as
from accelsim.machines.bbs.counters import BbsCounters
from accelsim.machines.bbs.energy import FREE_COUNTERS, price
from tests.ese.layers import random_layer

REGISTER_PJ = 0.166 / 16  # Aladdin, a bit
TABLE = load_sram_table("lstp", "800mhz_energy")


def machine(**overrides):
    return load_as(BbsConfig, "bbs", **{"n_pe": 2, "n_banks": 4} | overrides)


def counters(**changed):
    """One vector of 8 elements, 3 slots in the busier PE; else zero."""
    zero = np.zeros(2, np.int64)
    values = {f.name: 0 if f.metadata["per"] == "layer" else zero for f in fields(BbsCounters)}
    return BbsCounters(**(values | {"vectors": 1} | changed))


def test_single_events_by_hand():
    config, one = machine(), np.array([1, 0])
    base = {"vector_writes": 8, "slots": np.array([3, 2])}
    # Banks of two words; a word of the weight memory is 16 bits and one bit of place.
    weight = TABLE.at(3 * 17 / 8192, 17).read_pj
    bank = TABLE.at(2 * 16 / 8192, 16)
    without = price(config, counters(**base)).events_pj
    assert without["vector_buffer"] == pytest.approx(8 * 2 * bank.write_pj)
    mac = price(config, counters(**base, macs=one)).events_pj
    # 16 x 16 bits; sums of 34: 32 and two levels of adders.
    assert mac["arith_unit"] == pytest.approx(
        3.1 / 5 + 0.1 * 34 / 32 + REGISTER_PJ * (64 + 68), rel=1e-3)
    assert mac["weight_memory"] == pytest.approx(weight)
    assert mac["vector_buffer"] - without["vector_buffer"] == pytest.approx(bank.read_pj)
    filler = price(config, counters(**base, filler_macs=one)).events_pj
    assert filler == without | {"weight_memory": pytest.approx(weight)}
    bias = price(config, counters(**base, bias_reads=one)).events_pj
    assert bias["bias_memory"] == pytest.approx(TABLE.at(34 / 8192, 34).read_pj)
    rows = price(config, counters(**base, rows=one)).events_pj
    assert rows["write"] == pytest.approx(REGISTER_PJ * 16)
    cells = price(config, counters(elementwise_products=2, elementwise_sums=5)).events_pj
    assert cells["elementwise"] == pytest.approx(
        2 * (3.1 / 5 + REGISTER_PJ * 48) + 5 * (0.05 + REGISTER_PJ * 48), rel=1e-3)


def test_leakage_clock_and_area_by_hand():
    config = machine()
    report = price(config, counters(cycles=200, vector_writes=8, slots=np.array([3, 2])))
    weight, bank = TABLE.at(3 * 17 / 8192, 17), TABLE.at(2 * 16 / 8192, 16)
    assert report.time_us == 1.0
    assert report.leakage_pj["weight_memory"] == pytest.approx(2 * 4 * weight.leakage_mw * 1000)
    assert report.leakage_pj["vector_buffer"] == pytest.approx(2 * 4 * bank.leakage_mw * 1000)
    assert report.area_mm2["vector_buffer"] == pytest.approx(8 * bank.area_um2 * 1e-6)
    # EIE's calibration: all clock energy of a PE over its 2544 flip-flop bits.
    all_pj = 0.0468337 + 1.26134 + 0.0360912 + 0.645629
    assert report.clock_pj["write"] == pytest.approx(2 * 16 * all_pj / 2544 * 200, rel=1e-5)
    assert report.clock_pj["weight_memory"] == pytest.approx(
        8 * 17 * 0.0360912 / 96 * 200, rel=1e-5)
    # arith_unit: 3110 um2 for 96 bits; EIE's clock finds nothing beyond its events.
    assert report.area_mm2["arith_unit"] == pytest.approx(8 * (64 + 68) * 3110 / 96 * 1e-6)
    assert report.clock_pj["arith_unit"] == 0


def test_every_counter_is_priced_or_says_why_not():
    config, free = machine(), set()
    base = price(config, counters()).events_total_pj
    for f in fields(BbsCounters):
        more = 2 if f.metadata["per"] == "layer" else np.array([1, 1])
        changed = price(config, replace(counters(), **{f.name: more}))
        if changed.events_total_pj == base:
            free.add(f.name)
    assert free == set(FREE_COUNTERS)
    assert all(FREE_COUNTERS.values())


@pytest.mark.parametrize("kind", ["linear", "lstm"])
def test_runs_price_themselves(kind):
    """Causes are the counters' states and add up; twice the vectors take twice the energy."""
    layer = random_layer(np.random.default_rng(4), kind, n_in=9, n_cells=20)
    config = machine()
    one, two = (simulate(config, layer, np.ones((n, 9))).energy for n in (1, 2))
    assert one.causes_pj.keys() == {"useful", "empty rows", "idle", "overhead"}
    assert sum(one.causes_pj.values()) == pytest.approx(one.total_pj, rel=1e-12)
    assert two.total_pj == pytest.approx(2 * one.total_pj)
    assert two.area_mm2 == pytest.approx(one.area_mm2)
    assert two.power_w == pytest.approx(one.power_w)
    told = simulate(config, layer, np.ones((1, 9)), "reference").energy
    assert told == one
    assert any("sized by what the run stores" in note for note in one.notes)


def test_filler_costs():
    """At one density, banks without balance read filler and leak for longer."""
    weights = np.random.default_rng(1).normal(size=(16, 64))
    costs = [
        simulate(machine(), weights * make_mask(pattern, weights, density=0.25, **more),
                 np.ones(64)).energy
        for pattern, more in (("bank_balanced", {"n_banks": 4}), ("unstructured", {}))
    ]
    assert costs[0].macs == costs[1].macs
    for part in ("events_pj", "leakage_pj", "area_mm2"):
        assert getattr(costs[0], part)["weight_memory"] < getattr(costs[1], part)["weight_memory"]
    assert costs[0].total_pj < costs[1].total_pj
