"""Huffman codes: optimal, within the entropy bounds, and their sizes proven by a round trip."""

from __future__ import annotations

import heapq
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim.errors import FormatError, InputError
from accelsim.formats import huffman

COUNTS = st.lists(st.one_of(st.just(0), st.integers(0, 9), st.integers(0, 2**20)), max_size=256)


def heap_bits(counts: list[int]) -> int:
    """Total bits of a Huffman code: each merge adds one bit to all that is below it."""
    heap = [count for count in counts if count]
    if len(heap) == 1:
        return heap[0]
    heapq.heapify(heap)
    total = 0
    while len(heap) > 1:
        merged = heapq.heappop(heap) + heapq.heappop(heap)
        total += merged
        heapq.heappush(heap, merged)
    return total


@settings(max_examples=500)
@given(counts=COUNTS)
def test_the_size_is_that_of_a_heap(counts: list[int]) -> None:
    lengths = huffman.code_lengths(counts)
    assert huffman.coded_bits(counts) == huffman.coded_bits(counts, lengths) == heap_bits(counts)
    assert [bool(n) for n in lengths] == [bool(n) for n in counts]


@settings(max_examples=200)
@given(counts=COUNTS.filter(lambda counts: sum(map(bool, counts)) > 1))
def test_the_size_is_within_the_entropy_bounds(counts: list[int]) -> None:
    total = sum(counts)
    entropy = -sum(n / total * math.log2(n / total) for n in counts if n)
    mean = huffman.coded_bits(counts) / total
    assert entropy - 1e-9 <= mean < entropy + 1


@settings(max_examples=200)
@given(symbols=st.lists(st.integers(0, 255), max_size=400))
def test_round_trip_proves_the_size(symbols: list[int]) -> None:
    counts = np.bincount(np.array(symbols, dtype=np.int64), minlength=256)
    lengths = huffman.code_lengths(counts)
    data = huffman.encode(symbols, lengths)
    assert len(data) == -(-huffman.coded_bits(counts) // 8)
    assert huffman.decode(data, len(symbols), lengths).tolist() == symbols
    with pytest.raises(FormatError):
        huffman.decode(data, len(symbols) + 8, lengths)


@settings(max_examples=200)
@given(counts=COUNTS)
def test_codes_are_canonical_and_free_of_prefixes(counts: list[int]) -> None:
    lengths = huffman.code_lengths(counts)
    codes = huffman.canonical_codes(lengths)
    words = sorted(
        (format(code, f"0{n}b"), symbol)
        for symbol, (n, code) in enumerate(zip(lengths, codes, strict=True))
        if n
    )
    # In text order, a prefix would stand right before the word that it begins.
    for (word, _), (following, _) in pairwise(words):
        assert not following.startswith(word)
    in_order = sorted((int(n), symbol) for symbol, n in enumerate(lengths) if n)
    assert [(len(word), symbol) for word, symbol in words] == in_order


def test_a_known_code() -> None:
    lengths = huffman.code_lengths([45, 13, 12, 16, 9, 5])  # the textbook's alphabet
    assert lengths.tolist() == [1, 3, 3, 3, 4, 4]
    assert huffman.canonical_codes(lengths) == [0b0, 0b100, 0b101, 0b110, 0b1110, 0b1111]
    assert huffman.coded_bits([45, 13, 12, 16, 9, 5]) == 224
    assert huffman.table_bits(6) == 48


def test_fibonacci_counts_make_the_longest_code() -> None:
    counts = [1, 1]
    while len(counts) < 40:
        counts.append(counts[-1] + counts[-2])
    assert sorted(huffman.code_lengths(counts).tolist()) == [*range(1, 39), 39, 39]


@pytest.mark.parametrize("lengths", [[1, 1, 1], [2, 2], [1, 2], [2], [1, 3, 3]])
def test_a_damaged_table_is_refused(lengths: list[int]) -> None:
    with pytest.raises(FormatError, match="prefix code"):
        huffman.decode(b"\0", 1, np.array(lengths, dtype=np.uint8))


def test_what_has_no_code_is_refused() -> None:
    lengths = huffman.code_lengths([3, 0, 4])
    for symbol in (1, 3, -1):
        with pytest.raises(InputError):
            huffman.encode([symbol], lengths)
    with pytest.raises(InputError, match="0 or more"):
        huffman.code_lengths([1, -1])
    with pytest.raises(FormatError, match="after 0 of 1"):
        huffman.decode(b"\xff", 1, np.array([1], dtype=np.uint8))
