"""Work for any machine: what it takes decides, and the numbers stay those of the layer."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from accelsim.compression import Recipe, compress, compress_recurrent
from accelsim.compression.prepare import prepare, recipe_for, shaped_inputs
from accelsim.errors import InputError, UnsupportedError
from accelsim.records import CompressedLayer, Layer
from accelsim.records.linear import LinearWeights
from accelsim.records.recurrent import RecurrentLayer

RNG = np.random.default_rng(3)
WEIGHTS = RNG.normal(size=(6, 5)) * (RNG.random((6, 5)) < 0.6)
LAYER = Layer(WEIGHTS, bias=RNG.normal(size=6), name="fc")


def test_a_layer_is_compressed_where_that_is_taken() -> None:
    recipe = Recipe(weight_bits=5)
    packed = prepare(LAYER, (RecurrentLayer, CompressedLayer), recipe)
    assert isinstance(packed, CompressedLayer)
    assert packed.digest() == compress(LAYER, recipe).digest()
    assert prepare(packed, (CompressedLayer,)) is packed


def test_a_layer_is_one_matrix_elsewhere() -> None:
    recipe = Recipe(values="linear", weight_bits=12, layers={"fc": {"weight_bits": 9}})
    matrix = prepare(LAYER, (RecurrentLayer,), recipe)
    assert isinstance(matrix, RecurrentLayer)
    assert (matrix.kind, matrix.name) == ("linear", "fc")
    stored = matrix.matrices["Wyx"]
    assert isinstance(stored, LinearWeights)
    assert stored.digest() == LinearWeights.from_floats(WEIGHTS, 9).digest()
    assert np.array_equal(matrix.biases["by"], LAYER.bias)
    assert matrix.provenance["recipe"]["weight_bits"] == 9


@pytest.mark.parametrize("permute_rows", [None, 2])
def test_a_compressed_layer_keeps_its_weights_as_a_matrix(permute_rows: int | None) -> None:
    packed = compress(LAYER, Recipe(permute_rows=permute_rows, bias="column"))
    matrix = prepare(packed, (RecurrentLayer,))
    assert isinstance(matrix, RecurrentLayer)
    x = RNG.normal(size=5)
    wanted = packed.in_layer_order(packed.decoded().to_dense() @ np.append(x, 1.0))
    assert matrix.floats("Wyx") @ x + matrix.biases["by"] == pytest.approx(wanted)


def test_a_recurrent_layer_goes_to_who_takes_it() -> None:
    layer = RecurrentLayer("linear", {"Wyx": WEIGHTS}, name="r")
    recipe = Recipe(values="linear", density=0.2)
    ours, theirs = prepare(layer, [RecurrentLayer], recipe), compress_recurrent(layer, recipe)
    assert isinstance(ours, RecurrentLayer)
    assert np.array_equal(ours.floats("Wyx"), theirs.floats("Wyx"))
    for takes, says in (((CompressedLayer,), "takes CompressedLayer"), ((), "takes nothing yet")):
        with pytest.raises(UnsupportedError, match=f"r: a RecurrentLayer; this machine {says}"):
            prepare(layer, takes)


def test_a_layer_for_a_machine_of_other_work_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="fc: a Layer; this machine takes Layer; choose"):
        prepare(LAYER, (Layer,))


def test_a_row_order_is_not_for_one_matrix() -> None:
    with pytest.raises(InputError, match="permute_rows"):
        prepare(LAYER, (RecurrentLayer,), Recipe(permute_rows=2))


def test_a_recipe_follows_the_machine() -> None:
    config = SimpleNamespace(weight_bits=12, n_pe=4)
    recipe = recipe_for(config, {"values": "linear"}, density=0.5)
    assert recipe == Recipe(values="linear", weight_bits=12, density=0.5)
    assert recipe_for(SimpleNamespace(), {}) == Recipe()
    with pytest.raises(InputError, match="weight_bits is 12"):
        recipe_for(config, {"values": "linear"}, values="codebook")


def test_vectors_are_steps_of_one_channel() -> None:
    layer = RecurrentLayer("linear", {"Wyx": WEIGHTS})
    assert shaped_inputs(layer, np.ones(5)).shape == (1, 1, 5)
    assert shaped_inputs(layer, np.ones((3, 5))).shape == (3, 1, 5)
    assert shaped_inputs(layer, np.ones((3, 2, 5))).shape == (3, 2, 5)
    assert shaped_inputs(LAYER, np.ones((3, 5))).shape == (3, 5)
