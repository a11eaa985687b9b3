"""Sparse matrices by columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError
from accelsim.numeric import is_sparse, real_numbers
from accelsim.records.shown import Short

FloatArray = npt.NDArray[np.floating[Any]]
Index = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True)
class CscMatrix(Short):
    """Compressed sparse columns: the non-zeros of a matrix, column by column, rows ascending.

    Attributes
    ----------
    shape : (n_outputs, n_inputs)
    column_starts : (n_inputs + 1,) int64; column j is ``rows[starts[j]:starts[j + 1]]``
    rows : (nnz,) int32
    values : (nnz,) float32 weights, or uint8 codes inside a `CompressedLayer`
    """

    shape: tuple[int, int]
    column_starts: Index
    rows: Index
    values: npt.NDArray[Any]

    def __post_init__(self) -> None:
        n_rows, n_columns = self.shape
        starts = self.column_starts
        if n_rows < 1 or n_columns < 1:
            raise InputError(f"matrix shape is {self.shape}; need at least one row and one column")
        if len(starts) != n_columns + 1 or starts[0] != 0 or starts[-1] != len(self.rows):
            raise InputError(
                f"column_starts of a {n_rows} x {n_columns} matrix must hold {n_columns + 1} "
                f"offsets from 0 to {len(self.rows)}; got {len(starts)}"
            )
        if len(self.values) != len(self.rows):
            raise InputError(f"{len(self.rows)} rows but {len(self.values)} values in the matrix")
        if np.any(np.diff(starts) < 0):
            raise InputError("column_starts must not decrease")
        if len(self.rows):
            if int(self.rows.min()) < 0 or int(self.rows.max()) >= n_rows:
                raise InputError(f"a row index lies outside 0..{n_rows - 1}")
            step = self.rows[1:] <= self.rows[:-1]
            inside = np.ones(len(step), dtype=bool)
            edges = np.asarray(starts[1:-1])
            inside[edges[(edges > 0) & (edges < len(self.rows))] - 1] = False
            if np.any(step & inside):
                raise InputError("rows must ascend within a column, each at most once")

    @property
    def nnz(self) -> int:
        """Stored entries."""
        return len(self.rows)

    @property
    def columns(self) -> npt.NDArray[np.int64]:
        """(nnz,) column of each entry."""
        return np.repeat(np.arange(self.shape[1]), np.diff(self.column_starts))

    def only(self, stays: npt.NDArray[np.bool_]) -> CscMatrix:
        """The matrix without the entries for which ``stays``, (nnz,), is false."""
        stored = np.concatenate([[0], np.cumsum(stays)])
        return CscMatrix(
            self.shape, stored[self.column_starts], self.rows[stays], self.values[stays])

    @classmethod
    def from_dense(cls, dense: npt.ArrayLike) -> CscMatrix:
        """Keep the non-zeros of a 2-D array."""
        array = real_numbers("weights", dense)
        if array.ndim != 2:
            raise InputError(f"weights have shape {array.shape}; need (outputs, inputs)")
        columns, rows = np.nonzero(array.T)
        starts = np.searchsorted(columns, np.arange(array.shape[1] + 1)).astype(np.int64)
        return cls(
            (int(array.shape[0]), int(array.shape[1])),
            starts,
            rows.astype(np.int32),
            np.ascontiguousarray(array.T[columns, rows]),
        )

    @classmethod
    def from_sparse(cls, what: str, sparse: Any) -> CscMatrix:
        """Any 2-D array of scipy.sparse; duplicates are added, stored zeros left out.

        Raises
        ------
        InputError
            If it is not 2-D or does not hold real numbers.
        """
        if len(sparse.shape) != 2:
            raise InputError(f"{what} have shape {sparse.shape}; need (outputs, inputs)")
        values = real_numbers(what, sparse.tocoo().data)
        columns = sparse.tocoo().astype(values.dtype).tocsc()
        columns.sum_duplicates()
        columns.eliminate_zeros()
        return cls((int(sparse.shape[0]), int(sparse.shape[1])),
                   columns.indptr.astype(np.int64), columns.indices.astype(np.int32), columns.data)

    def to_dense(self) -> npt.NDArray[Any]:
        """The 2-D array, zeros where nothing is stored."""
        dense = np.zeros(self.shape, dtype=self.values.dtype)
        dense[self.rows, self.columns] = self.values
        return dense


def checked_matrix(what: str, weights: Any) -> npt.NDArray[Any] | CscMatrix:
    """Weights as a dense array of numbers, or a `CscMatrix` of them where they are sparse.

    Raises
    ------
    InputError
        If they are not real numbers.
    """
    if is_sparse(weights):
        return CscMatrix.from_sparse(what, weights)
    if not isinstance(weights, CscMatrix):
        return real_numbers(what, weights)
    values = real_numbers(what, weights.values)
    if values is weights.values:
        return weights
    return CscMatrix(weights.shape, weights.column_starts, weights.rows, values)
