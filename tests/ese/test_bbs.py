"""The bank-balanced machine: engines agree with an oracle, rules by hand, comparison with ESE."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim import simulate
from accelsim.compression.patterns import make_mask, prune_gates, prune_recurrent
from accelsim.errors import InputError, UnsupportedError
from accelsim.fixedpoint import dequantise
from accelsim.machines import BbsConfig, load_as, published_sources, run_job
from accelsim.machines.bbs.job import make_job as make_bbs_job
from accelsim.machines.bbs.lstm import lstm_step_cycles
from accelsim.machines.bbs.machine import MACHINE
from accelsim.machines.bbs.reference import array as reference
from accelsim.records.linear import LinearWeights
from accelsim.records.recurrent import RecurrentLayer
from accelsim.workload.published_lstm import dense_ese_layer
from tests.ese.bbs_oracle import difference, linear, lstm
from tests.ese.layers import random_layer


def machine(**overrides):
    return load_as(BbsConfig, "bbs", **overrides)


def sparse(rng, shape, density):
    """Weights between 0.5 and 1.5 or their negatives, so that none rounds to zero."""
    values = rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape)
    return np.where(rng.random(shape) < density, values, 0.0)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 20), st.integers(1, 30), st.integers(1, 5),
       st.integers(1, 7), st.sampled_from([0.0, 0.05, 0.3, 1.0]), st.integers(0, 3),
       st.integers(1, 3), st.integers(1, 3), st.booleans(), st.booleans(),
       st.sampled_from([4, 8, 16]), st.sampled_from([1.0, 0.1]))
def test_every_telling_of_a_linear_layer_is_the_oracles(
    seed, rows, columns, n_pe, n_banks, density, start, n_steps, n_channels, biased, relu, bits,
    calibrated_on,
):
    """Inputs beyond those that binary points were chosen for saturate."""
    rng = np.random.default_rng(seed)
    weights = LinearWeights.from_floats(sparse(rng, (rows, columns), density), 8)
    bias = {"by": rng.normal(0, 2, rows)} if biased else {}
    layer = RecurrentLayer("linear", {"Wyx": weights}, bias, name="layer", relu=relu)
    config = machine(n_pe=n_pe, n_banks=n_banks, start_cycles=start, activation_bits=bits)
    x = rng.normal(size=(n_steps, n_channels, columns))
    job = MACHINE.job(config, layer, x, calibration=x * calibrated_on)
    values = config.model_dump()
    want, run = linear(values, weights.matrix.to_dense().tolist(), bias.get("by"),
                       x.reshape(-1, columns).tolist(), job.frac_bits, relu)
    shape = (n_steps, n_channels, rows)
    for engine in ("functional", "reference", "fast"):
        result = MACHINE.finish(config, job, engine)
        assert np.array_equal(result.outputs, np.reshape(want, shape)), engine
        assert result.operations["saturations"] == sum(run.pes["saturations"]), engine
        if engine != "functional":
            assert difference(result.counters, run) is None, engine
    shuffled = reference.run(config, job, shuffle=random.Random(seed)).counters
    assert shuffled.difference(result.counters) is None


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.integers(1, 7), st.integers(1, 4),
       st.integers(1, 5), st.sampled_from([0.0, 0.3, 1.0]), st.integers(0, 2), st.integers(1, 2),
       st.integers(1, 2), st.booleans(), st.booleans(), st.one_of(st.none(), st.integers(1, 5)),
       st.integers(1, 6), st.integers(1, 30))
def test_both_tellings_of_an_lstms_time_are_the_oracles(
    seed, n_cells, n_in, n_pe, n_banks, density, start, n_steps, n_channels, biased, peepholes,
    n_out, width, latency,
):
    rng = np.random.default_rng(seed)
    n_y = n_out or n_cells
    matrices = {f"W{g}x": sparse(rng, (n_cells, n_in), density) for g in "ifco"}
    matrices |= {f"W{g}r": sparse(rng, (n_cells, n_y), density) for g in "ifco"}
    if n_out:
        matrices["Wym"] = sparse(rng, (n_out, n_cells), density)
    biases = {"bi": np.ones(n_cells), "bo": np.zeros(n_cells)} if biased else {}
    diagonals = {f"W{g}c": np.ones(n_cells) for g in "ifo"} if peepholes else {}
    layer = RecurrentLayer("lstm", matrices, biases, diagonals)
    config = machine(n_pe=n_pe, n_banks=n_banks, start_cycles=start, elementwise_width=width,
                     elementwise_latency_cycles=latency)
    job = MACHINE.job(config, layer, np.ones((n_steps, n_channels, n_in)))
    run = lstm(config.model_dump(), {name: m.tolist() for name, m in matrices.items()}, biases,
               diagonals, n_steps * n_channels)
    fast = MACHINE.finish(config, job, "fast")
    assert difference(fast.counters, run) is None
    told = MACHINE.finish(config, job, "reference")
    assert told.operations == fast.operations
    assert told.counters.difference(fast.counters) is None
    shuffled = reference.run(config, job, shuffle=random.Random(seed)).counters
    assert shuffled.difference(fast.counters) is None
    assert lstm_step_cycles(config, layer) * n_steps * n_channels == fast.cycles


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
    with pytest.raises(UnsupportedError, match="LSTM steps"):
        lstm_step_cycles(config, random_layer(np.random.default_rng(0), "gru"))


def test_what_the_machine_does_not_tell_is_refused_by_name():
    config, rng = machine(n_pe=2, n_banks=2), np.random.default_rng(3)
    layer = random_layer(rng, n_in=3, n_cells=4, name="voice")
    with pytest.raises(UnsupportedError, match=r"voice: .*not its values.*'fast' or 'reference'"):
        simulate(config, layer, np.ones(3), "functional")
    for engine in ("fast", "reference"):
        result = simulate(config, layer, np.ones((2, 3)), engine)
        assert result.outputs is None
        with pytest.raises(AttributeError, match=r"voice: .*contract B6"):
            print(result.outputs_float)
        with pytest.raises(AttributeError, match="contract B6"):
            result.outputs_sha256()
        with pytest.raises(AttributeError, match="saturations were not counted"):
            print(result.counters.saturations)
        assert "saturations" not in result.operations
    with pytest.raises(UnsupportedError, match=r"voice: .*not 'gru'"):
        simulate(config, random_layer(rng, "gru", name="voice"), np.ones(6))


def test_bad_linear_layers_and_inputs_are_named():
    config = machine(n_pe=2, n_banks=2, weight_bits=8)
    layer = RecurrentLayer("linear", {"Wyx": np.ones((3, 4))}, {"by": np.full(3, 1e30)}, name="l")
    with pytest.raises(InputError, match=r"l: a bias of 1e\+30 .* does not fit"):
        simulate(config, layer, np.ones(4))
    with pytest.raises(InputError, match=r"l: inputs have shape \(0, 4\); need \(4,\)"):
        simulate(config, layer, np.ones((0, 4)))
    with pytest.raises(InputError, match="NaN"):
        simulate(config, layer, np.full(4, np.nan))
    with pytest.raises(InputError, match="weights of 12 bits, the machine has 8"):
        simulate(config, LinearWeights.from_floats(np.ones((3, 4)), 12), np.ones(4))
    with pytest.raises(InputError, match="product shift is -"):
        simulate(config, np.ones((3, 4)), np.ones(4), frac_bits={"output": 40})
    for kind in ("lstm", "gru"):
        with pytest.raises(InputError, match="relu is for kind 'linear'"):
            random_layer(np.random.default_rng(0), kind, relu=True)


def test_relu_is_for_the_next_reader():
    config = machine(n_pe=2, n_banks=2)
    layer = RecurrentLayer("linear", {"Wyx": np.array([[1.0, 0], [-1, 0]])}, relu=True)
    job = MACHINE.job(config, layer, np.array([0.5, 1]))
    raw = MACHINE.run(config, job).outputs
    assert raw[0, 0, 1] == -raw[0, 0, 0] < 0
    assert MACHINE.finish(config, job).outputs.tolist() == [[[raw[0, 0, 0], 0]]]


def test_channels_are_vectors_too():
    config, rng = machine(n_pe=4, n_banks=2), np.random.default_rng(5)
    layer = random_layer(rng, "linear", n_in=8, n_cells=10)
    x = rng.normal(size=(3, 2, 8))
    both = simulate(config, layer, x)
    one = simulate(config, layer, x.reshape(6, 8))
    assert both.counters.difference(one.counters) is None
    assert np.array_equal(both.outputs.reshape(6, 1, 10), one.outputs)
    single = simulate(config, layer, x[0, 0])
    assert both.cycles == 6 * single.cycles
    assert both.load_balance == pytest.approx(single.load_balance)
    assert single.outputs.shape == (1, 1, 10)


@pytest.mark.parametrize("name", ["ese", "bbs"])
def test_every_value_of_the_machines_has_a_source(name):
    from accelsim.machines import get_machine

    sources = published_sources(name)
    assert set(sources) == set(get_machine(name).config.model_fields)
    for key, source in sources.items():
        assert key == "machine" or source.endswith("]"), f"{key}: {source}"


def test_channels_of_own_lengths():
    """Vectors behind a channel's last step take no time, and their outputs are zero."""
    rng = np.random.default_rng(8)
    config = machine(n_pe=2, n_banks=3)
    x, lengths = rng.normal(size=(4, 3, 6)), [4, 0, 2]
    layer = RecurrentLayer("linear", {"Wyx": sparse(rng, (5, 6), 0.5)}, name="layer")
    whole = MACHINE.finish(config, MACHINE.job(config, layer, x), "fast")
    job = MACHINE.job(config, layer, x, lengths=lengths)
    want = np.where(np.arange(4)[:, None, None] < np.array(lengths)[None, :, None],
                    whole.outputs, 0)
    for engine in ("functional", "reference", "fast"):
        assert np.array_equal(MACHINE.finish(config, job, engine).outputs, want), engine
    for each in (layer, random_layer(rng)):
        cut, alone = (MACHINE.run(config, MACHINE.job(config, each, np.zeros(shape), **more))
                      for shape, more in (((4, 3, 6), {"lengths": lengths}), ((6, 1, 6), {})))
        assert cut.counters.cycles == alone.counters.cycles
    with pytest.raises(InputError, match="lengths are all zero"):
        MACHINE.job(config, layer, x, lengths=[0, 0, 0])
