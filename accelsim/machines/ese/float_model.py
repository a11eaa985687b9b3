"""The layer in 64-bit floating point: ranges for the binary points, and what errors are against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from accelsim.records.recurrent import RecurrentLayer

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FloatRun:
    """``outputs`` (n_steps, n_channels, n_outputs), and the largest magnitude of each signal."""

    outputs: Floats
    largest: dict[str, float]


def run_float(layer: RecurrentLayer, inputs: npt.ArrayLike) -> FloatRun:
    """Run an utterance with the layer's weights as they are, exact sigmoid and tanh.

    Parameters
    ----------
    inputs : (n_steps, n_channels, n_inputs)
    """
    model = _Model(layer)
    x = np.asarray(inputs, dtype=np.float64)
    step = {"lstm": model.lstm, "gru": model.gru, "linear": model.linear}[layer.kind]
    n_channels = x.shape[1]
    model.y = np.zeros((layer.n_outputs, n_channels))
    model.c = np.zeros((layer.n_cells, n_channels))
    outputs = np.empty((len(x), n_channels, layer.n_outputs))
    for t, x_t in enumerate(x):
        model.see("x", x_t)
        step(x_t.T)
        model.see("y", model.y)
        outputs[t] = model.y.T
    return FloatRun(outputs, model.largest)


class _Model:
    """One layer and its state; columns of every array are channels."""

    def __init__(self, layer: RecurrentLayer) -> None:
        from scipy.sparse import csr_array  # a tenth of a second, which runs on EIE do not need

        self.layer = layer
        self.weights = {name: csr_array(layer.floats(name)) for name in layer.matrices}
        self.largest: dict[str, float] = {}
        self.y: Floats
        self.c: Floats

    def see(self, signal: str, values: Floats) -> Floats:
        top = float(np.abs(values).max(initial=0.0))
        self.largest[signal] = max(top, self.largest.get(signal, 0.0))
        return values

    def vector(self, name: str) -> Floats:
        """A bias (zero if it is not there) or peephole as a column."""
        layer = self.layer
        values = layer.biases.get(name, layer.peepholes.get(name))
        if values is None:
            return np.zeros((layer.n_cells, 1))
        return np.asarray(values, dtype=np.float64)[:, None]

    def product(self, name: str, vector: Floats, signal: str) -> Floats:
        return self.see(signal, np.asarray(self.weights[name] @ vector))

    def gate(self, gate: str, x: Floats, peephole: Floats | None) -> Floats:
        """A gate's pre-activation; its terms and its sum share one binary point."""
        total = (
            self.product(f"W{gate}x", x, gate) + self.product(f"W{gate}r", self.y, gate)
            + self.see(gate, self.vector(f"b{gate}"))
        )
        if peephole is not None:
            total += self.see(gate, self.vector(f"W{gate}c") * peephole)
        return self.see(gate, total)

    def lstm(self, x: Floats) -> None:
        layer = self.layer
        before = self.c if layer.peepholes else None
        i, f = _sigmoid(self.gate("i", x, before)), _sigmoid(self.gate("f", x, before))
        squash = _sigmoid if layer.cell_activation == "sigmoid" else np.tanh
        g = squash(self.gate("c", x, None))
        self.c = self.see("cell", f * self.c + i * g)
        o = _sigmoid(self.gate("o", x, self.c if layer.peepholes else None))
        m = self.see("m", o * np.tanh(self.c))
        self.y = self.product("Wym", m, "y") if "Wym" in layer.matrices else m

    def gru(self, x: Floats) -> None:
        layer, h = self.layer, self.y
        r, z = _sigmoid(self.gate("r", x, None)), _sigmoid(self.gate("z", x, None))
        if layer.reset_after:
            inner = self.see("nr", self.product("Wnr", h, "nr") + self.vector("bnr"))
            term = self.see("n", r * inner)
        else:
            term = self.product("Wnr", self.see("y", r * h), "n")
        total = self.product("Wnx", x, "n") + term + self.see("n", self.vector("bn"))
        n = np.tanh(self.see("n", total))
        self.y = (1 - z) * n + z * h

    def linear(self, x: Floats) -> None:
        self.y = self.product("Wyx", x, "y") + self.see("y", self.vector("by"))


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)))
