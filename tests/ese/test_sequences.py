"""Layers in sequence on ESE: both directions, sequences of different lengths, channels at a time.

Values are those of the judge, which knows neither: steps are turned around here, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from accelsim import simulate
from accelsim.errors import InputError
from accelsim.lowering.float_run import float_outputs, run_float
from accelsim.machines import EseConfig, load_as
from accelsim.machines.ese.job import make_job
from accelsim.machines.ese.table_error import table_errors
from accelsim.network import network_job, simulate_network
from accelsim.sources.sequences import Sequence
from tests.ese.judge_values import Values
from tests.ese.layers import random_layer, utterance

LENGTHS = [5, 2, 0, 4]
STEPS, CHANNELS, N_IN, N_CELLS = 5, 4, 4, 6


def config(**more):
    return load_as(EseConfig, "ese", **{"n_pe": 3, "n_channels": CHANNELS, "table_samples": 256,
                                        **more})


def turned(x, lengths, reverse):
    """Step by step and channel by channel, zeros behind a channel's last step."""
    made = np.zeros_like(x)
    for channel in range(x.shape[1]):
        for step in range(lengths[channel]):
            from_step = lengths[channel] - 1 - step if reverse else step
            made[step, channel] = x[from_step, channel]
    return made


@pytest.mark.parametrize("engine", ["functional", "fast", "reference"])
@pytest.mark.parametrize(("reverse", "lengths"), [(True, None), (True, LENGTHS), (False, LENGTHS)])
@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_values_are_the_judge_s(engine, reverse, lengths, kind):
    rng = np.random.default_rng(4)
    layer = random_layer(rng, kind, N_IN, N_CELLS)
    x = utterance(rng, STEPS, CHANNELS, N_IN)
    whole = [STEPS] * CHANNELS if lengths is None else lengths
    judged = Values(config(), layer, turned(x, whole, reverse))
    wanted = turned(np.array(judged.outputs), whole, reverse)
    options = {} if lengths is None else {"lengths": lengths}
    result = simulate(config(), replace(layer, reverse=reverse), x, engine, **options)
    assert np.array_equal(result.outputs, wanted)
    plain = simulate(config(), layer, x, engine)
    if engine != "functional":
        assert result.cycles == plain.cycles, "an order of the host's"


def test_float_runs_each_channel_by_itself():
    rng = np.random.default_rng(5)
    layer = replace(random_layer(rng, "lstm", N_IN, N_CELLS), reverse=True)
    x = utterance(rng, STEPS, CHANNELS, N_IN)
    got = run_float(layer, x, LENGTHS).outputs
    forward = replace(layer, reverse=False)
    for channel, length in enumerate(LENGTHS):
        alone = run_float(forward, x[:length, channel : channel + 1][::-1]).outputs
        if length:
            assert np.allclose(got[:length, channel], alone[::-1, 0], atol=1e-12)
        assert not got[length:, channel].any()


def bidirectional(rng):
    first = random_layer(rng, "lstm", N_IN, N_CELLS)
    second = random_layer(rng, "lstm", N_IN, N_CELLS, reverse=True, beside=True)
    third = random_layer(rng, "gru", 2 * N_CELLS, 5)
    return [replace(layer, name=name) for layer, name in zip(
        (first, second, third), ("a.forward", "a.reverse", "b"), strict=True)]


def test_the_next_layer_reads_both_directions():
    rng = np.random.default_rng(6)
    layers, x = bidirectional(rng), utterance(rng, STEPS, 2, N_IN)
    (results,) = simulate_network(config(), layers, x)
    alone = [simulate(config(), layers[k], x) for k in (0, 1)]
    for result, own in zip(results, alone, strict=False):
        assert np.array_equal(result.outputs, own.outputs)
    both = np.concatenate([own.outputs_float for own in alone], axis=2)
    last = simulate(config(), layers[2], both)
    assert np.array_equal(results[2].outputs, last.outputs)
    assert results[2].cycles == last.cycles
    assert np.array_equal(network_job(config(), layers, x, 2).inputs,
                          make_job(config(), layers[2], both).inputs)
    assert float_outputs(layers, x)[2].shape == (STEPS, 2, 5)


