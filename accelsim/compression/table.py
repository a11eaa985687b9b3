"""The Deep Compression table: what pruning, sharing (P+Q) and Huffman coding (H) leave of a layer.

What is counted, in bits:

* an entry, kept weight or padding: ``weight_bits + index_bits``, or its two Huffman codes;
* the codebook: 32 for each of the ``2**weight_bits`` values of each of its tables;
* with Huffman, two code tables: 8 for each of ``2**weight_bits + 2**index_bits`` symbols;
* in "row" and "column" order: a count of entries, 32, and the bias as float32, as in the file of
  Deep Compression's demo; gaps run over the whole matrix, flattened, and the bias is not in it;
* with a bitmap no gap and no padding, but a bit for each place: of the whole matrix, or in "pe"
  order of each column of a PE that has entries; Huffman coding leaves these bits as they are;
* in "pe" order, EIE's format: ``pointer_bits`` for each pointer of each PE; gaps restart at each
  column of each PE, and the bias is the last column, or 16 bits a row in the accumulators.

The dense network, against which rates are taken, has 32 bits a weight and bias.
Source: Han et al., Deep Compression, ICLR 2016, tables 2 to 5 (columns) and sec. 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError, nearest
from accelsim.formats import build_image
from accelsim.formats.column_table import BITMAP, Runs
from accelsim.formats.huffman import coded_bits, table_bits
from accelsim.records import CompressedLayer
from accelsim.records.shown import Short, html_table

Order = Literal["row", "column", "pe"]
FLOAT_BITS = 32
COUNT_BITS = 32
BIAS_BITS = 16  # of a bias in the accumulators, which EIE has 16 bits wide (sec. IV)

Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class TableRow:
    """One layer, or the total, of a Deep Compression table.

    Attributes
    ----------
    weights, kept : weights of the dense layer, and those that are stored
    entries : stored entries: kept weights, padding and, in "pe" order, the bias
    weight_bits, index_bits : bits of a code and of a gap; of a bitmap its bits over the entries
    huffman_weight_bits, huffman_index_bits : bits of all Huffman-coded codes and gaps
    overhead_bits : codebook, counts or pointers, bias
    code_table_bits : what Huffman coding adds
    dense_bits : the layer before compression
    """

    name: str
    weights: int
    kept: int
    entries: int
    weight_bits: float
    index_bits: float
    huffman_weight_bits: int
    huffman_index_bits: int
    overhead_bits: int
    code_table_bits: int
    dense_bits: int

    @property
    def kept_percent(self) -> float:
        """Kept weights of a hundred."""
        return 100 * self.kept / self.weights

    @property
    def mean_weight_bits(self) -> float:
        """Huffman-coded bits of an entry's code, on average; 0 without entries."""
        return self.huffman_weight_bits / max(self.entries, 1)

    @property
    def mean_index_bits(self) -> float:
        """Huffman-coded bits of an entry's gap, on average; 0 without entries."""
        return self.huffman_index_bits / max(self.entries, 1)

    @property
    def plain_bits(self) -> int:
        """The layer pruned and shared (P+Q)."""
        entry_bits = self.entries * (self.weight_bits + self.index_bits)
        return round(entry_bits) + self.overhead_bits

    @property
    def huffman_bits(self) -> int:
        """The layer pruned, shared and Huffman-coded (P+Q+H), code tables included."""
        coded = self.huffman_weight_bits + self.huffman_index_bits
        return coded + self.code_table_bits + self.overhead_bits

    @property
    def plain_rate(self) -> float:
        """P+Q size over dense size."""
        return self.plain_bits / self.dense_bits

    @property
    def huffman_rate(self) -> float:
        """P+Q+H size over dense size."""
        return self.huffman_bits / self.dense_bits

    def as_dict(self) -> dict[str, Any]:
        """Counts and what follows from them, as plain values."""
        derived = ("kept_percent", "mean_weight_bits", "mean_index_bits", "plain_bits",
                   "huffman_bits", "plain_rate", "huffman_rate")
        return asdict(self) | {name: getattr(self, name) for name in derived}


@dataclass(frozen=True)
class CompressionTable(Short):
    """A row for each layer, and their total."""

    rows: tuple[TableRow, ...]
    total: TableRow

    def _repr_html_(self) -> str:
        """A table for a notebook: sizes, and bits of a weight and of an index."""
        rows = [(r.name, r.weights, r.kept, r.kept_percent, r.mean_weight_bits, r.mean_index_bits,
                 100 * r.plain_rate, 100 * r.huffman_rate) for r in (*self.rows, self.total)]
        return html_table("Compression (P pruned, Q shared, H Huffman-coded)", (
            "layer", "weights", "kept", "kept %", "W bits H", "I bits H", "P+Q %", "P+Q+H %"), rows)


