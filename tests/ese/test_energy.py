"""Energy of ESE: single events by hand, DRAM by the stream's size, every counter accounted for."""

from dataclasses import fields, replace

import numpy as np
import pytest

from accelsim import simulate_recurrent
from accelsim.compression.patterns import prune_recurrent
from accelsim.machines import EseConfig, load_as
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


def test_nothing_costs_nothing(ese):
    assert price_ese(ese, counters(cycles=100), 1).total_pj == 0


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
    base = price_ese(ese, counters(), 1).total_pj
    free = set()
    for f in fields(EseCounters):
        more = 1 if f.metadata["per"] == "layer" else np.ones(1, np.int64)
        if price_ese(ese, replace(counters(), **{f.name: more}), 1).total_pj == base:
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
        macs = energies[-1].modules_pj["arith_unit"] / int(result.timed.macs.sum())
        assert macs == pytest.approx(energies[0].modules_pj["arith_unit"] / energies[0].macs)
    for module in ("dram", "arith_unit", "weight_buffer"):
        assert energies[0].modules_pj[module] > energies[1].modules_pj[module]
        assert energies[1].modules_pj[module] > energies[2].modules_pj[module]
