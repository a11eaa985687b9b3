"""Pointer words and sparse-matrix lines, as spmat_read.v and ptr_read.v (rtl/) read them.

A line holds entries {code, run}, the lowest address in the lowest bits. Pointer word j says where
column j begins and word j + 1 where it ends; a tile has words of its own.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from accelsim.formats import build_image
from accelsim.machines import load_config
from accelsim.machines.eie.rtl.images import pointer_words, spmat_lines
from accelsim.records import CompressedLayer, CscMatrix
from tests import oracle
from tests.contracts.cases import Case, cases


def image_of(
    rows: oracle.Matrix, n_pe: int, weight_bits: int, index_bits: int, tile_rows: int | None = None
):
    codebook = np.arange(1 << weight_bits, dtype=np.float32)
    matrix = CscMatrix.from_dense(np.array(rows, dtype=np.uint8))
    packed = CompressedLayer(matrix, codebook, weight_bits, index_bits, False)
    return build_image(packed, n_pe, tile_rows=tile_rows)


def test_the_papers_column_in_lines_of_two_entries() -> None:
    """EIE sec. III: v = 1, 2, 0, 3 and z = 2, 0, 15, 2. By hand: entries 0x12, 0x20, 0x0f, 0x32."""
    column = [[code] for code in [0, 0, 1, 2, *[0] * 18, 3]]
    config = load_config("eie", n_pe=1, spmat_width_bits=16)
    assert spmat_lines(config, image_of(column, 1, 4, 4)) == [[0x2012, 0x320F]]


def test_bits_beyond_the_last_whole_entry_are_zero() -> None:
    """Entries of 3 + 2 bits, two in 12: 101 01 is first, 110 00 above it; then 001 00 alone."""
    config = load_config("eie", n_pe=1, weight_bits=3, index_bits=2, spmat_width_bits=12)
    image = image_of([[0], [5], [6], [1]], 1, 3, 2)
    assert spmat_lines(config, image) == [[0b11000_10101, 0b00100]]


def test_every_pe_has_as_many_lines_as_the_fullest() -> None:
    config = load_config("eie", n_pe=2, spmat_width_bits=8)
    image = image_of([[1], [2], [3], [0]], 2, 4, 4)
    assert spmat_lines(config, image) == [[0x10, 0x30], [0x20, 0]]


def test_pointer_words_tile_after_tile() -> None:
    """PE 0 has rows 0 and 2, a tile each: 2 entries in the first, then 1; PE 1 only row 1."""
    image = image_of([[1, 2], [0, 3], [0, 4]], 2, 4, 4, tile_rows=1)
    assert pointer_words(image).tolist() == [[0, 1, 2, 2, 2, 3], [0, 0, 1, 1, 1, 1]]


@pytest.mark.parametrize("width_bits", [16, 37, 64])
@settings(max_examples=40)
@given(case=cases(units="published"))
def test_lines_and_pointers_are_the_oracles(width_bits: int, case: Case) -> None:
    config = case.config.model_copy(update={"spmat_width_bits": width_bits})
    image = case.job.image
    words, lines = pointer_words(image), spmat_lines(config, image)
    for number in range(image.n_pe):
        pe = image.pe(number)
        told = [f"{line:0{width_bits}b}" for line in lines[number]]
        expected = oracle.spmat_lines(
            pe.codes.tolist(), pe.runs.tolist(), config.weight_bits, config.index_bits, width_bits
        )
        assert told[: len(expected)] == expected
        assert set(lines[number][len(expected) :]) <= {0}
        assert words[number].tolist() == [p for tile in pe.pointers.tolist() for p in tile]
