"""A checkpoint of several files behind one index, and files of kinds that are not read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from accelsim.errors import FormatError, InputError
from accelsim.workload import file_contents, load_layer, load_network

RNG = np.random.default_rng(3)
ARRAYS = {name: RNG.normal(size=shape).astype(np.float32) for name, shape in (
    ("fc2.weight", (5, 4)), ("fc10.weight", (3, 5)), ("fc1.weight", (4, 6)), ("fc1.bias", (4,)))}
SHARDS = {"fc2.weight": 2, "fc10.weight": 2, "fc1.weight": 1, "fc1.bias": 2}  # a bias elsewhere


def checkpoint(folder: Path, change: dict[str, Any] | None = None) -> Path:
    places = {name: f"model-{k:05}-of-00002.safetensors" for name, k in SHARDS.items()}
    for file in set(places.values()):
        save_file({n: a for n, a in ARRAYS.items() if places[n] == file}, folder / file)
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": places | (change or {})}))
    return index


def test_layers_of_all_files(tmp_path: Path) -> None:
    index = checkpoint(tmp_path)
    contents = file_contents(index)
    assert [entry.name for entry in contents.layers] == ["fc1", "fc2", "fc10"]
    assert (contents.skipped, contents.ordered) == ((), False)
    layer = load_layer(index, "fc1")
    assert np.array_equal(layer.weights, ARRAYS["fc1.weight"])
    assert np.array_equal(layer.bias, ARRAYS["fc1.bias"])
    assert layer.provenance["source"] == "model-00001-of-00002.safetensors"
    assert [each.shape for each in load_network(index).layers] == [(4, 6), (5, 4), (3, 5)]
    assert load_layer(f"{index}:fc10").shape == (3, 5)


@pytest.mark.parametrize(("change", "told"), [
    ({"fc3.weight": "model-00003-of-00003.safetensors"}, "which is not beside it"),
    ({"fc3.weight": "model-00001-of-00002.safetensors"}, "fc3.weight is not in model-00001"),
    ({"fc1.weight": "../model.safetensors"}, "need the name of a file beside the index"),
    ({"fc1.weight": 7}, "need the name of a file beside the index"),
    ({"fc1.bias": "model-00001-of-00002.safetensors"}, "fc1.bias is not in model-00001"),
])
def test_an_index_that_does_not_fit(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    with pytest.raises(FormatError, match=told):
        file_contents(checkpoint(tmp_path, change))


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"weight_map": {}}', "{" * 9000])
def test_what_is_no_index(tmp_path: Path, text: str) -> None:
    path = tmp_path / "m.safetensors.index.json"
    path.write_text(text)
    with pytest.raises(FormatError) as caught:
        file_contents(path)
    assert "\n" not in str(caught.value)


def test_an_array_that_the_index_forgets(tmp_path: Path) -> None:
    index = checkpoint(tmp_path)
    told = json.loads(index.read_text())
    del told["weight_map"]["fc1.bias"]
    index.write_text(json.dumps(told))
    with pytest.raises(FormatError, match=r"holds fc1\.bias, which the index does not place"):
        file_contents(index)


@pytest.mark.parametrize(("name", "told"), [
    ("pytorch_model.bin", "is a pickle, which is never loaded"),
    ("pytorch_model.bin.index.json", "is a pickle, which is never loaded"),
    ("model.PT", "is a pickle, which is never loaded"), ("best.pth.tar", "is a pickle"),
    ("vad.jit", "code, which is never loaded"), ("model.pt2", "code, which is never loaded"),
    ("m.weights.h5", "numpy.savez"), ("m.keras", "numpy.savez"), ("m.tflite", "tf2onnx"),
    ("m.gguf", "dequantise it"), ("m.ort", "give the ONNX file"), ("w.csv", "numpy.savez"),
    ("model.mlmodel", "export the model to ONNX"), ("model.pdparams", "paddle2onnx"),
])
def test_kinds_that_are_not_read(tmp_path: Path, name: str, told: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"\x80\x02}q\x00.")
    with pytest.raises(InputError, match=told) as caught:
        file_contents(path)
    assert "\n" not in str(caught.value)
