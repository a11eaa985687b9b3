"""What a type of number means is said by the caller: integers are numbers, unless they are said to
be fixed point."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import accelsim
from accelsim.api import make_job
from accelsim.errors import InputError, UnsupportedError
from accelsim.fixedpoint import quantise
from accelsim.machines import get_machine, machine_of
from accelsim.machines.plugins import load_plugin, unload
from accelsim.network import calibrated, network_job, network_outputs, simulate_network
from accelsim.records import BinaryPoints
from accelsim.records.job import Job
from accelsim.records.recurrent import RecurrentLayer

WEIGHTS = np.array([[0.5, 0.25, 0, 1], [0, 0.5, 0.5, 0.25]], dtype=np.float32)
PIXELS = np.array([2, 4, 6, 8], dtype=np.uint8)
SUMS = WEIGHTS.astype(float) @ PIXELS  # 10 and 7
LINEAR = RecurrentLayer("linear", {"Wyx": WEIGHTS})
MACHINES = ("eie", "ese", "bbs")
TYPES = (np.uint8, np.int16, np.int64, np.uint64, np.float16, np.float32, np.float64, ">i4")


def work_and_inputs(machine: str, values: Any) -> tuple[Any, Any]:
    if machine == "eie":
        return accelsim.compress(accelsim.Layer(WEIGHTS, relu=False)), values
    return LINEAR, np.asarray(values)[None]


@pytest.mark.parametrize("machine", MACHINES)
def test_a_number_is_the_same_in_every_type(machine: str) -> None:
    results = []
    for kind in TYPES:
        work, inputs = work_and_inputs(machine, PIXELS.astype(kind))
        results.append(accelsim.simulate(machine, work, inputs, "functional"))
    for result in results:
        assert np.allclose(result.outputs_float.ravel(), SUMS, rtol=1e-3)
        assert np.array_equal(result.outputs, results[0].outputs)
        assert result.frac_bits == results[0].frac_bits


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("engine", ["functional", "reference", "fast"])
def test_fixed_point_is_said(machine: str, engine: str) -> None:
    """The integers that quantising would give, given as integers, are the same run."""
    work, values = work_and_inputs(machine, PIXELS.astype(float) / 4)
    config = accelsim.load_machine(machine)
    want = accelsim.simulate(config, work, values, engine)
    point = want.frac_bits["x" if machine == "ese" else "input"]
    integers = quantise(values, config.activation_bits, point)
    options: dict[str, Any] = (
        {"binary_points": BinaryPoints(*(want.frac_bits[s] for s in ("weight", "input", "output")))}
        if machine == "eie" else
        {"frac_bits": {k: v for k, v in want.frac_bits.items() if k != "weight" and not (
            machine == "ese" and k == "output")}})
    got = accelsim.simulate(config, work, integers, engine, fixed_point=True, **options)
    assert np.array_equal(got.outputs, want.outputs)
    assert (got.cycles if engine != "functional" else 0) == (
        want.cycles if engine != "functional" else 0)
    with pytest.raises(InputError, match="no binary point here"):
        accelsim.simulate(config, work, integers, engine, fixed_point=True)
    with pytest.raises(InputError, match="are said to be fixed point; give integers"):
        accelsim.simulate(config, work, values, engine, fixed_point=True, **options)
    with pytest.raises(InputError, match=f"{config.activation_bits} bits hold"):
        accelsim.simulate(config, work, integers + 40000, engine, fixed_point=True, **options)


def test_calibration_is_a_binary_point() -> None:
    values = PIXELS.astype(float)
    for machine, signal in (("ese", "x"), ("bbs", "input")):
        config = accelsim.load_machine(machine)
        want = accelsim.simulate(config, LINEAR, values[None], calibration=values[None])
        integers = quantise(values[None], config.activation_bits, want.frac_bits[signal])
        got = accelsim.simulate(config, LINEAR, integers, calibration=values[None],
                                fixed_point=True)
        assert np.array_equal(got.outputs, want.outputs)


def test_a_job_given_again_keeps_what_was_said() -> None:
    packed = accelsim.compress(accelsim.Layer(WEIGHTS, activations=PIXELS))
    config = accelsim.load_machine("eie", n_pe=2)
    job = make_job(config, packed, [100, 0, -7, 3], fixed_point=True)
    assert job.activations.tolist() == [100, 0, -7, 3]
    wider = accelsim.load_machine("eie", n_pe=4)
    assert job.again(machine_of(wider), wider).activations.tolist() == [100, 0, -7, 3]


def test_layers_in_sequence() -> None:
    """Integers in the first layer's binary point, as floats or as fixed point: one network."""
    rng = np.random.default_rng(7)
    layers = [accelsim.Layer(rng.normal(size=shape).astype(np.float32), name=name)
              for name, shape in (("a", (6, 4)), ("b", (3, 6)))]
    vectors = rng.normal(size=(5, 4)) * 3
    packed = calibrated([accelsim.compress(layer) for layer in layers], vectors)
    config = accelsim.load_machine("eie")
    point = network_job(config, packed, vectors[0], 0).frac_bits["input"]
    integers = quantise(vectors, config.activation_bits, point)
    want = network_outputs(config, packed, vectors)
    assert np.array_equal(network_outputs(config, packed, integers, fixed_point=True), want)
    runs = simulate_network(config, packed, integers, fixed_point=True)
    assert np.array_equal([run[-1].outputs for run in runs], want)
    second = network_job(config, packed, vectors[2], 1)
    same = network_job(config, packed, integers[2], 1, fixed_point=True)
    assert np.array_equal(same.activations, second.activations)
    bare = [accelsim.compress(layer) for layer in layers]
    with pytest.raises(InputError, match="fixed-point inputs have no binary point"):
        simulate_network(config, bare, integers, fixed_point=True)


def test_integers_beyond_the_range_are_told() -> None:
    """As up to version 0.1, when they were taken as fixed point: one line says what changed."""
    packed = accelsim.compress(accelsim.Layer(WEIGHTS, activations=PIXELS / 8))
    with pytest.warns(UserWarning, match=r"are numbers, from 0 to 1722; .* say fixed_point=True"):
        accelsim.simulate("eie", packed, [1722, 0, 0, 0])


def test_a_plug_in_that_guesses_is_given_floats() -> None:
    """As plug-ins of the last version may do, which took integers for fixed point."""
    given: list[Any] = []

    def guesses(config: Any, work: Any, inputs: Any) -> Job:
        given.append(inputs.dtype.kind)
        return Job(name=work.name)

    machine = replace(get_machine("eie"), make_job=guesses)
    packed = accelsim.compress(accelsim.Layer(WEIGHTS, activations=PIXELS))
    for values in (PIXELS, PIXELS > 3, PIXELS.astype(np.float16)):
        machine.job(accelsim.load_machine("eie"), packed, values)
    assert given == ["f", "f", "f"]


def test_a_machine_without_fixed_point_says_so() -> None:
    plugin = Path(__file__).parent / "plugins" / "dense.py"
    loaded = load_plugin(plugin)
    packed = accelsim.compress(accelsim.Layer(WEIGHTS, relu=False, activations=PIXELS))
    config = accelsim.load_machine("dense")
    assert np.allclose(accelsim.simulate(config, packed, PIXELS).outputs_float, SUMS, rtol=1e-3)
    with pytest.raises(UnsupportedError, match="takes no fixed-point inputs"):
        accelsim.simulate(config, packed, PIXELS, fixed_point=True)
    unload(loaded.name)
