"""Sparsity patterns and their formats against plain loops."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from accelsim.compression.patterns import PATTERNS, balance, make_mask
from accelsim.errors import FormatError, InputError
from accelsim.formats.csb import CsbMatrix, decode_csb, encode_csb
from accelsim.formats.n_m import NmMatrix, decode_n_m, encode_n_m

# Few different values: many ties.
matrices = st.tuples(st.integers(1, 9), st.integers(1, 13)).flatmap(
    lambda shape: arrays(np.float32, shape, elements=st.sampled_from([-2, -1, -0.5, 0, 0.5, 1, 3]))
)
densities = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0])


def keep(places, weights, count):
    """The ``count`` largest of ``places``, sorted by magnitude, then by order of appearance."""
    ranked = sorted(places, key=lambda at: -abs(weights[at]))
    return {at for at in ranked[:count] if weights[at] != 0}


def as_mask(shape, kept):
    mask = np.zeros(shape, dtype=bool)
    for at in kept:
        mask[at] = True
    return mask


def count(density, size):
    return math.floor(density * size + 0.5)


@given(matrices, densities, st.integers(1, 5))
def test_load_balanced(weights, density, n_pe):
    rows, columns = weights.shape
    kept = set()
    for pe in range(n_pe):
        own = [(i, j) for i in range(pe, rows, n_pe) for j in range(columns)]
        kept |= keep(own, weights, count(density, len(own)))
    mask = make_mask("load_balanced", weights, density=density, n_pe=n_pe)
    assert np.array_equal(mask, as_mask(weights.shape, kept))


@given(matrices, densities)
def test_unstructured_is_one_pe(weights, density):
    mask = make_mask("unstructured", weights, density=density)
    assert np.array_equal(mask, make_mask("load_balanced", weights, density=density, n_pe=1))


@given(matrices, densities, st.integers(1, 5))
def test_bank_balanced(weights, density, n_banks):
    rows, columns = weights.shape
    width = math.ceil(columns / n_banks)
    kept = set()
    for i in range(rows):
        for first in range(0, columns, width):
            bank = [(i, j) for j in range(first, min(first + width, columns))]
            kept |= keep(bank, weights, count(density, width))
    mask = make_mask("bank_balanced", weights, density=density, n_banks=n_banks)
    assert np.array_equal(mask, as_mask(weights.shape, kept))


@given(matrices, st.integers(1, 6), st.data())
def test_n_m(weights, m, data):
    n = data.draw(st.integers(0, m))
    rows, columns = weights.shape
    kept = set()
    for i in range(rows):
        for first in range(0, columns, m):
            kept |= keep([(i, j) for j in range(first, min(first + m, columns))], weights, n)
    assert np.array_equal(make_mask("n_m", weights, n=n, m=m), as_mask(weights.shape, kept))


@given(matrices, densities, st.integers(1, 4), st.integers(1, 4), st.sampled_from(["mean", "max"]))
def test_block(weights, density, r, c, score):
    rows, columns = weights.shape
    blocks = [
        [(i, j) for i in range(a, min(a + r, rows)) for j in range(b, min(b + c, columns))]
        for a in range(0, rows, r) for b in range(0, columns, c)
    ]
    function = max if score == "max" else lambda values: math.fsum(values) / len(values)
    ranked = sorted(blocks, key=lambda b: -function([abs(float(weights[at])) for at in b]))
    kept = {at for b in ranked[: count(density, len(blocks))] for at in b if weights[at] != 0}
    mask = make_mask("block", weights, density=density, shape=(r, c), score=score)
    assert np.array_equal(mask, as_mask(weights.shape, kept))


@given(matrices, densities)
def test_row_and_channel(weights, density):
    rows, columns = weights.shape
    ranked = sorted(range(rows), key=lambda i: -math.fsum(abs(float(w)) for w in weights[i]))
    kept = {(i, j) for i in ranked[: count(density, rows)] for j in range(columns)
            if weights[i, j] != 0}
    assert np.array_equal(make_mask("row", weights, density=density), as_mask(weights.shape, kept))
    mask = make_mask("channel", np.ascontiguousarray(weights.T), density=density)
    assert np.array_equal(mask.T, as_mask(weights.shape, kept))


def test_balance_of_rows_with_different_magnitudes():
    """At 11 % density load-balance-aware pruning removes what unstructured pruning leaves."""
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(256, 200)) * np.exp(rng.normal(0, 0.5, (256, 1)))
    free = make_mask("unstructured", weights, density=0.11)
    balanced = make_mask("load_balanced", weights, density=0.11, n_pe=32)
    assert balance(free, 32) > 1.2
    assert balance(balanced, 32) < 1.01
    assert abs(int(free.sum()) - int(balanced.sum())) <= 16


def test_balancing_stored_entries():
    """With index_bits every PE stores the same, run extensions counted the long way."""
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(1024, 60)) * np.exp(rng.normal(0, 0.5, (1024, 1)))
    mask = make_mask("load_balanced", weights, density=0.11, n_pe=32, index_bits=4)
    target = math.floor(0.11 * 32 * 60 + 0.5)
    for pe in range(32):
        stored = 0
        for column in mask[pe::32].T:
            zeros = 0
            for kept in column:
                zeros = zeros + 1 if not kept else 0
                stored += kept or (zeros == 16)
                zeros %= 16
            # Zeros after the last weight are not stored.
            tail = np.flatnonzero(column)[-1] + 1 if column.any() else 0
            stored -= (len(column) - tail) // 16
        assert target - 1 <= stored <= target


@pytest.mark.parametrize(
    ("pattern", "parameters", "why"),
    [
        ("blocks", {}, "did you mean 'block'"),
        ("row", {}, "'density' is missing"),
        ("row", {"density": 0.5, "n_pe": 2}, "no parameter 'n_pe'"),
        ("row", {"density": 1.5}, "need 0 to 1"),
        ("load_balanced", {"density": 0.5, "n_pe": 0}, "n_pe is 0"),
        ("n_m", {"n": 5, "m": 4}, "n is 5; need 0 to m=4"),
        ("block", {"density": 0.5, "shape": (0, 1)}, "block rows is 0"),
        ("block", {"density": 0.5, "shape": (1, 1), "score": "sum"}, "need 'mean' or 'max'"),
    ],
)
def test_bad_parameters_are_named(pattern, parameters, why):
    with pytest.raises(InputError, match=why):
        make_mask(pattern, np.ones((4, 4)), **parameters)


def test_every_pattern_refuses_nan():
    needed = {"density": 0.5, "n_pe": 2, "n_banks": 2, "shape": (1, 2), "n": 1, "m": 2}
    for pattern, function in PATTERNS.items():
        names = function.__code__.co_varnames[1 : function.__code__.co_argcount]
        own = {name: needed[name] for name in names if name in needed}
        with pytest.raises(InputError, match="NaN"):
            make_mask(pattern, np.full((2, 2), np.nan), **own)


@given(matrices, st.integers(1, 5))
def test_csb_round_trip_and_order(weights, n_banks):
    stored = encode_csb(weights, n_banks)
    assert np.array_equal(decode_csb(stored), weights)
    width = math.ceil(weights.shape[1] / n_banks)
    for i, row in enumerate(weights):
        banks = [[(w, j) for j, w in enumerate(row[b * width : (b + 1) * width]) if w]
                 for b in range(n_banks)]
        banks = [bank + [(0, 0)] * (stored.per_bank - len(bank)) for bank in banks]
        want = [banks[b][k] for k in range(stored.per_bank) for b in range(n_banks)]
        got = zip(stored.values[i].ravel().tolist(), stored.positions[i].ravel().tolist(),
                  strict=True)
        assert list(got) == want
    bits = math.ceil(math.log2(width)) if width > 1 else 0
    assert stored.size_bits(16) == len(weights) * stored.per_bank * n_banks * (16 + bits)


def test_bank_balanced_pruning_needs_no_filling():
    weights = np.random.default_rng(0).normal(size=(8, 64))
    mask = make_mask("bank_balanced", weights, density=0.25, n_banks=4)
    stored = encode_csb(np.where(mask, weights, 0), 4)
    assert stored.values.all()
    assert stored.values.size == np.count_nonzero(mask) == 8 * 64 // 4


@given(matrices, st.integers(1, 6), st.data())
def test_n_m_round_trip(weights, m, data):
    n = data.draw(st.integers(1, m))
    pruned = np.where(make_mask("n_m", weights, n=n, m=m), weights, 0)
    stored = encode_n_m(pruned, n, m)
    assert np.array_equal(decode_n_m(stored), pruned)
    groups = math.ceil(weights.shape[1] / m) * len(weights)
    assert stored.values.size == groups * n


def test_two_of_four_takes_two_bits_a_value():
    stored = encode_n_m(np.array([[0, 5, 0, 7, 1, 0, 0, 0]], dtype=np.int16), 2, 4)
    assert stored.values.tolist() == [[[5, 7], [1, 0]]]
    assert stored.places.tolist() == [[[1, 3], [0, 3]]]
    assert stored.metadata().tolist() == [1 | 3 << 2 | 0 << 4 | 3 << 6]
    assert stored.size_bits(16) == 4 * 18


def test_broken_formats_are_refused():
    with pytest.raises(InputError, match="columns 4 to 7: 3 non-zeros"):
        encode_n_m(np.array([[0, 0, 0, 1, 1, 1, 1, 0]]), 2, 4)
    places = np.array([[[1, 1]]], dtype=np.uint8)
    with pytest.raises(FormatError, match="do not ascend"):
        decode_n_m(NmMatrix((1, 4), 4, np.ones((1, 1, 2)), places))
    with pytest.raises(FormatError, match="beyond column 2"):
        decode_n_m(NmMatrix((1, 3), 4, np.ones((1, 1, 2)), np.array([[[2, 3]]], dtype=np.uint8)))
    with pytest.raises(FormatError, match="position 2"):
        decode_csb(CsbMatrix((1, 4), np.ones((1, 1, 2)), np.array([[[0, 2]]], dtype=np.uint16)))
