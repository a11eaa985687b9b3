"""Compressed sparse banks: the format of bank-balanced sparsity (BBS, Cao et al., FPGA 2019).

Every row is cut into ``n_banks`` banks of equal width, each with the same number of non-zeros.
Two arrays hold the values and their positions inside the bank. In a row stands first the first
non-zero of every bank, then the second of every bank, and so on: one fetch feeds all banks, and
nothing has to be decoded to find a row or a column.

A bank with fewer non-zeros than the fullest one of the matrix is filled with zeros at position 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import FormatError, InputError
from accelsim.records.shown import Short


@dataclass(frozen=True, eq=False)
class CsbMatrix(Short):
    """One matrix.

    Attributes
    ----------
    shape : (n_rows, n_columns)
    values, positions : (n_rows, per_bank, n_banks), ``positions`` uint16 inside the bank
    """

    shape: tuple[int, int]
    values: npt.NDArray[Any]
    positions: npt.NDArray[np.uint16]

    @property
    def n_banks(self) -> int:
        """Banks of a row."""
        return int(self.values.shape[2])

    @property
    def per_bank(self) -> int:
        """Entries of each bank."""
        return int(self.values.shape[1])

    @property
    def bank_width(self) -> int:
        """Columns of a bank."""
        return -(-self.shape[1] // self.n_banks)

    @property
    def position_bits(self) -> int:
        """Bits of one position."""
        return (self.bank_width - 1).bit_length()

    def size_bits(self, value_bits: int) -> int:
        """Stored bits with values of ``value_bits`` bits."""
        return self.values.size * (value_bits + self.position_bits)


def encode_csb(dense: npt.NDArray[Any], n_banks: int) -> CsbMatrix:
    """Store the non-zeros of a matrix in ``n_banks`` banks a row.

    Raises
    ------
    InputError
        If the matrix is not 2-D or the banks are wider than 65,536 columns.
    """
    if dense.ndim != 2 or 0 in dense.shape or n_banks < 1:
        raise InputError(f"weights have shape {dense.shape}, n_banks is {n_banks}; need "
                         f"(outputs, inputs) and 1 or more")
    n_rows, n_columns = dense.shape
    width = -(-n_columns // n_banks)
    if width > 1 << 16:
        raise InputError(f"banks of {width} columns; need at most 65536, use more banks")
    padded = np.zeros((n_rows, n_banks * width), dtype=dense.dtype)
    padded[:, :n_columns] = dense
    banks = padded.reshape(n_rows, n_banks, width)
    per_bank = int((banks != 0).sum(axis=2).max())
    # Stable: positions of non-zeros first, each kind in ascending order.
    order = np.argsort(banks == 0, axis=2, kind="stable")[:, :, :per_bank]
    values = np.take_along_axis(banks, order, axis=2)
    positions = np.where(values != 0, order, 0).astype(np.uint16)
    return CsbMatrix(
        (n_rows, n_columns),
        np.ascontiguousarray(values.transpose(0, 2, 1)),
        np.ascontiguousarray(positions.transpose(0, 2, 1)),
    )


def decode_csb(matrix: CsbMatrix) -> npt.NDArray[Any]:
    """The dense matrix.

    Raises
    ------
    FormatError
        If a position lies outside of its bank or of the matrix.
    """
    n_rows, n_columns = matrix.shape
    width = matrix.bank_width
    if matrix.positions.size and int(matrix.positions.max()) >= width:
        raise FormatError(f"CSB position {matrix.positions.max()} in banks of {width} columns")
    dense = np.zeros((n_rows, matrix.n_banks * width), dtype=matrix.values.dtype)
    row, _, bank = np.nonzero(matrix.values)
    real = matrix.values != 0
    dense[row, bank * width + matrix.positions[real]] = matrix.values[real]
    if np.any(dense[:, n_columns:]):
        raise FormatError(f"CSB entry beyond column {n_columns - 1}")
    return dense[:, :n_columns]
