"""Every registered format: round trip, and sizes counted here from the matrix alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.errors import InputError
from accelsim.formats import huffman
from accelsim.formats.registry import FORMATS, restore, store

Matrix = npt.NDArray[np.int16]
BITS = 6
SMALL: dict[str, dict[str, int]] = {
    "interleaved_csc": {"n_pe": 3, "index_bits": 2, "pointer_bits": 16},
    "interleaved_bitmap": {"n_pe": 3, "pointer_bits": 16},
    "weight_stream": {"n_pe": 3, "index_bits": 2, "pointer_bits": 12, "align_bits": 64},
    "csb": {"n_banks": 3},
    "n_m": {"n": 2, "m": 5},
}


def entries(matrix: Matrix, column: int, n_pe: int, index_bits: int) -> int:
    """Entries of all PEs in one column, counted weight by weight."""
    total = 0
    for pe in range(n_pe):
        run = 0
        for weight in matrix[pe::n_pe, column]:
            if weight:
                total += 1 + run // (1 << index_bits)
                run = 0
            else:
                run += 1
    return total


def expected_bits(name: str, matrix: Matrix, p: dict[str, int]) -> int:
    n_rows, n_columns = matrix.shape
    if name in ("interleaved_csc", "weight_stream"):
        entry = BITS + p["index_bits"]
        columns = [entries(matrix, c, p["n_pe"], p["index_bits"]) * entry
                   for c in range(n_columns)]
        align = p.get("align_bits", 1)
        return (sum(-(-bits // align) * align for bits in columns)
                + p["n_pe"] * (n_columns + 1) * p["pointer_bits"])
    if name == "interleaved_bitmap":
        rows = -(-n_rows // p["n_pe"])
        bits = p["n_pe"] * (n_columns + 1) * p["pointer_bits"]
        for pe in range(p["n_pe"]):
            for column in matrix[pe::p["n_pe"]].T:
                kept = np.count_nonzero(column)
                bits += BITS * (kept + -(-rows // BITS)) if kept else 0
        return bits
    if name == "csb":
        width = -(-n_columns // p["n_banks"])
        fullest = max(np.count_nonzero(row[b * width : (b + 1) * width])
                      for row in matrix for b in range(p["n_banks"]))
        return n_rows * p["n_banks"] * int(fullest) * (BITS + (width - 1).bit_length())
    groups = -(-n_columns // p["m"])
    return n_rows * groups * p["n"] * (BITS + (p["m"] - 1).bit_length())


def fitting(name: str, matrix: Matrix) -> Matrix:
    """The matrix with no more weights in a group than N:M can store."""
    if name != "n_m":
        return matrix
    own = matrix.copy()
    n, m = SMALL["n_m"]["n"], SMALL["n_m"]["m"]
    for row in own:
        for start in range(0, len(row), m):
            row[start + np.flatnonzero(row[start : start + m])[n:]] = 0
    return own


@st.composite
def matrices(draw: Any) -> Matrix:
    shape = draw(st.tuples(st.integers(1, 24), st.integers(1, 11)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    values = rng.integers(-32, 32, shape)
    kept = rng.random(shape) < draw(st.sampled_from([0.0, 0.1, 0.5, 1.0]))
    return np.where(kept, values, 0).astype(np.int16)


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=60, deadline=None)
@given(matrix=matrices())
def test_round_trip_and_size(name: str, matrix: Matrix) -> None:
    own = fitting(name, matrix)
    stored = store(name, own, BITS, **SMALL[name])
    assert np.array_equal(restore(stored), own)
    assert restore(stored).dtype == np.int16
    assert stored.size_bits == expected_bits(name, own, SMALL[name])


@pytest.mark.parametrize("name", FORMATS)
def test_empty_and_full_columns(name: str) -> None:
    matrix = np.zeros((40, 10), dtype=np.int16)
    matrix[:, 3] = np.arange(1, 41) % 31 + 1          # full, its neighbours empty
    matrix[-1, 9] = -32                               # one weight after the longest run
    stored = store(name, matrix, BITS, **SMALL[name])
    assert np.array_equal(restore(stored), matrix)
    assert stored.size_bits == expected_bits(name, matrix, SMALL[name])
    empty = store(name, np.zeros_like(matrix), BITS, **SMALL[name])
    assert not restore(empty).any()


@pytest.mark.parametrize("name", FORMATS)
def test_huffman_sizes_are_those_of_an_encoded_message(name: str) -> None:
    rng = np.random.default_rng(1)
    matrix = np.where(rng.random((24, 10)) < 0.4, rng.integers(1, 5, (24, 10)), 0).astype(np.int16)
    stored = store(name, fitting(name, matrix), BITS, **SMALL[name])
    coded = 0
    for part in (stored.values, stored.positions):
        lengths = huffman.code_lengths(np.bincount(part.symbols, minlength=1 << part.bits))
        data = huffman.encode(part.symbols, lengths)
        assert np.array_equal(huffman.decode(data, part.symbols.size, lengths), part.symbols)
        assert 0 <= 8 * len(data) - (part.huffman_bits - 8 * (1 << part.bits)) < 8
        coded += part.huffman_bits
    assert stored.huffman_bits == coded + stored.fixed_bits


def test_what_is_registered_has_defaults_that_work() -> None:
    assert set(SMALL) == set(FORMATS)
    matrix = np.zeros((8, 8), dtype=np.int16)
    matrix[2, 1], matrix[2, 3] = 7, -8
    for name, chosen in FORMATS.items():
        assert set(SMALL[name]) == set(chosen.parameters)
        assert np.array_equal(restore(store(name, matrix, 4)), matrix)


@pytest.mark.parametrize(("name", "matrix", "bits", "parameters", "says"), [
    ("cbs", np.ones((2, 2), np.int16), 4, {}, "did you mean 'csb'"),
    ("csb", np.ones((2, 2), np.int16), 4, {"banks": 2}, "did you mean 'n_banks'"),
    ("csb", np.ones((2, 2), np.int16) * 9, 4, {}, "do not fit 4 bits"),
    ("csb", np.ones(4, np.int16), 4, {}, "two dimensions"),
    ("n_m", np.ones((2, 4), np.int16), 4, {}, "prune with n_m"),
    ("interleaved_csc", np.ones((2, 4), np.int16), 12, {}, "use weight_stream"),
])
def test_what_does_not_fit_is_one_line(
    name: str, matrix: Matrix, bits: int, parameters: dict[str, int], says: str
) -> None:
    with pytest.raises(InputError, match=says) as caught:
        store(name, matrix, bits, **parameters)
    assert "\n" not in str(caught.value)
