"""The interleaved format against the brute-force encoder of tests/oracle.py."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from accelsim.errors import InputError
from accelsim.formats.entries import StoredEntries
from accelsim.formats.interleaved_csc import LayerImage, build_image, decode_image
from accelsim.records import CompressedLayer, CscMatrix
from tests import oracle

Case = tuple[oracle.Matrix, list[int] | None, int, int, int, int | None]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """(rows, bias, n_pe, weight_bits, index_bits, tile_rows): all sizes, fills and widths."""
    weight_bits, index_bits = draw(st.integers(2, 8)), draw(st.integers(1, 8))
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


@settings(max_examples=1500)
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


def stored(image: LayerImage, **arrays: np.ndarray) -> LayerImage:
    """The same image from its arrays, some of them replaced."""
    there = {name: getattr(image, name) for name in ("pointers", "pe_starts", "codes", "runs")}
    return replace(image, entries=StoredEntries(image.shape, **(there | arrays)))


@settings(max_examples=100)
@given(case=cases())
def test_an_image_from_arrays_is_the_one_that_was_counted(case: Case) -> None:
    rows, bias, n_pe, weight_bits, index_bits, tile_rows = case
    image = build_image(layer_of(rows, bias, weight_bits, index_bits), n_pe, tile_rows=tile_rows)
    again = stored(image)
    assert_equals_oracle(again, oracle.encode(rows, n_pe, index_bits, bias, tile_rows))
    assert again.table.counts.tolist() == image.table.counts.tolist()
    assert again.edges.tolist() == image.edges.tolist()


def test_an_image_survives_pickle_before_and_after_it_is_read() -> None:
    image = build_image(layer_of([[1, 0], [2, 3], [0, 1]], [1, 0, 1], 2, 2), 2)
    early = pickle.loads(pickle.dumps(image))
    codes = image.codes
    for copy in (early, pickle.loads(pickle.dumps(image)), pickle.loads(pickle.dumps(
            stored(image)))):
        assert copy.codes.tolist() == codes.tolist()
        assert copy.pointers.tolist() == image.pointers.tolist()
        assert copy.pe_starts.tolist() == image.pe_starts.tolist()


# Column 0 of PE 0 is 1, 2 and of PE 1 is 3, 1; then column 1 with one entry each.
@pytest.mark.parametrize(
    ("arrays", "text"),
    [
        ({"codes": [1, 2, 1, 3, 1]}, "do not belong"),
        ({"pe_starts": [0, 3, 5]}, "do not ascend from 0 to 6"),
        ({"pe_starts": [0, 7, 6]}, "do not ascend from 0 to 6"),
        ({"pointers": [[[0, 2, 2]], [[0, 2, 3]]]}, "do not ascend from 0 to its entries"),
        ({"pointers": [[[0, 4, 3]], [[0, 2, 3]]]}, "do not ascend from 0 to its entries"),
        ({"pointers": [[[1, 2, 3]], [[0, 2, 3]]]}, "do not ascend from 0 to its entries"),
        ({"runs": [0, 1, 0, 0, 0, 0]}, "beyond the last row"),
        ({"runs": [0, 4, 0, 0, 0, 0]}, "index_bits=2"),
        ({"codes": [1, 2, 1, 3, 4, 3]}, "code 4 does not fit weight_bits=2"),
    ],
)
def test_arrays_that_are_no_image_are_refused(arrays: dict[str, list[int]], text: str) -> None:
    image = build_image(layer_of([[1, 1], [3, 3], [2, 0], [1, 0]], None, 2, 2), 2)
    assert image.pointers.tolist() == [[[0, 2, 3]], [[0, 2, 3]]]
    assert image.codes.tolist() == [1, 2, 1, 3, 1, 3]
    typed = {name: np.array(a, getattr(image, name).dtype) for name, a in arrays.items()}
    with pytest.raises(InputError, match=text):
        stored(image, **typed)


def test_scripts_of_the_last_version_make_images_of_arrays() -> None:
    image = build_image(layer_of([[1, 1], [3, 3], [2, 0], [1, 0]], None, 2, 2), 2)
    codes = image.codes[::-1].copy()
    other = replace(image, codes=codes)
    assert (other.codes.tolist(), other.runs.tolist()) == (codes.tolist(), image.runs.tolist())
    assert decode_image(other).values.tolist() == [3, 1, 1, 2, 3, 1]
    names = ["name", "n_pe", "n_inputs", "n_outputs", "n_columns", "n_tiles", "tile_rows",
             "weight_bits", "index_bits", "has_bias", "pointers", "codes", "runs", "pe_starts"]
    parts = {name: getattr(image, name) for name in names}
    for again in (LayerImage(**parts), LayerImage(*parts.values()),
                  LayerImage(*list(parts.values())[:10], **dict(list(parts.items())[10:]))):
        assert np.array_equal(decode_image(again).to_dense(), decode_image(image).to_dense())
    with pytest.raises(TypeError, match="14 values by position, not 15"):
        LayerImage(*parts.values(), None)
    with pytest.raises(TypeError, match="got codes twice"):
        LayerImage(*parts.values(), codes=codes)
    with pytest.raises(InputError, match="1 tiles, not 2"):
        replace(image, n_tiles=2)
    with pytest.raises(InputError, match="code 4 does not fit"):
        replace(image, codes=np.full(6, 4, np.uint8))
    with pytest.raises(TypeError, match="no field colour"):
        replace(image, colour=1)
    del parts["runs"]
    with pytest.raises(TypeError, match="needs runs"):
        LayerImage(**parts)


def test_arrays_of_another_type_are_refused() -> None:
    image = build_image(layer_of([[1]], None, 2, 2), 1)
    with pytest.raises(InputError, match="int64"):
        stored(image, pointers=image.pointers.astype(np.int32))


def test_columns_that_are_not_those_of_the_inputs_are_refused() -> None:
    image = build_image(layer_of([[1, 1]], None, 2, 2), 1)
    with pytest.raises(InputError, match="2 columns; 3 inputs on 1 PEs need 3"):
        replace(image, n_inputs=3)
