"""The interleaved format against the brute-force encoder of tests/oracle.py."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from accelsim.errors import InputError
from accelsim.formats.interleaved_csc import LayerImage, build_image, decode_image
from accelsim.formats.sram_words import pointer_banks, spmat_lines
from accelsim.records import CompressedLayer, CscMatrix
from tests import oracle

Case = tuple[oracle.Matrix, list[int] | None, int, int, int, int | None]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """(rows, bias, n_pe, weight_bits, index_bits, tile_rows): all sizes, fills and widths."""
    weight_bits, index_bits = draw(st.integers(2, 8)), draw(st.integers(2, 8))
    n_pe = draw(st.one_of(st.integers(1, 4), st.integers(1, 70)))
    # Few columns where a PE has rows enough for several paddings in one column.
    longest = draw(st.sampled_from([1, 3, 8, 2 << index_bits]))
    n_outputs = min(draw(st.integers(1, longest)) * n_pe + draw(st.integers(0, n_pe - 1)), 1200)
    n_inputs = draw(st.integers(1, max(1, min(90, 2000 // n_outputs))))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    density = draw(st.sampled_from([0.0, 0.002, 0.02, 0.2, 0.7, 1.0]))

    def fill(*shape: int) -> np.ndarray:
        codes = rng.integers(1, 1 << weight_bits, shape)
        return np.where(rng.random(shape) < density, codes, 0)

    weights = fill(n_outputs, n_inputs)
    for kind in draw(st.lists(st.sampled_from(["row", "column"]), max_size=4)):
        value = draw(st.sampled_from([0, (1 << weight_bits) - 1]))
        if kind == "row":
            weights[draw(st.integers(0, n_outputs - 1))] = value
        else:
            weights[:, draw(st.integers(0, n_inputs - 1))] = value
    bias = fill(n_outputs).tolist() if draw(st.booleans()) else None
    tile_rows = draw(st.one_of(st.none(), st.integers(1, 5), st.integers(1, 80)))
    return weights.tolist(), bias, n_pe, weight_bits, index_bits, tile_rows


def layer_of(
    rows: oracle.Matrix, bias: list[int] | None, weight_bits: int, index_bits: int
) -> CompressedLayer:
    dense = np.array(rows, dtype=np.uint8)
    if bias is not None:
        dense = np.column_stack([dense, np.array(bias, dtype=np.uint8)])
    codebook = np.arange(1 << weight_bits, dtype=np.float32)
    matrix = CscMatrix.from_dense(dense)
    return CompressedLayer(matrix, codebook, weight_bits, index_bits, bias is not None)


def assert_equals_oracle(image: LayerImage, array: list[oracle.OraclePe]) -> None:
    assert image.n_pe == len(array)
    for number, expected in enumerate(array):
        pe = image.pe(number)
        assert pe.codes.tolist() == expected.codes
        assert pe.runs.tolist() == expected.runs
        assert pe.pointers.tolist() == expected.pointers
    assert image.max_entries == max(len(pe.codes) for pe in array)
    assert len(image.codes) == sum(len(pe.codes) for pe in array)


@settings(max_examples=2500)
@given(case=cases())
def test_the_image_is_the_oracles(case: Case) -> None:
    rows, bias, n_pe, weight_bits, index_bits, tile_rows = case
    packed = layer_of(rows, bias, weight_bits, index_bits)
    image = build_image(packed, n_pe, tile_rows=tile_rows)
    assert_equals_oracle(image, oracle.encode(rows, n_pe, index_bits, bias, tile_rows))
    assert image.n_columns == len(oracle.image_columns(rows, bias, n_pe))
    assert image.bias_column == (None if bias is None else image.n_columns - 1)
    back = decode_image(image)
    assert back.shape == packed.matrix.shape
    assert back.column_starts.tolist() == packed.matrix.column_starts.tolist()
    assert back.rows.tolist() == packed.matrix.rows.tolist()
    assert back.values.tolist() == packed.matrix.values.tolist()


@settings(max_examples=300)
@given(case=cases(), index_bits=st.integers(2, 8))
def test_the_machines_index_bits_win_over_the_layers(case: Case, index_bits: int) -> None:
    rows, bias, n_pe, weight_bits, layer_bits, tile_rows = case
    packed = layer_of(rows, bias, weight_bits, layer_bits)
    image = build_image(packed, n_pe, index_bits, tile_rows)
    assert image.index_bits == index_bits
    assert_equals_oracle(image, oracle.encode(rows, n_pe, index_bits, bias, tile_rows))


@settings(max_examples=300)
@given(case=cases(), spare=st.integers(0, 70))
def test_banks_and_lines_are_the_oracles(case: Case, spare: int) -> None:
    rows, bias, n_pe, weight_bits, index_bits, tile_rows = case
    image = build_image(layer_of(rows, bias, weight_bits, index_bits), n_pe, tile_rows=tile_rows)
    width = weight_bits + index_bits + spare
    for number in {0, n_pe // 2, n_pe - 1}:
        pe = image.pe(number)
        for pointers in pe.pointers:
            even, odd = pointer_banks(pointers)
            assert (even.tolist(), odd.tolist()) == oracle.pointer_banks(pointers.tolist())
            for j in range(image.n_columns):
                pair = sorted([even[(j + 1) // 2], odd[j // 2]])
                assert pair == [pointers[j], pointers[j + 1]]
        lines = [f"{line:0{width}b}" for line in spmat_lines(pe, weight_bits, index_bits, width)]
        assert lines == oracle.spmat_lines(
            pe.codes.tolist(), pe.runs.tolist(), weight_bits, index_bits, width
        )


def test_the_papers_example() -> None:
    """EIE sec. III: (2 zeros, 1, 2, 18 zeros, 3) is v = 1, 2, 0, 3 and z = 2, 0, 15, 2."""
    column = [0, 0, 1, 2, *[0] * 18, 3]
    rows = [[code] for code in column]
    image = build_image(layer_of(rows, None, 4, 4), 1)
    assert image.codes.tolist() == [1, 2, 0, 3]
    assert image.runs.tolist() == [2, 0, 15, 2]
    assert image.pointers.tolist() == [[[0, 4]]]
    assert oracle.encode_column(column, 4) == [(1, 2), (2, 0), (0, 15), (3, 2)]


@settings(max_examples=300)
@given(column=st.lists(st.sampled_from([0, 0, 0, 0, 0, 0, 1, 3]), max_size=200),
       index_bits=st.integers(2, 8))
@example(column=[0] * 16 + [1], index_bits=4)
@example(column=[0] * 15 + [1], index_bits=4)
def test_the_oracle_decodes_what_it_encodes(column: list[int], index_bits: int) -> None:
    entries = oracle.encode_column(column, index_bits)
    assert oracle.decode_column(entries, len(column)) == column
    assert all(run < 2**index_bits for _, run in entries)
    assert not entries or entries[-1][0] != 0


@pytest.mark.parametrize("index_bits", range(2, 9))
def test_a_gap_at_the_limit_needs_no_padding(index_bits: int) -> None:
    longest = 2**index_bits - 1
    for zeros, n_entries in ((longest, 1), (longest + 1, 2), (2 * longest + 2, 3)):
        rows = [[0]] * zeros + [[1]]
        assert len(build_image(layer_of(rows, None, 2, index_bits), 1).codes) == n_entries


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"n_pe": 0}, "n_pe=0"),
        ({"n_pe": 1, "index_bits": 9}, "index_bits=9"),
        ({"n_pe": 1, "tile_rows": 0}, "tile_rows=0"),
    ],
)
def test_bad_numbers_are_named(arguments: dict[str, int], text: str) -> None:
    with pytest.raises(InputError, match=text):
        build_image(layer_of([[1]], None, 2, 2), **arguments)


def test_a_line_too_narrow_is_refused() -> None:
    pe = build_image(layer_of([[1]], None, 4, 4), 1).pe(0)
    with pytest.raises(InputError, match="8 or more"):
        spmat_lines(pe, 4, 4, 7)
