"""Linear weights: fixed-point integers without a codebook."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from accelsim.errors import InputError
from accelsim.fixedpoint import dequantise, frac_bits_for, quantise
from accelsim.records.matrix import CscMatrix, FloatArray
from accelsim.records.shown import Short


@dataclass(frozen=True)
class LinearWeights(Short):
    """A pruned matrix of fixed-point weights: no codebook, the entry holds the weight itself.

    Attributes
    ----------
    matrix : `CscMatrix` of int16, shape (n_outputs, n_inputs), without zeros
    weight_bits : 2 to 16
    frac_bits : binary point of the weights (`accelsim.fixedpoint`)

    Source: ESE (FPGA 2017), direct quantisation to 12 bits.
    """

    matrix: CscMatrix
    weight_bits: int
    frac_bits: int
    name: str = "weights"

    def __post_init__(self) -> None:
        values = self.matrix.values
        if not 2 <= self.weight_bits <= 16:
            raise InputError(f"{self.name}: weight_bits is {self.weight_bits}; need 2 to 16")
        if values.dtype != np.int16:
            raise InputError(f"{self.name}: linear weights are {values.dtype}; need int16")
        limit = 1 << (self.weight_bits - 1)
        if len(values) and (int(values.min()) < -limit or int(values.max()) >= limit):
            raise InputError(f"{self.name}: a weight does not fit {self.weight_bits} bits")
        if not values.all():
            raise InputError(f"{self.name}: a stored weight is zero; leave it out")

    @classmethod
    def from_floats(
        cls, weights: FloatArray | CscMatrix, weight_bits: int, name: str = "weights"
    ) -> LinearWeights:
        """Quantise with the most fraction bits that hold the largest weight.

        Weights that round to zero are not stored.
        """
        matrix = weights if isinstance(weights, CscMatrix) else CscMatrix.from_dense(weights)
        largest = float(np.abs(matrix.values).max(initial=0.0))
        if not 2 <= weight_bits <= 16:
            raise InputError(f"{name}: weight_bits is {weight_bits}; need 2 to 16")
        frac_bits = frac_bits_for(largest, weight_bits)
        values = quantise(matrix.values, weight_bits, frac_bits).astype(np.int16)
        kept = np.zeros(len(values) + 1, dtype=np.int64)
        np.cumsum(values != 0, out=kept[1:])
        stored = CscMatrix(
            matrix.shape, kept[matrix.column_starts], matrix.rows[values != 0], values[values != 0]
        )
        return cls(stored, weight_bits, frac_bits, name)

    def decoded(self) -> CscMatrix:
        """The same matrix with float64 weights."""
        m = self.matrix
        return CscMatrix(m.shape, m.column_starts, m.rows, dequantise(m.values, self.frac_bits))

    def digest(self) -> str:
        """SHA-256 over everything that determines a run."""
        h = hashlib.sha256(repr((self.matrix.shape, self.weight_bits, self.frac_bits)).encode())
        h.update(np.asarray(self.matrix.column_starts, dtype="<i8").tobytes())
        h.update(np.asarray(self.matrix.rows, dtype="<i4").tobytes())
        h.update(np.asarray(self.matrix.values, dtype="<i2").tobytes())
        return h.hexdigest()
