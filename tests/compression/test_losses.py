"""What is lost is told in one line: with a figure and a remedy, in records, warnings, commands."""

import json
import sys
import warnings

import numpy as np
import pytest

import accelsim
from accelsim import Layer, LossWarning, Recipe, compress
from accelsim.machines import load_config
from accelsim.network import simulate_network
from accelsim.records import BinaryPoints
from accelsim.records.losses import of_quantising, told_once
from accelsim.workload import load_network

RNG = np.random.default_rng(5)
WEIGHTS = ((RNG.random((30, 50)) < 0.4) * RNG.normal(size=(30, 50)) * 0.01).astype(np.float32)
INPUTS = np.abs(RNG.normal(size=50)) + 0.1


def lost(packed):
    return {loss.what: loss for loss in packed.losses}


def quiet(layer, recipe=None):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LossWarning)
        return compress(layer, recipe)


def test_a_bias_of_three_beside_weights_of_a_hundredth():
    layer = Layer(WEIGHTS, INPUTS, np.full(30, 3.0), name="fc")
    with pytest.warns(LossWarning, match=r"fc: .*3 is 0\.0.*99% .*bias='accumulator'") as told:
        packed = compress(layer, Recipe(bias="column"))
    assert len(told) == 1
    assert "\n" not in str(told[0].message)
    assert told[0].filename == __file__
    numbers = lost(packed)["biases do not fit the codebook"].numbers
    assert numbers["bias"] == 3.0
    assert abs(numbers["becomes"] - WEIGHTS.max()) < 0.02
    assert numbers["share"] == pytest.approx(1 - numbers["becomes"] / 3)
    with pytest.warns(LossWarning, match="moved to the accumulators"):
        assert compress(layer).bias is not None


def test_what_loses_nothing_says_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for bias in (None, np.full(30, 3.0)):
            packed = compress(Layer(WEIGHTS, INPUTS, bias), Recipe(bias="accumulator"))
            assert packed.losses == ()
            result = accelsim.simulate("eie", packed, INPUTS)
            assert result.losses == ()
        for layer in load_network("traces/lenet-300-100/pruned.safetensors").layers:
            assert compress(layer).losses == ()


def test_weights_that_round_to_zero_are_counted():
    weights = np.array([[1.0, 0.2, 0.04], [0.0, -1.0, 0.06]], np.float32)
    loss = lost(quiet(Layer(weights), Recipe(values="linear", weight_bits=4)))[
        "weights round to zero"]
    assert loss.numbers["count"] == 2  # half of the step of 1/4 is 1/8; 0.2 stays
    assert loss.numbers["largest"] == pytest.approx(0.06)


def test_codes_that_no_weight_has():
    """One weight far from all others: a linear start leaves nearly all codes empty."""
    weights = RNG.normal(size=(20, 20)).astype(np.float32) * 0.01
    weights[0, 0] = 1000
    loss = lost(quiet(Layer(weights)))["fewer shared values than codes"]
    assert loss.numbers["used"] < 8
    assert not quiet(Layer(weights), Recipe(init="density")).losses


def test_numbers_below_float32():
    weights = np.array([[1e-50, 2.0], [1.0, 1e-300]])
    loss = lost(quiet(Layer(weights)))["weights below float32"]
    assert loss.numbers == {"count": 2, "largest": 1e-50}
    assert not quiet(Layer(weights), Recipe(density=0.5)).losses, "the smallest are pruned anyway"
    assert "biases below float32" in lost(quiet(Layer(WEIGHTS, None, np.full(30, 1e-60))))


def test_inputs_beyond_the_calibration_are_counted():
    packed = compress(Layer(WEIGHTS, INPUTS))
    beyond = np.where(np.arange(50) < 7, 40.0, INPUTS)
    loss = lost(accelsim.simulate("eie", packed, beyond))["inputs clipped"]
    assert (loss.numbers["count"], loss.numbers["largest"]) == (7, 40.0)
    assert loss.numbers["limit"] < 40


def test_inputs_too_small_for_the_width():
    packed = compress(Layer(WEIGHTS, INPUTS))
    tiny = np.where(np.arange(50) < 9, 1e-9, INPUTS)
    loss = lost(accelsim.simulate("eie", packed, tiny))["inputs round to zero"]
    assert loss.numbers["count"] == 9


