"""Bitmaps in place of zero runs: read back word by word, and counted from the matrix alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.compression import Recipe, compress
from accelsim.compression.store import load_compressed, save_compressed
from accelsim.compression.table import compression_table
from accelsim.errors import InputError
from accelsim.formats import LayerImage, build_image
from accelsim.formats.image_words import spmat_words
from accelsim.formats.interleaved_csc import decode_image
from accelsim.papers.eie_turns import DENSITIES, INDEXES, drawn_codes, stored_and_kept
from accelsim.records import CompressedLayer, CscMatrix, Layer

Codes = npt.NDArray[np.uint8]


def layer_of(codes: Codes, weight_bits: int, bias: bool = False) -> CompressedLayer:
    return CompressedLayer(CscMatrix.from_dense(codes), np.zeros(1 << weight_bits, np.float32),
                           weight_bits, 4, bias)


def read_back(image: LayerImage, shape: tuple[int, int]) -> Codes:
    """The matrix, from the words alone: a bit at a time, as contract B1 has them."""
    found = np.zeros(shape, np.uint8)
    for pe in range(image.n_pe):
        memory, tiles = spmat_words(image, pe).tolist(), image.words[pe].tolist()
        assert len(memory) == tiles[-1][-1]
        for tile, pointers in enumerate(tiles):
            before = tile * image.tile_rows
            rows = min(-(-image.n_outputs // image.n_pe) - before, image.tile_rows)
            n_words = -(-rows // image.weight_bits)
            for column in range(image.n_columns):
                words = memory[pointers[column] : pointers[column + 1]]
                bits = [word >> bit & 1 for word in words[:n_words]
                        for bit in range(image.weight_bits)]
                set_bits = [row for row, bit in enumerate(bits) if bit]
                assert len(words) == (n_words + len(set_bits) if set_bits else 0)
                for row, code in zip(set_bits, words[n_words:], strict=True):
                    found[(before + row) * image.n_pe + pe, column] = code
    return found


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32), n_pe=st.integers(1, 9), n_out=st.integers(1, 90),
       n_in=st.integers(1, 12), weight_bits=st.integers(2, 8),
       density=st.sampled_from([0.0, 0.05, 0.4, 1.0]), tile_rows=st.sampled_from([None, 1, 3, 50]))
def test_the_words_are_the_matrix(
    seed: int, n_pe: int, n_out: int, n_in: int, weight_bits: int, density: float,
    tile_rows: int | None,
) -> None:
    rng = np.random.default_rng(seed)
    codes = ((rng.random((n_out, n_in)) < density)
             * rng.integers(1, 1 << weight_bits, (n_out, n_in))).astype(np.uint8)
    image = build_image(layer_of(codes, weight_bits), n_pe, None, tile_rows, "bitmap")
    assert np.array_equal(read_back(image, codes.shape), codes)
    assert np.array_equal(decode_image(image).to_dense(), codes)
    assert not image.table.padding.any()
    assert image.stored_bits == sum(
        len(spmat_words(image, pe)) * weight_bits for pe in range(n_pe))


def counted_bits(codes: Codes, n_pe: int, index_bits: int | None) -> int:
    """Bits of all columns of all PEs; without ``index_bits`` of bitmaps: rows in whole words."""
    bits = 0
    for pe in range(n_pe):
        own = codes[pe::n_pe]
        for column in own.T:
            places = np.flatnonzero(column)
            if index_bits is None:
                bits += 4 * (len(places) + -(-len(own) // 4)) if len(places) else 0
            else:
                gaps = np.diff(places, prepend=-1) - 1
                bits += (4 + index_bits) * int((1 + gaps // 2**index_bits).sum())
    return bits


@pytest.mark.parametrize("density", DENSITIES)
def test_sizes_of_the_page_are_counted_otherwise(density: float) -> None:
    codes = drawn_codes(density)
    for own in INDEXES.values():
        bits = None if "index" in own else int(own.get("index_bits", 4))
        assert stored_and_kept((density, own)) == (
            counted_bits(codes, 64, bits), np.count_nonzero(codes))


def small(index: str = "bitmap") -> CompressedLayer:
    rng = np.random.default_rng(3)
    return compress(Layer(rng.normal(size=(30, 20)), None, bias=rng.normal(size=30)),
                    Recipe(density=0.4, index=index))


def test_a_file_keeps_the_bitmap(tmp_path: Path) -> None:
    packed = small()
    save_compressed(tmp_path / "a.safetensors", [packed])
    (again,) = load_compressed(tmp_path / "a.safetensors")
    assert again.index == "bitmap"
    assert again.digest() == packed.digest() != small("zero_runs").digest()
    save_compressed(tmp_path / "b.safetensors", [small("zero_runs")])
    assert b"bitmap" not in (tmp_path / "b.safetensors").read_bytes().replace(b"index", b"")


@pytest.mark.parametrize("order", ["row", "column", "pe"])
def test_a_table_counts_a_bit_for_each_place(order: str) -> None:
    packed = small()
    row = compression_table([packed], order, n_pe=7).rows[0]  # type: ignore[arg-type]
    plain = compression_table([replace(packed, index="zero_runs")], order, 7).rows[0]  # type: ignore[arg-type]
    dense = packed.matrix.to_dense()
    if order == "pe":
        bits = sum(-(-5 // 4) * 4 * int(np.count_nonzero(dense[pe::7].any(axis=0)))
                   for pe in range(7))
        entries = packed.matrix.nnz
    else:
        bits, entries = 30 * 20, int(packed.matrix.column_starts[20])
    assert row.entries == entries
    assert row.plain_bits - row.overhead_bits == 4 * entries + bits
    assert row.huffman_bits == (
        row.huffman_weight_bits + bits + 8 * 16 + row.overhead_bits)
    assert row.overhead_bits == plain.overhead_bits


def test_what_is_no_bitmap_is_named() -> None:
    packed = small()
    with pytest.raises(InputError, match="did you mean 'bitmap'"):
        build_image(packed, 4, index="bit_map")
    with pytest.raises(InputError, match="did you mean 'bitmap'"):
        Recipe(index="bitmaps")
    with pytest.raises(InputError, match="has no bitmap"):
        spmat_words(build_image(packed, 4), 0)
    with pytest.raises(InputError, match="zero runs"):
        replace(build_image(packed, 4, index="bitmap"), codes=np.zeros(3, np.uint8))
