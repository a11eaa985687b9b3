"""What can be named in a place, beside counts of plain NumPy; what is left out is listed."""

import json
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from accelsim import load_layer
from accelsim.cli import main
from accelsim.errors import InputError
from accelsim.sources import as_layers, listing, open_source
from accelsim.workload import Contents, Skipped
from accelsim.workload.named import named

LENET = "traces/lenet-300-100/pruned.safetensors"
SILERO = "traces/silero-lstm"


def told(capsys, monkeypatch, *words):
    """Standard output of a command that ends well."""
    monkeypatch.setattr(sys, "argv", ["accelsim", *map(str, words)])
    with pytest.raises(SystemExit) as leave:
        main()
    out, err = capsys.readouterr()
    assert (leave.value.code, err) == (0, "")
    return out


def lenet():
    """Layer to weights, decoded by hand."""
    arrays = load_file(LENET)
    return {name: arrays[f"{name}.codebook"][arrays[f"{name}.codes"]]
            for name in ("fc1", "fc2", "fc3")}


def test_a_file_s_non_zeros_are_counted(capsys, monkeypatch):
    rows = json.loads(told(capsys, monkeypatch, "layers", LENET, "--json"))["layers"]
    arrays = lenet()
    assert [row["layer"] for row in rows] == ["fc1", "fc2", "fc3"]
    for row in rows:
        weights = arrays[row["layer"]]
        assert (row["outputs"], row["inputs"]) == weights.shape
        assert row["non-zeros"] == np.count_nonzero(weights)
        assert row["weight density"] == pytest.approx(np.mean(weights != 0))
        assert row["bias"]


def test_a_store_lists_what_it_was_made_of(tmp_path, capsys, monkeypatch):
    store = tmp_path / "lenet.safetensors"
    told(capsys, monkeypatch, "compress", LENET, "-o", store)
    arrays = lenet()
    for layer in listing(str(store)).layers:
        weights = arrays[layer.name]
        assert layer.shape == weights.shape
        # A weight may be nearest to the zero of the table, so none is added.
        assert 0.95 * np.count_nonzero(weights) < layer.non_zeros <= np.count_nonzero(weights)
    assert [one.name for one in listing(f"{store}:fc2").layers] == ["fc2"]


def test_a_recurrent_folder_lists_its_masks():
    packed = load_file(f"{SILERO}/load_balanced.safetensors")["mask.11.2"]
    found = {layer.name: layer for layer in listing(SILERO).layers}
    assert found["load_balanced/11.2"].non_zeros == int(np.unpackbits(packed).sum())
    assert found["dense"].kind == "lstm"
    assert [one.name for one in listing(f"{SILERO}:block/8").layers] == ["block/8"]


def test_a_large_file_is_not_read(tmp_path):
    save_file({"w": np.zeros((1, (1 << 24) + 1), np.float16)}, tmp_path / "big.safetensors")
    layer, = listing(str(tmp_path / "big.safetensors")).layers
    assert layer.non_zeros is None
    assert layer.weight_density is None


def test_numbers_that_no_layer_can_have_are_listed_without_a_count(tmp_path):
    np.savez(tmp_path / "nan.npz", w=np.full((2, 2), np.nan, np.float32))
    assert [one.non_zeros for one in listing(str(tmp_path / "nan.npz")).layers] == [None]


@pytest.mark.parametrize("command", ["layers", "compress"])
def test_what_is_left_out_is_listed(command, tmp_path, capsys, monkeypatch):
    """As readers fill it in."""
    import accelsim.sources.listings as module
    import accelsim.workload.networks as networks

    left = Skipped("embedding", "Gather", (30, 8), "a table that is looked up")
    real = module.file_contents
    for place in (module, networks):
        monkeypatch.setattr(place, "file_contents",
                            lambda path: Contents(real(path).layers, (left,), False))
    np.savez(tmp_path / "net.npz", a=np.eye(3, dtype=np.float32), b=np.eye(3, dtype=np.float32))
    text = told(capsys, monkeypatch, command, tmp_path / "net.npz")
    for word in ("Not taken", "embedding", "Gather", "30 x 8", "a table that is looked up"):
        assert word in text
    assert ("does not say in which order" in text) == (command == "layers")
    found = json.loads(told(capsys, monkeypatch, command, tmp_path / "net.npz", "--json"))
    assert found["skipped"] == [{"name": "embedding", "kind": "Gather", "shape": [30, 8],
                                 "reason": "a table that is looked up"}]


def test_a_file_of_nothing_but_what_is_left_out_says_why(tmp_path, monkeypatch):
    import accelsim.workload.networks as networks

    left = Skipped("conv", "QLinearConv", (3, 3), "integer codes")
    monkeypatch.setattr(networks, "file_contents", lambda path: Contents((), (left,)))
    (tmp_path / "net.onnx").write_bytes(b"")
    with pytest.raises(InputError, match=r"no layer found.*conv.*: integer codes"):
        as_layers(str(tmp_path / "net.onnx"), chain=False)


def test_a_colon_in_names(tmp_path):
    """Of the file, of the folder, of the layer."""
    folder = tmp_path / "a:b"
    folder.mkdir()
    path = folder / "net:1.npz"
    np.savez(path, **{"block:0/fc:1": np.eye(3, dtype=np.float32), "x": np.ones((2, 3))})
    place = named(f"{path}:block:0/fc:1")
    assert (place.path, place.layer) == (path, "block:0/fc:1")
    assert load_layer(f"{path}:block:0/fc:1").shape == (3, 3)
    assert load_layer(f"{path}:x").shape == (2, 3)
    assert open_source(f"{path}:x").layers[0].name == "x"
    assert named(str(path)).layer is None


@pytest.mark.parametrize("name", ["google-lstm", "random:lstm:4x4", SILERO])
def test_a_recurrent_layer_is_not_a_layer(name):
    with pytest.raises(InputError, match="recurrent"):
        load_layer(name)


def test_a_published_layer_has_its_own_name():
    assert load_layer("nt-we", "nt-we").name == "nt-we"
