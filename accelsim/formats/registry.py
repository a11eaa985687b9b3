"""Sparse formats by name: one integer matrix in, what is stored and how many bits out.

======================  ======================================================================
``interleaved_csc``     EIE: PE-interleaved columns, zero runs; values of up to 8 bits
``interleaved_bitmap``  the same with a bit for each row of a column that has values
``weight_stream``       ESE: zero runs and linear weights, columns aligned to DRAM words
``csb``                 bank-balanced: values and positions inside banks
``n_m``                 N:M: values and places inside groups
======================  ======================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError, nearest
from accelsim.fixedpoint import bounds
from accelsim.formats.column_table import BITMAP
from accelsim.formats.csb import decode_csb, encode_csb
from accelsim.formats.huffman import coded_bits, table_bits
from accelsim.formats.image_words import spmat_words
from accelsim.formats.interleaved_csc import build_image, decode_image
from accelsim.formats.n_m import decode_n_m, encode_n_m
from accelsim.formats.weight_stream import build_stream, decode_stream
from accelsim.records import CompressedLayer, CscMatrix
from accelsim.records.linear import LinearWeights
from accelsim.records.shown import Short

__all__ = [
    "FORMATS", "Format", "Stored", "Symbols", "huffman_bits", "register_format", "restore", "store",
]

Dense = npt.NDArray[np.int16]


@dataclass(frozen=True, eq=False)
class Symbols(Short):
    """One kind of stored number: ``symbols`` (n,) integers from 0 on, ``bits`` each."""

    symbols: npt.NDArray[np.int64]
    bits: int

    @property
    def huffman_bits(self) -> int:
        """Bits with a Huffman code of their own, its code table included."""
        return huffman_bits(self.symbols, self.bits)


@dataclass(frozen=True, eq=False)
class Stored(Short):
    """A matrix in one format.

    Attributes
    ----------
    values, positions : weights in two's complement, and what tells their places
    fixed_bits : pointers and alignment, which no Huffman code makes shorter
    """

    format: str
    content: Any
    values: Symbols
    positions: Symbols
    fixed_bits: int = 0

    @property
    def size_bits(self) -> int:
        """Everything that is stored."""
        coded = (self.values, self.positions)
        return sum(s.symbols.size * s.bits for s in coded) + self.fixed_bits

    @property
    def huffman_bits(self) -> int:
        """The same with values and positions Huffman-coded, each with its own table."""
        return self.values.huffman_bits + self.positions.huffman_bits + self.fixed_bits


@dataclass(frozen=True)
class Format:
    """``encode(matrix, value_bits, **parameters)`` and ``decode(stored)``, its inverse.

    ``parameters`` are the defaults, which a call may replace.
    """

    encode: Callable[..., Stored]
    decode: Callable[[Stored], Dense]
    parameters: Mapping[str, int]


def register_format(name: str, chosen: Format) -> None:
    """Offer a format under a name of its own.

    Raises
    ------
    InputError
        If the name is taken.
    """
    if name in FORMATS:
        raise InputError(f"there is a format '{name}' already; choose another name")
    _formats[name] = chosen


def store(name: str, matrix: npt.NDArray[Any], value_bits: int, **parameters: int) -> Stored:
    """Store a matrix in a named format.

    Parameters
    ----------
    matrix : (n_rows, n_columns) integers that fit ``value_bits`` bits (2 to 16)
    parameters : of the format, over its defaults

    Raises
    ------
    InputError
        If the format or a parameter is unknown, or the matrix does not fit it.
    """
    if name not in FORMATS:
        raise InputError(f"no format '{name}'{nearest(name, FORMATS)}")
    chosen = FORMATS[name]
    for key in parameters:
        if key not in chosen.parameters:
            raise InputError(f"format {name}: no parameter '{key}'"
                             f"{nearest(key, chosen.parameters)}")
    if matrix.ndim != 2 or 0 in matrix.shape or not np.issubdtype(matrix.dtype, np.integer):
        raise InputError(f"format {name}: matrix of shape {matrix.shape} and {matrix.dtype}; need "
                         f"two dimensions of integers")
    low, high = bounds(value_bits) if 2 <= value_bits <= 16 else (0, -1)
    if int(matrix.min()) < low or int(matrix.max()) > high:
        raise InputError(f"format {name}: values from {matrix.min()} to {matrix.max()} do not fit "
                         f"{value_bits} bits; need 2 to 16 bits that hold them")
    return chosen.encode(matrix.astype(np.int16), value_bits, **{**chosen.parameters, **parameters})


def restore(stored: Stored) -> Dense:
    """The matrix that was stored."""
    return FORMATS[stored.format].decode(stored)


def _interleaved_csc(
    matrix: Dense, value_bits: int, n_pe: int, index_bits: int, pointer_bits: int
) -> Stored:
    image = build_image(_as_codes("interleaved_csc", matrix, value_bits), n_pe, index_bits)
    return Stored(
        "interleaved_csc", image, _symbols(image.codes, value_bits),
        _symbols(image.runs, index_bits), image.pointers.size * pointer_bits,
    )


def _interleaved_bitmap(
    matrix: Dense, value_bits: int, n_pe: int, pointer_bits: int
) -> Stored:
    image = build_image(_as_codes("interleaved_bitmap", matrix, value_bits), n_pe, index=BITMAP)
    words = np.concatenate([spmat_words(image, pe) for pe in range(n_pe)])
    bits = np.ones(len(words), dtype=bool)
    at = (image.words + np.concatenate([[0], np.cumsum(image.words[:, -1, -1])])[:-1, None, None])
    counts = np.diff(image.pointers, axis=2).ravel()
    codes = np.repeat((at[:, :, 1:].ravel() - counts), counts)
    before = np.repeat(np.cumsum(counts) - counts, counts)
    bits[codes + np.arange(len(codes)) - before] = False
    return Stored(
        "interleaved_bitmap", image, _symbols(image.codes, value_bits),
        _symbols(words[bits], value_bits), image.pointers.size * pointer_bits,
    )


def _as_codes(name: str, matrix: Dense, value_bits: int) -> CompressedLayer:
    """Values in two's complement as the codes of a layer."""
    if value_bits > 8:
        raise InputError(f"format {name}: values of {value_bits} bits; its codes have at most 8, "
                         f"use weight_stream")
    codes = CscMatrix.from_dense((matrix & ((1 << value_bits) - 1)).astype(np.uint8))
    return CompressedLayer(codes, np.zeros(1 << value_bits, dtype=np.float32), value_bits, 4)


