"""Networks that cannot be: one line that says what and where, status 2, no file left."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

from tests.networks.test_net_file import written
from tests.networks.test_run import command

HEAD = 'name = "n"\ninput = [1, 8, 8]\nimage = {channels = "L"}\n'


def graph(*nodes: str) -> str:
    return f"{HEAD}node = [\n{''.join(f'  {{{node}}},{chr(10)}' for node in nodes)}]\n"


CONV = 'name = "a", conv = 2, kernel = 3'
FAULTS = {
    "a cycle": (graph(CONV + ', from = "b"', 'name = "b", relu = true, from = "a"'),
                "node 'a': reads 'b', which stands nowhere before it"),
    "itself": (graph(CONV + ', from = "a"'), "which stands nowhere before it"),
    "an unknown shape": ('name = "n"\nnode = [{name = "a", conv = 2}]\n', "need its shape"),
    "an open shape": ('input = [1, 0, 8]\nnode = [{name = "a", conv = 2}]\n', "need its shape"),
    "a large kernel": (graph('name = "a", conv = 2, kernel = 9'), "smaller than the kernel"),
    "a matrix on a map": (graph('name = "a", fc = 4'), "put flatten = true before it"),
    "no nodes": (HEAD, "no nodes"),
    "twice a name": (graph(CONV, CONV), "two nodes are called 'a'|channels"),
    "no TOML": ("node = [", "not TOML"),
    "shapes that differ": (graph(CONV, 'name = "b", conv = 3, kernel = 3, from = "input"',
                                 'name = "c", add = ["a", "b"]'), "do not fit"),
}


@pytest.mark.parametrize("what", FAULTS)
@pytest.mark.parametrize("name", ["layers", "compress", "simulate"])
def test_graphs(capsys, monkeypatch, tmp_path, what, name):
    monkeypatch.chdir(tmp_path)
    text, words = FAULTS[what]
    Path("net.toml").write_text(text)
    Image.new("L", (8, 8)).save("x.png")
    more = {"layers": [], "compress": ["-o", "out.safetensors"], "simulate": ["--image", "x.png"]}
    refused(capsys, monkeypatch, words, name, "net.toml", *more[name])
    assert not Path("out.safetensors").exists()


def refused(capsys, monkeypatch, words, *arguments):
    status, out, err = command(capsys, monkeypatch, *arguments)
    assert (status, out) == (2, ""), err
    assert len(err.splitlines()) == 1
    assert any(word in err for word in words.split("|")), err


@pytest.fixture
def net(monkeypatch, tmp_path):
    """A graph of 9 weights, its .net file, and photos."""
    monkeypatch.chdir(tmp_path)
    Path("net.toml").write_text(graph('name = "a", conv = 1, kernel = 3'))
    codes = np.ones((1, 1, 3, 3), np.uint8)
    book = np.eye(1, 256, 1, dtype=np.float32)[0]
    Path("x.net").write_bytes(written([codes], [book], [np.zeros(1, np.float32)]))
    Image.new("L", (8, 8)).save("x.png")
    Image.new("L", (7, 8)).save("small.png")
    return Path("x.net").read_bytes()


def test_a_cut_net_file_at_every_length(capsys, monkeypatch, net):
    run = ["simulate", "x.net", "--network", "net.toml", "--set", "weight_bits=8", "--image"]
    assert command(capsys, monkeypatch, *run, "x.png")[0] == 0
    for end in (0, 3, 4, 700, 1027, len(net) - 1):
        Path("x.net").write_bytes(net[:end])
        refused(capsys, monkeypatch, "copy the whole file", *run, "x.png")
    Path("x.net").write_bytes(net + b"\0")
    refused(capsys, monkeypatch, "copy the whole file", *run, "x.png")
    Path("x.net").write_bytes(net[:4] + b"\1" + net[5:])
    refused(capsys, monkeypatch, "does not start with 0.0", *run, "x.png")


def test_photos_of_the_wrong_size_or_kind(capsys, monkeypatch, net):
    run = ["simulate", "x.net", "--network", "net.toml", "--set", "weight_bits=8", "--image"]
    refused(capsys, monkeypatch, "7 x 8 pixels; the network takes 8 x 8; --fit", *run, "small.png")
    Path("cut.png").write_bytes(Path("x.png").read_bytes()[:40])
    refused(capsys, monkeypatch, "not a picture that can be read", *run, "cut.png")
    status, _, err = command(capsys, monkeypatch, *run, "small.png", "--fit")
    assert (status, err) == (0, "")
    refused(capsys, monkeypatch, "need PNG or JPEG", "compress", "x.net", "--network", "net.toml",
            "--image", "cut.png", "-o", "out.safetensors")
    assert not Path("out.safetensors").exists()


def test_an_onnx_model_of_unknown_shape_or_order(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    weights = onnx.numpy_helper.from_array(np.ones((2, 1, 3, 3), np.float32), "w")
    for name, shape, reads, words in (
            ("open.onnx", ["n", 1, "h", "w"], "x", "shape"),
            ("cycle.onnx", [1, 1, 8, 8], "z", "written nowhere before it")):
        nodes = [onnx.helper.make_node("Conv", [reads, "w"], ["y"]),
                 onnx.helper.make_node("Relu", ["y"], ["z"])]
        values = [onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, s)
                  for n, s in (("x", shape), ("z", None))]
        onnx.save(onnx.helper.make_model(onnx.helper.make_graph(
            nodes, "g", values[:1], values[1:], [weights])), name)
        for arguments in (["simulate", name, "--image", "x.png"], ["compress", name, "-o", "o"]):
            refused(capsys, monkeypatch, words, *arguments)
    assert not Path("o").exists()
