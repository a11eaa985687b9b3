"""Masked retraining: the pruned LSTM learns the dense one's hidden states (distillation)."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from speech import lstm


@dataclass(frozen=True)
class Stage:
    """Prune to ``density``, then train for ``n_steps`` batches at a cosine rate from ``rate``."""

    density: float
    n_steps: int
    rate: float


@dataclass(frozen=True)
class Batches:
    """``batch`` windows of ``window`` chunks, anywhere in the copies of the recording."""

    copies: np.ndarray  # (n_copies, n_chunks, n_inputs)
    window: int = 64
    batch: int = 32

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """(window, batch, n_inputs)."""
        n_copies, n_chunks, _ = self.copies.shape
        copy = rng.integers(n_copies, size=self.batch)
        start = rng.integers(n_chunks - self.window, size=self.batch)
        return self.copies[copy, start + np.arange(self.window)[:, None]]


class Adam:
    """Kingma and Ba, ICLR 2015, with their constants; gradients clipped to a norm of 1."""

    def __init__(self, parameters: list[np.ndarray]) -> None:
        self.parameters = parameters
        self.first = [np.zeros_like(p) for p in parameters]
        self.second = [np.zeros_like(p) for p in parameters]
        self.n = 0

    def step(self, gradients: list[np.ndarray], rate: float) -> None:
        self.n += 1
        norm = np.sqrt(sum(float((g * g).sum()) for g in gradients))
        scale = np.float32(1 / max(norm, 1.0))
        rate *= np.sqrt(1 - 0.999**self.n) / (1 - 0.9**self.n)
        for p, g, first, second in zip(
            self.parameters, gradients, self.first, self.second, strict=True
        ):
            g = g * scale
            first += np.float32(0.1) * (g - first)
            second += np.float32(0.001) * (g * g - second)
            p -= np.float32(rate) * first / (np.sqrt(second) + np.float32(1e-8))


def retrain(
    weights: np.ndarray,
    bias: np.ndarray,
    mask: np.ndarray,
    dense: tuple[np.ndarray, np.ndarray],
    stage: Stage,
    batches: Batches,
    rng: np.random.Generator,
    report: Callable[[int, float], None],
) -> None:
    """Train ``weights`` (zero outside ``mask``) and ``bias`` in place.

    The loss is half the squared difference of the hidden states, summed over cells and averaged
    over chunks; both networks start each window from a state of zeros.
    """
    weights *= mask
    adam = Adam([weights, bias])
    recent = 0.0
    for step in range(stage.n_steps):
        inputs = batches.draw(rng)
        wanted = lstm.forward(*dense, inputs).hidden[1:]
        trace = lstm.forward(weights, bias, inputs)
        slope = trace.hidden[1:] - wanted
        n = slope.shape[0] * slope.shape[1]
        recent += 0.5 * float((slope * slope).sum()) / n
        by_weights, by_bias = lstm.backward(weights, trace, slope / np.float32(n))
        rate = stage.rate * 0.5 * (1 + np.cos(np.pi * step / stage.n_steps))
        adam.step([by_weights * mask, by_bias], rate)
        if (step + 1) % 50 == 0:
            report(step + 1, recent / 50)
            recent = 0.0
