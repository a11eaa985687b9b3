"""`compress`: what the recipe promises holds for the compressed layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim import CompressedLayer, Layer, Recipe, __version__, compress
from accelsim.compression import calibrate, compress_network
from accelsim.errors import InputError
from accelsim.records import CscMatrix


def random_layer(seed: int, n_outputs: int, n_inputs: int, **more: Any) -> Layer:
    weights = np.random.default_rng(seed).standard_normal((n_outputs, n_inputs))
    return Layer(weights.astype(np.float32), **more)


def plain_partial_sums(packed: CompressedLayer, vectors: np.ndarray) -> float:
    """Every output's sum after every column, in Python floats; the largest magnitude."""
    dense = packed.decoded().to_dense()
    largest = 0.0
    for vector in vectors:
        drive = [*vector, 1.0] if packed.has_bias else list(vector)
        for row in dense:
            total = 0.0
            for weight, value in zip(row, drive, strict=True):
                total += float(weight) * float(value)
                largest = max(largest, abs(total))
    return largest


@settings(max_examples=150)
@given(
    seed=st.integers(0, 999), n_outputs=st.integers(1, 20), n_inputs=st.integers(1, 20),
    density=st.sampled_from([None, 0.0, 0.1, 0.5, 1.0]), weight_bits=st.integers(2, 8),
    index_bits=st.integers(2, 8), with_bias=st.booleans(), relu=st.booleans(),
)
def test_a_compressed_layer_is_what_the_recipe_says(
    seed: int, n_outputs: int, n_inputs: int, density: float | None, weight_bits: int,
    index_bits: int, with_bias: bool, relu: bool,
) -> None:
    rng = np.random.default_rng(seed + 1)
    bias = rng.standard_normal(n_outputs).astype(np.float32) if with_bias else None
    vectors = np.maximum(rng.standard_normal((3, n_inputs)), 0)
    layer = random_layer(seed, n_outputs, n_inputs, activations=vectors, bias=bias, relu=relu)
    recipe = Recipe(density=density, weight_bits=weight_bits, index_bits=index_bits, bias="column")
    packed = compress(layer, recipe)
    assert (packed.n_outputs, packed.n_inputs) == layer.shape
    assert (packed.weight_bits, packed.index_bits) == (weight_bits, index_bits)
    assert (packed.has_bias, packed.relu) == (with_bias, relu)
    assert (packed.matrix.values != 0).all()
    dense = packed.decoded().to_dense()
    weights = dense[:, :n_inputs]
    assert len(np.unique(weights[weights != 0])) <= 2**weight_bits - 1
    kept = packed.matrix.column_starts[n_inputs]
    wanted = weights.size if density is None else int(density * weights.size + 0.5)
    # A cluster whose mean is zero is pruned on top; with these weights there is none.
    assert kept == wanted
    if with_bias:
        distance = np.abs(dense[:, -1] - bias)
        every = np.abs(bias[:, None] - packed.codebook)
        assert np.allclose(distance, every.min(axis=1), rtol=1e-6)
        noted = packed.provenance["compression"]["bias_max_error"]
        assert noted == pytest.approx(distance.max())
    assert packed.input_max_abs == max(vectors.max(), 1.0 if with_bias else 0.0)
    assert packed.output_max_abs == pytest.approx(plain_partial_sums(packed, vectors), rel=1e-12)


def test_partial_sums_count_not_only_results() -> None:
    layer = Layer(np.array([[4.0, 4.0, -7.0]]), activations=np.ones(3))
    assert compress(layer).output_max_abs == 8.0


def test_the_bias_is_driven_by_one() -> None:
    small = np.full(4, 0.25)
    assert compress(random_layer(0, 3, 4, activations=small)).input_max_abs == 0.25
    assert compress(random_layer(0, 3, 4, activations=small, bias=small[:3])).input_max_abs == 1.0


def test_groups_of_vectors_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = np.random.default_rng(5).standard_normal((40, 11))
    layer = random_layer(5, 7, 11, activations=vectors, bias=np.ones(7))
    whole = compress(layer).output_max_abs
    monkeypatch.setattr(calibrate, "SUMS_AT_ONCE", 21)
    assert compress(layer).output_max_abs == whole


