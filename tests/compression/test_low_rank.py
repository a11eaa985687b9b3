"""One layer as two: the product is the best of its rank, the network runs, the loss is told."""

from __future__ import annotations

import numpy as np
import pytest

import accelsim
from accelsim.compression import compress_recurrent
from accelsim.compression.low_rank import split
from accelsim.errors import InputError
from accelsim.lowering.network_floats import run_floats
from accelsim.records import Conv2d, Layer
from accelsim.records.host_elementwise import Flatten
from accelsim.records.network import INPUT, Network, Node
from accelsim.workload.recurrent_folder import load_recurrent_folder
from tests.networks.test_run import TRACES

RNG = np.random.default_rng(5)


def low(rows: int, columns: int, rank: int) -> np.ndarray:
    """A matrix of exactly this rank."""
    return RNG.standard_normal((rows, rank)) @ RNG.standard_normal((rank, columns))


def network() -> Network:
    conv = Conv2d(low(8, 3 * 9, 2).reshape(8, 3, 3, 3), RNG.standard_normal(8), padding=1, stride=2,
                  name="a")
    fc = Layer(low(6, 8 * 9, 3), None, RNG.standard_normal(6), False, "fc")
    return Network(nodes=(Node("a", conv, (INPUT,)), Node("flat", Flatten(), ("a",)),
                          Node("fc", fc, ("flat",))), input_shape=(3, 6, 6))


@pytest.mark.parametrize("rank", [1, 2, 4])
def test_two_layers_are_the_best_of_their_rank(rank):
    weights = RNG.standard_normal((7, 9))
    first, second, loss = split(Layer(weights, None, np.ones(7), name="w"), rank)
    product = second.weights @ first.weights
    assert np.linalg.matrix_rank(product) == rank
    # Eckart and Young: no other of this rank is nearer than the singular values left out.
    sizes = np.linalg.svd(weights, compute_uv=False)
    error = np.linalg.norm(weights - product) / np.linalg.norm(weights)
    assert error == pytest.approx(np.sqrt((sizes[rank:] ** 2).sum() / (sizes ** 2).sum()))
    assert loss.numbers["error"] == pytest.approx(error)
    assert (first.relu, first.bias, second.relu) == (False, None, True)


def test_what_has_the_rank_loses_nothing_and_runs_on_every_telling():
    net, images = network(), RNG.standard_normal((2, 3, 6, 6))
    recipe = accelsim.Recipe(weight_bits=8, layers={"a": {"rank": 2}, "fc": {"rank": 3}})
    with pytest.warns(accelsim.LossWarning, match=r"rank 2 of 8 leaves out 0.0 %|0.0%"):
        packed = accelsim.compress(net, recipe, calibration=images)
    assert [node.name for node in packed.nodes] == ["a.rank", "a", "flat", "fc.rank", "fc"]
    shapes = packed.shapes()
    assert (shapes["a.rank"], shapes["a"], shapes["fc.rank"]) == ((2, 3, 3), (8, 3, 3), (3,))
    wanted, told = run_floats(net, images)["fc"], run_floats(packed, images)["fc"]
    assert np.abs(told - wanted).max() < 0.05 * np.abs(wanted).max()  # 8-bit codes
    config = accelsim.load_machine("eie", n_pe=4, weight_bits=8)
    runs = [accelsim.simulate(config, packed, images, engine)
            for engine in ("functional", "reference", "fast")]
    for name, layer in runs[2].layers.items():
        assert np.array_equal(layer.outputs, runs[0].layers[name].outputs)
        assert np.array_equal(layer.outputs, runs[1].layers[name].outputs)
        assert layer.counters.difference(runs[1].layers[name].counters) is None
    assert [loss.what for loss in packed.layers[1].layer.losses if loss.what == "low rank"]


@pytest.mark.parametrize(("settings", "words"), [
    ({"layers": {"fc": {"rank": 6}}}, "fc: rank is 6; need 1 to 5"),
    ({"rank": 0}, "rank is 0; need an integer"),
    ({"layers": {"b": {"rank": 2}}}, "no layer is called 'b'"),
])
def test_what_is_refused(settings, words):
    with pytest.raises(InputError, match=words):
        accelsim.compress(network(), accelsim.Recipe(**settings))
    with pytest.raises(InputError, match="one group, this one has 2"):
        split(Conv2d(np.ones((4, 2, 1, 1)), groups=2), 1)
    lstm = load_recurrent_folder(TRACES / "silero-lstm").layers()["dense"]
    with pytest.raises(InputError, match="rank is for layers of a network"):
        compress_recurrent(lstm, accelsim.Recipe(values="linear", rank=2))
    with pytest.raises(InputError, match="rank makes two layers of one; compress a network"):
        accelsim.compress(Layer(np.eye(4)), accelsim.Recipe(rank=2))
