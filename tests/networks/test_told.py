"""What a network leaves out, takes otherwise or sizes by itself is told, whatever view shows it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

import accelsim
from tests.networks.test_graph_commands import GRAPH
from tests.networks.test_onnx_graph import quantised, small
from tests.networks.test_run import command

FIT = ("--set", "spmat_kb=fit", "--set", "pointer_kb=fit")


@pytest.mark.parametrize("view", ["simulate", "explain"])
def test_inputs_that_are_left_out(capsys, monkeypatch, tmp_path, two_digits, view):
    monkeypatch.chdir(tmp_path)
    told = f"the first 1 of 2 inputs of {two_digits}; --count takes more"
    for count, is_told in ((1, True), (2, False)):
        given = (view, *GRAPH, "--inputs", two_digits, "--count", count)
        assert (told in command(capsys, monkeypatch, *given)[1]) == is_told
        notes = json.loads(command(capsys, monkeypatch, *given, "--json")[1])["notes"]
        assert (told in notes) == is_told


@pytest.mark.parametrize("view", ["simulate", "explain", "report"])
def test_maps_beyond_their_sram_are_told_once(capsys, monkeypatch, tmp_path, two_digits, view):
    """As a limit, for the layer that asks for most; on the page of a report too."""
    monkeypatch.chdir(tmp_path)
    # conv1 reads 28 x 28 pixels, a row of 64 PEs each, one of zeros, and writes 24 x 24.
    kb = (28 * 28 + 1 + 24 * 24) * 16 / 8192
    status, out, _ = command(capsys, monkeypatch, view, *GRAPH, "--inputs", two_digits)
    assert status == 0
    told = Path("accelsim-report.html").read_text("utf-8") if view == "report" else out
    assert told.count(f"maps in the activation SRAM: {kb:.1f} KB a PE, at most 2") == 1
    assert "activation SRAM holds" not in told
    if view == "report":
        assert "nJ, by module" in told
    else:
        out = json.loads(command(capsys, monkeypatch, view, *GRAPH, "--inputs", two_digits,
                                 "--json")[1])
        assert not out["feasible"]
        assert [limit["where"] for limit in out["limits"]] == ["conv1"]


def test_codes_that_are_passed(capsys, monkeypatch, tmp_path):
    path = quantised(tmp_path / "m.onnx", 0)
    np.save(tmp_path / "x.npy", np.ones((3, 5, 5)))
    _, out, _ = command(capsys, monkeypatch, "simulate", path, "--inputs", tmp_path / "x.npy")
    assert "QuantizeLinear with DequantizeLinear is passed" in out


@pytest.mark.parametrize("arguments", [
    ("explain", "lenet-5", "-o", "x.svg"), ("explain", "lenet-5", "-l", "conv2", "-o", "x.svg"),
    ("trace", "lenet-5", "-l", "conv2", "--vector", "3", "-o", "x.vcd"),
    ("cosim", "lenet-5", "-l", "conv2", "--set", "n_pe=4", "--export", "x"),
])
def test_sizes_that_follow(capsys, monkeypatch, tmp_path, arguments):
    """Every view sizes the machine as `simulate` does."""
    monkeypatch.chdir(tmp_path)
    status, _, err = command(capsys, monkeypatch, *arguments, *FIT)
    assert status == 0, err
    assert len(list(tmp_path.iterdir())) == 1


def test_the_machine_that_ran_is_told(capsys, monkeypatch, tmp_path):
    """Its memories hold the layers, and half of one does not."""
    monkeypatch.chdir(tmp_path)
    _, out, _ = command(capsys, monkeypatch, "explain", "lenet-5", *FIT, "--json")
    sizes = json.loads(out)["config"]
    status, _, err = command(capsys, monkeypatch, "explain", "lenet-5", "--set",
                             f"spmat_kb={sizes['spmat_kb'] / 2}")
    assert (status, "spmat" in err) == (2, True)


def test_layers_of_a_graph_and_of_what_is_none(capsys, monkeypatch, tmp_path):
    """A graph is listed node by node; of another model its layers, and why it is no graph."""
    status, out, _ = command(capsys, monkeypatch, "layers", small(tmp_path / "a.onnx"), "--json")
    nodes = {row["node"]: row for row in json.loads(out)["nodes"]}
    assert (status, nodes["stem"]["weights"]) == (0, [6, 3, 3, 3])
    assert nodes["stem"]["macs"] == 9 * 8 * 6 * 3 * 9
    assert nodes["fc"]["weights"] == [7, 10]
    path = small(tmp_path / "b.onnx", ("n", 3, "rows", "columns"))
    status, out, _ = command(capsys, monkeypatch, "layers", path)
    assert status == 0
    assert "As a network: " in out
    assert "say the shape of one image" in out
    told = json.loads(command(capsys, monkeypatch, "layers", path, "--json")[1])
    assert [row["layer"] for row in told["layers"]] == ["stem", "inner", "one", "fc", "last"]
    assert "say the shape of one image" in told["network_refused"]


def test_lowerings_that_were_tried_are_text_in_csv(
        capsys, monkeypatch, two_digits):
    given = ("simulate", *GRAPH, "--inputs", two_digits, "--lowering", "auto", "--csv")
    rows = list(csv.DictReader(io.StringIO(command(capsys, monkeypatch, *given)[1])))
    im2col = accelsim.simulate("eie", accelsim.compress(
        accelsim.load_network(GRAPH[0], network="lenet-5"), calibration=np.load(two_digits)[:1]),
        np.load(two_digits)[:1]).layers["conv1"].cycles
    assert f"im2col: {im2col}; " in rows[0]["tried"]
