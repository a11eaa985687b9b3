"""SGD with momentum, masks and a straight-through view of the weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from accelsim.training.labelled import Labelled
from accelsim.training.network import Floats, Trainable

Mask = npt.NDArray[np.bool_]
View = Callable[[str, Floats], Floats]
Project = Callable[[str, Floats], Floats]


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """One stretch of training; the learning rate falls to zero along a cosine.

    Attributes
    ----------
    steps : batches
    rate : learning rate of the first batch
    dropout : on the outputs of matrices that have a ReLU
    """

    steps: int
    rate: float = 0.02
    dropout: float = 0.0
    weight_decay: float = 1e-4
    momentum: float = 0.9
    batch: int = 128


def train(
    model: Trainable, data: Labelled, schedule: Schedule, rng: np.random.Generator, *,
    masks: Mapping[str, Mask] | None = None, view: View | None = None,
    project: Project | None = None,
    on_step: Callable[[int, float], object] = lambda step, loss: None,
) -> None:
    """Train a model in place.

    Batches go through the images in a random order, and through another when all were seen.

    Parameters
    ----------
    masks : by layer; weights outside stay as they are
    view : what a layer multiplies by, of its name and weights: a rounding, whose gradient is
        taken as if it were none (straight-through estimator, Bengio et al., 2013)
    project : of a layer's name and gradient by the weights, the part that is followed
    on_step : called with each batch's number, from 1, and its mean loss
    """
    names = list(model.weights)
    held = masks or {}
    speed: dict[str, Any] = {n: np.zeros_like(model.weights[n]) for n in names}
    drift: dict[str, Any] = {n: np.zeros_like(model.biases[n]) for n in names}
    order = rng.permutation(len(data))
    at = 0
    for step in range(schedule.steps):
        if at + schedule.batch > len(order):
            order, at = rng.permutation(len(data)), 0
        chosen = order[at:at + schedule.batch]
        at += schedule.batch
        seen = model.weights if view is None else {n: view(n, model.weights[n]) for n in names}
        loss, by_weight, by_bias = model.gradients(
            data.images[chosen], data.labels[chosen], seen, schedule.dropout, rng)
        rate = np.float32(schedule.rate * 0.5 * (1 + np.cos(np.pi * step / schedule.steps)))
        for name in names:
            gradient = by_weight[name] + np.float32(schedule.weight_decay) * model.weights[name]
            if project is not None:
                gradient = project(name, gradient)
            if name in held:
                gradient *= held[name]
            speed[name] = np.float32(schedule.momentum) * speed[name] - rate * gradient
            model.weights[name] += speed[name]
            drift[name] = np.float32(schedule.momentum) * drift[name] - rate * by_bias[name]
            model.biases[name] += drift[name]
        on_step(step + 1, loss)
