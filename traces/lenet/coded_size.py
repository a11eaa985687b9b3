"""Huffman-coded size of a shared matrix, counted independently of accelsim's encoder.

An entry is a weight code and a gap, the number of zeros before it. A gap too long for the
gap bits is broken by padding entries (code 0, the largest gap), each of which stands for
2^gap_bits zeros. Zeros after the last entry are not stored.
"""

import heapq
from dataclasses import dataclass

import numpy as np

CODEBOOK_BYTES = 16 * 4  # float32
COUNT_BYTES = 4  # number of entries, uint32


@dataclass(frozen=True)
class CodedSize:
    """Entries of one layer and its bytes without and with Huffman coding."""

    entries: int
    padding: int
    plain_bytes: int
    huffman_bytes: int


def entries_of(sequence: np.ndarray, gap_bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Codes and gaps of a one-dimensional ``sequence`` of weight codes, padding included."""
    places = np.flatnonzero(sequence)
    gaps = np.diff(places, prepend=-1) - 1
    n_padding = gaps >> gap_bits
    n_entries = places.size + int(n_padding.sum())
    codes = np.zeros(n_entries, np.int64)
    stored_gaps = np.full(n_entries, (1 << gap_bits) - 1)
    real = np.cumsum(n_padding + 1) - 1
    codes[real] = sequence[places]
    stored_gaps[real] = gaps & ((1 << gap_bits) - 1)
    return codes, stored_gaps


def huffman_lengths(counts: np.ndarray) -> np.ndarray:
    """Code length in bits of each symbol of an optimal prefix code; 0 where a count is 0."""
    heap = [(int(count), symbol, [symbol]) for symbol, count in enumerate(counts) if count]
    lengths = np.zeros(len(counts), np.int64)
    if len(heap) == 1:
        lengths[heap[0][1]] = 1
    heapq.heapify(heap)
    while len(heap) > 1:
        first, second = heapq.heappop(heap), heapq.heappop(heap)
        merged = first[2] + second[2]
        lengths[merged] += 1
        heapq.heappush(heap, (first[0] + second[0], min(first[1], second[1]), merged))
    return lengths


def flat_size(codes: np.ndarray, gap_bits: int, order: str, code_bits: int = 4) -> CodedSize:
    """Size of one layer stored as a single sequence in ``order`` "row" or "column".

    The codebook, the number of entries and, with Huffman, a table of one byte a symbol (its
    code length, which is all that a canonical code needs) are counted; biases are not.
    """
    sequence = codes.ravel(order={"row": "C", "column": "F"}[order])
    return _size([sequence], gap_bits, code_bits, COUNT_BYTES)


def interleaved_size(codes: np.ndarray, gap_bits: int, n_pe: int, code_bits: int = 4) -> CodedSize:
    """Size of one layer in EIE's format: row i in PE i mod n_pe, gaps restart at each column.

    Each PE has one 16-bit pointer a column and one more. They stay uncoded.
    """
    columns = [codes[pe::n_pe, j] for pe in range(n_pe) for j in range(codes.shape[1])]
    return _size(columns, gap_bits, code_bits, n_pe * (codes.shape[1] + 1) * 2)


def _size(
    sequences: list[np.ndarray], gap_bits: int, code_bits: int, overhead_bytes: int
) -> CodedSize:
    entries = [entries_of(sequence, gap_bits) for sequence in sequences]
    weight_codes, gaps = (np.concatenate(part) for part in zip(*entries, strict=True))
    huffman_bits, table_bytes = 0, 0
    for symbols, bits in ((weight_codes, code_bits), (gaps, gap_bits)):
        counts = np.bincount(symbols, minlength=1 << bits)
        huffman_bits += int((counts * huffman_lengths(counts)).sum())
        table_bytes += 1 << bits
    plain = -(-weight_codes.size * (code_bits + gap_bits) // 8)
    fixed = CODEBOOK_BYTES + overhead_bytes
    return CodedSize(
        entries=weight_codes.size,
        padding=int((weight_codes == 0).sum()),
        plain_bytes=plain + fixed,
        huffman_bytes=-(-huffman_bits // 8) + table_bytes + fixed,
    )
