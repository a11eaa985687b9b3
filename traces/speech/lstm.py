"""A batch of sequences through one LSTM, and back: gradients of its weights and bias."""

from dataclasses import dataclass

import numpy as np


@dataclass
class Trace:
    """What the way back needs; arrays (n_steps, batch, ...)."""

    inputs: np.ndarray
    hidden: np.ndarray  # (n_steps + 1, batch, n), the first is the start
    cells: np.ndarray   # (n_steps + 1, batch, n)
    gates: np.ndarray   # (n_steps, batch, 4n), after sigmoid and tanh: i, f, g, o


def forward(weights: np.ndarray, bias: np.ndarray, inputs: np.ndarray) -> Trace:
    """Run from a state of zeros.

    Parameters
    ----------
    weights : (4n, n_inputs + n), [W_ih, W_hh]
    inputs : (n_steps, batch, n_inputs)
    """
    n_steps, batch, n_inputs = inputs.shape
    n = len(bias) // 4
    sums = inputs @ weights[:, :n_inputs].T + bias
    recurrent = np.ascontiguousarray(weights[:, n_inputs:].T)
    hidden = np.zeros((n_steps + 1, batch, n), inputs.dtype)
    cells = np.zeros_like(hidden)
    for t in range(n_steps):
        gate = sums[t]
        gate += hidden[t] @ recurrent
        # sigmoid(x) is (1 + tanh(x / 2)) / 2: one function for the whole row.
        gate[:, : 2 * n] *= 0.5
        gate[:, 3 * n :] *= 0.5
        np.tanh(gate, out=gate)
        for part in (gate[:, : 2 * n], gate[:, 3 * n :]):
            part += 1
            part *= 0.5
        i, f, g, o = (gate[:, k * n : (k + 1) * n] for k in range(4))
        cells[t + 1] = f * cells[t] + i * g
        hidden[t + 1] = o * np.tanh(cells[t + 1])
    return Trace(inputs, hidden, cells, sums)


def backward(
    weights: np.ndarray, trace: Trace, slope: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Gradients of weights and bias for the loss's ``slope`` (n_steps, batch, n) by hidden."""
    n_steps, batch, n_inputs = trace.inputs.shape
    n = trace.hidden.shape[2]
    recurrent = np.ascontiguousarray(weights[:, n_inputs:])
    by_sums = np.empty_like(trace.gates)
    by_hidden = np.zeros((batch, n), slope.dtype)
    by_cell = np.zeros_like(by_hidden)
    for t in reversed(range(n_steps)):
        i, f, g, o = (trace.gates[t, :, k * n : (k + 1) * n] for k in range(4))
        squashed = np.tanh(trace.cells[t + 1])
        by_hidden += slope[t]
        by_cell += by_hidden * o * (1 - squashed * squashed)
        out = by_sums[t]
        out[:, :n] = by_cell * g * i * (1 - i)
        out[:, n : 2 * n] = by_cell * trace.cells[t] * f * (1 - f)
        out[:, 2 * n : 3 * n] = by_cell * i * (1 - g * g)
        out[:, 3 * n :] = by_hidden * squashed * o * (1 - o)
        by_hidden = out @ recurrent
        by_cell *= f
    flat = by_sums.reshape(-1, by_sums.shape[2])
    seen = np.concatenate([trace.inputs, trace.hidden[:-1]], axis=2).reshape(len(flat), -1)
    return flat.T @ seen, flat.sum(axis=0)
