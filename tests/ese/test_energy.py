"""Energy of ESE: events, leakage, clock and area by hand; every counter accounted for."""

from dataclasses import fields, replace

import numpy as np
import pytest

from accelsim import simulate_recurrent
from accelsim.compression.patterns import prune_recurrent
from accelsim.energy import load_sram_table, price
from accelsim.machines import EieConfig, EseConfig, load_as
from accelsim.machines.eie.counters import Counters
from accelsim.machines.ese.counters import EseCounters
from accelsim.machines.ese.energy import FREE_COUNTERS, UNPRICED
from accelsim.machines.ese.energy import price as price_ese
from tests.ese.layers import random_layer, utterance

# EIE Table I and the 45 nm tables: 640 pJ a 32-bit DRAM word, 3.1 pJ a 32-bit multiplication
# (energy falls with bits ** log2 5), 0.1 pJ a 32-bit addition.
DRAM_PJ_A_BIT = 20.0


@pytest.fixture(scope="module")
def ese():
    return load_as(EseConfig, "ese")


def counters(**changed):
    """All zero but what is given, one PE."""
    one = np.zeros(1, np.int64)
    values = {f.name: 0 if f.metadata["per"] == "layer" else one for f in fields(EseCounters)}
    return EseCounters(**(values | changed))


def test_waiting_costs_leakage_and_clock_alone(ese):
    waiting = price_ese(ese, counters(cycles=100), 32)
    assert waiting.events_total_pj == waiting.dram_share == waiting.dram_pj == 0
    assert waiting.time_us == 0.5
    # CACTI: two halves of 4 KB for each PE, 16 bits an entry; 1 mW for 1 us is 1000 pJ.
    array = load_sram_table("lstp", "800mhz_energy").at(4, 16)
    leaked = 2 * 32 * array.leakage_mw * 0.5 * 1000
    assert waiting.leakage_pj["weight_buffer"] == pytest.approx(leaked)
    assert waiting.leakage_pj["pointer_buffer"] == pytest.approx(leaked)
    assert waiting.area_mm2["weight_buffer"] == pytest.approx(64 * array.area_um2 * 1.016e-6)
    # EIE's calibration: 0.0468337 pJ a cycle for a queue of 8 x 32 bits, which ESE's are too.
    assert waiting.clock_pj["act_queue"] == pytest.approx(32 * 32 * 100 * 0.0468337)
    # 64 accumulators of 16 bits, as EIE's files of twice as many bits.
    assert waiting.clock_pj["arith_unit"] == pytest.approx(32 * 32 * 100 * 0.645629 / 2)
    assert waiting.total_pj == pytest.approx(
        sum(waiting.leakage_pj.values()) + sum(waiting.clock_pj.values()))
    assert waiting.causes_pj["overhead"] == pytest.approx(waiting.total_pj)


def test_the_whole_machine_leaks_whatever_is_in_use(ese):
    one, all_of_them = (price_ese(ese, counters(cycles=100), n) for n in (1, 32))
    assert one.modules_pj == all_of_them.modules_pj
    assert any("1 of 32 channels" in note for note in one.notes)
    assert not any("channels in use" in note for note in all_of_them.notes)
    small = price_ese(ese.model_copy(update={"n_channels": 1}), counters(cycles=100), 1)
    assert small.clock_pj["act_queue"] * 32 == pytest.approx(one.clock_pj["act_queue"])
    assert small.total_mm2 < one.total_mm2


def test_units_shared_with_eie_cost_the_same(ese):
    eie, one = load_as(EieConfig, "eie", n_pe=1), np.ones(1, np.int64)
    zero = {f.name: 0 if f.metadata["per"] == "layer" else 0 * one for f in fields(Counters)}

    def on_eie(**changed):
        return price(eie, Counters(**(zero | {"cycles": 100} | changed)))

    same = ese.model_copy(update={"weight_bits": 16, "n_channels": 1, "n_pe": 1})
    # ESE reads and writes the accumulator with every multiply-accumulate, EIE counts it apart.
    theirs = price_ese(same, counters(macs=one)).events_pj["arith_unit"] - 0.359 - 0.576
    assert on_eie(macs=one).events_pj["arith_unit"] == pytest.approx(theirs)
    theirs = price_ese(same, counters(queue_pushes=one, cycles=100))
    ours = on_eie(queue_pushes=one)
    for energies in (lambda r: r.events_pj, lambda r: r.clock_pj, lambda r: r.area_mm2):
        assert energies(ours)["act_queue"] == pytest.approx(energies(theirs)["act_queue"])


