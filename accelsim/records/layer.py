"""Layers, plain and compressed: frozen records that carry data and check it once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError, nearest
from accelsim.numeric import real_numbers
from accelsim.records.losses import Loss
from accelsim.records.matrix import CscMatrix, FloatArray, Index, checked_matrix
from accelsim.records.shown import Short

INDEXES = ("zero_runs", "bitmap")
"""What says an entry's row: the zeros before it, or a bit for each row of its column."""


@dataclass(frozen=True)
class Layer(Short):
    """One fully connected layer: ``outputs = relu(weights @ activations + bias)``.

    Attributes
    ----------
    weights : (n_outputs, n_inputs) numbers (`accelsim.numeric`); sparse ones are a `CscMatrix`
    activations : (n_inputs,) or (n_vectors, n_inputs) floats, or None; also the calibration data
        from which binary points are chosen
    bias : (n_outputs,) floats or None
    relu : whether the next reader sees negative outputs as zero
    """

    weights: FloatArray | CscMatrix
    activations: FloatArray | None = None
    bias: FloatArray | None = None
    relu: bool = True
    name: str = "layer"
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        weights = checked_matrix(f"{self.name}: weights", self.weights)
        object.__setattr__(self, "weights", weights)
        values = weights.values if isinstance(weights, CscMatrix) else weights
        if len(weights.shape) != 2 or 0 in weights.shape:
            raise InputError(
                f"{self.name}: weights have shape {weights.shape}; need (outputs, inputs)"
            )
        n_outputs, n_inputs = self.shape
        for what, array, width in (
            ("activations", self.activations, n_inputs),
            ("bias", self.bias, n_outputs),
        ):
            if array is None:
                continue
            checked = real_numbers(f"{self.name}: {what}", array)
            object.__setattr__(self, what, checked)
            if checked.shape[-1:] != (width,) or checked.ndim > (2 if what != "bias" else 1):
                raise InputError(
                    f"{self.name}: {what} of shape {checked.shape}; the weights need {width}"
                )
            if not np.isfinite(checked).all():
                raise InputError(f"{self.name}: {what} hold NaN or infinity")
        if not np.isfinite(values).all():
            raise InputError(f"{self.name}: weights must be finite numbers")

    @property
    def shape(self) -> tuple[int, int]:
        """(n_outputs, n_inputs)."""
        n_outputs, n_inputs = self.weights.shape
        return int(n_outputs), int(n_inputs)


@dataclass(frozen=True)
class BinaryPoints:
    """Fraction bits of one layer's signals; see `accelsim.fixedpoint`."""

    weight_frac_bits: int
    input_frac_bits: int
    output_frac_bits: int

    @property
    def shift(self) -> int:
        """Right shift of every product before it is added."""
        return self.weight_frac_bits + self.input_frac_bits - self.output_frac_bits


