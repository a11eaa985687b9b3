"""Networks in files: the same back, run bit for bit as the direct way, one line for all else."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
from PIL import Image

import accelsim
from accelsim.cli.compress_network import with_settings
from accelsim.compression import load_compressed, load_compressed_network, save_compressed
from accelsim.compression.host_header import OPERATIONS
from accelsim.errors import FormatError, InputError
from accelsim.records import Conv2d, Layer
from accelsim.records.host import GlobalPool, HostOperation, Pool
from accelsim.records.host_elementwise import (
    Affine,
    Combine,
    Concat,
    Flatten,
    Function,
    Relu,
    Upsample,
)
from accelsim.records.host_layout import (
    DepthToSpace,
    Reshape,
    Slice,
    Transpose,
    ZeroInsertion,
)
from accelsim.records.network import INPUT, Network, Node
from tests.compression.forging import forge, load_or_message
from tests.networks.test_run import LENET, command, digits

pytestmark = pytest.mark.filterwarnings("ignore::accelsim.LossWarning")


def every_kind(seed: int = 0) -> Network:
    """A network with each host operation, and layers of every sort that a file keeps."""
    rng = np.random.default_rng(seed)

    def conv(name: str, *shape: int, **more: object) -> Conv2d:
        return Conv2d(rng.standard_normal(shape), name=name, **more)

    return Network(nodes=(
        Node("a", conv("a", 8, 4, 3, 3, padding=1, bias=rng.standard_normal(8)), (INPUT,)),
        Node("grouped", conv("grouped", 8, 2, 3, 3, padding=1, groups=4), ("a",)),
        Node("norm", Affine(rng.random(8), rng.standard_normal(8).astype(np.float32)), ("a",)),
        Node("sum", Combine("add"), ("grouped", "norm")),
        Node("clipped", Relu(6.0), ("sum",)),
        Node("leaky", Relu(None, 0.1), ("sum",)),
        Node("both", Concat(0), ("clipped", "leaky")),
        Node("pool", Pool("max", (3, 2), (2, 2), ((1, 0), (0, 1)), True), ("both",)),
        Node("wide", Upsample((1, 2)), ("pool",)),
        Node("zeros", ZeroInsertion((1, 2)), ("wide",)),
        Node("pixels", DepthToSpace((2, 1), "DCR"), ("zeros",)),
        Node("turned", Transpose((0, 2, 1)), ("pixels",)),
        Node("soft", Function("hard_swish"), ("turned",)),
        Node("mean", GlobalPool("average"), ("soft",)),
        Node("flat", Flatten(), ("mean",)),
        Node("fc", Layer(rng.standard_normal((6, 8)), None, rng.standard_normal(6), name="fc"),
             ("flat",)),
        Node("shape", Reshape((2, 3)), ("fc",)),
        Node("each", Affine(rng.random((2, 3)), rng.standard_normal((2, 3))), ("shape",)),
        Node("part", Slice(((0, 2, 1), (0, 3, 2))), ("each",)),
    ), input_shape=(4, 6, 6), name="every", note="a note",
        image={"channels": "L", "mean": [104], "scale": 0.5}, lowerings={"a": "winograd"})


def packed(seed: int = 0) -> tuple[Network, np.ndarray]:
    images = np.random.default_rng(seed).standard_normal((2, 4, 6, 6))
    recipe = accelsim.Recipe(density=0.5, winograd="after", layers={
        "grouped": {"table_bits": 3}, "fc": {"permute_rows": 4, "bias": "column"}})
    network = replace(every_kind(seed), image={})
    return accelsim.compress(network, recipe, calibration=images), images


def test_every_kind_of_node_comes_back_and_runs_the_same(tmp_path):
    assert {type(node.work) for node in every_kind().nodes if node.on_host} == {
        *OPERATIONS.values()}
    network, images = packed()
    path = tmp_path / "net.safetensors"
    save_compressed(path, network)
    found = accelsim.load_network(path)
    assert [work.digest() for work in found.layers] == [w.digest() for w in network.layers]
    assert found.layers[0].winograd.digest() == network.layers[0].winograd.digest()
    assert [(n.name, n.inputs) for n in found.nodes] == [(n.name, n.inputs) for n in network.nodes]
    assert (found.name, found.note, found.output, found.input_shape, found.lowerings) == (
        "every", "a note", "part", (4, 6, 6), {"a": "winograd"})
    for ours, theirs in zip(found.nodes, network.nodes, strict=True):
        if ours.on_host and not isinstance(ours.work, Affine):
            assert ours.work == theirs.work
        if not ours.on_host:
            own = ours.work.layer if hasattr(ours.work, "layer") else ours.work
            assert own.provenance["recipe"] == json.loads(json.dumps(
                theirs.work.provenance["recipe"]))
    config = accelsim.load_machine("eie", n_pe=4, capacity="ignore")
    one, two = (accelsim.simulate(config, net, images) for net in (found, network))
    assert np.array_equal(one.outputs_float, two.outputs_float)
    for name, layer in one.layers.items():
        assert layer.lowering == two.layers[name].lowering
        assert layer.counters.difference(two.layers[name].counters) is None
    assert one.layers["a"].lowering == "winograd"
    again = tmp_path / "again.safetensors"
    save_compressed(again, found)
    assert again.read_bytes() == path.read_bytes()
    assert [w.digest() for w in load_compressed(path)] == [w.digest() for w in network.layers]


def test_files_of_layers_alone_are_no_networks(tmp_path):
    layers = [accelsim.compress(Layer(np.eye(3), name=name)) for name in "ab"]
    save_compressed(tmp_path / "x.safetensors", layers)
    assert load_compressed_network(tmp_path / "x.safetensors") is None
    assert accelsim.load_network(tmp_path / "x.safetensors").is_chain
    with pytest.raises(InputError, match="says its own layers and graph; leave network out"):
        accelsim.load_network(tmp_path / "x.safetensors", network="lenet-5")


@dataclass(frozen=True)
class Own(HostOperation):
    kind: ClassVar[str] = "own"


def test_what_a_file_has_no_place_for(tmp_path):
    network, _ = packed()
    path = tmp_path / "net.safetensors"
    path.write_bytes(b"before")
    with pytest.raises(InputError, match="own: a host operation of one's own"):
        save_compressed(path, Network(nodes=(*network.nodes, Node("x", Own(), ("shape",))),
                                      input_shape=(4, 6, 6)))
    with pytest.raises(InputError, match="a: is not compressed"):
        save_compressed(path, every_kind())
    assert path.read_bytes() == b"before"


def node(at: int, **values: object):
    return lambda header, tensors: header["network"]["nodes"][at].update(values)


def operation(at: int, **values: object):
    return lambda header, tensors: header["network"]["nodes"][at]["operation"].update(values)


@pytest.mark.parametrize(("change", "words"), [
    (node(0, inputs=["norm"]), "a graph with a cycle"),
    (node(0, inputs=["nothing"]), "which is not there"),
    (node(0, name=""), "network.nodes.0.name"),
    (node(0, operation={"is": "flatten"}), "3 layers for a graph of another number"),
    (node(1, inputs=["sum"]), "a graph with a cycle"),
    (operation(2, scale=[1.0]), "batch norm: (1,) scales"),
    (operation(2, scale=["x"] * 8), "host operation affine: scale.0"),
    (operation(4, limit="six"), "host operation relu: limit"),
    (operation(4, **{"is": "fft"}), "no host operation 'fft'"),
    (operation(4, more=1), "host operation relu: the fields are not its own"),
    (operation(7, kernel=[1 << 20, 2]), "host operation pool: 1048576 is beyond 65536"),
    (operation(7, padding=[[3, 0], [0, 1]]), "a padding as wide as its window"),
    (operation(8, factor=[60000, 60000]), "numbers; at most"),
    (operation(12, name="open"), "no host function 'open'"),
    (lambda h, t: h["network"].update(input_shape=[4, 6]), "pool|channels|shape|input"),
    (lambda h, t: h["network"].update(output="x"), "no node 'x' for the output"),
    (lambda h, t: h["network"].update(lowerings={"x": "auto"}), "no layer 'x' to lower"),
    (lambda h, t: h["network"].update(
        image={"channels": "RGB", "mean": [1, 2, 3], "scale": 1}), "photos' channels"),
    (lambda h, t: h["layers"][2].update(winograd=h["layers"][0]["winograd"]),
     "transformed weights are one matrix beside a convolution"),
    (lambda h, t: h["layers"][0]["winograd"].update(n_inputs=63), "winograd|transformed|tensor"),
])
def test_forged_networks_are_one_line(change, words, tmp_path):
    path = tmp_path / "net.safetensors"
    save_compressed(path, packed()[0])
    forge(path, change)
    with pytest.raises(FormatError) as caught:
        load_compressed_network(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(str(path))
    assert any(word in message for word in words.split("|")), message


def test_cut_and_mutated_networks_are_one_line_or_whole(tmp_path):
    path = tmp_path / "net.safetensors"
    network, _ = packed()
    save_compressed(path, network)
    data = path.read_bytes()
    digests = [work.digest() for work in network.layers]
    for at in range(0, len(data), 61):
        for damaged in (data[:at], data[:at] + bytes([data[at] ^ 0x20]) + data[at + 1:]):
            path.write_bytes(damaged)
            found, message = load_or_message(path)
            if found is None:
                assert message.startswith(str(path))
            else:
                assert [work.digest() for work in found] == digests


def test_compress_then_simulate_is_the_direct_run(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    images, labels = digits(3)
    Image.fromarray((images[2, 0] * 256).astype(np.uint8)).save("x.png")
    way = "conv1=pixels,conv2=shifted"
    status, out, err = command(
        capsys, monkeypatch, "compress", LENET, "--network", "lenet-5", "--image", "x.png",
        "--lowering", way, "-o", "l.safetensors", "--json")
    assert (status, err) == (0, "")
    told = json.loads(out)
    assert [row["lowering"] for row in told["layers"]] == ["pixels", "shifted", None, None]
    # The direct run in Python shares nothing with the file.
    net = accelsim.load_network(LENET, network="lenet-5")
    ready = accelsim.compress(net, calibration=images[2])
    direct = accelsim.simulate("eie", ready, images[2],
                               lowering={"conv1": "pixels", "conv2": "shifted"})
    status, out, err = command(
        capsys, monkeypatch, "simulate", "l.safetensors", "--image", "x.png", "--json")
    assert (status, err) == (0, "")
    told = json.loads(out)
    assert told["largest"][0][0] == [labels[2], direct.outputs_float.max()]
    assert {row["layer"]: (row["lowering"], row["cycles"]) for row in told["layers"]} == {
        name: (own.lowering or "vector", own.cycles) for name, own in direct.layers.items()}
    # Calibrated once: other images do not move the binary points.
    np.save("other.npy", images[0] / 4)
    status, out, _ = command(
        capsys, monkeypatch, "simulate", "l.safetensors", "--inputs", "other.npy", "--json")
    assert status == 0
    other = accelsim.simulate("eie", ready, images[0] / 4)
    assert json.loads(out)["largest"][0][0][1] == other.outputs_float.max()
    status, out, _ = command(
        capsys, monkeypatch, "explain", "l.safetensors:conv2", "--image", "x.png", "--json")
    assert status == 0
    assert json.loads(out)["cycles"] == direct.layers["conv2"].cycles


def test_settings_of_single_layers():
    texts = ["a:b:density=0.3", "a:b:bias=column", "c:permute_rows=4"]
    assert with_settings({"c": {"density": 0.5}}, texts) == {
        "a:b": {"density": 0.3, "bias": "column"}, "c": {"density": 0.5, "permute_rows": 4}}


@pytest.mark.parametrize(("arguments", "words"), [
    (["lenet-5", "-l", "conv1"], "a network is kept whole"),
    (["lenet-5", "--lowering", "fft"], "no lowering 'fft'"),
    (["lenet-5", "--lowering", "conv1=auto,conv1=auto"], "each layer once"),
    (["lenet-5", "--lowering", "fc1=auto"], "'fc1', which is no convolution of it"),
    (["lenet-5", "--layer-set", "conv2"], "need LAYER:KEY=VALUE"),
    (["lenet-5", "--layer-set", "conv3:density=0.1"], "no layer is called 'conv3'"),
    (["lenet-5", "--layer-set", "conv2:dense=0.1"], "unknown setting 'dense'"),
    (["lenet-5", "--calibrate", "kl"], "kl:8"),
    (["lenet-5", "--winograd", "during"], "winograd is 'during'"),
    (["lenet-5", "--image", "none.png"], "No such file"),
    (["alex-7", "--lowering", "auto"], "are for graphs; name one"),
    (["done.safetensors", "--density", "0.5"], "holds codes already"),
])
def test_what_compress_refuses_of_networks(capsys, monkeypatch, tmp_path, arguments, words):
    monkeypatch.chdir(tmp_path)
    save_compressed("done.safetensors", packed()[0])
    status, out, err = command(capsys, monkeypatch, "compress", *arguments, "-o", "o.safetensors")
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert words in err
    assert not (tmp_path / "o.safetensors").exists()
