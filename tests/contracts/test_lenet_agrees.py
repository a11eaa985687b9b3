"""Real digits through the whole compressed LeNet: functional = reference = fast."""

from pathlib import Path

import numpy as np
import pytest

from accelsim.compression import Recipe, compress_network
from accelsim.machines import load_config
from accelsim.network import calibrated, simulate_network
from accelsim.workload import load_digits, load_network

FOLDER = Path(__file__).parents[2] / "traces" / "lenet-300-100"


@pytest.fixture(scope="module")
def lenet():
    images, labels = load_digits(FOLDER / "digits.safetensors")
    network = load_network(FOLDER / "pruned.safetensors")
    return calibrated(compress_network(network.layers, Recipe()), images), images, labels


@pytest.mark.parametrize(
    "overrides",
    [{}, {"n_pe": 7}, {"bypass": False, "act_queue_depth": 1}, {"regfile_depth": 2}],
    ids=["published", "7 PEs", "no bypass, a queue of one", "in batches"],
)
def test_three_tellings_of_lenet(lenet, overrides):
    layers, images, _ = lenet
    config = load_config("eie", **overrides)
    told = {
        engine: simulate_network(config, layers, images[:2], engine)
        for engine in ("functional", "reference", "fast")
    }
    for chains in zip(*told.values(), strict=True):
        for functional, reference, fast in zip(*chains, strict=True):
            assert fast.counters.difference(reference.counters) is None
            assert np.array_equal(fast.outputs, reference.outputs)
            assert np.array_equal(fast.outputs, functional.outputs)
            assert fast.operations == reference.operations == functional.operations


def test_the_digits_are_recognised(lenet):
    layers, images, labels = lenet
    last = [c[-1].outputs for c in simulate_network(load_config("eie"), layers, images[:200])]
    assert np.mean(np.argmax(last, axis=1) == labels[:200]) > 0.95


def test_threads_change_nothing(lenet):
    layers, images, _ = lenet
    config = load_config("eie")
    alone, together = (simulate_network(config, layers, images[:20], threads=n) for n in (1, 3))
    for one, other in zip(alone, together, strict=True):
        for a, b in zip(one, other, strict=True):
            assert np.array_equal(a.outputs, b.outputs)
            assert a.counters.difference(b.counters) is None
