"""Reference and fast engine of ESE: outputs, cycles, slots and every counter are equal."""

import random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelsim.machines import EseConfig, load_as, run_job
from accelsim.machines.ese.job import make_job
from accelsim.machines.ese.reference import array as reference
from tests.ese.layers import random_layer, utterance
from tests.ese.test_functional import OPTIONS


def assert_agree(config, layer, x, shuffle=None):
    job = make_job(config, layer, x)
    golden = run_job("functional", config, job)
    fast = run_job("fast", config, job)
    slow = reference.run(config, job, shuffle=shuffle)
    slow.counters.check(config, job)
    assert np.array_equal(fast.outputs, golden.outputs)
    assert np.array_equal(slow.outputs, golden.outputs)
    assert fast.slots == slow.slots
    assert fast.counters.difference(slow.counters) is None
    assert fast.operations == slow.operations == golden.operations
    assert int(fast.counters.issued_entries.sum()) == job.operations["entries"]
    assert int(fast.counters.macs.sum()) == job.operations["macs"]
    return fast


@pytest.mark.parametrize("name", OPTIONS)
def test_every_kind_of_layer(name):
    rng = np.random.default_rng(17)
    layer = random_layer(rng, **OPTIONS[name])
    config = load_as(EseConfig, "ese", n_pe=4, n_channels=3, act_queue_depth=2)
    assert_agree(config, layer, utterance(rng, 3, 2, layer.n_inputs), random.Random(1))


@st.composite
def cases(draw):
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    name = draw(st.sampled_from(sorted(OPTIONS)))
    sizes = {"n_in": draw(st.integers(1, 20)), "n_cells": draw(st.integers(1, 40)),
             "density": draw(st.sampled_from([0.02, 0.1, 0.5, 1.0])),
             "scale": draw(st.sampled_from([0.5, 2.0]))}
    layer = random_layer(rng, **{**OPTIONS[name], **sizes})
    n_pe = draw(st.integers(1, 6))
    n_channels = draw(st.integers(1, 3))
    machine = {
        "n_pe": n_pe, "n_channels": n_channels,
        "act_queue_depth": draw(st.integers(1, 9)),
        "weight_bits": draw(st.integers(2, 16)), "index_bits": draw(st.integers(2, 4)),
        "accumulator_bits": draw(st.sampled_from([10, 16, 24])),
        "pointer_bits": draw(st.sampled_from([8, 16])),
        "start_cycles": draw(st.integers(0, 2)),
        "ddr_word_bits": draw(st.sampled_from([32, 72, 512])),
        "ddr_latency_cycles": draw(st.integers(1, 30)),
        "ddr_burst_words": draw(st.integers(1, 9)),
        "ddr_burst_gap_cycles": draw(st.integers(0, 5)),
        "column_align_bits": draw(st.sampled_from([1, 50, 512])),
        "vector_path_bits": draw(st.sampled_from([5, 16, 64, 512])),
        "weights_ready": draw(st.sampled_from(["column", "matrix"])),
        "capacity": "ignore",
        "elementwise_width": draw(st.integers(1, n_pe)),
        "elementwise_latency_cycles": draw(st.integers(1, 9)),
        "table_samples": draw(st.sampled_from([64, 2048])),
        "table_interpolation": draw(st.sampled_from(["linear", "nearest"])),
    }
    config = load_as(EseConfig, "ese", **machine)
    x = utterance(rng, draw(st.integers(1, 3)), draw(st.integers(1, n_channels)), sizes["n_in"])
    return config, layer, x, random.Random(seed)


@settings(max_examples=120, deadline=None, derandomize=True,
          suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(cases())
def test_anything_hypothesis_finds(case):
    assert_agree(*case)


@pytest.mark.slow
@settings(max_examples=2000, deadline=None, derandomize=True,
          suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(cases())
def test_far_more_of_it(case):
    assert_agree(*case)
