"""Fixed-point LSTM and GRU against a NumPy float oracle that shares no code with them."""

import numpy as np
import pytest

from accelsim import simulate_recurrent
from accelsim.lowering.float_run import run_float
from accelsim.machines import EseConfig, load_as
from tests.ese import oracle
from tests.ese.layers import random_layer, utterance

OPTIONS = {
    "lstm": {},
    "lstm peepholes projection": {"peepholes": True, "n_out": 7},
    "lstm peepholes": {"peepholes": True},
    "lstm projection": {"n_out": 5},
    "lstm as ESE prints it": {"peepholes": True, "n_out": 7, "cell_activation": "sigmoid"},
    "lstm without biases": {"biases": False},
    "gru": {"kind": "gru"},
    "gru reset before": {"kind": "gru", "reset_after": False},
    "linear": {"kind": "linear"},
}


def config(**settings):
    return load_as(EseConfig, "ese", **{"n_pe": 4, "n_channels": 3, **settings})


def expected(layer, x):
    weights, biases = dict(layer.matrices), dict(layer.biases)
    channels = []
    for channel in range(x.shape[1]):
        one = x[:, channel]
        if layer.kind == "lstm":
            squash = oracle.sigmoid if layer.cell_activation == "sigmoid" else np.tanh
            y = oracle.lstm(weights, biases, dict(layer.peepholes), one, layer.n_cells,
                            layer.n_outputs, squash)
        elif layer.kind == "gru":
            y = oracle.gru(weights, biases, one, layer.n_cells, layer.reset_after)
        else:
            y = one @ weights["Wyx"].T + biases["by"]
        channels.append(y)
    return np.stack(channels, axis=1)


@pytest.mark.parametrize("name", OPTIONS)
def test_float_model_equals_the_oracle(name):
    rng = np.random.default_rng(3)
    layer = random_layer(rng, **OPTIONS[name])
    x = utterance(rng, 15, 3, layer.n_inputs)
    assert np.allclose(run_float(layer, x).outputs, expected(layer, x), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", OPTIONS)
def test_fixed_point_stays_close_to_float(name):
    rng = np.random.default_rng(5)
    layer = random_layer(rng, **OPTIONS[name])
    x = utterance(rng, 15, 3, layer.n_inputs)
    wide = config(weight_bits=16, sigmoid_input_max=8.0, tanh_input_max=8.0, table_samples=4096)
    got = simulate_recurrent(wide, layer, x, "functional").outputs_float
    want = expected(layer, x)
    assert np.abs(got - want).max() < 0.003 * np.abs(want).max()


def test_fewer_weight_bits_and_coarser_tables_cost_accuracy():
    rng = np.random.default_rng(7)
    layer = random_layer(rng, n_cells=32, n_out=16, peepholes=True)
    x = utterance(rng, 20, 2, layer.n_inputs)
    want = expected(layer, x)

    def error(**settings):
        result = simulate_recurrent(config(**settings), layer, x, "functional")
        return np.sqrt(np.mean((result.outputs_float - want) ** 2))

    assert error(weight_bits=4) > 3 * error(weight_bits=8) > 6 * error(weight_bits=12)
    assert error(table_interpolation="nearest") > 3 * error()
    assert error(activation_bits=8, accumulator_bits=8) > 5 * error()


def test_binary_points_keep_every_signal_in_range():
    rng = np.random.default_rng(11)
    layer = random_layer(rng, n_out=7, peepholes=True, scale=2.0)
    x = utterance(rng, 30, 3, layer.n_inputs)
    result = simulate_recurrent(config(), layer, x, "functional")
    for signal, top in run_float(layer, x).largest.items():
        assert top * 2.0 ** result.frac_bits[signal] <= 2**15
    assert np.abs(result.outputs).max() < 2**15


def test_saturations_are_counted_when_a_binary_point_is_too_far_left():
    rng = np.random.default_rng(13)
    layer = random_layer(rng)
    x = utterance(rng, 5, 2, layer.n_inputs)
    good = simulate_recurrent(config(), layer, x, "functional")
    points = {**good.frac_bits, "i": 15}
    bad = simulate_recurrent(config(), layer, x, "functional", frac_bits=points)
    assert bad.operations["saturations"] > good.operations["saturations"]
