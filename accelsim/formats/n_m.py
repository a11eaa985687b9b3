"""N:M sparsity: of every M neighbours in a row at most N are stored, with their places.

2:4 keeps two values and two 2-bit places for every four weights. A group with fewer non-zeros is
filled with zeros at the last places, so that places inside a group ascend strictly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import FormatError, InputError
from accelsim.records.shown import Short


@dataclass(frozen=True, eq=False)
class NmMatrix(Short):
    """One matrix.

    Attributes
    ----------
    shape : (n_rows, n_columns)
    m : neighbours in a group
    values, places : (n_rows, n_groups, n), ``places`` uint8 below m, ascending in a group
    """

    shape: tuple[int, int]
    m: int
    values: npt.NDArray[Any]
    places: npt.NDArray[np.uint8]

    @property
    def n(self) -> int:
        """Values of a group."""
        return int(self.values.shape[2])

    @property
    def place_bits(self) -> int:
        """Bits of one place: 2 for 2:4."""
        return (self.m - 1).bit_length()

    def size_bits(self, value_bits: int) -> int:
        """Stored bits with values of ``value_bits`` bits."""
        return self.values.size * (value_bits + self.place_bits)

    def metadata(self) -> npt.NDArray[np.uint8]:
        """Places packed into bytes, the first in the lowest bits."""
        bits = np.arange(self.place_bits, dtype=np.uint8)
        unpacked = (self.places.reshape(-1, 1) >> bits) & 1
        return np.packbits(unpacked.ravel(), bitorder="little")


def encode_n_m(dense: npt.NDArray[Any], n: int, m: int) -> NmMatrix:
    """Store a matrix that already has at most ``n`` non-zeros in every ``m`` neighbours.

    Raises
    ------
    InputError
        If a group holds more, or n and m are out of range.
    """
    if dense.ndim != 2 or 0 in dense.shape or not 1 <= n <= m <= 256:
        raise InputError(f"weights have shape {dense.shape}, n={n}, m={m}; need (outputs, "
                         f"inputs) and 1 <= n <= m <= 256")
    n_rows, n_columns = dense.shape
    n_groups = -(-n_columns // m)
    padded = np.zeros((n_rows, n_groups * m), dtype=dense.dtype)
    padded[:, :n_columns] = dense
    groups = padded.reshape(n_rows, n_groups, m)
    counts = (groups != 0).sum(axis=2)
    if counts.max() > n:
        row, group = np.argwhere(counts > n)[0]
        raise InputError(f"row {row}, columns {group * m} to {group * m + m - 1}: "
                         f"{counts[row, group]} non-zeros, {n}:{m} stores {n}; prune with n_m")
    # Non-zeros, then the last zeros of the group; then in ascending order of place.
    rank = np.where(groups != 0, -1, m - 1 - np.arange(m))
    places = np.sort(np.argsort(rank, axis=2, kind="stable")[:, :, :n], axis=2)
    return NmMatrix(
        (n_rows, n_columns), m, np.take_along_axis(groups, places, axis=2),
        places.astype(np.uint8),
    )


def decode_n_m(matrix: NmMatrix) -> npt.NDArray[Any]:
    """The dense matrix.

    Raises
    ------
    FormatError
        If places do not ascend below m, or lie beyond the matrix.
    """
    n_rows, n_columns = matrix.shape
    places = matrix.places.astype(np.int64)
    if np.any(places >= matrix.m) or np.any(np.diff(places, axis=2) <= 0):
        raise FormatError(f"places of an {matrix.n}:{matrix.m} group do not ascend "
                          f"below {matrix.m}")
    groups = np.zeros((n_rows, matrix.values.shape[1], matrix.m), dtype=matrix.values.dtype)
    np.put_along_axis(groups, places, matrix.values, axis=2)
    dense = groups.reshape(n_rows, -1)
    if np.any(dense[:, n_columns:]):
        raise FormatError(f"N:M entry beyond column {n_columns - 1}")
    return dense[:, :n_columns]