def _from_interleaved(stored: Stored) -> Dense:
    codes = decode_image(stored.content).to_dense().astype(np.int64)
    half = 1 << (stored.values.bits - 1)
    return np.asarray((codes ^ half) - half, dtype=np.int16)


def _weight_stream(
    matrix: Dense, value_bits: int, n_pe: int, index_bits: int, pointer_bits: int, align_bits: int
) -> Stored:
    weights = LinearWeights(CscMatrix.from_dense(matrix), value_bits, 0)
    stream = build_stream(weights, n_pe, index_bits)
    aligned = int(stream.column_ends(align_bits)[-1]) - stream.values.size * stream.entry_bits
    return Stored(
        "weight_stream", stream, _symbols(stream.values, value_bits),
        _symbols(stream.runs, index_bits), aligned + stream.pointers.size * pointer_bits,
    )


def _csb(matrix: Dense, value_bits: int, n_banks: int) -> Stored:
    banks = encode_csb(matrix, n_banks)
    return Stored("csb", banks, _symbols(banks.values, value_bits),
                  _symbols(banks.positions, banks.position_bits))


def _n_m(matrix: Dense, value_bits: int, n: int, m: int) -> Stored:
    groups = encode_n_m(matrix, n, m)
    return Stored("n_m", groups, _symbols(groups.values, value_bits),
                  _symbols(groups.places, groups.place_bits))


def huffman_bits(numbers: npt.NDArray[Any], bits: int) -> int:
    """Bits of ``numbers`` of ``bits`` bits, Huffman-coded, with a table of the whole alphabet."""
    if not numbers.size:
        return 0
    symbols = numbers.ravel().astype(np.int64) & ((1 << bits) - 1)
    return coded_bits(np.bincount(symbols)) + table_bits(1 << bits)


def _symbols(numbers: npt.NDArray[Any], bits: int) -> Symbols:
    return Symbols(numbers.ravel().astype(np.int64) & ((1 << bits) - 1), bits)


_formats: dict[str, Format] = {
    "interleaved_csc": Format(_interleaved_csc, _from_interleaved, MappingProxyType(
        {"n_pe": 64, "index_bits": 4, "pointer_bits": 16})),
    "interleaved_bitmap": Format(_interleaved_bitmap, _from_interleaved, MappingProxyType(
        {"n_pe": 64, "pointer_bits": 16})),
    "weight_stream": Format(
        _weight_stream, lambda s: decode_stream(s.content).to_dense(), MappingProxyType(
            {"n_pe": 32, "index_bits": 4, "pointer_bits": 16, "align_bits": 512})),
    "csb": Format(_csb, lambda s: decode_csb(s.content), MappingProxyType({"n_banks": 16})),
    "n_m": Format(_n_m, lambda s: decode_n_m(s.content), MappingProxyType({"n": 2, "m": 4})),
}
FORMATS: Mapping[str, Format] = MappingProxyType(_formats)
"""Name to format; `register_format` adds one."""
