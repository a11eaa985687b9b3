"""A network of layers means the same on every machine: weights, biases, ReLU, order."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from accelsim import load_machine
from accelsim.compression import Recipe, compress
from accelsim.compression.prepare import prepare, recipe_for
from accelsim.errors import InputError
from accelsim.machines import machine_of
from accelsim.network import calibrated, simulate_network
from accelsim.records import Layer
from accelsim.sources import open_work
from accelsim.workload import load_digits

LENET = Path("traces/lenet-300-100")
MACHINES = {"eie": {"capacity": "ignore"}, "ese": {"capacity": "ignore"}, "bbs": {}}


@pytest.mark.parametrize("name", MACHINES)
def test_real_digits_are_read_right(name):
    config = load_machine(name, **MACHINES[name])
    images, labels = load_digits(LENET / "digits.safetensors")
    opened = open_work(config, str(LENET / "pruned.safetensors"))
    if name == "eie":  # its binary points come from a calibration, the others' from each vector
        opened = replace(opened, layers=calibrated(opened.layers, images))
    opened = replace(opened, inputs=images[:40])
    right = 0
    for vector, label in zip(opened.runs(), labels, strict=False):
        last = simulate_network(config, opened.layers, vector)[0][-1]
        right += int(last.outputs_float.argmax()) == int(label)
    assert right >= 39


@pytest.mark.parametrize("relu", [True, False])
@pytest.mark.parametrize("stored", [True, False])
@pytest.mark.parametrize("name", ["ese", "bbs"])
def test_a_layer_keeps_its_bias_and_its_relu(name, stored, relu):
    """Against plain NumPy, in float to the quantisation; negative sums are there to be lost."""
    rng = np.random.default_rng(3)
    layer = Layer(rng.normal(size=(12, 9)).astype(np.float32), bias=rng.normal(size=12), relu=relu)
    work = compress(layer, Recipe(weight_bits=8)) if stored else layer
    config = load_machine(name, n_pe=4, **({"elementwise_width": 4} if name == "ese" else {}))
    machine = machine_of(config)
    x = rng.normal(size=9)
    made = prepare(work, machine.takes, recipe_for(config, machine.recipe))
    got = machine.finish(config, machine.job(config, made, x[None, None])).outputs_float.ravel()
    want = layer.weights @ x + layer.bias
    assert want.min() < -0.5
    assert np.abs(got - (np.maximum(want, 0) if relu else want)).max() < (0.2 if stored else 0.1)


@pytest.mark.parametrize("name", ["ese", "bbs"])
def test_a_file_s_rows_are_the_steps_of_a_recurrent_layer(name, tmp_path):
    """Each step costs the same, so twice the rows cost twice the cycles of steps."""
    config = load_machine(name)
    silero = open_work(config, "traces/silero-lstm")
    cycles = {}
    for steps in (2, 3, 4):
        rows = np.asarray(silero.inputs)[:steps, 0]
        runs = list(replace(silero, inputs=rows).runs())
        assert [run.shape for run in runs] == [(steps, 1, rows.shape[1])]
        machine = machine_of(config)
        cycles[steps] = machine.finish(
            config, machine.job(config, silero.layers[0], runs[0]), outputs=False).cycles
    assert cycles[4] - cycles[3] == cycles[3] - cycles[2] > 0


def test_what_a_recurrent_layer_cannot_take_is_refused():
    config = load_machine("ese", n_channels=2)
    silero = open_work(config, "traces/silero-lstm")
    with pytest.raises(InputError, match="4 channels of inputs, the machine has 2"):
        machine_of(config).job(config, silero.layers[0], next(silero.runs()))
    with pytest.raises(InputError, match="runs a sequence"):
        silero.with_inputs(0.5, 1)