@dataclass(frozen=True)
class CompressedLayer(Short):
    """A pruned layer with shared weights, independent of the number of PEs.

    Attributes
    ----------
    matrix : `CscMatrix` of uint8 codes, shape (n_outputs, n_inputs + 1 if has_bias);
        the bias is the last column
    codebook : (2**weight_bits,) float32; code 0 is 0.0, the padding value (EIE sec. III). With
        ``rows_per_table`` (n_tables, 2**weight_bits), a table for so many rows of the matrix
    weight_bits, index_bits : bits of a code and of a zero run
    input_max_abs, output_max_abs : largest magnitudes seen in calibration, or None
    binary_points : settled by hand, or None (chosen from the magnitudes and the machine's widths)
    row_order : (n_outputs,) int64 or None; row r of the matrix is output ``row_order[r]`` of the
        layer, so that PEs share the work evenly (`accelsim.compression.permute`)
    bias : (n_outputs,) float32 or None; that of each row of the matrix, added exactly: sums start
        from it. A layer has this, or a last column, or no bias
    losses : what the compression lost, for people: it is no part of the digest
    rows_per_table : rows that follow each other and share a table; None: all rows share one
    index : how the entries' rows are counted and stored, "zero_runs" or "bitmap"; a machine stores
        the layer by its own ``index`` and ``index_bits``
    """

    matrix: CscMatrix
    codebook: npt.NDArray[np.float32]
    weight_bits: int
    index_bits: int
    has_bias: bool = False
    relu: bool = True
    name: str = "layer"
    input_max_abs: float | None = None
    output_max_abs: float | None = None
    binary_points: BinaryPoints | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    row_order: npt.NDArray[np.int64] | None = None
    bias: npt.NDArray[np.float32] | None = None
    losses: tuple[Loss, ...] = ()
    rows_per_table: int | None = None
    index: str = "zero_runs"

    def __post_init__(self) -> None:
        for what, bits, low in (("weight_bits", self.weight_bits, 2),
                                ("index_bits", self.index_bits, 1)):
            if not low <= bits <= 8:
                raise InputError(f"{self.name}: {what} is {bits}; need {low} to 8")
        if self.index not in INDEXES:
            raise InputError(f"{self.name}: index is {self.index!r}"
                             f"{nearest(self.index, INDEXES)}")
        if self.rows_per_table is not None and self.rows_per_table < 1:
            raise InputError(f"{self.name}: rows_per_table is {self.rows_per_table}; need 1 or "
                             f"more")
        tables = () if self.rows_per_table is None else (-(-self.n_outputs // self.rows_per_table),)
        shape = (*tables, 1 << self.weight_bits)
        if self.codebook.shape != shape or np.any(self.codebook[..., 0] != 0):
            raise InputError(f"{self.name}: the codebook has shape {self.codebook.shape}; need "
                             f"{shape} with entry 0 equal to 0.0")
        if not np.isfinite(self.codebook).all():
            raise InputError(f"{self.name}: the codebook holds NaN or infinity")
        codes = self.matrix.values
        if codes.dtype != np.uint8:
            raise InputError(f"{self.name}: codes are {codes.dtype}; need uint8")
        if len(codes) and int(codes.max()) >= 1 << self.weight_bits:
            raise InputError(f"{self.name}: a code does not fit {self.weight_bits} bits")
        if self.has_bias and self.matrix.shape[1] < 2:
            raise InputError(f"{self.name}: a layer with a bias needs at least one input column")
        if self.row_order is not None and not (
            self.row_order.shape == (self.n_outputs,)
            and np.array_equal(np.sort(self.row_order), np.arange(self.n_outputs))
        ):
            raise InputError(f"{self.name}: row_order must name each of the {self.n_outputs} "
                             f"outputs once")
        self._check_bias()

    def _check_bias(self) -> None:
        if self.bias is None:
            return
        if self.has_bias:
            raise InputError(f"{self.name}: a bias as last column and in the accumulators; "
                             f"give one of them")
        bias = np.asarray(self.bias)
        if bias.shape != (self.n_outputs,) or bias.dtype != np.float32:
            raise InputError(f"{self.name}: the bias is {bias.dtype} of shape {bias.shape}; "
                             f"need float32 ({self.n_outputs},)")
        if not np.isfinite(bias).all():
            raise InputError(f"{self.name}: the bias holds NaN or infinity")

    @property
    def biased(self) -> bool:
        """Whether there is a bias, wherever it is."""
        return self.has_bias or self.bias is not None

    @property
    def bias_values(self) -> npt.NDArray[np.float32] | None:
        """(n_outputs,) bias of each row of the matrix as the machine has it, or None."""
        if not self.has_bias:
            return self.bias
        values = np.zeros(self.n_outputs, np.float32)
        last = slice(int(self.matrix.column_starts[-2]), None)
        rows = self.matrix.rows[last]
        values[rows] = self._weights(rows, self.matrix.values[last])
        return values

    @property
    def n_tables(self) -> int:
        """Tables that the codebook consists of."""
        return self.codebook.size >> self.weight_bits

    def _weights(self, rows: Index, codes: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """(n,) weights of codes in rows."""
        if self.rows_per_table is None:
            return np.asarray(self.codebook[codes])
        return np.asarray(self.codebook[rows // self.rows_per_table, codes])

    @property
    def n_outputs(self) -> int:
        """Rows of the weight matrix."""
        return self.matrix.shape[0]

    @property
    def n_inputs(self) -> int:
        """Columns of the weight matrix, the bias not counted."""
        return self.matrix.shape[1] - int(self.has_bias)

    def in_layer_order(self, rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """(..., n_outputs) values of the matrix's rows as the layer's outputs: the rows' order
        undone."""
        if self.row_order is None:
            return rows
        outputs = np.empty_like(rows)
        outputs[..., self.row_order] = rows
        return outputs

    def decoded(self) -> CscMatrix:
        """The same matrix, rows in their order there, with float32 weights in place of codes."""
        m = self.matrix
        return CscMatrix(m.shape, m.column_starts, m.rows, self._weights(m.rows, m.values))

    def digest(self) -> str:
        """SHA-256 over everything that determines a run: pattern, codes, codebook, widths, bias."""
        h = hashlib.sha256()
        points = self.binary_points
        h.update(repr((self.matrix.shape, self.weight_bits, self.index_bits, self.has_bias,
                       self.relu, self.input_max_abs, self.output_max_abs, points)).encode())
        h.update(np.asarray(self.matrix.column_starts, dtype="<i8").tobytes())
        h.update(np.asarray(self.matrix.rows, dtype="<i4").tobytes())
        h.update(self.matrix.values.tobytes())
        h.update(np.asarray(self.codebook, dtype="<f4").tobytes())
        if self.row_order is not None:
            h.update(self.row_order.astype("<i8").tobytes())
        if self.bias is not None:
            h.update(b"bias" + self.bias.astype("<f4").tobytes())
        if self.rows_per_table is not None:
            h.update(f"tables {self.rows_per_table}".encode())
        if self.index != "zero_runs":
            h.update(self.index.encode())
        return h.hexdigest()
