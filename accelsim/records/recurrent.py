"""Recurrent layers: LSTM, GRU, and a single matrix."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError, nearest
from accelsim.numeric import real_numbers
from accelsim.records.cells import CELLS
from accelsim.records.linear import LinearWeights
from accelsim.records.matrix import CscMatrix, FloatArray, checked_matrix
from accelsim.records.shown import Short

Matrix = FloatArray | CscMatrix | LinearWeights


@dataclass(frozen=True)
class RecurrentLayer(Short):
    """One recurrent layer, n_inputs -> n_cells -> n_outputs. Equations: records/cells.py.

    Attributes
    ----------
    kind : "lstm" (ESE), "gru", or "linear" (``y = Wyx x + by``: one matrix on the same machine)
    matrices : name to (rows, columns): ``W?x`` (n_cells, n_inputs), ``W?r`` (n_cells, n_outputs),
        and for an LSTM with projection ``Wym`` (n_outputs, n_cells)
    biases : name to (n_cells,); missing ones are zero
    peepholes : ``Wic``, ``Wfc``, ``Woc`` to (n_cells,), all or none (LSTM)
    cell_activation : of the LSTM's candidate g; ESE prints "sigmoid", most networks use "tanh"
    reset_after : GRU: the reset gate multiplies ``Wnr h + bnr`` (True) or ``h`` (False)
    relu : "linear" only: the next reader sees negative outputs as zero
    reverse : the last step of an utterance is run first; outputs stand in the order of the inputs
    beside : of layers in sequence: reads what the layer before it reads, not what that one gives;
        whoever reads both gets their outputs side by side (a bidirectional layer's second
        direction)
    """

    kind: str
    matrices: Mapping[str, Matrix]
    biases: Mapping[str, FloatArray] = field(default_factory=lambda: MappingProxyType({}))
    peepholes: Mapping[str, FloatArray] = field(default_factory=lambda: MappingProxyType({}))
    cell_activation: Literal["sigmoid", "tanh"] = "tanh"
    reset_after: bool = True
    name: str = "recurrent"
    provenance: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    relu: bool = False
    reverse: bool = False
    beside: bool = False

    def __post_init__(self) -> None:
        if self.kind not in CELLS:
            raise InputError(f"{self.name}: kind is {self.kind!r}{nearest(self.kind, CELLS)}")
        if self.cell_activation not in ("sigmoid", "tanh"):
            raise InputError(f"{self.name}: cell_activation is {self.cell_activation!r}; "
                             f"need 'sigmoid' or 'tanh'")
        if self.relu and self.kind != "linear":
            raise InputError(f"{self.name}: relu is for kind 'linear', not '{self.kind}'; "
                             f"leave it out")
        cell = CELLS[self.kind]
        needed = cell.input_matrices + cell.recurrent_matrices
        allowed = {*needed, *cell.optional_matrices}
        _check_names(self.name, "matrix", self.matrices, allowed, needed)
        _check_names(self.name, "bias", self.biases, cell.biases, ())
        _check_names(self.name, "peephole", self.peepholes, cell.peepholes,
                     cell.peepholes if self.peepholes else ())
        matrices = {
            name: m if isinstance(m, LinearWeights) else _matrix(self.name, name, m)
            for name, m in self.matrices.items()
        }
        object.__setattr__(self, "matrices", MappingProxyType(matrices))
        for what in ("biases", "peepholes"):
            vectors = {n: _floats(self.name, n, v, 1) for n, v in getattr(self, what).items()}
            object.__setattr__(self, what, MappingProxyType(vectors))
            for name, vector in vectors.items():
                self._check_shape(name, vector.shape, (self.n_cells,))
        for name in self.matrices:
            self._check_shape(name, self.shape(name), self._wanted_shape(name))
        if "bnr" in self.biases and not self.reset_after:
            raise InputError(f"{self.name}: 'bnr' needs reset_after; add it to 'bn'")

    def __reduce__(self) -> tuple[type[Self], tuple[Any, ...]]:
        """Its fields as plain values, so that it can travel to another process."""
        values = (getattr(self, f.name) for f in fields(self))
        return type(self), tuple(dict(v) if isinstance(v, Mapping) else v for v in values)

    def shape(self, name: str) -> tuple[int, int]:
        """(rows, columns) of a matrix."""
        m = self.matrices[name]
        rows, columns = m.matrix.shape if isinstance(m, LinearWeights) else m.shape
        return int(rows), int(columns)

    @property
    def n_inputs(self) -> int:
        """Elements of x_t."""
        return self.shape(CELLS[self.kind].input_matrices[0])[1]

    @property
    def n_cells(self) -> int:
        """Elements of the gates and of the cell state."""
        return self.shape(CELLS[self.kind].input_matrices[0])[0]

    @property
    def n_outputs(self) -> int:
        """Elements of y_t: of the projection if there is one."""
        return self.shape("Wym")[0] if "Wym" in self.matrices else self.n_cells

    def floats(self, name: str) -> npt.NDArray[np.float64]:
        """A matrix as a dense float64 array, decoded if it is quantised."""
        m = self.matrices[name]
        if isinstance(m, LinearWeights):
            m = m.decoded()
        dense = m.to_dense() if isinstance(m, CscMatrix) else m
        return np.asarray(dense, dtype=np.float64)

    def digest(self) -> str:
        """SHA-256 over everything that determines a run: kind, options, weights, vectors."""
        options = self.kind, self.cell_activation, self.reset_after, self.relu
        h = hashlib.sha256(repr(options).encode() + b"reverse" * self.reverse)
        for name in sorted(self.matrices):
            m = self.matrices[name]
            h.update(name.encode())
            h.update(m.digest().encode() if isinstance(m, LinearWeights)
                     else self.floats(name).astype("<f8").tobytes())
        for name, vector in sorted({**self.biases, **self.peepholes}.items()):
            h.update(name.encode())
            h.update(np.asarray(vector, dtype="<f8").tobytes())
        return h.hexdigest()

    def _wanted_shape(self, name: str) -> tuple[int, int]:
        if name == "Wym":
            return self.n_outputs, self.n_cells
        return self.n_cells, self.n_inputs if name.endswith("x") else self.n_outputs

    def _check_shape(self, name: str, got: tuple[int, ...], want: tuple[int, ...]) -> None:
        if got != want:
            raise InputError(f"{self.name}: {name} has shape {got}; the others need {want}")


def _check_names(
    layer: str, what: str, given: Mapping[str, Any], allowed: Any, needed: tuple[str, ...]
) -> None:
    for name in given:
        if name not in allowed:
            raise InputError(f"{layer}: no {what} is called '{name}'{nearest(name, allowed)}")
    for name in needed:
        if name not in given:
            raise InputError(f"{layer}: {what} '{name}' is missing; need {', '.join(needed)}")


def _matrix(layer: str, name: str, values: Any) -> FloatArray | CscMatrix:
    matrix = checked_matrix(f"{layer}: {name}", values)
    if not isinstance(matrix, CscMatrix):
        return _floats(layer, name, matrix, 2)
    if not np.isfinite(matrix.values).all():
        raise InputError(f"{layer}: {name} holds NaN or infinity")
    return matrix


def _floats(layer: str, name: str, values: Any, n_dims: int) -> FloatArray:
    array = real_numbers(f"{layer}: {name}", values)
    if array.ndim != n_dims or 0 in array.shape:
        raise InputError(f"{layer}: {name} has shape {array.shape}; need {n_dims} dimensions "
                         f"of numbers")
    if not np.isfinite(array).all():
        raise InputError(f"{layer}: {name} holds NaN or infinity")
    return array