def test_sums_that_saturate():
    packed = compress(Layer(WEIGHTS * 100, INPUTS))
    points = BinaryPoints(12, 10, 15)
    result = accelsim.simulate("eie", packed, INPUTS, binary_points=points)
    loss = lost(result)["sums clipped"]
    assert loss.numbers["count"] == int(result.counters.saturations.sum()) > 0


def test_biases_beyond_the_accumulators():
    packed = compress(Layer(WEIGHTS, INPUTS, np.full(30, 3.0)), Recipe(bias="accumulator"))
    result = accelsim.simulate("eie", packed, INPUTS, binary_points=BinaryPoints(15, 12, 15))
    assert lost(result)["biases clipped"].numbers["count"] == 30


def test_activations_that_the_next_layer_clips():
    first = compress(Layer(WEIGHTS, INPUTS, name="a"))
    second = compress(Layer(WEIGHTS[:, :30], np.ones(30) * 1e-4, name="b"))
    config = load_config("eie", accumulator_bits=24)
    ((one, two),) = simulate_network(config, [first, second], INPUTS)
    (loss,) = one.losses
    assert (loss.what, loss.where) == ("activations clipped", "b")
    limit = 32767 / 2**two.frac_bits["input"]
    assert loss.numbers["count"] == np.count_nonzero(one.outputs_float > limit) > 0
    assert loss.numbers["largest"] == pytest.approx(one.outputs_float.max(), rel=1e-4)


def test_shared_weights_on_a_narrow_machine():
    packed = compress(Layer(WEIGHTS, INPUTS))
    narrow = load_config("eie", weight_value_bits=4)
    found = lost(accelsim.simulate(narrow, packed, INPUTS))
    step = found["shared weights round to zero"].numbers["step"]
    small = (np.abs(packed.codebook) < step / 2) & (packed.codebook != 0)
    assert found["shared weights round to zero"].numbers["count"] == np.count_nonzero(small)
    assert found["shared weights merge"].numbers["left"] < found[
        "shared weights merge"].numbers["values"]


@pytest.mark.parametrize(("values", "count"), [
    ([1.0, 1.984375, -2.0], 0), ([1.9921875], 1), ([-2.005], 0), ([-2.008], 1), ([5, -5, 0], 2),
])
def test_what_is_clipped_is_what_quantising_changes(values, count):
    """8 bits, 6 behind the point: -2 to 127/64; halves round up, so 127.5 is beyond."""
    array = np.array(values)
    integers = np.clip(np.floor(array * 64 + 0.5), -128, 127).astype(np.int64)
    found = of_quantising(array, integers, 8, 6, "inputs", "x", "none")
    assert [loss.numbers["count"] for loss in found] == ([count] if count else [])


def test_of_several_runs_the_largest_is_told():
    few, many = (accelsim.Loss("inputs clipped", "fc", str(n), "r", {"count": n}) for n in (1, 5))
    assert told_once([few, many, few]) == [many]


def command(capsys, monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["accelsim", *map(str, arguments)])
    from accelsim.cli import main

    with pytest.raises(SystemExit) as leave:
        main()
    assert leave.value.code == 0
    return capsys.readouterr()


def test_commands_tell_each_in_one_line(capsys, monkeypatch, tmp_path):
    file, store = tmp_path / "net.npz", tmp_path / "net.safetensors"
    np.savez(file, **{"fc.weight": WEIGHTS, "fc.bias": np.full(30, 3.0, np.float32)})
    out, err = command(capsys, monkeypatch, "compress", file, "-o", store, "--json")
    assert err.count("\n") == 1
    assert err.startswith("accelsim: warning: fc: biases moved to the accumulators: ")
    assert [loss["where"] for loss in json.loads(out)["losses"]] == ["fc"]
    out, again = command(capsys, monkeypatch, "simulate", store, "--activation-density", "0.5",
                         "--json")
    assert again == err, "a file keeps what was lost"
    (told,) = json.loads(out)["layers"]
    assert told["counters"]["bias_cycles"] == 2
    assert told["losses"][0]["numbers"]["bias"] == 3.0
    out, err = command(capsys, monkeypatch, "simulate", file, "--activation-density", "0.5",
                       "--bias", "accumulator", "--json")
    assert (err, json.loads(out)["layers"][0]["losses"]) == ("", [])