def test_a_machine_without_values_runs_a_stack():
    """bbs tells the time of an LSTM: what the second layer reads is worked out in float."""
    rng = np.random.default_rng(7)
    first, second = (random_layer(rng, "lstm", n, N_CELLS) for n in (N_IN, N_CELLS))
    x = utterance(rng, STEPS, 2, N_IN)
    (results,) = simulate_network(load_as_bbs(), [first, second], x)
    assert results[1].cycles == simulate("bbs", second, np.zeros((STEPS, 2, N_CELLS))).cycles
    assert simulate("bbs", first, x, lengths=[STEPS, 0]).cycles == simulate(
        "bbs", first, x[:, :1]).cycles


def load_as_bbs():
    from accelsim import load_machine
    return load_machine("bbs")


def test_channels_at_a_time():
    x = np.arange(24.0).reshape(3, 4, 2)
    cuts = Sequence(x, np.array([3, 1, 2, 3])).on_channels(3)
    assert [cut.inputs.shape for cut in cuts] == [(3, 3, 2), (3, 1, 2)]
    assert [list(cut.lengths) for cut in cuts] == [[3, 1, 2], [3]]
    assert np.array_equal(np.concatenate([cut.inputs for cut in cuts], axis=1), x)


@pytest.mark.parametrize("lengths", [[1, 2], [1, 2, 3, 6], [1, 2, 3, -1], [1, 2, 3, 0.5]])
def test_lengths_that_are_none(lengths):
    rng = np.random.default_rng(8)
    layer = random_layer(rng, "lstm", N_IN, N_CELLS)
    with pytest.raises(InputError, match="need an integer from 0 to 5 for each of 4 channels"):
        simulate(config(), layer, utterance(rng, STEPS, CHANNELS, N_IN), lengths=lengths)


def test_another_run_of_a_job_keeps_order_and_lengths():
    """Remedies run a job again on other machines."""
    from accelsim.machines.ese.machine import MACHINE

    rng = np.random.default_rng(9)
    layer = replace(random_layer(rng, "gru", N_IN, N_CELLS), reverse=True)
    x = utterance(rng, STEPS, CHANNELS, N_IN)
    job = MACHINE.job(config(), layer, x, lengths=LENGTHS)
    again = job.again(MACHINE, config(n_pe=2, elementwise_width=2))
    assert np.array_equal(again.inputs, job.inputs)
    assert np.array_equal(MACHINE.finish(config(), job).outputs,
                          MACHINE.finish(config(n_pe=2, elementwise_width=2), again).outputs)


@pytest.mark.parametrize("interpolation", ["linear", "nearest"])
def test_the_tables_error_is_the_largest_over_all_values(interpolation):
    rng = np.random.default_rng(10)
    layer = random_layer(rng, "lstm", N_IN, N_CELLS)
    own = config(activation_bits=10, table_interpolation=interpolation)
    x = utterance(rng, STEPS, 1, N_IN)
    judged = Values(own, layer, x)
    found = {(e.function, e.signal): e for e in table_errors(own, make_job(own, layer, x))}
    assert set(found) == {("sigmoid", "i"), ("sigmoid", "f"), ("sigmoid", "o"), ("tanh", "c"),
                          ("tanh", "cell")}
    for (function, signal), error in found.items():
        exact = np.tanh if function == "tanh" else lambda v: 1 / (1 + np.exp(-v))
        off = [judged.look_up(function, value, judged.frac[signal]) / 2.0**8
               - exact(value / 2.0 ** judged.frac[signal]) for value in range(-512, 512)]
        assert error.largest == pytest.approx(max(map(abs, off)))
        assert error.rms == pytest.approx(np.sqrt(np.mean(np.square(off))))
