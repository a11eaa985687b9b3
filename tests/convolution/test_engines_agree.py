"""Convolutions: all tellings against a loop nest, and against their own vectors one by one."""

import numpy as np
import pytest
from hypothesis import given, settings

from accelsim import simulate
from accelsim.machines.eie.job import layer_job
from accelsim.machines.eie.machine import MACHINE
from tests.contracts.oracle_cycles import Machine
from tests.convolution.cases import cases, make_case
from tests.convolution.oracle import convolve


def check(case):
    outputs, products = convolve(case.config, case.conv, case.packed, case.images, case.points)
    runs = {engine: simulate(case.config, case.packed, case.images, engine)
            for engine in ("functional", "reference", "fast")}
    for engine, run in runs.items():
        assert np.array_equal(run.outputs, outputs), engine
        assert run.operations == runs["reference"].operations, engine
    counters = runs["reference"].counters
    assert counters.difference(runs["fast"].counters) is None
    assert counters.macs.sum() == products
    told = simulate(case.config, case.packed, case.images, "fast", outputs=False)
    assert told.cycles == counters.cycles
    return runs["fast"]


@settings(max_examples=40, deadline=None)
@given(cases())
def test_all_tellings_are_the_loop_nest(case):
    check(case)


@settings(max_examples=10, deadline=None)
@given(cases())
def test_cycles_are_those_of_layers_and_of_gathering(case):
    """A pixel costs what a `Layer` of its vector costs, a load of its rows and a store."""
    job = MACHINE.job(case.config, case.packed, case.images)
    run = MACHINE.run(case.config, job, "fast")
    expected = 0
    for index in range(job.n_vectors):
        vector = job.vector_job(index)
        image = vector.image
        if case.config.capacity != "ignore":
            rows = -(-max(image.n_inputs, image.n_outputs) // image.n_pe)
            if rows > case.config.regfile_depth or any(s.refill_bits for s in vector.plan):
                return  # the layer alone is loaded and stored too
        alone = layer_job(case.config, image, vector.codebook, vector.activations, vector.shift,
                          vector.bias_activation, bias=vector.bias)
        expected += MACHINE.run(case.config, alone, "fast").counters.cycles
        expected += -(-image.n_inputs // image.n_pe) + 1 + -(-image.n_outputs // image.n_pe)
    assert run.counters.cycles == expected


MACHINES = {"n_pe": 4, "act_queue_depth": 2}
PLAIN = {
    "seed": 1, "n": 1, "size": (5, 6), "group": (6, 9), "kernel": (3, 3),
    "geometry": {"stride": 1, "padding": 1, "dilation": 1, "groups": 1}, "density": 0.5,
    "active": 0.5, "bias": "column", "calibrated": True, "machine": MACHINES,
}


@pytest.mark.parametrize("changed", [
    {},
    {"kernel": (1, 1), "machine": {"n_pe": 16}},
    {"size": (1, 60), "kernel": (1, 3), "n": 2, "geometry": {**PLAIN["geometry"], "stride": 1}},
    {"bias": "accumulator"},
    {"bias": "accumulator", "machine": {"n_pe": 2, "regfile_depth": 4}, "permute": 3},
    {"bias": "accumulator", "machine": {"n_pe": 4, "bypass": False}},
    {"machine": {"n_pe": 32, "weight_bits": 8}},
    {"group": (2, 2), "geometry": {**PLAIN["geometry"], "groups": 5}},
    {"group": (1, 1), "geometry": {**PLAIN["geometry"], "groups": 8}, "permute": 4},
    {"machine": {"n_pe": 2, "regfile_depth": 4}},
    {"machine": {"n_pe": 2, "spmat_kb": 0.0625, "capacity": "stream", "regfile_depth": 4}},
    *({"machine": {"n_pe": 2, "spmat_kb": 0.0625, "capacity": "stream", "regfile_depth": 4, **more},
       "bias": bias} for bias in ("column", "accumulator") for more in (
        {"refill_batch": 3}, {"refill_batch": 4, "refill": "active", "overlap": True},
        {"refill_batch": 50, "refill_overlap": True, "dram": "hbm2", "spmat_kb": 0.125,
         "dma_width_bits": 128})),
    {"machine": {"n_pe": 4, "bypass": False}},
    {"machine": {"n_pe": 4, "activation_bits": 24, "accumulator_bits": 32}},
    {"machine": {"n_pe": 4, "accumulator_bits": 30, "weight_value_bits": 17}},
    {"machine": {"n_pe": 4, "activation_bits": 6, "accumulator_bits": 7}},
], ids=lambda changed: " ".join(map(str, changed)) or "plain")
def test_one_of_each(changed):
    check(make_case(**PLAIN | changed))


@pytest.mark.parametrize("more", [
    {}, {"refill": "active"}, {"refill_overlap": True, "spmat_kb": 0.125, "overlap": True},
    {"dram": "ddr3-1600", "refill": "active", "refill_overlap": True, "spmat_kb": 0.125}],
    ids=" ".join)
@pytest.mark.parametrize("bias", ["column", "accumulator"])
def test_vectors_that_share_refills(more, bias):
    """M10: the loop over cycles runs each group of them; their sums, and each refill once."""
    machine = {"n_pe": 2, "spmat_kb": 0.0625, "capacity": "stream", "regfile_depth": 4}
    words = PLAIN | {"bias": bias, "size": (3, 4)}
    alone = check(make_case(**words | {"machine": machine | more}))
    case = make_case(**words | {"machine": machine | more | {"refill_batch": 5}})
    run = check(case)
    job = MACHINE.job(case.config, case.packed, case.images)
    told = [Machine(case.config, part, number > 0) for number, part in enumerate(job.runs())]
    assert len(told) == -(-job.n_vectors // 5)
    assert len({len(part.job.plan) for part in told}) == 2  # the last group is smaller
    want = type(run.counters).added([part.counters() for part in told])
    assert run.counters.difference(want) is None
    assert run.counters.macs.sum() == alone.counters.macs.sum()
    assert run.counters.dma_cycles < 0.6 * alone.counters.dma_cycles
    if not more:
        segments = sum(step.refill_bits for step in job.one.plan)
        assert run.counters.refill_bits == segments * len(told)
        assert alone.counters.refill_bits == segments * job.n_vectors


@pytest.mark.parametrize("n_pe", [1, 3, 16, 64])
def test_macs_of_a_pointwise_convolution_are_its_effectual_products(n_pe):
    case = make_case(**PLAIN | {"kernel": (1, 1), "geometry": {"groups": 1}, "bias": "",
                                "machine": {"n_pe": n_pe}})
    run = simulate(case.config, case.packed, case.images, "fast")
    weights = np.count_nonzero(case.packed.decoded_weights()[:, :, 0, 0], axis=0)
    integers = MACHINE.job(case.config, case.packed, case.images).pixels.maps
    assert run.counters.macs.sum() == (weights * np.count_nonzero(integers, axis=0)).sum()
    assert run.n_vectors == 30
    assert run.lowering == "im2col"
