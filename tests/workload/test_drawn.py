"""A shape by its name: as it says, the same everywhere, the weights whatever the inputs."""

import hashlib

import numpy as np
import pytest

from accelsim import load_layer, load_machine, simulate
from accelsim.machines import machine_of
from accelsim.sources import open_work
from accelsim.workload.drawn import parse_drawn

NAME = "random:200x150:density=0.25:activations=0.4"


def near(found, n, share):
    """Whether a count is within five standard deviations of a binomial's mean."""
    return abs(found - n * share) <= 5 * np.sqrt(n * share * (1 - share))


def test_a_layer_is_as_its_name_says():
    layer = load_layer(NAME)
    dense = layer.weights.to_dense()
    assert dense.shape == (200, 150)
    assert near(np.count_nonzero(dense), dense.size, 0.25)
    assert near(np.count_nonzero(layer.activations), 150, 0.4)
    assert layer.bias is None
    assert layer.name == NAME
    assert load_layer("random:9x7").weights.nnz == 63
    assert load_layer("random:9x7").activations is None
    assert load_layer("random:9x7:bias=yes").bias.shape == (9,)


def test_the_weights_are_the_same_with_other_inputs_and_in_any_spelling():
    layer = load_layer(NAME, seed=3)
    for other in ("random:200x150:activations=0.9:density=0.25", "random:200x150:density=.250",
                  "random:200x150:seed=3:density=0.25"):
        same = load_layer(other, seed=4 if "seed" in other else 3)
        assert np.array_equal(same.weights.values, layer.weights.values)
        assert np.array_equal(same.weights.rows, layer.weights.rows)
    assert not np.array_equal(load_layer(NAME, seed=4).weights.rows[:50], layer.weights.rows[:50])


def test_the_same_on_every_platform():
    layer = load_layer(NAME)
    parts = (layer.weights.column_starts.astype("<i8"), layer.weights.rows.astype("<i4"),
             layer.weights.values.astype("<f4"), layer.activations.astype("<f4"))
    digest = hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()
    assert digest[:16] == "35cd01eca6e45ebb"


@pytest.mark.parametrize(("text", "spelling"), [
    ("random:4x3", "random:4x3:density=1"),
    ("random:4x3:activations=1.0:density=1e-1", "random:4x3:density=0.1:activations=1"),
    ("random:4x3:bias=no:seed=0", "random:4x3:density=1:seed=0"),
    ("random:4x3:bias=yes:density=0.1234567890123", "random:4x3:density=0.1234567890123:bias=yes"),
    ("random:gru:4x3:steps=7", "random:gru:4x3:density=1:steps=7:channels=1"),
])
def test_one_spelling(text, spelling):
    drawn = parse_drawn(text)
    assert drawn.name == spelling
    assert parse_drawn(spelling) == drawn


@pytest.mark.parametrize(("kind", "gates"), [("lstm", 4), ("gru", 3)])
def test_a_recurrent_shape(kind, gates):
    name = f"random:{kind}:40x24:density=0.3:activations=0.5:steps=3:channels=2"
    layer, inputs = parse_drawn(name).recurrent(1)
    stored = [matrix.to_dense() for matrix in layer.matrices.values()]
    assert sorted(matrix.shape for matrix in stored) == [(40, 24)] * gates + [(40, 40)] * gates
    for matrix in stored:
        assert near(np.count_nonzero(matrix), matrix.size, 0.3)
    assert len({matrix.tobytes() for matrix in stored}) == len(stored)
    assert inputs.shape == (3, 2, 24)
    assert near(np.count_nonzero(inputs), inputs.size, 0.5)
    config = load_machine("ese")
    opened = open_work(config, name)
    utterance = next(opened.runs())
    fast, reference = (simulate(config, opened.layers[0], utterance, engine)
                       for engine in ("fast", "reference"))
    assert fast.cycles == reference.cycles > 0
    assert np.array_equal(fast.outputs, reference.outputs)


@pytest.mark.parametrize("machine", ["eie", "ese", "bbs"])
def test_every_machine_runs_a_shape(machine):
    config = load_machine(machine)
    opened = open_work(config, "random:64x48:density=0.5:activations=0.5")
    result = machine_of(config).finish(
        config, machine_of(config).job(config, opened.layers[0], next(opened.runs())))
    assert result.cycles > 0
