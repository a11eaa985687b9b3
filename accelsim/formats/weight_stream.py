"""The weight stream of ESE: PE-interleaved relative-index columns of linear weights in DRAM.

Row ``i`` belongs to PE ``i mod n_pe``; its number inside the PE is ``i div n_pe``. Each PE's part
of a column is a list of entries ``(weight, run)``: ``run`` zeros, then the weight. A run that
``index_bits`` cannot hold is broken by padding entries ``(0, 2**index_bits - 1)``, as in
`accelsim.formats.interleaved_csc`. In DRAM the entries of all PEs of a column stand together;
zeros fill the column up to a multiple of ``column_align_bits`` (ESE: 512, one DDR word), and the
columns follow each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError
from accelsim.records import CscMatrix
from accelsim.records.linear import LinearWeights
from accelsim.records.shown import Short

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class WeightStream(Short):
    """One matrix for ``n_pe`` PEs.

    Attributes
    ----------
    shape : (n_rows, n_columns) of the matrix
    counts, padding : (n_columns, n_pe) int64, entries of each PE and column, and those among them
        that only extend a run
    values : (n_entries,) int16 and ``runs`` (n_entries,) uint8, PE after PE, columns ascending
    pe_starts : (n_pe + 1,) int64, where each PE's entries begin
    """

    name: str
    shape: tuple[int, int]
    weight_bits: int
    index_bits: int
    counts: Int64
    padding: Int64
    values: npt.NDArray[np.int16]
    runs: npt.NDArray[np.uint8]
    pe_starts: Int64

    @property
    def n_pe(self) -> int:
        """Number of PEs."""
        return len(self.pe_starts) - 1

    @property
    def entry_bits(self) -> int:
        """Bits of one entry."""
        return self.weight_bits + self.index_bits

    @property
    def pointers(self) -> Int64:
        """(n_pe, n_columns + 1) entry addresses inside each PE."""
        result = np.zeros((self.n_pe, self.shape[1] + 1), dtype=np.int64)
        np.cumsum(self.counts.T, axis=1, out=result[:, 1:])
        return result

    def column_ends(self, align_bits: int) -> Int64:
        """(n_columns,) stream bits up to and with each column, zero padding included."""
        bits = self.counts.sum(axis=1) * self.entry_bits
        return np.cumsum(-(-bits // align_bits) * align_bits)


def build_stream(weights: LinearWeights, n_pe: int, index_bits: int) -> WeightStream:
    """Encode a matrix for ``n_pe`` PEs.

    Raises
    ------
    InputError
        If a number is out of range.
    """
    if n_pe < 1 or not 2 <= index_bits <= 8:
        raise InputError(f"{weights.name}: n_pe={n_pe}, index_bits={index_bits}; "
                         f"need 1 or more, and 2 to 8")
    m = weights.matrix
    n_columns = m.shape[1]
    columns = np.repeat(np.arange(n_columns, dtype=np.int64), np.diff(m.column_starts))
    owner, local = m.rows.astype(np.int64) % n_pe, m.rows.astype(np.int64) // n_pe
    order = np.argsort(owner, kind="stable")
    group, row = (owner * n_columns + columns)[order], local[order]
    gaps = row.copy()
    gaps[1:] -= np.where(group[1:] == group[:-1], row[:-1] + 1, 0)
    padding = gaps >> index_bits
    ends = np.cumsum(padding + 1)
    total = int(ends[-1]) if len(ends) else 0
    values = np.zeros(total, dtype=np.int16)
    runs = np.full(total, (1 << index_bits) - 1, dtype=np.uint8)
    values[ends - 1] = m.values[order]
    runs[ends - 1] = gaps & ((1 << index_bits) - 1)
    pads = np.zeros(n_pe * n_columns, dtype=np.int64)
    np.add.at(pads, group, padding)
    counts = np.bincount(group, minlength=n_pe * n_columns) + pads
    pe_starts = np.zeros(n_pe + 1, dtype=np.int64)
    np.cumsum(counts.reshape(n_pe, n_columns).sum(axis=1), out=pe_starts[1:])
    return WeightStream(
        weights.name, m.shape, weights.weight_bits, index_bits,
        np.ascontiguousarray(counts.reshape(n_pe, n_columns).T),
        np.ascontiguousarray(pads.reshape(n_pe, n_columns).T), values, runs, pe_starts,
    )


def decode_stream(stream: WeightStream) -> CscMatrix:
    """The int16 matrix that a stream stores; inverse of `build_stream`."""
    rows, columns = [], []
    for pe in range(stream.n_pe):
        part = slice(int(stream.pe_starts[pe]), int(stream.pe_starts[pe + 1]))
        counts = stream.counts[:, pe]
        steps = np.cumsum(stream.runs[part].astype(np.int64) + 1)
        starts = np.cumsum(counts) - counts
        before = np.concatenate([[0], steps])[starts]
        rows.append((steps - np.repeat(before, counts) - 1) * stream.n_pe + pe)
        columns.append(np.repeat(np.arange(stream.shape[1]), counts))
    row, column = np.concatenate(rows), np.concatenate(columns)
    real = stream.values != 0
    order = np.lexsort((row[real], column[real]))
    return CscMatrix(
        stream.shape,
        np.searchsorted(column[real][order], np.arange(stream.shape[1] + 1)).astype(np.int64),
        row[real][order].astype(np.int32),
        stream.values[real][order],
    )
