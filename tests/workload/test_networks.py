"""Layers in sequence, and the digits that run through them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from accelsim.errors import FormatError, InputError
from accelsim.workload import Network, load_digits, load_network

RNG = np.random.default_rng(3)


def save(path: Path, arrays: dict[str, Any]) -> Path:
    if path.suffix == ".npz":
        np.savez_compressed(path, **arrays)
    else:
        save_file({k: np.ascontiguousarray(v) for k, v in arrays.items()}, path)
    return path


@pytest.fixture(params=[".npz", ".safetensors"])
def ending(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_network_in_order(tmp_path: Path, ending: str) -> None:
    arrays = {
        "fc10.weight": RNG.normal(size=(2, 4)).astype(np.float32),
        "fc2.weight": RNG.normal(size=(4, 3)).astype(np.float32),
        "fc2.bias": RNG.normal(size=4).astype(np.float32),
    }
    network = load_network(save(tmp_path / f"net{ending}", arrays))
    named = [(layer.name, layer.relu) for layer in network.layers]
    assert named == [("fc2", True), ("fc10", False)]
    assert (network.n_inputs, network.n_outputs, network.name) == (3, 2, "net")
    with pytest.raises(InputError, match="fc10 has 2 outputs but fc2 3 inputs"):
        load_network(tmp_path / f"net{ending}", ["fc10", "fc2"])
    with pytest.raises(InputError, match="no layer 'fc3'"):
        load_network(tmp_path / f"net{ending}", ["fc3"])
    with pytest.raises(InputError, match="no layer found"):
        load_network(save(tmp_path / f"none{ending}", {"labels": np.arange(3)}))
    with pytest.raises(InputError, match="at least one layer"):
        Network(())


def test_digits(tmp_path: Path, ending: str) -> None:
    images = RNG.integers(0, 256, (5, 784)).astype(np.uint8)
    labels = np.array([3, 1, 4, 1, 5], dtype=np.uint8)
    good = {"images": images, "labels": labels}
    inputs, answers = load_digits(save(tmp_path / f"digits{ending}", good))
    assert inputs.dtype == np.float32
    assert np.array_equal(inputs * 256, images)
    assert answers.tolist() == [3, 1, 4, 1, 5]
    square = good | {"images": images.reshape(5, 28, 28)}
    assert np.array_equal(load_digits(save(tmp_path / f"square{ending}", square))[0], inputs)
    for bad, text in (
        ({"images": images}, "no array 'labels'"),
        (good | {"images": images[:4]}, r"labels \(5,\)"),
        (good | {"images": images[:, :700]}, r"need \(n, 784\)"),
        (good | {"images": images / np.float32(256)}, "need uint8"),
        (good | {"labels": labels + np.uint8(6)}, "a label is 11"),
        (good | {"labels": np.uint8(3)}, "need"),
    ):
        with pytest.raises(FormatError, match=text):
            load_digits(save(tmp_path / f"bad{ending}", bad))
    with pytest.raises(FormatError, match="cannot be read"):
        load_digits(tmp_path / f"missing{ending}")
    with pytest.raises(FormatError, match="need a file ending in"):
        load_digits(tmp_path / "digits.csv")
