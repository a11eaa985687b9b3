"""How an image lies in a PE's SRAMs: even and odd pointer banks, and sparse-matrix lines.

Source: EIE (ISCA 2016) sec. IV. Pointers ``p[j]`` and ``p[j + 1]`` bound column j and must come
out in one cycle, so pointer j lies in the bank of its parity, at word ``j // 2``. A sparse-matrix
line holds whole entries, the lowest entry address in the lowest bits; in an entry, the zero run
is above the code. Bits of a line beyond its last whole entry are zero.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError
from accelsim.formats.interleaved_csc import PeImage

Pointers = npt.NDArray[np.int64]


def pointer_banks(pointers: Pointers) -> tuple[Pointers, Pointers]:
    """(even bank, odd bank) of the pointers of one PE and tile, (n_columns + 1,) entry addresses.

    Column j reads word ``(j + 1) // 2`` of the even bank and word ``j // 2`` of the odd bank.
    """
    return pointers[0::2], pointers[1::2]


def spmat_lines(
    image: PeImage, weight_bits: int, index_bits: int, spmat_width_bits: int
) -> list[int]:
    """The sparse-matrix SRAM of one PE, a line of ``spmat_width_bits`` bits as an integer each.

    Raises
    ------
    InputError
        If a line does not hold an entry.
    """
    entry_bits = weight_bits + index_bits
    per_line = spmat_width_bits // entry_bits
    if per_line < 1:
        raise InputError(
            f"a line of {spmat_width_bits} bits does not hold an entry of {entry_bits} bits; "
            f"use spmat_width_bits of {entry_bits} or more"
        )
    entries = (image.runs.astype(np.int64) << weight_bits | image.codes).tolist()
    return [
        sum(entry << (place * entry_bits) for place, entry in enumerate(entries[at:at + per_line]))
        for at in range(0, len(entries), per_line)
    ]