def compression_table(
    layers: Sequence[CompressedLayer],
    order: Order = "row",
    n_pe: int = 1,
    index_bits: int | None = None,
    pointer_bits: int = 16,
) -> CompressionTable:
    """Count the bits of a network.

    Parameters
    ----------
    order : over what the gaps run: the matrix "row" by row, "column" by column, or as in EIE,
        "pe", each PE's part of each column
    n_pe, pointer_bits : of "pe" order
    index_bits : bits of a gap; None takes each layer's

    Raises
    ------
    InputError
        If an argument is out of range or there is no layer.
    """
    if order not in get_args(Order):
        raise InputError(f"order is {order!r}{nearest(order, get_args(Order))}")
    in_range = 1 <= pointer_bits <= 64 and (index_bits is None or 1 <= index_bits <= 8)
    if not layers or not in_range:
        raise InputError(
            f"{len(layers)} layers, pointer_bits={pointer_bits}, index_bits={index_bits}; "
            f"need a layer, pointer_bits of 1 to 64 and index_bits of 1 to 8"
        )
    rows = tuple(_row(layer, order, n_pe, index_bits, pointer_bits) for layer in layers)
    return CompressionTable(rows, _total(rows))


def gap_code(places: npt.NDArray[np.int64], index_bits: int) -> tuple[Codes, npt.NDArray[np.bool_]]:
    """Gaps of ascending places in a sequence; those too long are broken by padding entries.

    Returns
    -------
    gaps : (n_entries,) uint8, zeros before each entry since the last
    real : (n_entries,) bool, False for padding
    """
    gaps = np.diff(places, prepend=-1) - 1
    ends = np.cumsum((gaps >> index_bits) + 1)
    n_entries = int(ends[-1]) if len(ends) else 0
    coded = np.full(n_entries, (1 << index_bits) - 1, dtype=np.uint8)
    real = np.zeros(n_entries, dtype=bool)
    real[ends - 1] = True
    coded[ends - 1] = gaps & ((1 << index_bits) - 1)
    return coded, real


def _row(
    packed: CompressedLayer, order: Order, n_pe: int, given_bits: int | None, pointer_bits: int
) -> TableRow:
    run_bits = packed.index_bits if given_bits is None else given_bits
    n_outputs, n_inputs = packed.n_outputs, packed.n_inputs
    kept = int(packed.matrix.column_starts[n_inputs])
    overhead = FLOAT_BITS * packed.codebook.size
    bitmap = n_outputs * n_inputs
    gaps: Runs
    if order == "pe":
        image = build_image(packed, n_pe, run_bits, index=packed.index)
        codes, gaps = image.codes, image.runs
        bitmap = image.stored_bits - len(codes) * packed.weight_bits
        overhead += pointer_bits * image.pointers.size
        overhead += BIAS_BITS * n_outputs * (packed.bias is not None)
    else:
        codes, gaps = _flat_entries(packed, order, run_bits)
        overhead += COUNT_BITS + FLOAT_BITS * n_outputs * packed.biased
    n_codes, n_gaps = 1 << packed.weight_bits, 1 << run_bits
    index_bits: float = run_bits
    gap_table_bits = 0
    if packed.index == BITMAP:
        index_bits, gap_bits = bitmap / max(len(codes), 1), bitmap
        overhead += 0 if len(codes) else bitmap  # which no entry pays for
    else:
        gap_bits = coded_bits(np.bincount(gaps, minlength=n_gaps))
        gap_table_bits = table_bits(n_gaps)
    return TableRow(
        name=packed.name,
        weights=n_outputs * n_inputs,
        kept=kept,
        entries=len(codes),
        weight_bits=packed.weight_bits,
        index_bits=index_bits,
        huffman_weight_bits=coded_bits(np.bincount(codes, minlength=n_codes)),
        huffman_index_bits=gap_bits if len(codes) else 0,
        overhead_bits=overhead,
        code_table_bits=table_bits(n_codes) + gap_table_bits,
        dense_bits=FLOAT_BITS * n_outputs * (n_inputs + packed.biased),
    )


def _flat_entries(packed: CompressedLayer, order: Order, index_bits: int) -> tuple[Codes, Codes]:
    """Codes and gaps of the flattened weight matrix, without its bias; of a bitmap no gaps."""
    starts = packed.matrix.column_starts[:packed.n_inputs + 1]
    rows = packed.matrix.rows[:starts[-1]].astype(np.int64)
    values = packed.matrix.values[:starts[-1]]
    if packed.index == BITMAP:
        return values, np.zeros(0, np.uint8)
    columns = np.repeat(np.arange(packed.n_inputs), np.diff(starts))
    if order == "column":
        places = columns * packed.n_outputs + rows
    else:
        places = rows * packed.n_inputs + columns
        ascending = np.argsort(places)
        places, values = places[ascending], values[ascending]
    gaps, real = gap_code(places, index_bits)
    codes = np.zeros(len(gaps), dtype=np.uint8)
    codes[real] = values
    return codes, gaps


def _total(rows: Sequence[TableRow]) -> TableRow:
    """Sums of counts; bits of a code and of a gap are means over the entries."""
    entries = max(sum(row.entries for row in rows), 1)
    sums = {
        name: sum(getattr(row, name) for row in rows)
        for name in ("weights", "kept", "entries", "huffman_weight_bits", "huffman_index_bits",
                     "overhead_bits", "code_table_bits", "dense_bits")
    }
    means = {
        name: sum(row.entries * getattr(row, name) for row in rows) / entries
        for name in ("weight_bits", "index_bits")
    }
    return TableRow(name="total", **sums, **means)
