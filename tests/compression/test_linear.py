"""Linear values: spacing, codes in two's complement, and both machines run them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from accelsim import Layer, Recipe, RecurrentLayer, compress, load_config, simulate
from accelsim.compression import compress_recurrent
from accelsim.errors import InputError
from accelsim.records.linear import LinearWeights


def weights(seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.3, (40, 24)).astype(np.float32)


@pytest.mark.parametrize("bits", range(2, 9))
def test_every_weight_becomes_the_nearest_of_evenly_spaced_values(bits: int) -> None:
    w = weights()
    packed = compress(Layer(w, name="fc"), Recipe(values="linear", weight_bits=bits))
    # The step: halved as long as the largest magnitude still fits.
    step, top = Fraction(1), Fraction(float(np.abs(w).max()))
    while (top / (step / 2) + Fraction(1, 2)) // 1 <= 2 ** (bits - 1) - 1:
        step /= 2
    decoded = packed.decoded().to_dense()
    for given, got in zip(w.ravel().tolist(), decoded.ravel().tolist(), strict=True):
        nearest = (Fraction(given) / step + Fraction(1, 2)) // 1
        assert Fraction(got) == max(nearest, -(2 ** (bits - 1))) * step
    assert packed.codebook[0] == 0
    # A code is the weight's two's complement.
    signed = np.where(packed.matrix.values >= 1 << (bits - 1),
                      packed.matrix.values.astype(int) - (1 << bits), packed.matrix.values)
    assert np.array_equal(signed * float(step), packed.codebook[packed.matrix.values])


def test_eie_runs_linear_codes_and_engines_agree() -> None:
    rng = np.random.default_rng(1)
    inputs = np.maximum(rng.normal(size=24), 0).astype(np.float32)
    layer = Layer(weights(), activations=inputs, bias=rng.normal(size=40).astype(np.float32))
    packed = compress(layer, Recipe(values="linear", density=0.4, weight_bits=6, bias="column"))
    config = load_config("eie", n_pe=4, weight_bits=6)
    runs = [simulate(config, packed, inputs, engine=e) for e in ("fast", "reference")]
    assert np.array_equal(runs[0].outputs, runs[1].outputs)
    assert runs[0].cycles == runs[1].cycles
    want = packed.decoded().to_dense() @ np.append(inputs, 1.0)
    assert np.abs(runs[0].outputs_float - np.maximum(want, 0)).max() < 0.01


def test_wide_linear_values_are_for_recurrent_layers() -> None:
    recipe = Recipe(values="linear", weight_bits=12)
    with pytest.raises(InputError, match="at most 8 bits; a recurrent layer's up to 16"):
        compress(Layer(weights()), recipe)
    layer = RecurrentLayer("linear", {"Wyx": weights()})
    got = compress_recurrent(layer, recipe).matrices["Wyx"]
    assert isinstance(got, LinearWeights)
    assert got.weight_bits == 12
    assert np.abs(got.decoded().to_dense() - weights()).max() <= 2.0 ** -(got.frac_bits + 1)


def test_codebooks_of_recurrent_layers_are_those_of_compress() -> None:
    layer = RecurrentLayer("linear", {"Wyx": weights()})
    recipe = Recipe(density=0.3, weight_bits=4, layers={"Wyx": {"density": 0.2}})
    got = compress_recurrent(layer, recipe).floats("Wyx")
    want = compress(Layer(weights(), name="Wyx"), recipe).decoded().to_dense()
    assert np.array_equal(got, want)
    assert len(np.unique(got)) <= 16
    assert np.count_nonzero(got) == round(0.2 * got.size)


@pytest.mark.parametrize(("settings", "says"), [
    ({"values": "liner"}, "did you mean 'linear'"),
    ({"values": "linear", "weight_bits": 17}, "2 to 16"),
    ({"weight_bits": 9}, "2 to 8"),
])
def test_bad_values_are_named(settings: dict[str, object], says: str) -> None:
    with pytest.raises(InputError, match=says):
        Recipe(**settings)


def test_a_recipe_for_a_matrix_that_is_not_there() -> None:
    layer = RecurrentLayer("linear", {"Wyx": weights()})
    with pytest.raises(InputError, match="no matrix is called 'Wxx'; did you mean 'Wyx'"):
        compress_recurrent(layer, Recipe(layers={"Wxx": {"density": 0.5}}))
    with pytest.raises(InputError, match="permute_rows"):
        compress_recurrent(layer, Recipe(permute_rows=4))
