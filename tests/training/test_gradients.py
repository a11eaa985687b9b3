"""The trainer's gradients against finite differences in float64 of the network as calibration runs
it, which shares no code with it; what is not trained is refused by name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from accelsim import Conv2d, Layer, Network
from accelsim.errors import UnsupportedError
from accelsim.lowering.network_floats import network_outputs_float
from accelsim.records.host import Pool
from accelsim.records.host_elementwise import Flatten, Relu
from accelsim.records.network import Node
from accelsim.training import Labelled, Schedule, Trainable, train


def small(rng: np.random.Generator) -> Network:
    """Strides, padding, a pool whose windows overlap, an own ReLU, a layer without bias."""
    conv = Conv2d(rng.standard_normal((3, 2, 3, 2)), rng.standard_normal(3), stride=(2, 1),
                  padding=((1, 0), (2, 1)), relu=False, name="conv")
    nodes = (
        Node("conv", conv, ("input",)), Node("relu", Relu(), ("conv",)),
        Node("pool", Pool("max", (2, 3), (1, 2)), ("relu",)),
        Node("flat", Flatten(), ("pool",)),
        Node("fc1", Layer(rng.standard_normal((5, 18)), None, None, True, "fc1"), ("flat",)),
        Node("fc2", Layer(rng.standard_normal((4, 5)), None, rng.standard_normal(4), False, "fc2"),
             ("fc1",)),
    )
    return Network(nodes=nodes, input_shape=(2, 7, 6), name="small")


def loss_of(network: Network, images: np.ndarray, labels: np.ndarray) -> float:
    logits = network_outputs_float(network, images).reshape(len(images), -1)
    top = logits.max(axis=1, keepdims=True)
    each = np.log(np.exp(logits - top).sum(axis=1)) + top[:, 0] - logits[np.arange(len(labels)),
                                                                        labels]
    return float(each.mean())


def test_gradients_are_those_of_finite_differences() -> None:
    rng = np.random.default_rng(3)
    network = small(rng)
    images = rng.standard_normal((6, 2, 7, 6)).astype(np.float32)
    labels = rng.integers(0, 4, 6)
    model = Trainable.of(network)
    np.testing.assert_allclose(model.outputs(images).reshape(6, -1),
                               network_outputs_float(network, images), rtol=1e-4, atol=1e-4)
    loss, by_weight, by_bias = model.gradients(images, labels, model.weights, 0.0, rng)
    assert loss == pytest.approx(loss_of(network, images, labels), rel=1e-5)
    assert not by_bias["fc1"].any()
    step = 1e-5
    for name, matrix in model.weights.items():
        for at in rng.choice(matrix.size, 6, replace=False):
            sides = []
            for sign in (1, -1):
                moved = {**model.weights, name: matrix.astype(np.float64).copy()}
                moved[name].reshape(-1)[at] += sign * step
                sides.append(loss_of(model.as_network(moved), images, labels))
            found = by_weight[name].reshape(-1)[at]
            assert found == pytest.approx((sides[0] - sides[1]) / (2 * step), rel=2e-3, abs=2e-5)


def test_training_learns_and_masked_weights_stay_zero() -> None:
    rng = np.random.default_rng(1)
    images = rng.standard_normal((300, 20)).astype(np.float32)
    labels = (images[:, :3].argmax(axis=1)).astype(np.int64)
    network = Network((Layer(0.1 * rng.standard_normal((16, 20)), None, np.zeros(16), True, "a"),
                       Layer(0.1 * rng.standard_normal((3, 16)), None, np.zeros(3), False, "b")))
    model = Trainable.of(network)
    mask = {"a": np.arange(20) % 2 == 0 | np.zeros((16, 1), bool), "b": np.ones((3, 16), bool)}
    model.weights["a"] *= mask["a"]
    losses = []
    train(model, Labelled(images, labels), Schedule(steps=120, rate=0.1), rng, masks=mask,
          on_step=lambda step, loss: losses.append(loss))
    assert np.mean(losses[-5:]) < 0.6 * losses[0]
    assert not model.weights["a"][:, 1::2].any()


def test_the_straight_through_view_is_what_is_learned() -> None:
    """With signs in sight alone, the signs' error falls though the weights are never signs."""
    rng = np.random.default_rng(2)
    images = rng.standard_normal((400, 12)).astype(np.float32)
    secret = rng.choice([-1, 1], (3, 12))
    labels = (images @ secret.T).argmax(axis=1)
    network = Network((Layer(0.1 * rng.standard_normal((3, 12)), None, np.zeros(3), False, "a"),))
    model = Trainable.of(network)

    def signs(name: str, weights: np.ndarray) -> np.ndarray:
        return np.sign(weights).astype(np.float32)

    def wrong() -> float:
        seen = {"a": signs("a", model.weights["a"])}
        return float(np.mean(model.outputs(images, seen).argmax(axis=1) != labels))

    before = wrong()
    train(model, Labelled(images, labels), Schedule(steps=200, rate=0.02), rng, view=signs)
    assert wrong() < before / 3
    assert len(np.unique(np.abs(model.weights["a"]))) > 3


def test_what_has_no_gradient_is_refused_by_name() -> None:
    network = small(np.random.default_rng(0))
    nodes = [replace(n, work=Pool("average", (2, 3), (1, 2))) if n.name == "pool" else n
             for n in network.nodes]
    with pytest.raises(UnsupportedError, match="pool is average pool, which is not trained"):
        Trainable.of(replace(network, nodes=tuple(nodes)))
