"""Binary points over a network: the three methods, and sums on the way."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import entropy

from accelsim.compression import Recipe, compress
from accelsim.compression.calibrate import largest_partial_sum
from accelsim.compression.network import calibrate_network, compress_graph
from accelsim.compression.thresholds import threshold
from accelsim.errors import InputError
from accelsim.records import Conv2d, Layer
from accelsim.records.host import Pool
from accelsim.records.host_elementwise import Flatten
from accelsim.records.network import INPUT, Network, Node

RNG = np.random.default_rng(8)


def network() -> Network:
    conv = Conv2d(RNG.standard_normal((4, 3, 3, 3)), RNG.standard_normal(4), padding=1, name="conv")
    fc = Layer(RNG.standard_normal((5, 36)), bias=RNG.standard_normal(5), name="fc")
    return Network(nodes=(
        Node("conv", conv, (INPUT,)), Node("pool", Pool("max", (2, 2), (2, 2)), ("conv",)),
        Node("flat", Flatten(), ("pool",)), Node("fc", fc, ("flat",)),
    ), input_shape=(3, 6, 6))


@pytest.mark.filterwarnings("ignore::accelsim.LossWarning")
@pytest.mark.parametrize("bias", ["column", "accumulator"])
def test_max_holds_every_sum_on_the_way(bias: str) -> None:
    images = RNG.standard_normal((3, 3, 6, 6))
    packed = compress_graph(network(), Recipe(density=0.5, bias=bias), images)  # type: ignore[arg-type]
    conv, fc = packed.layers
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    vectors = windows.transpose(0, 2, 3, 4, 5, 1).reshape(-1, 27)
    assert conv.layer.output_max_abs == pytest.approx(
        largest_partial_sum(conv.layer, vectors), rel=1e-12)
    top = np.abs(images).max()
    assert conv.layer.input_max_abs == (max(top, 1.0) if bias == "column" else top)
    assert fc.input_max_abs is not None


@pytest.mark.filterwarnings("ignore::accelsim.LossWarning")
def test_what_is_compressed_already_stays() -> None:
    packed = compress_graph(network(), Recipe(density=0.5))
    again = compress_graph(packed, Recipe(density=0.1))
    assert [a is b for a, b in zip(packed.layers, again.layers, strict=True)] == [True, True]
    assert calibrate_network(again, np.ones((3, 6, 6))).layers[0].layer.input_max_abs == 1.0
    with pytest.raises(InputError, match="recipe: no layer is called 'fc2'"):
        compress_graph(network(), Recipe(layers={"fc2": {"density": 0.1}}))


def test_percentile_counts_what_is_not_zero() -> None:
    values = np.concatenate([np.zeros(10_000), np.arange(1, 1001)])
    assert threshold(values, "max") == 1000
    assert threshold(values, "percentile", percentile=99) == 991
    assert threshold(np.zeros(4), "percentile") == 0


def divergence(values: np.ndarray, kept: int, levels: int) -> float:
    """Of keeping ``kept`` of 2,048 bins, told bin by bin as the talk's slides do."""
    counts = np.histogram(np.abs(values), bins=2048, range=(0, np.abs(values).max()))[0]
    reference = counts[:kept].astype(float)
    reference[-1] += counts[kept:].sum()
    quantised = np.zeros(kept)
    for level in range(levels):
        bins = [i for i in range(kept) if i * levels // kept == level and counts[i]]
        for i in bins:
            quantised[i] = sum(counts[j] for j in bins) / len(bins)
    return float(entropy(reference, quantised))


def test_kl_cuts_off_outliers() -> None:
    values = np.concatenate([RNG.standard_normal(20_000), [40.0]])
    found = threshold(values, "kl", bits=8)
    assert 2 < found < 10
    kept = round(found / 40.0 * 2048)
    best = divergence(values, kept, 128)
    for other in (128, kept - 40, kept + 40, kept + 300, 2048):
        if other >= 128:
            assert best <= divergence(values, other, 128) + 1e-12
    # With as many levels as bins nothing is gained by cutting.
    assert threshold(values, "kl", bits=16) == 40.0


@pytest.mark.parametrize("bits", [2, 4])
def test_kl_of_few_bits_keeps_more_than_the_first_grey(bits: int) -> None:
    """256 greys in 2,048 bins: the first alone would be its own distribution, at no divergence."""
    greys = RNG.integers(0, 256, 5000) / 256
    assert threshold(greys, "kl", bits=bits) >= 128 / 2048 * greys.max()


def test_unknown_methods_are_refused() -> None:
    with pytest.raises(InputError, match="no calibration method 'min'"):
        threshold(np.ones(3), "min")
    with pytest.raises(InputError, match="percentile is 0"):
        threshold(np.ones(3), "percentile", percentile=0)


@pytest.mark.filterwarnings("ignore::accelsim.LossWarning")
def test_a_single_convolution_says_the_same_as_its_network() -> None:
    images = RNG.standard_normal((2, 3, 6, 6))
    conv = Conv2d(RNG.standard_normal((4, 3, 3, 3)), activations=images, name="conv")
    alone = compress(conv, Recipe(density=0.4))
    net = Network(nodes=(Node("conv", conv, (INPUT,)),), input_shape=(3, 6, 6))
    (together,) = compress_graph(net, Recipe(density=0.4), images).layers
    assert together.layer.output_max_abs == pytest.approx(alone.layer.output_max_abs)
    assert together.layer.input_max_abs == alone.layer.input_max_abs
