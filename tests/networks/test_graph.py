"""Networks as graphs: what fits, what is refused, and sizes that papers print."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
import pytest

from accelsim.errors import FormatError, InputError
from accelsim.lowering.network_floats import run_floats
from accelsim.records import Conv2d, Layer
from accelsim.records.host import Pool
from accelsim.records.host_elementwise import Combine, Concat, Flatten
from accelsim.records.network import INPUT, Network, Node
from accelsim.workload.graph_file import read_graph
from accelsim.workload.graph_networks import graph, layer_shapes, network_names

RNG = np.random.default_rng(3)


def conv(name: str, out: int, channels: int, kernel: int = 3, **more: Any) -> Conv2d:
    return Conv2d(RNG.standard_normal((out, channels, kernel, kernel)), name=name, **more)


def node(work: Any, *inputs: str, name: str = "") -> Node:
    return Node(name or work.name, work, inputs)


def test_shapes_follow_the_graph() -> None:
    net = Network(nodes=(
        node(conv("a", 4, 3, padding=1), INPUT),
        node(conv("b", 6, 3, padding=1), INPUT),
        node(Concat(), "a", "b", name="join"),
        node(Pool("max", (2, 2), (2, 2)), "join", name="pool"),
        node(Flatten(), "pool", name="flat"),
        node(Layer(RNG.standard_normal((5, 160)), name="fc"), "flat"),
    ), input_shape=(3, 8, 8))
    assert net.shapes()["join"] == (10, 8, 8)
    assert net.shapes()["fc"] == (5,)
    assert [layer.name for layer in net.layers] == ["a", "b", "fc"]
    assert (net.n_inputs, net.n_outputs, net.is_chain) == (192, 5, False)


@pytest.mark.parametrize(("nodes", "words"), [
    ([node(conv("a", 4, 3), "b"), node(conv("b", 3, 4), "a")], "a graph with a cycle"),
    ([node(conv("a", 4, 3), "a")], "a graph with a cycle"),
    ([node(conv("a", 4, 3), "aa")], "'a' reads 'aa', which is not there"),
    ([node(conv("a", 4, 3), INPUT), node(conv("a", 4, 4), "a")], "two nodes are called 'a'"),
    ([node(conv("a", 4, 5), INPUT)], "takes 5 channels and is given 3 x 8 x 8"),
    ([node(conv("a", 4, 3, kernel=9), INPUT)], "smaller than the kernel"),
    ([node(Layer(np.ones((2, 192)), name="fc"), INPUT)], "takes 192 inputs and is given 3 x 8 x 8"),
    ([node(conv("a", 4, 3), INPUT), node(Combine("add"), "a", INPUT, name="sum")], "do not fit"),
    ([node(Flatten(), INPUT, INPUT, name="f")], "reads 2 operands; need 1"),
])
def test_what_does_not_fit_is_refused(nodes: list[Node], words: str) -> None:
    with pytest.raises(InputError, match=words) as problem:
        Network(nodes=tuple(nodes), input_shape=(3, 8, 8))
    assert "\n" not in str(problem.value)


def test_an_unknown_shape_is_asked_for() -> None:
    net = Network(nodes=(node(conv("a", 4, 3), INPUT),))
    with pytest.raises(InputError, match="give input_shape"):
        net.shapes()
    assert net.shapes((3, 9, 9))["a"] == (4, 7, 7)


def test_a_chain_is_given_by_its_layers() -> None:
    layers = (Layer(np.ones((4, 6)), name="fc"), Layer(np.ones((2, 4)), name="fc"))
    net = Network(layers, "two")
    assert [n.name for n in net.nodes] == ["fc", "fc#1"]
    assert net.is_chain
    assert net.input_shape == (6,)


# MACs and weights of the networks' own papers or of torchvision's tables, in millions.
SIZES = {
    "alexnet": (724.4, 60.95), "vgg-16": (15470.3, 138.34), "resnet-50": (4089.2, 25.50),
    "mobilenet": (568.7, 4.21), "lenet-5": (2.293, 0.4305), "squeezenet": (861.3, 1.244),
}


@pytest.mark.parametrize("name", sorted(SIZES))
def test_published_sizes(name: str) -> None:
    shapes = layer_shapes(name)
    weights = sum(prod(shape.shape) for shape in shapes)
    macs = 0
    for shape in shapes:
        outputs = (1, 1) if shape.geometry is None else shape.geometry.output_size(
            *shape.input_shape[1:])
        macs += prod(shape.shape) * prod(outputs)
    assert (macs / 1e6, weights / 1e6) == pytest.approx(SIZES[name], rel=1e-3)
    assert sorted(SIZES) == network_names()


def test_densities_go_with_the_layer_that_reads() -> None:
    by_name = {shape.name: shape for shape in layer_shapes("alexnet")}
    # Published: FLOP % = weight % x activation % of the layer before, AlexNet's table.
    flop = {"conv1": 84, "conv2": 33, "conv3": 18, "conv4": 14, "conv5": 14, "fc6": 3, "fc7": 3,
            "fc8": 10}
    for name, percent in flop.items():
        shape = by_name[name]
        assert shape.weight_density is not None
        assert shape.input_density is not None
        assert 100 * shape.weight_density * shape.input_density == pytest.approx(percent, abs=1.0)


def read(line: str) -> Network:
    def make(shape: Any) -> Any:
        return Conv2d(np.zeros(shape.shape), name=shape.name)

    return read_graph(f"input = [3, 8, 8]\nnode = [{line}]", "g.toml", make)


@pytest.mark.parametrize(("line", "words"), [
    ("{conv = 3}", "a node has no name"),
    ('{name = "a"}', "does nothing; need one of conv"),
    ('{name = "a", conv = 3, max_pool = 2}', "does conv, max_pool"),
    ('{name = "a", conv = 3, kernal = 2}', "'kernal' is nothing that a conv has; did you mean"),
    ('{name = "a", conv = 0}', "conv is 0"),
    ('{name = "a", conv = 3, from = "b"}', "reads 'b', which stands nowhere before it"),
    ('{name = "a", fc = 3}', "put flatten = true before it"),
    ('{name = "a", conv = 3, kernel = 9}', "smaller than the kernel"),
    ('{name = "a", conv = 3, relu = 1}', "relu is 1; need true or false"),
    ('{name = "a", function = "gelu"}', "no host function 'gelu'"),
])
def test_faults_of_a_graph_name_the_node(line: str, words: str) -> None:
    with pytest.raises((FormatError, InputError), match=words) as problem:
        read(line)
    assert "\n" not in str(problem.value)


def test_unknown_names_and_texts() -> None:
    make: Callable[[Any], Any] = print
    with pytest.raises(InputError, match=r"no network 'alexnett'; did you mean"):
        graph("alexnett", make)
    with pytest.raises(FormatError, match="not TOML"):
        read_graph("node = [", "g.toml", make)
    with pytest.raises(FormatError, match=r"input is None; need its shape"):
        read_graph("node = [{name='a', conv=1}]", "g.toml", make)


def loops(x: np.ndarray, layer: Conv2d) -> np.ndarray:
    """A convolution output by output, product by product."""
    (top, bottom), (left, right) = layer.geometry.padding
    padded = np.pad(x, ((0, 0), (top, bottom), (left, right)))
    out, inside, tall, wide = layer.weights.shape
    rows, columns = layer.geometry.output_size(*x.shape[1:])
    result = np.zeros((out, rows, columns))
    for o in range(out):
        group = o // (out // layer.groups)
        for y in range(rows):
            for z in range(columns):
                for c in range(inside):
                    for i in range(tall):
                        for j in range(wide):
                            result[o, y, z] += layer.weights[o, c, i, j] * padded[
                                group * inside + c, y * layer.geometry.stride[0]
                                + i * layer.geometry.dilation[0],
                                z * layer.geometry.stride[1] + j * layer.geometry.dilation[1]]
    return result


@pytest.mark.parametrize(("groups", "stride", "dilation"), [(1, 1, 1), (2, 2, 1), (4, 1, 2)])
def test_convolutions_in_floating_point(groups: int, stride: int, dilation: int) -> None:
    layer = Conv2d(RNG.standard_normal((8, 4 // groups, 3, 2)), RNG.standard_normal(8), stride,
                   (1, 2), dilation, groups, relu=False, name="c")
    x = RNG.standard_normal((4, 7, 6))
    found = run_floats(Network(nodes=(node(layer, INPUT),), input_shape=x.shape), x)["c"]
    assert layer.bias is not None
    np.testing.assert_allclose(found[0], loops(x, layer) + layer.bias[:, None, None], atol=1e-12)
