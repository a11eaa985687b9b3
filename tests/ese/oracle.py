"""LSTM and GRU written once more, plainly, in floating point; shares nothing with accelsim."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm(w, b, p, x, n_cells, n_outputs, squash=np.tanh):
    """One channel: (steps, n_in) to (steps, n_outputs). Equations of ESE, peepholes diagonal."""
    y, c, out = np.zeros(n_outputs), np.zeros(n_cells), []
    zero = np.zeros(n_cells)
    for x_t in x:
        i = sigmoid(w["Wix"] @ x_t + w["Wir"] @ y + p.get("Wic", zero) * c + b.get("bi", zero))
        f = sigmoid(w["Wfx"] @ x_t + w["Wfr"] @ y + p.get("Wfc", zero) * c + b.get("bf", zero))
        g = squash(w["Wcx"] @ x_t + w["Wcr"] @ y + b.get("bc", zero))
        c = f * c + g * i
        o = sigmoid(w["Wox"] @ x_t + w["Wor"] @ y + p.get("Woc", zero) * c + b.get("bo", zero))
        m = o * np.tanh(c)
        y = w["Wym"] @ m if "Wym" in w else m
        out.append(y)
    return np.array(out)


def gru(w, b, x, n_cells, reset_after):
    """One channel; ``reset_after`` as in PyTorch and in ONNX with linear_before_reset."""
    h, out = np.zeros(n_cells), []
    zero = np.zeros(n_cells)
    for x_t in x:
        r = sigmoid(w["Wrx"] @ x_t + w["Wrr"] @ h + b.get("br", zero))
        z = sigmoid(w["Wzx"] @ x_t + w["Wzr"] @ h + b.get("bz", zero))
        if reset_after:
            inner = r * (w["Wnr"] @ h + b.get("bnr", zero))
        else:
            inner = w["Wnr"] @ (r * h)
        n = np.tanh(w["Wnx"] @ x_t + inner + b.get("bn", zero))
        h = (1 - z) * n + z * h
        out.append(h)
    return np.array(out)
