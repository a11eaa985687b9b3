"""ESE's weight stream: round trip, padding, sizes; and linear weights."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelsim.errors import InputError
from accelsim.formats.weight_stream import build_stream, decode_stream
from accelsim.records import CscMatrix
from accelsim.records.linear import LinearWeights
from accelsim.workload.published_lstm import PUBLISHED, ese_layer


def entries_of(dense, n_pe, index_bits):
    """Each PE's entries, written the long way: a zero counter and a list."""
    result = [[] for _ in range(n_pe)]
    for pe in range(n_pe):
        for column in dense.T:
            zeros = 0
            for weight in column[pe::n_pe]:
                if weight == 0:
                    zeros += 1
                    continue
                while zeros >= 1 << index_bits:
                    result[pe].append((0, (1 << index_bits) - 1))
                    zeros -= 1 << index_bits
                result[pe].append((int(weight), zeros))
                zeros = 0
    return result


@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(2, 4), st.integers(1, 60),
       st.integers(1, 9), st.sampled_from([0.0, 0.03, 0.3, 1.0]))
def test_round_trip_and_entries(seed, n_pe, index_bits, rows, columns, density):
    rng = np.random.default_rng(seed)
    dense = rng.integers(1, 2000, (rows, columns)) * rng.choice([-1, 1], (rows, columns))
    dense = np.where(rng.random((rows, columns)) < density, dense, 0).astype(np.int16)
    weights = LinearWeights(CscMatrix.from_dense(dense), 12, 3)
    stream = build_stream(weights, n_pe, index_bits)
    assert np.array_equal(decode_stream(stream).to_dense(), dense)
    want = entries_of(dense, n_pe, index_bits)
    for pe in range(n_pe):
        part = slice(int(stream.pe_starts[pe]), int(stream.pe_starts[pe + 1]))
        got = zip(stream.values[part].tolist(), stream.runs[part].tolist(), strict=True)
        assert list(got) == want[pe]
    assert int(stream.padding.sum()) == sum(w == 0 for pe in want for w, _ in pe)
    ends = stream.column_ends(512)
    assert not np.any(ends % 512)
    assert ends[-1] >= 16 * len(stream.values) > ends[-1] - 512 * columns - 1 or density == 0


def test_quantisation_keeps_the_largest_weight_and_drops_what_rounds_to_zero():
    dense = np.array([[1.0, 0.0001], [-0.25, 0.0]])
    weights = LinearWeights.from_floats(dense, 8)
    assert weights.frac_bits == 6
    assert weights.matrix.nnz == 2
    assert np.array_equal(weights.decoded().to_dense(), [[1.0, 0], [-0.25, 0]])


@pytest.mark.parametrize("bits", [1, 17])
def test_bad_widths_are_named(bits):
    with pytest.raises(InputError, match="need 2 to 16"):
        LinearWeights.from_floats(np.ones((2, 2)), bits)


def test_linear_weights_check_their_values():
    matrix = CscMatrix.from_dense(np.array([[100]], dtype=np.int16))
    with pytest.raises(InputError, match="does not fit 4 bits"):
        LinearWeights(matrix, 4, 0)
    with pytest.raises(InputError, match="need int16"):
        LinearWeights(CscMatrix.from_dense(np.array([[1]])), 4, 0)


def test_digest_changes_with_every_part():
    one = LinearWeights.from_floats(np.array([[1.0, -0.5]]), 8)
    others = [LinearWeights.from_floats(np.array([[1.0, 0.5]]), 8),
              LinearWeights.from_floats(np.array([[1.0], [-0.5]]), 8),
              LinearWeights.from_floats(np.array([[1.0, -0.5]]), 9)]
    assert len({w.digest() for w in [one, *others]}) == 4


@pytest.mark.parametrize("seed", [1, 2])
def test_the_synthetic_layer_stores_the_published_entries_in_every_pe(seed):
    layer = ese_layer(seed)
    for row in PUBLISHED:
        weights = LinearWeights.from_floats(layer.matrices[row.name], 12)
        assert weights.matrix.nnz == layer.matrices[row.name].nnz
        stream = build_stream(weights, 32, 4)
        assert np.array_equal(np.diff(stream.pe_starts), np.full(32, row.entries // 32))


def test_the_synthetic_layer_depends_on_its_seed_only():
    one, same, other = ese_layer(1), ese_layer(1), ese_layer(2)
    assert np.array_equal(one.floats("Wix"), same.floats("Wix"))
    assert not np.array_equal(one.floats("Wix"), other.floats("Wix"))
