"""A recurrent layer in 64-bit floating point: ranges for binary points, and what errors are
against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from accelsim.errors import InputError
from accelsim.lowering.arithmetic import evaluate
from accelsim.lowering.program import make_program
from accelsim.numeric import real_values
from accelsim.records.recurrent import RecurrentLayer
from accelsim.records.utterance import as_run, checked_lengths, reads

__all__ = ["run_float"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FloatRun:
    """``outputs`` (n_steps, n_channels, n_outputs), and the largest magnitude of each signal."""

    outputs: Floats
    largest: dict[str, float]


def run_float(
    layer: RecurrentLayer, inputs: npt.ArrayLike, lengths: npt.ArrayLike | None = None
) -> FloatRun:
    """Run an utterance with the layer's weights as they are, exact sigmoid and tanh.

    Parameters
    ----------
    inputs : (n_steps, n_channels, n_inputs)
    lengths : (n_channels,) steps of each channel, outputs behind them are zero; None is all
    """
    x = real_values(f"{layer.name}: inputs", inputs).astype(np.float64)
    own = None if lengths is None else checked_lengths(layer.name, lengths, *x.shape[:2])
    model = _Model(layer, x.shape[1])
    outputs = np.array([model.step(x_t.T).T for x_t in as_run(x, layer.reverse, own)])
    outputs = as_run(outputs, layer.reverse, own)
    return FloatRun(np.maximum(outputs, 0.0) if layer.relu else outputs, model.largest)


def float_vectors(
    layer: RecurrentLayer, inputs: npt.ArrayLike, names: Sequence[str]
) -> dict[str, Floats]:
    """What a layer's matrices multiply, step by step: (n_steps, n_channels, n) by name.

    Parameters
    ----------
    inputs : (n_steps, n_channels, n_inputs), in the order of the run
    names : of vectors that products read; ``y`` is the output of the step before
    """
    x = real_values(f"{layer.name}: inputs", inputs).astype(np.float64)
    model, seen = _Model(layer, x.shape[1]), {name: list[Floats]() for name in names}
    for x_t in x:
        before = model.read("y")
        model.step(x_t.T)
        for name, steps in seen.items():
            steps.append((before if name == "y" else model.read(name)).T)
    return {name: np.array(steps) for name, steps in seen.items()}


def float_outputs(
    layers: Sequence[RecurrentLayer], inputs: npt.ArrayLike, lengths: npt.ArrayLike | None = None
) -> list[Floats]:
    """Outputs of every layer of a sequence, (n_steps, n_channels, n_outputs) each.

    Parameters
    ----------
    inputs : (n_steps, n_channels, n_inputs) of the first
    lengths : as in `run_float`

    Raises
    ------
    InputError
        If a layer's inputs are not as many as the outputs before it.
    """
    x = real_values(f"{layers[0].name}: inputs", inputs).astype(np.float64)
    outputs: list[Floats] = []
    for index, layer in enumerate(layers):
        before = reads(layers, index)
        given = np.concatenate([outputs[k] for k in before], axis=2) if before else x
        if given.shape[2] != layer.n_inputs:
            raise InputError(f"{layer.name}: takes {layer.n_inputs} inputs; what it reads gives "
                             f"{given.shape[2]}")
        outputs.append(run_float(layer, given, lengths).outputs)
    return outputs


class _Model:
    """One layer and its vectors by name; columns of every array are channels."""

    def __init__(self, layer: RecurrentLayer, n_channels: int) -> None:
        from scipy.sparse import csr_array  # a tenth of a second, which runs on EIE do not need

        self.largest: dict[str, float] = {}
        self._program = program = make_program(layer)
        self._weights = {name: csr_array(layer.floats(name)) for name in layer.matrices}
        self._values: dict[str, Floats] = {
            name: np.zeros((layer.n_cells, n_channels)) for name in program.states}
        self._values["y"] = np.zeros((layer.n_outputs, n_channels))
        for name, vector in {**layer.biases, **layer.peepholes}.items():
            column = np.asarray(vector, dtype=np.float64)[:, None]
            self._values[name] = self._see(program.signals[name], column)

    def step(self, x: Floats) -> Floats:
        """(n_inputs, n_channels) to (n_outputs, n_channels)."""
        values = self._values
        values["x"] = self._see("x", x)
        for row in self._program.rows:
            for equation in row.equations:
                values[equation.result] = evaluate(equation, self)
            if row.product is not None:
                product = self._weights[row.product.matrix] @ values[row.product.vector]
                values[row.product.matrix] = self._see(row.product.signal, np.asarray(product))
        values["y"] = values[self._program.output]
        return values["y"]

    def _see(self, signal: str, values: Floats) -> Floats:
        top = float(np.abs(values).max(initial=0.0))
        self.largest[signal] = max(top, self.largest.get(signal, 0.0))
        return values

    def read(self, name: str) -> Floats:
        """A vector."""
        return self._values[name]

    def complement(self, value: Floats) -> Floats:
        """``1 - value``."""
        return 1 - value

    def times(self, left: Floats, right: Floats, shift: int) -> Floats:
        """A product; it is kept whole, so its own magnitude does not matter."""
        return left * right

    def total(self, terms: list[Floats], signal: str) -> Floats:
        """A sum, from the left."""
        result = terms[0]
        for term in terms[1:]:
            result = result + term
        return self._see(signal, result)

    def look_up(self, function: str, value: Floats, signal: str) -> Floats:
        """Sigmoid or tanh."""
        return np.tanh(value) if function == "tanh" else _sigmoid(value)


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)))
