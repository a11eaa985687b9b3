"""Bits in files: packing and gaps, against text of zeros and ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.compression import bitpack
from accelsim.errors import FormatError


@settings(max_examples=200)
@given(bits=st.integers(1, 8), data=st.data())
def test_fields_lie_low_bit_first(bits: int, data: st.DataObject) -> None:
    fields = data.draw(st.lists(st.integers(0, 2**bits - 1), max_size=40))
    packed = bitpack.pack(np.array(fields, np.uint8), bits)
    text = "".join(format(field, f"0{bits}b")[::-1] for field in fields)
    expected = [int(text[at:at + 8][::-1], 2) for at in range(0, len(text), 8)]
    assert packed.tolist() == expected
    assert len(packed) == bitpack.packed_size(len(fields), bits)
    assert bitpack.unpack(packed, len(fields), bits).tolist() == fields


def test_four_bit_codes_are_two_a_byte_low_nibble_first() -> None:
    assert bitpack.pack(np.array([1, 2, 3], np.uint8), 4).tolist() == [0x21, 0x03]


@settings(max_examples=200)
@given(places=st.sets(st.integers(0, 3000), max_size=60), bits=st.integers(1, 8))
def test_gaps_lead_back_to_the_places(places: set[int], bits: int) -> None:
    ascending = np.array(sorted(places), dtype=np.int64)
    symbols = bitpack.gap_symbols(ascending, bits)
    plain: list[int] = []
    last = -1
    for place in sorted(places):
        gap = place - last - 1
        plain += [2**bits - 1] * (gap // (2**bits - 1)) + [gap % (2**bits - 1)]
        last = place
    assert symbols.tolist() == plain
    assert bitpack.places_of(symbols, bits).tolist() == sorted(places)
    sizes = {b: b * len(bitpack.gap_symbols(ascending, b)) for b in range(1, 9)}
    assert sizes[bitpack.best_gap_bits(ascending)] == min(sizes.values())


def test_damage_is_a_format_error() -> None:
    with pytest.raises(FormatError, match="2 bytes for 2 fields of 4 bits; need 1"):
        bitpack.unpack(np.zeros(2, np.uint8), 2, 4)
    with pytest.raises(FormatError, match="after the last field"):
        bitpack.unpack(np.array([0x80], np.uint8), 1, 4)
    with pytest.raises(FormatError, match="within a gap"):
        bitpack.places_of(np.array([0, 15], np.uint8), 4)