def test_dense_and_sparse_weights_give_the_same() -> None:
    layer = random_layer(6, 30, 40, bias=np.ones(30))
    sparse = Layer(CscMatrix.from_dense(layer.weights), bias=layer.bias)
    recipe = Recipe(density=0.2)
    assert compress(layer, recipe).digest() == compress(sparse, recipe).digest()


def test_no_activations_no_calibration() -> None:
    packed = compress(random_layer(0, 3, 4, bias=np.ones(3)))
    assert packed.input_max_abs is None
    assert packed.output_max_abs is None


def test_provenance_names_source_recipe_and_version() -> None:
    layer = random_layer(0, 3, 4, provenance={"seed": 0})
    packed = compress(layer, Recipe(weight_bits=3))
    assert packed.provenance["source"] == {"seed": 0}
    assert packed.provenance["recipe"]["weight_bits"] == 3
    assert packed.provenance["accelsim"] == __version__
    digests = {
        compress(changed).provenance["weights_sha256"]
        for changed in (
            layer,
            random_layer(1, 3, 4),
            Layer(layer.weights.T),
            Layer(layer.weights.astype(np.float64)),
            Layer(layer.weights, bias=np.ones(3)),
            Layer(CscMatrix.from_dense(layer.weights)),
        )
    }
    assert len(digests) == 6
    assert packed.provenance["weights_sha256"] in digests
    fortran = Layer(np.asfortranarray(layer.weights))
    assert compress(fortran).provenance["weights_sha256"] in digests


def test_settings_of_one_layer_win() -> None:
    layers = [random_layer(1, 10, 10, name="fc1"), random_layer(2, 10, 10, name="fc2")]
    recipe = Recipe(density=0.5, layers={"fc2": {"threshold": 1.0, "weight_bits": 5}})
    first, second = compress_network(layers, recipe)
    assert first.matrix.nnz == 50
    assert second.matrix.nnz == np.count_nonzero(np.abs(layers[1].weights) >= 1)
    assert (first.weight_bits, second.weight_bits) == (4, 5)
    assert second.provenance["recipe"]["density"] is None


@pytest.mark.parametrize(
    ("settings_", "text"),
    [
        ({"weight_bits": 9}, "weight_bits is 9; need an integer, 2 to 8"),
        ({"weight_bits": 4.0}, "weight_bits is 4.0"),
        ({"index_bits": 0}, "index_bits is 0"),
        ({"density": 1.01}, "density is 1.01; need a number from 0 to 1"),
        ({"density": "half"}, "density is 'half'"),
        ({"density": float("nan")}, "density is nan"),
        ({"threshold": -0.1}, "threshold is -0.1"),
        ({"density": 0.1, "threshold": 0.1}, "density or threshold, not both"),
        ({"init": "liner"}, "init is 'liner'; did you mean 'linear'?"),
        ({"seed": -1}, "seed is -1"),
        ({"max_iterations": 0}, "max_iterations is 0"),
        ({"layers": {"fc1": 3}}, "layers must be like"),
        ({"layers": {"fc1": {"densty": 0.1}}}, "unknown setting 'densty'; did you mean 'density'?"),
        ({"layers": {"fc1": {"density": 7}}}, "density is 7"),
    ],
)
def test_bad_recipes_are_named(settings_: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError) as caught:
        Recipe(**settings_)
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (random_layer(0, 2, 2, bias=np.array([1e39, 0])), "bias is too large"),
        (random_layer(0, 2, 2, activations=np.zeros((0, 2))), "hold no vector"),
        (Layer(np.array([[1e39]])), "too large for float32"),
    ],
)
def test_bad_layers_are_named(layer: Layer, text: str) -> None:
    with pytest.raises(InputError, match=text):
        compress(layer)


def test_settings_for_a_layer_that_is_not_there() -> None:
    with pytest.raises(InputError, match="no layer is called 'fc1'"):
        compress_network([random_layer(0, 2, 2)], Recipe(layers={"fc1": {"density": 0.1}}))
