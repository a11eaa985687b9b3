"""Pruning against sorting in plain Python."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from accelsim.compression.prune import prune
from accelsim.errors import InputError
from accelsim.records import CscMatrix

# Few different magnitudes, so that ties at the limit are common.
WEIGHTS = arrays(
    np.float32,
    array_shapes(min_dims=2, max_dims=2, max_side=12),
    elements=st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, 1e-40]),
)


def plain_kept(weights: np.ndarray, n_kept: int) -> set[tuple[int, int]]:
    """Places of the largest non-zeros, ties row by row."""
    places = [(i, j) for i in range(weights.shape[0]) for j in range(weights.shape[1])]
    ranked = sorted(places, key=lambda place: -abs(float(weights[place])))
    return {place for place in ranked[:n_kept] if weights[place] != 0}


def kept_places(matrix: CscMatrix) -> set[tuple[int, int]]:
    columns = np.repeat(np.arange(matrix.shape[1]), np.diff(matrix.column_starts))
    return set(zip(matrix.rows.tolist(), columns.tolist(), strict=True))


@settings(max_examples=300)
@given(weights=WEIGHTS, share=st.integers(0, 200))
def test_density_keeps_the_largest(weights: np.ndarray, share: int) -> None:
    density = share / 200
    expected = plain_kept(weights, (2 * share * weights.size + 200) // 400)
    sparse = CscMatrix.from_dense(weights)
    for given_as in (weights, np.asfortranarray(weights), weights.astype(np.float64), sparse):
        matrix = prune(given_as, density=density)
        assert kept_places(matrix) == expected
        assert np.array_equal(matrix.values, weights.T[matrix.to_dense().T != 0])
        assert matrix.values.dtype == np.float32


@settings(max_examples=200)
@given(weights=WEIGHTS, threshold=st.sampled_from([0.0, 0.4, 0.5, 0.7, 1.0, 3.0]))
def test_threshold_keeps_what_reaches_it(weights: np.ndarray, threshold: float) -> None:
    expected = np.where(np.abs(weights) >= threshold, weights, 0)
    for given_as in (weights, CscMatrix.from_dense(weights)):
        assert np.array_equal(prune(given_as, threshold=threshold).to_dense(), expected)


@settings(max_examples=100)
@given(weights=WEIGHTS)
def test_neither_keeps_every_non_zero(weights: np.ndarray) -> None:
    for given_as in (weights, CscMatrix.from_dense(weights)):
        matrix = prune(given_as)
        assert matrix.nnz == np.count_nonzero(weights)
        assert np.array_equal(matrix.to_dense(), weights)


def test_explicit_zeros_of_a_sparse_matrix_go() -> None:
    sparse = CscMatrix((2, 1), np.array([0, 2]), np.array([0, 1], np.int32), np.array([0.0, 3.0]))
    assert prune(sparse).rows.tolist() == [1]


def test_integers_are_weights_too() -> None:
    weights = np.array([[-128, 127, 0]], dtype=np.int8)
    assert prune(weights, density=1 / 3).values.tolist() == [-128.0]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"density": 1.5}, "density is 1.5; need 0 to 1"),
        ({"density": float("nan")}, "density is nan"),
        ({"threshold": -1.0}, "threshold is -1.0"),
        ({"threshold": float("inf")}, "threshold is inf"),
        ({"density": 0.5, "threshold": 0.5}, "not by both"),
    ],
)
def test_bad_settings_are_named(arguments: dict[str, float], text: str) -> None:
    with pytest.raises(InputError, match=text):
        prune(np.ones((2, 2)), **arguments)


@pytest.mark.parametrize(
    ("weights", "text"),
    [
        (np.array([[1e39]]), "too large for float32"),
        (np.array([[1j]]), "complex128; need real numbers"),
    ],
)
def test_bad_weights_are_named(weights: np.ndarray, text: str) -> None:
    with pytest.raises(InputError, match=text):
        prune(weights)
