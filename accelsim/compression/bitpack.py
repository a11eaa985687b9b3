"""Small integers in few bits, for the file: fixed-width packing and gaps with an escape.

A field of ``bits`` bits lies low bit first, the first field in the lowest bits of the first byte;
at 4 bits that is two a byte, low nibble first. Bits after the last field are zero.

Ascending places become gaps of ``gap_bits`` bits. The largest symbol is an escape: as many zeros
as its value, and no entry. (The machine's padding entry covers one place more, because it also
takes a code; a file need not store codes for padding.)
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from accelsim.errors import FormatError

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]


def packed_size(n_fields: int, bits: int) -> int:
    """Bytes of ``n_fields`` fields."""
    return -(-n_fields * bits // 8)


def pack(fields: Bytes, bits: int) -> Bytes:
    """(n,) uint8 fields below ``2**bits`` to bytes."""
    spread = np.unpackbits(fields[:, None], axis=1, count=bits, bitorder="little")
    return np.packbits(spread, bitorder="little")


def unpack(data: Bytes, n_fields: int, bits: int) -> Bytes:
    """Inverse of `pack`.

    Raises
    ------
    FormatError
        If the data are not of the right size, or a bit after the last field is set.
    """
    if len(data) != packed_size(n_fields, bits):
        raise FormatError(
            f"{len(data)} bytes for {n_fields} fields of {bits} bits; "
            f"need {packed_size(n_fields, bits)}"
        )
    spread = np.unpackbits(data, bitorder="little")
    if spread[n_fields * bits:].any():
        raise FormatError("bits after the last field are set")
    table = spread[:n_fields * bits].reshape(n_fields, bits)
    return np.packbits(table, axis=1, bitorder="little")[:, 0]


def best_gap_bits(places: Places) -> int:
    """The width, 1 to 8 bits, with which ascending places take the fewest bits."""
    gaps = np.diff(places, prepend=-1) - 1
    sizes = [
        bits * (len(gaps) + int((gaps // ((1 << bits) - 1)).sum())) for bits in range(1, 9)
    ]
    return sizes.index(min(sizes)) + 1


def gap_symbols(places: Places, gap_bits: int) -> Bytes:
    """Ascending places from 0 on as gap symbols below ``2**gap_bits``."""
    escape = (1 << gap_bits) - 1
    gaps = np.diff(places, prepend=-1) - 1
    ends = np.cumsum(gaps // escape + 1)
    symbols = np.full(int(ends[-1]) if len(ends) else 0, escape, dtype=np.uint8)
    symbols[ends - 1] = gaps % escape
    return symbols


def places_of(symbols: Bytes, gap_bits: int) -> Places:
    """Inverse of `gap_symbols`.

    Raises
    ------
    FormatError
        If the symbols end with an escape, which leads to no entry.
    """
    real = symbols != (1 << gap_bits) - 1
    if len(real) and not real[-1]:
        raise FormatError("the gaps end within a gap")
    steps = np.cumsum(symbols.astype(np.int64) + real)
    places: Places = steps[real] - 1
    return places
