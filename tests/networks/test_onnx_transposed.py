"""Transposed convolutions of ONNX files: what onnxruntime computes, in floats and on a machine."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import accelsim
from accelsim.cli import main
from accelsim.records.host_elementwise import Affine, Relu
from accelsim.records.host_layout import DepthToSpace, ZeroInsertion
from tests.networks.test_onnx_graph import bn, check, expected, norm
from tests.workload.onnx_models import floats, node, save

APART: list[tuple[dict[str, Any], tuple[int, ...]]] = [
    ({"strides": [2, 2]}, (2, 2)), ({"strides": [2, 3], "group": 2}, (2, 3)),
    ({"strides": [1, 3], "dilations": [2, 1]}, (1, 3)), ({"strides": [3]}, (3,)),
]
OVERLAPPING: list[tuple[dict[str, Any], tuple[int, ...]]] = [
    ({"strides": [2, 2], "pads": [1, 1, 1, 1]}, (4, 4)),
    ({"strides": [2, 2], "pads": [1, 1, 1, 1], "output_padding": [1, 1]}, (3, 3)),
    ({"strides": [2, 3], "pads": [0, 2, 1, 0], "group": 2}, (3, 5)), ({}, (3, 3)),
    ({"strides": [3, 1], "dilations": [2, 3]}, (3, 2)), ({"strides": [3, 2]}, (2, 1)),
    ({"strides": [2, 2], "auto_pad": "SAME_UPPER"}, (3, 3)),
    ({"strides": [2, 2], "auto_pad": "SAME_LOWER"}, (3, 4)),
    ({"strides": [2, 2], "output_shape": [11, 10]}, (3, 3)),
    ({"strides": [2, 2], "auto_pad": "VALID"}, (3, 3)),
    ({"strides": [2], "pads": [1, 0], "output_padding": [1]}, (4,)),
    ({"strides": [2, 2], "pads": [0, 0, 1, 1]}, (2, 2)),
]


def model(path: Path, said: dict[str, Any], window: tuple[int, ...], bias: bool = True) -> Path:
    """A layer, the transposed one, a norm of its channels and a ReLU."""
    per_group = 5 // said.get("group", 1) + 1
    n_outputs = per_group * said.get("group", 1)
    sides = (5, 6)[-len(window):]
    nodes = [node("Conv", "x w", "c", name="first"), node("Relu", "c", "r"),
             node("ConvTranspose", "r t b" if bias else "r t", "d", name="up", **said),
             bn("n", "d", "e"), node("Relu", "e")]
    return save(path, nodes, {
        "w": floats(4, 3, *[1] * len(window)), "t": floats(4, per_group, *window),
        **({"b": floats(n_outputs)} if bias else {}), **norm("n", n_outputs)}, [1, 3, *sides])


@pytest.mark.parametrize(("said", "window"), APART)
def test_windows_apart_are_pixels_of_a_layer(tmp_path, said, window):
    network = check(model(tmp_path / "m.onnx", said, window))
    kinds = [type(n.work) for n in network.nodes if n.on_host]
    assert DepthToSpace in kinds
    assert not {Affine, Relu} & {*kinds}  # in the layer's weights
    assert network.layers[1].weights.shape[2:] == (1, 1)
    assert network.layers[1].relu


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(("said", "window"), OVERLAPPING)
def test_windows_that_overlap_read_inserted_zeros(tmp_path, said, window, bias):
    network = check(model(tmp_path / "m.onnx", said, window, bias))
    kinds = [type(n.work) for n in network.nodes if n.on_host]
    assert ZeroInsertion in kinds
    assert not {Affine, Relu} & {*kinds}


@pytest.mark.parametrize("mode", ["CRD", "DCR"])
def test_depth_to_space(tmp_path, mode):
    nodes = [node("Conv", "x w", "c", name="first"),
             node("DepthToSpace", "c", "d", blocksize=2, mode=mode), bn("n", "d", "y")]
    network = check(save(tmp_path / "m.onnx", nodes, {"w": floats(8, 3, 1, 1), **norm("n", 2)},
                         [1, 3, 4, 5]))
    assert {DepthToSpace, Affine} == {type(n.work) for n in network.nodes if n.on_host}


@pytest.mark.parametrize("case", [APART[1], OVERLAPPING[1], OVERLAPPING[4]])
def test_on_a_machine(tmp_path, case):
    """Tellings agree; zeros inserted cost no products; results are near onnxruntime's."""
    path = model(tmp_path / "m.onnx", *case)
    network, images = accelsim.load_network(path), np.abs(floats(2, 3, 5, 6))
    packed = accelsim.compress(network, accelsim.Recipe(weight_bits=8), calibration=images)
    machine = accelsim.load_machine("eie", n_pe=4, weight_bits=8)
    runs = [accelsim.simulate(machine, packed, images, engine=engine)
            for engine in ("functional", "reference", "fast")]
    for other in runs[1:]:
        assert np.array_equal(runs[0].outputs_float, other.outputs_float)
    slow, fast = (run.layers["up"].counters for run in runs[1:])
    assert runs[1].cycles == runs[2].cycles
    assert np.array_equal(slow.macs, fast.macs)
    wanted = expected(path, images)
    assert np.abs(runs[0].outputs_float - wanted).max() <= 0.05 * np.abs(wanted).max()


def test_refused(tmp_path):
    path = model(tmp_path / "m.onnx", {"strides": [2, 2], "pads": [3, 0, 0, 0]}, (2, 2))
    with pytest.raises(accelsim.AccelsimError, match=r"cuts .* off, more than its window"):
        accelsim.load_network(path)


def test_shapes_left_open_are_said_to_layers(tmp_path, capsys, monkeypatch):
    def layers(*arguments):
        monkeypatch.setattr(sys, "argv", ["accelsim", "layers", *arguments])
        with pytest.raises(SystemExit) as leave:
            main()
        return leave.value.code or 0, *capsys.readouterr()

    nodes = [node("Conv", "x w", "c", name="first"),
             node("ConvTranspose", "c t", "y", name="up", strides=[2, 2])]
    path = str(save(tmp_path / "m.onnx", nodes, {"w": floats(4, 3, 1, 1), "t": floats(4, 2, 2, 2)},
                    [1, 3, "rows", "columns"]))
    status, out, _ = layers(path)
    assert status == 0
    assert "3 x ? x ?; say the shape of one image (--input-shape)" in " ".join(out.split())
    status, out, _ = layers(path, "--input-shape", "3x4x5", "--json")
    nodes = json.loads(out)["nodes"]
    # 4 x 5 pixels: 3 inputs to 4 outputs, 4 inputs to the 2 x 2 pixels of 2 outputs.
    assert [row["macs"] for row in nodes] == [20 * 3 * 4, 20 * 4 * 2 * 4, None]
    assert nodes[-1]["outputs"] == [2, 8, 10]
    for source, shape, told in ((path, "3xfour", "need the sizes of one image's axes"),
                                ("lenet-5", "1x28x28", "says the shape of its images itself"),
                                ("alex-7", "4096", "is for an ONNX model with convolutions")):
        status, out, err = layers(source, "--input-shape", shape)
        assert (status, out) == (2, "")
        assert told in err
