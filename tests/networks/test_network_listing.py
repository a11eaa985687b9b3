"""What `accelsim layers` says of networks, beside published sizes, NumPy's counts and runs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

import accelsim
from accelsim.cli import main
from accelsim.compression import save_compressed
from accelsim.records import Conv2d, Geometry
from accelsim.sources import listing, network_listing
from tests.networks.test_net_file import GRAPH, SHAPES, written

TRACES = Path(__file__).parents[2] / "traces"
LENET = TRACES / "lenet-5" / "pruned.safetensors"
pytestmark = pytest.mark.filterwarnings("ignore::accelsim.LossWarning")


def told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: object
         ) -> tuple[int, str, str]:
    """Exit status, standard output and error."""
    monkeypatch.setattr(sys, "argv", ["accelsim", *map(str, words)])
    with pytest.raises(SystemExit) as leave:
        main()
    return int(str(leave.value.code)), *capsys.readouterr()


# Multiply-accumulates and weights; the papers round them: 15.5 G and 138 M, 569 M and 4.2 M.
COUNTS = {
    "lenet-5": (2_293_000, 430_500),
    "vgg-16": (15_470_264_320, 138_344_128),
    "mobilenet": (568_740_352, 4_209_088),
}


@pytest.mark.parametrize("name", COUNTS)
def test_a_network_of_the_package(name: str) -> None:
    found = network_listing(name)
    assert (found.macs, found.n_weights) == COUNTS[name]
    assert {node.non_zeros for node in found.nodes} == {None}


def test_shares_and_densities_are_the_published_ones(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    status, out, err = told(capsys, monkeypatch, "layers", "vgg-16", "--json")
    assert (status, err) == (0, "")
    rows = {row["node"]: row for row in json.loads(out)["nodes"]}
    assert rows["conv1_2"]["weights"] == [64, 64, 3, 3]
    assert rows["conv1_2"]["weight density"] == 0.22
    assert rows["conv1_2"]["positions"] == 224 * 224
    shares = [row["share_percent"] for row in rows.values() if row["weights"]]
    assert sum(shares) == pytest.approx(100)
    assert rows["fc6"]["macs"] == 4096 * 25088
    assert rows["pool1"]["operations"] == 64 * 112 * 112 * 4
    assert rows["pool1"]["macs"] is None


def test_a_file_of_arrays_is_what_its_run_says(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = network_listing(str(LENET), "lenet-5")
    network = accelsim.load_network(LENET, network="lenet-5")
    image = np.ones((1, 28, 28)) / 2
    run = accelsim.simulate("eie", accelsim.compress(network, calibration=image[None]), image)
    layers = {node.name: node for node in found.nodes if node.weights is not None}
    assert {name: own.n_vectors for name, own in run.layers.items()} == {
        name: node.positions for name, node in layers.items()}
    assert [(work.name, work.kind, work.operations) for work in run.host] == [
        (node.name, node.kind, node.operations) for node in found.nodes if node.weights is None]
    arrays = load_file(LENET)
    for name, node in layers.items():
        weights = arrays[f"{name}.codebook"][arrays[f"{name}.codes"]]
        assert node.weights == weights.shape
        assert node.non_zeros == np.count_nonzero(weights)
        assert node.weight_density == pytest.approx(np.mean(weights != 0))
    status, out, err = told(capsys, monkeypatch, "layers", LENET, "--network", "lenet-5")
    assert (status, err) == (0, "")
    assert "2,293,000 multiply-accumulates" in out
    assert "flatten" in out


def test_a_net_file_and_a_graph_of_one_s_own(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    codes = [(rng.integers(1, 256, s) * (rng.random(s) < 0.3)).astype(np.uint8) for s in SHAPES]
    books = [np.concatenate([[0], rng.standard_normal(255)]).astype(np.float32) for _ in SHAPES]
    biases = [np.zeros(s[0], np.float32) for s in SHAPES]
    (tmp_path / "x.net").write_bytes(written(codes, books, biases))
    graph = tmp_path / "g.toml"
    graph.write_text(GRAPH)
    a, b = network_listing(str(tmp_path / "x.net"), str(graph)).nodes
    assert (a.macs, b.macs) == (9 * 3 * 2 * 3 * 3, 9 * 2 * 3)  # 9 pixels
    assert [a.non_zeros, b.non_zeros] == [np.count_nonzero(c) for c in codes]
    assert [n.macs for n in network_listing(str(graph)).nodes] == [a.macs, b.macs]


def test_groups_are_counted_once(tmp_path: Path) -> None:
    graph = tmp_path / "g.toml"
    graph.write_text('input = [4, 6, 6]\nnode = [{name = "a", conv = 8, kernel = [3, 1], '
                     'stride = 2, padding = [1, 0], groups = 4}]\n')
    (node,) = network_listing(str(graph)).nodes
    assert node.geometry is not None
    assert (node.weights, node.positions, node.macs) == ((8, 1, 3, 1), 9, 9 * 8 * 3)
    assert node.geometry.told == "stride 2, padding (1, 0), groups 4"


@pytest.mark.parametrize(("geometry", "words"), [
    (Geometry(2, 2, (1, 1)), ""),
    (Geometry(2, 2, (3, 3), (1, 2), ((1, 1), (1, 1))), "stride (1, 2), padding 1"),
    (Geometry(2, 2, (3, 3), padding=((0, 1), (0, 1))), "padding ((0, 1), (0, 1))"),
    (Geometry(2, 2, (3, 3), dilation=(2, 2), groups=2), "dilation 2, groups 2"),
])
def test_a_geometry_in_words(geometry: Geometry, words: str) -> None:
    assert geometry.told == words


def test_a_store_with_convolutions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "conv.safetensors"
    rng = np.random.default_rng(2)
    weights = rng.choice([-1.0, 0.0, 0.5], (6, 2, 3, 3))
    network = accelsim.load_network(LENET, network="lenet-5")
    packed = accelsim.compress(Conv2d(weights, padding=1, groups=2, name="grouped"))
    save_compressed(store, [*accelsim.compress(network).layers, packed])
    status, out, err = told(capsys, monkeypatch, "layers", store, "--json")
    assert (status, err) == (0, "")
    rows = {row["layer"]: row for row in json.loads(out)["layers"]}
    assert (rows["conv2"]["kernel"], rows["conv2"]["geometry"]) == ("5 x 5", "")
    assert (rows["conv2"]["outputs"], rows["conv2"]["inputs"]) == (50, 20 * 25)
    assert rows["conv2"]["non-zeros"] == np.count_nonzero(load_file(LENET)["conv2.codes"])
    assert rows["conv2"]["bias"]
    assert (rows["fc1"]["kernel"], rows["fc1"]["geometry"]) == (None, None)
    assert rows["grouped"]["geometry"] == "padding 1, groups 2"
    assert rows["grouped"]["weight density"] == pytest.approx(np.mean(weights != 0))
    assert len(listing(f"{store}:conv1").layers) == 1
    status, _, err = told(capsys, monkeypatch, "layers", store)
    assert (status, err) == (0, "")
    status, _, err = told(capsys, monkeypatch, "explain", store, "-l", "conv2")
    assert status == 2
    assert "conv2 is a convolution" in err
    assert err.count("\n") == 1


def test_what_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "short.net").write_bytes(b"\0" * 9)
    (tmp_path / "g.toml").write_text("input = [3]\n")
    for words, message in (
        ((tmp_path / "none.net",), "no such file"),
        ((tmp_path / "short.net",), "fits none of the networks"),
        ((tmp_path / "g.toml",), "no nodes"),
        ((LENET, "--network", "lenet-6"), "no network 'lenet-6'; did you mean 'lenet-5'?"),
        ((LENET, "--network", "vgg-16"), "no array 'conv1_1"),
        (("--network", "vgg-16"), "accelsim layers vgg-16"),
    ):
        status, out, err = told(capsys, monkeypatch, "layers", *words)
        assert (status, out) == (2, "")
        assert message in err
        assert err.count("\n") == 1
