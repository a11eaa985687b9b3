"""Networks and their layers through the commands: explain, trace, report; what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import accelsim
from tests.networks.test_run import LENET, command

GRAPH = (LENET, "--network", "lenet-5")


@pytest.fixture(scope="module")
def whole(two_digits: Path):
    images = np.load(two_digits)
    packed = accelsim.compress(accelsim.load_network(LENET, network="lenet-5"), calibration=images)
    return accelsim.simulate("eie", packed, images)


def test_explain_of_a_network_and_of_its_layers(capsys, monkeypatch, tmp_path, two_digits, whole):
    monkeypatch.chdir(tmp_path)
    given = [*GRAPH, "--inputs", two_digits, "--count", 2]
    status, out, err = command(capsys, monkeypatch, "explain", *given, "--json")
    assert (status, err) == (0, "")
    told = json.loads(out)
    assert {row["layer"]: row["cycles"] for row in told["layers"]} == {
        name: layer.cycles for name, layer in whole.layers.items()}
    assert told["host_operations"] == sum(work.operations for work in whole.host)
    status, out, err = command(capsys, monkeypatch, "explain", *given)
    assert (status, err) == (0, "")
    assert f"of {whole.cycles:,} cycles" in out
    assert "On the host, not timed" in out
    assert Path("accelsim-explain.svg").stat().st_size > 1000
    status, out, err = command(capsys, monkeypatch, "explain", *given, "-l", "conv2", "--json")
    assert (status, err) == (0, "")
    told = json.loads(out)
    assert told["cycles"] == whole.layers["conv2"].cycles
    assert told["run_before"] == ["conv1"]
    assert told["tables"]["phases"] == "Cycles of 128 vectors by phase"


def test_simulate_shows_one_layer(capsys, monkeypatch, two_digits, whole):
    status, out, _ = command(capsys, monkeypatch, "simulate", *GRAPH, "--inputs", two_digits,
                             "--count", 2, "-l", "conv2", "--json", "--energy")
    told = json.loads(out)
    assert status == 0
    assert [row["layer"] for row in told["layers"]] == ["conv2"]
    assert told["cycles"] == told["total"]["cycles"] == whole.layers["conv2"].cycles
    assert told["energy_uj"] == whole.layers["conv2"].energy.total_uj


@pytest.mark.parametrize("kind", ["vcd", "perfetto", "text"])
def test_trace_of_one_vector(capsys, monkeypatch, tmp_path, two_digits, kind):
    status, out, err = command(
        capsys, monkeypatch, "trace", *GRAPH, "--inputs", two_digits, "-l", "conv2", "--vector", 9,
        "--from", 20, "--to", 60, "-f", kind, "-o", tmp_path / "x")
    assert (status, err) == (0, "")
    assert "conv2, vector 9, cycles 20 to 60, 8 of 64 PEs" in out
    assert (tmp_path / "x").stat().st_size > 500


def test_report_of_a_network_of_a_layer_and_of_a_run(
    capsys, monkeypatch, tmp_path, two_digits, whole
):
    monkeypatch.chdir(tmp_path)
    given = [*GRAPH, "--inputs", two_digits, "--count", 2]
    for more, words in (
        ([], ["lenet-5: layer by layer", "On the host", "max pool", f"{whole.cycles:,}"]),
        (["-l", "fc1"], ["fc1: why", "What would help"]),
    ):
        status, _, err = command(capsys, monkeypatch, "report", *given, *more, "-o", "r.html")
        assert status == 0, err
        page = Path("r.html").read_text()
        assert all(word in page for word in words)
        assert page.count("data:image/svg+xml;base64,") >= 1
    _, out, _ = command(capsys, monkeypatch, "simulate", *given, "--json")
    Path("run.json").write_text(out)
    status, _, err = command(capsys, monkeypatch, "report", "run.json", "-o", "r.html")
    assert (status, err) == (0, "")
    assert "im2col" in Path("r.html").read_text()


def test_a_published_layer_runs_on_inputs_of_its_own(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    status, out, _ = command(capsys, monkeypatch, "explain", "lenet-5:conv2", "--json")
    assert status == 0
    layer = accelsim.load_network("lenet-5").layers[1]
    alone = accelsim.simulate("eie", accelsim.compress(layer), layer.activations)
    assert json.loads(out)["cycles"] == alone.cycles
    for view in ("explain", "simulate"):
        status, out, _ = command(capsys, monkeypatch, view, "lenet-5")
        assert status == 0
        assert "drawn at their density" in out
        assert "largest results" not in out
    _, out, _ = command(capsys, monkeypatch, "simulate", "lenet-5", "-l", "conv2", "--json")
    found = json.loads(out)
    assert found["cycles"] == found["layers"][0]["cycles"] == alone.cycles
    assert [row["layer"] for row in found["layers"]] == ["conv2"]


@pytest.mark.parametrize(("arguments", "words"), [
    (["explain", "lenet-5", "-l", "pool1"], "'pool1' runs on the host"),
    (["explain", "lenet-5", "-l", "conv3"], "'conv3' is not there; did you mean 'conv"),
    (["explain", "lenet-5:conv1", "-l", "conv1"], "names a layer, and so does 'conv1'"),
    (["explain", "lenet-5", "--alone"], "--alone is for one layer"),
    (["explain", *GRAPH], "give --image PHOTO or --inputs"),
    (["explain", *GRAPH, "-l", "conv2"], "conv2: brings no inputs of its own"),
    (["explain", *GRAPH, "--activation-density", "0.5"], "leave --activation-density out"),
    (["explain", "lenet-5", "-m", "ese"], "the machine 'ese' does not take"),
    (["explain", "alex-7", "--image", "x.png"], "no graph that reads photos"),
    (["explain", "alex-7", "--lowering", "shifted"], "--lowering is for convolutions"),
    (["trace", "lenet-5", "-o", "x.vcd"], "name the layer with -l"),
    (["trace", "lenet-5:conv2", "--vector", "64", "-o", "x.vcd"], "there are 0 to 63"),
    (["trace", "alex-7", "--vector", "1", "-o", "x.vcd"], "vector is 1; there are 0 to 0"),
    (["report", "lenet-5", "-m", "bbs"], "the machine 'bbs' does not take"),
    (["simulate", "lenet-5", "-l", "conv1", "-l", "conv2"], "give one -l"),
])
def test_refusals_are_one_line(capsys, monkeypatch, tmp_path, arguments, words):
    monkeypatch.chdir(tmp_path)
    status, out, err = command(capsys, monkeypatch, *arguments)
    assert (status, out) == (2, "")
    assert len([line for line in err.splitlines() if "warning" not in line]) == 1
    assert words in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("view", [
    ("simulate", "-l", "b"), ("explain", "-l", "b"), ("explain",),
    ("trace", "-l", "b", "--vector", "3", "-o", "x.vcd"), ("report", "-l", "b"), ("report",),
])
def test_winograd_in_every_view(capsys, monkeypatch, tmp_path, view):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.toml").write_text(
        'name = "net"\ninput = [3, 5, 5]\nnode = [{name = "a", conv = 4}, '
        '{name = "b", conv = 4, kernel = 3, padding = 1, activation_density = 0.5}]\n')
    np.save("x.npy", np.ones((3, 5, 5)))
    name, *more = view
    given = [name, "net.toml", *more, "--inputs", "x.npy", "--lowering", "b=winograd"]
    status, _, err = command(capsys, monkeypatch, *given)
    assert status == 2
    assert "compress with --winograd before or after" in err
    status, _, err = command(capsys, monkeypatch, *given, "--winograd", "after")
    assert status == 0, err


@pytest.mark.parametrize(("arguments", "told"), [
    (("cosim", "lenet-5", "-l", "conv2", "--lowering", "shifted"),
     "the RTL runs convolutions by im2col, not by 'shifted'; take --lowering im2col"),
    *((((view, "nt-we", option, value), f"nt-we: {option} is for convolutions of a network"))
      for view in ("simulate", "explain", "report", "cosim")
      for option, value in (("--winograd", "after"), ("--lowering", "pixels"))),
])
def test_what_is_for_convolutions_is_refused(capsys, monkeypatch, arguments, told):
    status, out, err = command(capsys, monkeypatch, *arguments)
    assert (status, out) == (2, "")
    assert err.splitlines()[-1].endswith(told)
