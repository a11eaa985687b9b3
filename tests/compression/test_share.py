"""Weight sharing against k-means in plain Python fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.compression.share import Init, share


@st.composite
def numerators(draw: st.DrawFn) -> list[int]:
    """Weights in units of 1/1024: in the package's integers and in fractions the same numbers.

    In the narrow ranges many weights lie right between two centroids.
    """
    top = draw(st.sampled_from([20, 40, 300, 3000]))
    size = draw(st.integers(1, 150))
    drawn = np.random.default_rng(draw(st.integers(0, 2**32))).integers(-top, top, size)
    return [int(n) + (n >= 0) for n in drawn]


def nearest(value: Fraction, centroids: list[Fraction]) -> int:
    """The lower of two equally near; of equal ones the first, but the last for what is above."""
    best = min(centroids, key=lambda centroid: (abs(value - centroid), centroid))
    equal = [i for i, centroid in enumerate(centroids) if centroid == best]
    return equal[-1] if value > best else equal[0]


def slow_kmeans(values: list[Fraction], centroids: list[Fraction], limit: int) -> tuple[
    list[Fraction], list[int]
]:
    """Lloyd's iteration, every value measured against every centroid."""
    clusters: list[int] = []
    for _ in range(limit):
        before, clusters = clusters, [nearest(value, centroids) for value in values]
        if clusters == before:
            break
        for i in range(len(centroids)):
            members = [v for v, cluster in zip(values, clusters, strict=True) if cluster == i]
            if members:
                centroids[i] = sum(members, Fraction(0)) / len(members)
    return centroids, [nearest(value, centroids) for value in values]


def linear_start(values: list[Fraction], k: int) -> list[Fraction]:
    low, high = min(values), max(values)
    return [low + (high - low) * Fraction(i, k - 1) for i in range(k)]


def density_start(values: list[Fraction], k: int) -> list[Fraction]:
    """Where the share of values up to there passes (i + 1/2) / k."""
    ranked = sorted(values)
    return [ranked[int(Fraction(2 * i + 1, 2 * k) * len(ranked))] for i in range(k)]


def to_float32(value: Fraction) -> np.float32:
    return np.float32(value.numerator / value.denominator)


@settings(max_examples=400)
@given(
    weights=numerators(),
    weight_bits=st.integers(2, 4),
    init=st.sampled_from(["linear", "density"]),
    limit=st.sampled_from([1, 2, 3, 1000]),
)
def test_clusters_are_the_slow_oracles(
    weights: list[int], weight_bits: int, init: Init, limit: int
) -> None:
    k = (1 << weight_bits) - 1
    values = [Fraction(n, 1024) for n in weights]
    found = share(np.array(weights, np.float32) / 1024, weight_bits, init, max_iterations=limit)
    if len(set(values)) <= k:
        return  # not clustered; see below
    start = {"linear": linear_start, "density": density_start}[init](values, k)
    centroids, clusters = slow_kmeans(values, start, limit)
    assert found.codebook[0] == 0
    assert found.codebook[1:].tolist() == [to_float32(centroid) for centroid in centroids]
    expected = [0 if centroids[i] == 0 else i + 1 for i in clusters]
    assert found.codes.tolist() == expected


@settings(max_examples=200)
@given(weights=numerators(), seed=st.integers(0, 2**63 - 1), weight_bits=st.integers(2, 8))
def test_a_random_start_ends_at_a_fixed_point(
    weights: list[int], seed: int, weight_bits: int
) -> None:
    values = np.array(weights, np.float32) / 1024
    found = share(values, weight_bits, "random", seed)
    again = share(values, weight_bits, "random", seed)
    assert np.array_equal(found.codes, again.codes)
    assert np.array_equal(found.codebook, again.codebook)
    assert found.converged
    for code in set(found.codes.tolist()) - {0}:
        assert found.codebook[code] == np.float32(values[found.codes == code].mean(dtype=float))


def test_random_starts_differ() -> None:
    values = np.random.default_rng(0).standard_normal(3000).astype(np.float32)
    books = {share(values, 4, "random", seed).codebook.tobytes() for seed in range(5)}
    assert len(books) > 1


@settings(max_examples=200)
@given(
    kinds=st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False).filter(bool),
                   min_size=1, max_size=15, unique=True),
    seed=st.integers(0, 99),
)
def test_few_values_are_kept_exactly(kinds: list[float], seed: int) -> None:
    values = np.random.default_rng(seed).choice(np.array(kinds, np.float32), 60)
    found = share(values, 4)
    assert np.array_equal(found.codebook[found.codes], values)
    assert (found.codes > 0).all()
    assert found.iterations == 0


def test_the_bias_joins_a_lossless_codebook_if_all_of_it_fits() -> None:
    values = np.array([1, 2, 1], np.float32)
    assert share(values, 2, bias=np.array([-1, 0], np.float32)).codebook.tolist() == [0, -1, 1, 2]
    assert share(values, 2, bias=np.array([5, 6], np.float32)).codebook.tolist() == [0, 1, 2, 0]


def test_no_values_make_an_empty_codebook() -> None:
    found = share(np.zeros(0, np.float32), 4)
    assert not found.codebook.any()
    assert found.codes.size == 0


def test_an_empty_cluster_keeps_its_centroid() -> None:
    # Linear start on -8..8 with 3 centroids: nothing is near 0, which stays at its start.
    values = np.array([-8, -7, -6.5, 6.5, 7, 8], np.float32)
    found = share(values, 2)
    assert found.codebook[2] == 0
    assert found.codes.tolist() == [1, 1, 1, 3, 3, 3]


def test_a_cluster_around_zero_is_pruned() -> None:
    found = share(np.array([-8, -1, 1, 8, 9, -9], np.float32), 2)
    assert found.codebook.tolist() == [0, -8.5, 0, 8.5]
    assert found.codes.tolist() == [1, 0, 0, 3, 3, 1]


@pytest.mark.parametrize("scale", [2.0**-100, 1.0, 2.0**100])
def test_scaling_the_weights_scales_the_codebook(scale: float) -> None:
    values = np.random.default_rng(3).standard_normal(5000).astype(np.float32)
    plain, scaled = share(values, 4), share((values * scale).astype(np.float32), 4)
    assert np.array_equal(plain.codes, scaled.codes)
    assert np.array_equal(plain.codebook * np.float32(scale), scaled.codebook)


def test_many_values_agree_with_floats() -> None:
    """200,000 weights, where the slow oracle would take too long: every weight at its nearest."""
    values = np.random.default_rng(4).standard_normal(200_000).astype(np.float32)
    found = share(values, 5)
    assert found.converged
    book = found.codebook.astype(np.float64)
    error = np.abs(values - book[found.codes])
    assert np.all(error <= np.abs(values[:, None] - book[None, 1:]).min(axis=1) + 1e-6)
    sums = np.bincount(found.codes, values.astype(np.float64))
    assert np.allclose(sums[1:] / np.bincount(found.codes)[1:], book[1:], rtol=1e-6)