@pytest.mark.parametrize("what", ["weight", "pointer", "vector", "table", "result"])
def test_a_dram_word(ese, what):
    energy = price_ese(ese, counters(**{f"{what}_words": 3}), 1)
    assert energy.modules_pj["dram"] == pytest.approx(3 * 512 * DRAM_PJ_A_BIT)


def test_units_by_hand(ese):
    one = np.ones(1, np.int64)
    # 12 x 16 bits: the square root of the product takes the place of the width.
    product = 3.1 * (np.sqrt(12 * 16) / 32) ** np.log2(5)
    register = 0.166 / 16
    mac = product + 0.1 / 2 + register * (2 * 28 + 2 * 16) + 0.359 + 0.576
    assert price_ese(ese, counters(macs=one), 1).modules_pj["arith_unit"] == pytest.approx(
        mac, rel=1e-3)
    elem_mul = price_ese(ese, counters(elem_mul_results=2), 1).modules_pj["elem_mul"]
    assert elem_mul == pytest.approx(2 * (3.1 / 5 + register * 48), rel=1e-3)
    queue = price_ese(ese, counters(queue_pushes=one, queue_pops=one), 5).modules_pj["act_queue"]
    assert queue == pytest.approx(5 * 2 * 32 * register)


def test_every_counter_is_priced_or_says_why_not(ese):
    base = price_ese(ese, counters(), 1).events_total_pj
    free = set()
    for f in fields(EseCounters):
        more = 1 if f.metadata["per"] == "layer" else np.ones(1, np.int64)
        changed = price_ese(ese, replace(counters(), **{f.name: more}), 1)
        if changed.events_total_pj == base:
            free.add(f.name)
    assert free == set(FREE_COUNTERS)
    assert all(FREE_COUNTERS.values())
    assert UNPRICED


def test_a_result_prices_itself(ese):
    """Nothing is read or worked out before it is asked for; channels in use are counted."""
    rng = np.random.default_rng(6)
    layer = random_layer(rng, n_in=20, n_cells=32)
    result = simulate_recurrent(ese, layer, utterance(rng, 3, 2, 20))
    assert result.energy.modules_pj == price_ese(ese, result.timed, 2).modules_pj
    assert result.energy.total_pj > price_ese(ese, result.timed, 1).total_pj
    assert result.energy.macs == result.operations["macs"]
    assert result.energy.causes_pj.keys() == result.timed.states().keys()
    assert sum(result.energy.causes_pj.values()) == pytest.approx(result.energy.total_pj, rel=1e-12)
    assert result.energy.dram_share == pytest.approx(
        result.energy.events_pj["dram"] / sum(result.energy.events_pj.values()))
    untimed = simulate_recurrent(ese, layer, utterance(rng, 3, 2, 20), "functional")
    with pytest.raises(AttributeError, match="tells no time"):
        print(untimed.energy)


def test_fewer_weights_cost_less(ese):
    rng = np.random.default_rng(2)
    layer = random_layer(rng, n_in=40, n_cells=64, density=1.0)
    x = utterance(rng, 4, 2, 40)
    energies = []
    for density in (1.0, 0.5, 0.1):
        pruned = prune_recurrent(layer, "unstructured", density=density)
        result = simulate_recurrent(ese, pruned, x)
        energies.append(result.energy)
        macs = energies[-1].events_pj["arith_unit"] / int(result.timed.macs.sum())
        assert macs == pytest.approx(energies[0].events_pj["arith_unit"] / energies[0].macs)
    for module in ("dram", "arith_unit", "weight_buffer"):
        assert energies[0].modules_pj[module] > energies[1].modules_pj[module]
        assert energies[1].modules_pj[module] > energies[2].modules_pj[module]
