"""The weight decoder with several tables: a scale for a group of rows (contract D1 to D3).

Row r of a layer is row ``r div n_pe`` of PE ``r mod n_pe``, so a PE needs only the tables of its
own rows, and selects one by the accumulator that the entry in stage 1 adds to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import UnsupportedError
from accelsim.fixedpoint import quantise
from accelsim.machines.eie.datapath import check_table
from accelsim.records import BinaryPoints, CompressedLayer

if TYPE_CHECKING:
    from accelsim.machines.eie.config import EieConfig
    from accelsim.machines.eie.job import LayerJob

IntArray = npt.NDArray[np.int64]


def rows_a_table(name: str, n_pe: int, rows_per_table: int) -> int:
    """Rows of one PE that share a table, a power of two: the select is wires (D1).

    Raises
    ------
    UnsupportedError
        If the rows of a table are no divisor of ``n_pe``, and no power of two times it.
    """
    whole, rest = divmod(rows_per_table, n_pe)
    if n_pe % rows_per_table == 0:
        return 1
    if rest or whole & (whole - 1):
        taken = [k for k in range(1, n_pe + 1) if n_pe % k == 0]
        taken += [n_pe << power for power in range(1, whole.bit_length() + 1)]
        lower = max(k for k in taken if k < rows_per_table)
        upper = min(k for k in taken if k > rows_per_table)
        raise UnsupportedError(
            f"{name}: a table for {rows_per_table} rows; a decoder selects its table by wires, so "
            f"that on {n_pe} PEs a table is for a divisor of {n_pe} rows, or {n_pe} times a power "
            f"of two; take table_rows={lower} or {upper}, or another n_pe")
    return whole


def tables_a_pe(name: str, n_pe: int, n_outputs: int, rows_per_table: int | None) -> int:
    """Tables that the decoder of the PE with the most rows holds; errors as of `rows_a_table`."""
    if rows_per_table is None:
        return 1
    rows = -(-n_outputs // n_pe)
    return -(-rows // rows_a_table(name, n_pe, rows_per_table))


def check_tables(config: EieConfig, name: str, n_outputs: int, rows_per_table: int | None) -> None:
    """Raise `UnsupportedError` if the decoder does not hold a layer's tables (D2)."""
    if rows_per_table is not None and not (config.published_units and config.rows == "interleaved"):
        raise UnsupportedError(
            f"{name}: a table for {rows_per_table} rows; decoders of several tables are told with "
            f"interleaved rows, zero runs and one entry a cycle; leave rows, index and issue_width "
            f"as published, or compress without table_rows")
    need = tables_a_pe(name, config.n_pe, n_outputs, rows_per_table)
    if need > config.decoder_tables:
        total = -(-n_outputs // (rows_per_table or n_outputs))
        holds = "one" if config.decoder_tables == 1 else str(config.decoder_tables)
        share = "one a row" if rows_per_table == 1 else f"one for {rows_per_table} rows each"
        raise UnsupportedError(
            f"{name}: {total} tables, {share}, {need} in a PE; the weight decoder holds {holds}; "
            f"set decoder_tables={need} or 'fit', or compress without table_rows")


def own_tables(job: LayerJob, pe: int) -> tuple[IntArray, int]:
    """(n, 2**weight_bits) tables of one PE in the order of its rows, and the rows that each is
    for."""
    assert job.rows_per_table is not None
    n_pe, n_outputs = job.image.n_pe, job.image.n_outputs
    rows = rows_a_table(job.name, n_pe, job.rows_per_table)
    first = np.arange(0, max(-((pe - n_outputs) // n_pe), 1), rows) * n_pe + pe
    # A PE beyond the last row has no entries: any table will do.
    return job.codebook[np.minimum(first, n_outputs - 1) // job.rows_per_table], rows


def decoder_table(config: EieConfig, packed: CompressedLayer, points: BinaryPoints) -> IntArray:
    """(2**weight_bits,) integers that the weight decoder holds, of several tables (n_tables,
    2**weight_bits).

    Raises
    ------
    UnsupportedError
        If the layer has more tables than the decoder holds, or one that the datapath cannot
        multiply by.
    """
    check_tables(config, packed.name, packed.n_outputs, packed.rows_per_table)
    check_table(config.multiplier, packed.codebook, packed.name)
    return quantise(packed.codebook, config.weight_value_bits, points.weight_frac_bits)


def decode(
    codebook: IntArray, rows_per_table: int | None, rows: npt.NDArray[Any],
    codes: npt.NDArray[Any],
) -> IntArray:
    """(n,) weights of codes in rows, by a codebook as `decoder_table` gives it."""
    if rows_per_table is None:
        return np.asarray(codebook[codes])
    return np.asarray(codebook[rows // rows_per_table, codes])
