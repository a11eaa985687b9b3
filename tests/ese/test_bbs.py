"""The bank-balanced machine: engines agree, rules by hand, and the comparison with ESE."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.compression.patterns import make_mask, prune_gates, prune_recurrent
from accelsim.errors import InputError, UnsupportedError
from accelsim.fixedpoint import dequantise
from accelsim.machines import BbsConfig, load_as, published_sources, run_job
from accelsim.machines.bbs.job import make_job as make_bbs_job
from accelsim.machines.bbs.lstm import lstm_step_cycles
from accelsim.machines.bbs.reference import array as reference
from accelsim.workload.published_lstm import dense_ese_layer
from tests.ese.layers import random_layer


def machine(**overrides):
    return load_as(BbsConfig, "bbs", **overrides)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 20), st.integers(1, 30), st.integers(1, 5),
       st.integers(1, 7), st.sampled_from([0.05, 0.3, 1.0]), st.integers(0, 3))
def test_engines_agree(seed, rows, columns, n_pe, n_banks, density, start):
    rng = np.random.default_rng(seed)
    weights = np.where(rng.random((rows, columns)) < density, rng.normal(size=(rows, columns)), 0)
    config = machine(n_pe=n_pe, n_banks=n_banks, start_cycles=start, activation_bits=8)
    job = make_bbs_job(config, weights, rng.normal(size=columns))
    fast = run_job("fast", config, job)
    slow = reference.run(config, job, shuffle=random.Random(seed))
    slow.counters.check(config, job)
    assert fast.counters.difference(slow.counters) is None
    assert np.array_equal(fast.outputs, slow.outputs)


@pytest.mark.parametrize("engine", ["reference", "fast"])
def test_a_balanced_matrix_takes_its_weights_a_bank(engine):
    """10 rows on 4 PEs: 3 rows in the busiest; 4 banks of 8 keep 2: 6 slots, depth 4 + 2."""
    weights = np.random.default_rng(1).normal(size=(10, 32))
    weights *= make_mask("bank_balanced", weights, density=0.25, n_banks=4)
    config = machine(n_pe=4, n_banks=4)
    run = run_job(engine, config, make_bbs_job(config, weights, np.ones(32)))
    assert run.counters.cycles == 1 + 3 * 2 + 5
    assert not run.counters.filler_macs.any()
    assert run.counters.macs.sum() == np.count_nonzero(weights)


def test_outputs_are_the_matrix_times_the_vector():
    rng = np.random.default_rng(2)
    weights, x = rng.normal(size=(12, 40)), rng.normal(size=40)
    config = machine(n_pe=4, n_banks=8)
    job = make_bbs_job(config, weights, x)
    got = dequantise(run_job("fast", config, job).outputs, job.frac_bits["output"])
    assert np.allclose(got, weights @ x, atol=2e-3)


def test_bank_balanced_pruning_suits_the_machine_and_others_pay():
    layer = dense_ese_layer()
    config = machine()
    balanced = prune_gates(layer, "bank_balanced", density=0.125, n_banks=config.n_banks)
    free = prune_recurrent(layer, "unstructured", density=0.125)
    # 665 columns in 32 banks of 21 keep 3 each, 1,024 in banks of 32 keep 4: one slot a weight.
    multiply = 4 * (1 + 1024 // 32 * 3 + 8) + (1 + 512 // 32 * 4 + 8)
    elementwise = 4 * (24 + 1024 // 32)
    assert lstm_step_cycles(config, balanced) == multiply + elementwise + 3 * (112 - 105)
    assert lstm_step_cycles(config, free) > 1.5 * lstm_step_cycles(config, balanced)


def test_a_broken_law_and_bad_input_are_named():
    config = machine(n_pe=2, n_banks=2)
    job = make_bbs_job(config, np.ones((3, 4)), np.ones(4))
    counters = run_job("fast", config, job).counters
    object.__setattr__(counters, "macs", counters.macs + 1)
    with pytest.raises(Exception, match="macs"):
        counters.check(config, job)
    with pytest.raises(InputError, match=r"need \(4,\)"):
        make_bbs_job(config, np.ones((3, 4)), np.ones(5))
    with pytest.raises(UnsupportedError, match="not told by engine"):
        run_job("functional", config, job)
    with pytest.raises(UnsupportedError, match="LSTM steps"):
        lstm_step_cycles(config, random_layer(np.random.default_rng(0), "gru"))


@pytest.mark.parametrize("name", ["ese", "bbs"])
def test_every_value_of_the_machines_has_a_source(name):
    from accelsim.machines import get_machine

    sources = published_sources(name)
    assert set(sources) == set(get_machine(name).config.model_fields)
    for key, source in sources.items():
        assert key == "machine" or source.endswith("]"), f"{key}: {source}"
