"""Layers, plain and compressed: frozen records that carry data and check it once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError
from accelsim.records.matrix import CscMatrix, FloatArray
from accelsim.records.shown import Short


@dataclass(frozen=True)
class Layer(Short):
    """One fully connected layer: ``outputs = relu(weights @ activations + bias)``.

    Attributes
    ----------
    weights : (n_outputs, n_inputs) float array, or a `CscMatrix` of floats
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
        if isinstance(self.weights, CscMatrix):
            values = self.weights.values
        else:
            object.__setattr__(self, "weights", np.asarray(self.weights))
            values = np.asarray(self.weights)
            if values.ndim != 2 or 0 in values.shape:
                raise InputError(
                    f"{self.name}: weights have shape {values.shape}; need (outputs, inputs)"
                )
        n_outputs, n_inputs = self.shape
        for what, array, width in (
            ("activations", self.activations, n_inputs),
            ("bias", self.bias, n_outputs),
        ):
            if array is None:
                continue
            checked = np.asarray(array)
            object.__setattr__(self, what, checked)
            if checked.shape[-1:] != (width,) or checked.ndim > (2 if what != "bias" else 1):
                raise InputError(
                    f"{self.name}: {what} have shape {checked.shape}; the weights need {width}"
                )
            if not np.isfinite(checked).all():
                raise InputError(f"{self.name}: {what} hold NaN or infinity")
        if not np.issubdtype(values.dtype, np.number) or not np.isfinite(values).all():
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
    codebook : (2**weight_bits,) float32; code 0 is 0.0, the padding value (EIE sec. III)
    weight_bits, index_bits : bits of a code and of a zero run
    input_max_abs, output_max_abs : largest magnitudes seen in calibration, or None
    binary_points : settled by hand, or None (chosen from the magnitudes and the machine's widths)
    row_order : (n_outputs,) int64 or None; row r of the matrix is output ``row_order[r]`` of the
        layer, so that PEs share the work evenly (`accelsim.compression.permute`)
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

    def __post_init__(self) -> None:
        for what, bits in (("weight_bits", self.weight_bits), ("index_bits", self.index_bits)):
            if not 2 <= bits <= 8:
                raise InputError(f"{self.name}: {what} is {bits}; need 2 to 8")
        if self.codebook.shape != (1 << self.weight_bits,) or self.codebook[0] != 0:
            raise InputError(
                f"{self.name}: the codebook has shape {self.codebook.shape}; "
                f"need ({1 << self.weight_bits},) with entry 0 equal to 0.0"
            )
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
        return CscMatrix(m.shape, m.column_starts, m.rows, self.codebook[m.values])

    def digest(self) -> str:
        """SHA-256 over everything that determines a run: pattern, codes, codebook, widths."""
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
        return h.hexdigest()
