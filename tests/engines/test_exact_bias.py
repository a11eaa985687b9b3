"""Sums that start from biases: values against plain Python, cycles against the contract's M6."""

import math

import numpy as np
import pytest

import accelsim
import accelsim.api
from accelsim.compression import Recipe, compress
from accelsim.errors import CapacityError
from accelsim.machines import load_config, run_job
from accelsim.machines.base import ENGINES
from accelsim.machines.eie.energy import price
from accelsim.network import network_outputs, simulate_network
from accelsim.records import Layer


def biased(n_out=21, n_in=30, seed=2, **more):
    rng = np.random.default_rng(seed)
    weights = (rng.random((n_out, n_in)) < 0.4) * rng.normal(size=(n_out, n_in)) * 0.01
    return compress(
        Layer(weights, np.abs(rng.normal(size=(3, n_in))), rng.normal(size=n_out) * 3, **more),
        Recipe(bias="accumulator"))


def vector(n_in=30):
    return np.abs(np.random.default_rng(8).normal(size=n_in)) * (np.arange(n_in) % 3 > 0)


def plain(job, config):
    """Integer by integer, in Python's own integers."""
    dense = job.packed.matrix.to_dense()
    top = 1 << (config.accumulator_bits - 1)
    sums = [int(b) for b in job.bias]
    for column in range(dense.shape[1]):
        activation = int(job.activations[column])
        for row in np.flatnonzero(dense[:, column]) if activation else ():
            product = int(job.codebook[dense[row, column]]) * activation
            rounded = math.floor(product / 2**job.shift + 0.5) if job.shift else product
            sums[row] = min(max(sums[row] + rounded, -top), top - 1)
    return sums


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("depth", [64, 2])
def test_sums_start_from_the_bias(engine, depth):
    config = load_config("eie", n_pe=4, regfile_depth=depth)
    job = accelsim.api.make_job(config, biased(), vector())
    result = run_job(engine, config, job)
    assert result.outputs.tolist() == plain(job, config)


def test_the_bias_is_exact_to_half_its_last_bit():
    packed = biased(relu=False)
    result = accelsim.simulate(load_config("eie", n_pe=4), packed, np.zeros(30))
    step = 2.0 ** -result.binary_points.output_frac_bits
    assert np.abs(result.outputs_float - packed.bias).max() <= step / 2


@pytest.mark.parametrize(("depth", "cycles", "words"), [
    (64, 6 + 1, 6),                   # 21 outputs on 4 PEs are 6 rows, and the last word arrives
    (6, 6 + 1, 6),
    (4, (4 + 1) + (2 + 1), 6),        # two tiles, in batches of inputs: loaded once a tile
    (1, 6 * (1 + 1), 6),
])
def test_rows_of_biases_and_one_cycle_more_for_each_tile(depth, cycles, words):
    config = load_config("eie", n_pe=4, regfile_depth=depth)
    packed = biased()
    result = accelsim.simulate(config, packed, vector())
    counters = result.counters
    assert counters.bias_cycles == cycles
    assert (counters.dst_reg_writes - counters.macs).tolist() == [words] * 4
    bare = accelsim.simulate(config, compress(Layer(
        packed.decoded().to_dense(), vector()), Recipe()), vector()).counters
    assert (counters.act_sram_reads - bare.act_sram_reads).tolist() == [words] * 4
    assert counters.cycles - bare.cycles == cycles
    assert bare.bias_cycles == 0


def test_the_load_costs_energy_of_its_own():
    """24 SRAM reads and register-file writes, and seven cycles of leakage and clock."""
    config = load_config("eie", n_pe=4)
    packed = biased()
    exact = accelsim.simulate(config, packed, vector()).counters
    bare = accelsim.simulate(config, compress(Layer(
        packed.decoded().to_dense(), vector()), Recipe()), vector()).counters
    more, less = price(config, exact), price(config, bare)
    assert more.modules_pj["act_rw"] > less.modules_pj["act_rw"]
    assert more.modules_pj["arith_unit"] == less.modules_pj["arith_unit"]


def test_a_network_of_such_layers_vector_by_vector_and_at_once():
    layers = [biased(21, 30, 1, name="a"), biased(9, 21, 2, name="b", relu=False)]
    config = load_config("eie", n_pe=4)
    inputs = np.stack([vector(), np.zeros(30), vector()[::-1]])
    at_once = network_outputs(config, layers, inputs)
    one_by_one = [chain[-1].outputs for chain in simulate_network(config, layers, inputs)]
    np.testing.assert_array_equal(at_once, one_by_one)


@pytest.mark.parametrize("n_pe", [1, 5])
def test_another_order_of_rows_gives_the_same_outputs(n_pe):
    packed = biased()
    moved = compress(Layer(packed.decoded().to_dense(), vector(), packed.bias),
                     Recipe(bias="accumulator", permute_rows=n_pe))
    config = load_config("eie", n_pe=n_pe)
    points = accelsim.api.choose_binary_points(config, packed)
    a, b = (accelsim.simulate(config, p, vector(), binary_points=points) for p in (packed, moved))
    np.testing.assert_array_equal(a.outputs, b.outputs)


def test_another_machine_gets_its_own_images_of_the_biases():
    packed, config = biased(), load_config("eie", n_pe=4)
    wide = load_config("eie", n_pe=7, regfile_depth=2)
    made = accelsim.api.make_job(config, packed, vector())
    np.testing.assert_array_equal(run_job("fast", wide, made.on(wide)).outputs,
                                  run_job("fast", config, made).outputs)


def test_biases_that_do_not_fit_the_activation_sram_are_refused():
    config = load_config("eie", n_pe=1, act_sram_kb=0.03125)  # 16 words
    with pytest.raises(CapacityError, match="21 activations and biases a PE"):
        accelsim.simulate(config, biased(), vector())
