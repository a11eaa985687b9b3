"""A recurrent layer's products as EIE is given them: they are the sums of the float run."""

import numpy as np
import pytest

from accelsim.lowering.float_run import float_vectors
from accelsim.papers.eie_products import eie_products, sampled_vectors
from tests.ese.layers import random_layer, utterance

STEPS, CHANNELS, N_IN, N = 4, 2, 5, 6


def layer_of(kind, **more):
    return random_layer(np.random.default_rng(3), kind, N_IN, N, **more)


CASES = {
    "lstm": (layer_of("lstm"), [("x", "y")], [4 * N]),
    "projection": (layer_of("lstm", n_out=3), [("x", "y"), ("m",)], [4 * N, 3]),
    "gru, reset after": (layer_of("gru"), [("x", "y")], [4 * N]),
    "gru, reset before": (layer_of("gru", reset_after=False), [("x", "y"), ("s",)], [3 * N, N]),
    "linear": (layer_of("linear"), [("x",)], [N]),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_multiplied(case):
    layer, vectors, rows = CASES[case]
    found = eie_products(layer)
    assert [product.vectors for product in found] == vectors
    assert [len(product.matrix) for product in found] == rows
    kept = sum(np.count_nonzero(product.matrix) for product in found)
    assert kept == sum(np.count_nonzero(layer.floats(name)) for name in layer.matrices)
    x = utterance(np.random.default_rng(4), STEPS, CHANNELS, N_IN)
    read = float_vectors(layer, x, ["x", "y"])
    assert np.array_equal(read["x"], x)
    assert not read["y"][0].any(), "the first step reads zeros"
    both = np.concatenate([read[v] for v in vectors[0]], axis=2)
    sums = both @ found[0].matrix.T
    first = {"lstm": "i", "gru": "r", "linear": "y"}[layer.kind]
    want = x @ layer.floats(f"W{first}x").T
    if layer.kind != "linear":
        want = want + read["y"] @ layer.floats(f"W{first}r").T
    assert np.allclose(sums[..., :N], want, atol=1e-12)


def test_vectors_of_evenly_spaced_steps():
    layer = CASES["projection"][0]
    x = utterance(np.random.default_rng(5), 9, CHANNELS, N_IN)
    found = sampled_vectors(layer, x)
    assert {name: values.shape for name, values in found.items()} == {
        "x": (8, N_IN), "y": (8, 3), "m": (8, N)}
    assert np.array_equal(found["x"][0], x[1, 0])
    assert np.array_equal(found["x"][7], x[8, 1])
    assert sampled_vectors(layer, x[:1])["x"].shape == (8, N_IN)
