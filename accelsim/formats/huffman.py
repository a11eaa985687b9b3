"""Canonical Huffman codes: lengths, sizes, and an encoder and decoder that prove the sizes.

A canonical code is known from its code lengths alone: shorter codes come first, codes of one
length follow the order of their symbols. So a code table costs ``LENGTH_BITS`` bits a symbol of
the alphabet, absent symbols (length 0) too. An alphabet in use of one symbol gets one bit.

Source: Deep Compression (Han et al., ICLR 2016, sec. 4) codes weights and gaps with a Huffman code
each; it does not say how the code tables are stored, which is fixed here.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from accelsim.errors import FormatError, InputError

LENGTH_BITS = 8
"""Bits of one code length in a stored code table."""

Lengths = npt.NDArray[np.uint8]


def code_lengths(counts: npt.ArrayLike) -> Lengths:
    """Code lengths in bits of an optimal prefix code.

    Parameters
    ----------
    counts : (n_symbols,) integers, how often each symbol occurs

    Returns
    -------
    (n_symbols,) uint8; 0 for a symbol that does not occur

    Raises
    ------
    InputError
        If a count is negative.
    """
    array = np.asarray(counts, dtype=np.int64)
    if array.ndim != 1 or np.any(array < 0):
        raise InputError("Huffman counts must be a list of integers, 0 or more")
    used = [int(symbol) for symbol in np.argsort(array, kind="stable") if array[symbol]]
    lengths = np.zeros(len(array), dtype=np.uint8)
    if len(used) <= 1:
        lengths[used] = 1
        return lengths
    # Two queues: leaves by weight, and inner nodes, which arise in order of weight.
    n_leaves = len(used)
    weights = [int(array[symbol]) for symbol in used]
    parents = [0] * (2 * n_leaves - 1)
    leaf, inner = 0, n_leaves
    for node in range(n_leaves, 2 * n_leaves - 1):
        weight = 0
        for _ in range(2):
            if leaf < n_leaves and (inner == node or weights[leaf] <= weights[inner]):
                child, leaf = leaf, leaf + 1
            else:
                child, inner = inner, inner + 1
            parents[child] = node
            weight += weights[child]
        weights.append(weight)
    depths = [0] * (2 * n_leaves - 1)
    for node in range(2 * n_leaves - 3, -1, -1):
        depths[node] = depths[parents[node]] + 1
    lengths[used] = depths[:n_leaves]
    return lengths


def coded_bits(counts: npt.ArrayLike, lengths: Lengths | None = None) -> int:
    """Bits of a message with these symbol ``counts``, its code table not counted."""
    array = np.asarray(counts, dtype=np.int64)
    used = code_lengths(array) if lengths is None else lengths
    return int((array * used.astype(np.int64)).sum())


def table_bits(n_symbols: int) -> int:
    """Bits of a stored code table for an alphabet of ``n_symbols``."""
    return n_symbols * LENGTH_BITS


def canonical_codes(lengths: Lengths) -> list[int]:
    """The code word of each symbol, its first bit the most significant; 0 where absent.

    Raises
    ------
    FormatError
        If the lengths are not those of a complete prefix code (one symbol of one bit aside).
    """
    order = sorted((int(n), symbol) for symbol, n in enumerate(lengths) if n)
    codes = [0] * len(lengths)
    if not order:
        return codes
    longest = order[-1][0]
    space = sum(1 << (longest - n) for n, _ in order)
    if space != 1 << longest and [n for n, _ in order] != [1]:
        raise FormatError("Huffman code lengths do not make a prefix code; the table is damaged")
    code = 0
    for (length, symbol), (following, _) in pairwise([*order, (longest, -1)]):
        codes[symbol] = code
        code = (code + 1) << (following - length)
    return codes


def encode(symbols: npt.ArrayLike, lengths: Lengths) -> bytes:
    """The message as bits, first bit in the top of the first byte, filled up with zeros.

    Raises
    ------
    InputError
        If a symbol has no code.
    """
    message = np.asarray(symbols, dtype=np.int64)
    if message.size and (message.min() < 0 or message.max() >= len(lengths)):
        raise InputError(f"a symbol lies outside the alphabet of {len(lengths)}")
    sizes = lengths[message].astype(np.int64)
    if np.any(sizes == 0):
        raise InputError("a symbol has no Huffman code; count it first")
    codes = np.array(canonical_codes(lengths), dtype=np.uint64)
    ends = np.cumsum(sizes)
    remaining = np.repeat(ends, sizes) - np.arange(int(sizes.sum())) - 1
    bits = (np.repeat(codes[message], sizes) >> remaining.astype(np.uint64)) & np.uint64(1)
    return np.packbits(bits.astype(np.uint8)).tobytes()


def decode(data: bytes, n_symbols: int, lengths: Lengths) -> npt.NDArray[np.uint8]:
    """The first ``n_symbols`` symbols of an encoded message.

    Raises
    ------
    FormatError
        If the data end early or the lengths make no prefix code.
    """
    words = {
        (int(length), code): symbol
        for symbol, (length, code) in enumerate(zip(lengths, canonical_codes(lengths), strict=True))
        if length
    }
    message = np.zeros(n_symbols, dtype=np.uint8)
    bits = iter(np.unpackbits(np.frombuffer(data, dtype=np.uint8)).tolist())
    for at in range(n_symbols):
        length = code = 0
        while (length, code) not in words:
            bit = next(bits, None)
            if bit is None or length > 63:
                raise FormatError(f"Huffman data end after {at} of {n_symbols} symbols")
            length, code = length + 1, code << 1 | bit
        message[at] = words[length, code]
    return message
