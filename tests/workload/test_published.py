"""The nine published layers: shapes, densities within what chance allows, the same everywhere."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pytest

from accelsim.errors import InputError
from accelsim.records import CscMatrix, Layer
from accelsim.workload import load_layer, published_layers, random_layer, synthetic_layer

# Han et al., ISCA 2016, Table III: inputs, outputs, weight and activation density in percent.
TABLE_3 = {
    "alex-6": (9216, 4096, 9, 35.1),
    "alex-7": (4096, 4096, 9, 35.3),
    "alex-8": (4096, 1000, 25, 37.5),
    "vgg-6": (25088, 4096, 4, 18.3),
    "vgg-7": (4096, 4096, 4, 37.5),
    "vgg-8": (4096, 1000, 23, 41.1),
    "nt-we": (4096, 600, 10, 100),
    "nt-wd": (600, 8791, 11, 100),
    "nt-lstm": (1201, 2400, 10, 100),
}
# Made on x86-64 Linux with NumPy 2.4; only a change of the recipe may change it.
PINNED = "f8a9523bc351189165b20718be65e012705694becbbbfaceb0d878db77ca73bf"


def matrix(layer: Layer) -> CscMatrix:
    assert isinstance(layer.weights, CscMatrix)
    return layer.weights


def within_chance(count: int, n: int, density: float) -> bool:
    """Within five standard deviations of a binomial count."""
    return abs(count - n * density) <= 5 * math.sqrt(n * density * (1 - density))


def test_the_nine_names_in_the_order_of_the_table() -> None:
    assert list(published_layers()) == list(TABLE_3)


@pytest.mark.parametrize("name", TABLE_3)
def test_shape_and_densities(name: str) -> None:
    n_inputs, n_outputs, weight_percent, activation_percent = TABLE_3[name]
    layer = synthetic_layer(name)
    weights = matrix(layer)
    assert layer.shape == (n_outputs, n_inputs)
    assert layer.bias is None
    assert weights.values.dtype == np.float32
    assert np.all(weights.values != 0)
    assert within_chance(weights.nnz, n_inputs * n_outputs, weight_percent / 100)
    assert layer.activations is not None
    if activation_percent == 100:
        assert np.array_equal(layer.activations, np.ones(n_inputs, dtype=np.float32))
    else:
        assert layer.activations.min() == 0
        live = int(np.count_nonzero(layer.activations))
        assert within_chance(live, n_inputs, activation_percent / 100)


def test_positions_are_independent() -> None:
    """Rows and columns fill like a binomial; zeros before an entry like a geometric."""
    weights = matrix(random_layer((1000, 2000), 0.1, 0.5))
    dense = weights.to_dense() != 0
    for counts, n in ((dense.sum(axis=0), 1000), (dense.sum(axis=1), 2000)):
        assert counts.var() == pytest.approx(n * 0.1 * 0.9, rel=0.15)
    positions = np.flatnonzero(dense.T.ravel())
    gaps = np.diff(positions) - 1
    for longest in (0, 5, 16):
        share = float(np.mean(gaps >= longest))
        assert share == pytest.approx(0.9**longest, abs=0.005)


def test_values_as_after_magnitude_pruning() -> None:
    """No weight in the dead zone, whose edge is the normal's 90 % quantile; both signs alike."""
    weights = matrix(random_layer((500, 400), 0.1, 0.5)).values / np.float32(1 / 20)
    edge = 1.6449  # of a standard normal: 10 % of the magnitudes lie above
    assert np.abs(weights).min() == pytest.approx(edge, abs=1e-3)
    assert np.mean(np.abs(weights) > 1.9600) == pytest.approx(0.5, abs=0.02)
    assert np.mean(weights > 0) == pytest.approx(0.5, abs=0.02)


def test_activations_are_half_normal() -> None:
    live = random_layer((1, 40000), 0.1, 0.5).activations
    assert live is not None
    live = live[live != 0]
    assert live.min() > 0
    assert np.mean(live > 0.6745) == pytest.approx(0.5, abs=0.02)
    assert np.mean(live**2) == pytest.approx(1, abs=0.05)


def test_the_same_bits_on_every_platform() -> None:
    layer = random_layer((37, 53), 0.2, 0.4, seed=7, bias=True, name="pinned")
    weights = matrix(layer)
    digest = hashlib.sha256()
    for array, dtype in (
        (weights.column_starts, "<i8"), (weights.rows, "<i4"), (weights.values, "<f4"),
        (layer.activations, "<f4"), (layer.bias, "<f4"),
    ):
        digest.update(np.asarray(array, dtype=dtype).tobytes())
    assert digest.hexdigest() == PINNED


def test_seed_and_name_choose_the_numbers() -> None:
    first, again, other = (matrix(synthetic_layer("nt-we", seed)) for seed in (1, 1, 2))
    assert np.array_equal(first.rows, again.rows)
    assert np.array_equal(first.values, again.values)
    assert first.nnz != other.nnz
    renamed = matrix(random_layer((600, 4096), 0.1, 1.0, activations="ones", name="other"))
    assert renamed.nnz != first.nnz


def test_provenance_has_seed_and_recipe() -> None:
    provenance = load_layer("vgg-8", seed=3).provenance
    assert provenance["seed"] == 3
    assert provenance["weight_density"] == 0.23
    assert "Table III" in provenance["published"]


@pytest.mark.parametrize("density", [0.0, 1.0])
def test_empty_and_full(density: float) -> None:
    layer = random_layer((9, 5), density, density)
    assert matrix(layer).nnz == 45 * density
    assert layer.activations is not None
    assert np.count_nonzero(layer.activations) == 5 * density


def test_longer_than_one_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the draws are cut must not show in the matrix."""
    whole = matrix(random_layer((31, 40), 0.3, 0.5))
    monkeypatch.setattr("accelsim.workload.synthetic._CHUNK_WORDS", 50)
    cut = matrix(random_layer((31, 40), 0.3, 0.5))
    assert np.array_equal(whole.to_dense(), cut.to_dense())


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"shape": (0, 4)}, "shape is 0 x 4"),
        ({"shape": (1 << 20, 1 << 20)}, "at most 2\\*\\*34"),
        ({"weight_density": 1.5}, "density is 1.5"),
        ({"activation_density": float("nan")}, "density is nan"),
        ({"seed": -1}, "seed is -1"),
        ({"activations": "ones"}, "need 'relu', or 'ones' at density 1"),
        ({"activations": "tanh"}, "activations='tanh'"),
    ],
)
def test_a_bad_number_is_one_line(change: dict[str, object], text: str) -> None:
    good: dict[str, object] = {"shape": (4, 4), "weight_density": 0.5, "activation_density": 0.5}
    with pytest.raises(InputError, match=text) as caught:
        random_layer(**(good | change))  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_an_unknown_name_proposes_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'alex-7'"):
        synthetic_layer("alex7")
    with pytest.raises(InputError, match="did you mean 'alex-7'"):
        load_layer("alex7")
    with pytest.raises(InputError, match="leave out the layer's name, 'fc1'"):
        load_layer("alex-7", name="fc1")
