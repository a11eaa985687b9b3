"""The files of traces/lenet-300-100 hold what their results.json and README say.

Everything is counted again here from the shipped arrays, with none of the code that made them.
"""

from __future__ import annotations

import hashlib
import heapq
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file

TRACES = Path(__file__).parents[2] / "traces"
FOLDER = TRACES / "lenet-300-100"
SHAPES = {"fc1": (300, 784), "fc2": (100, 300), "fc3": (10, 100)}
Tensors = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FOLDER / "results.json").read_text())
    return loaded


@pytest.fixture(scope="module")
def dense() -> Tensors:
    return load_file(FOLDER / "dense.safetensors")


@pytest.fixture(scope="module")
def shared() -> Tensors:
    return load_file(FOLDER / "pruned.safetensors")


@pytest.fixture(scope="module")
def digits() -> Tensors:
    return load_file(FOLDER / "digits.safetensors")


def shared_weights(shared: Tensors) -> Tensors:
    """The pruned file in the form of the dense one."""
    weights = {f"{n}.weight": shared[f"{n}.codebook"][shared[f"{n}.codes"]] for n in SHAPES}
    return weights | {f"{n}.bias": shared[f"{n}.bias"] for n in SHAPES}


def wrong(network: Tensors, digits: Tensors) -> int:
    """How many digits a network in plain float64 gets wrong."""
    signal = digits["images"].astype(np.float64) / 256
    for name in SHAPES:
        total = np.einsum("ni,oi->no", signal, network[f"{name}.weight"].astype(np.float64))
        total += network[f"{name}.bias"]
        signal = total * (total > 0) if name != "fc3" else total
    return int(np.count_nonzero(np.argmax(signal, axis=1) != digits["labels"]))


@pytest.mark.parametrize("name", ["dense", "pruned", "digits"])
def test_the_files_are_the_recorded_ones(name: str, results: dict[str, Any]) -> None:
    content = (FOLDER / f"{name}.safetensors").read_bytes()
    assert hashlib.sha256(content).hexdigest() == results["sha256"][f"{name}.safetensors"]


def test_dense_tensors(dense: Tensors) -> None:
    shapes = {key: value.shape for key, value in dense.items()}
    assert shapes == {f"{n}.weight": s for n, s in SHAPES.items()} | {
        f"{n}.bias": s[:1] for n, s in SHAPES.items()
    }
    assert all(t.dtype == np.float32 and np.isfinite(t).all() for t in dense.values())


def test_shared_tensors(shared: Tensors) -> None:
    assert len(shared) == 9
    for name, shape in SHAPES.items():
        codes, codebook = shared[f"{name}.codes"], shared[f"{name}.codebook"]
        assert (codes.shape, codes.dtype) == (shape, np.uint8)
        assert (codebook.shape, codebook.dtype) == ((16,), np.float32)
        assert (shared[f"{name}.bias"].shape, shared[f"{name}.bias"].dtype) == (
            shape[:1],
            np.float32,
        )
        assert np.isfinite(codebook).all()


@pytest.mark.parametrize(("name", "density"), [("fc1", 0.08), ("fc2", 0.09), ("fc3", 0.26)])
def test_kept_weights_and_their_values(
    name: str, density: float, shared: Tensors, results: dict[str, Any]
) -> None:
    codes, codebook = shared[f"{name}.codes"], shared[f"{name}.codebook"]
    weights = codebook[codes]
    assert codes.max() <= 15
    assert codebook[0] == 0.0
    assert np.count_nonzero(weights) == np.count_nonzero(codes)  # no other code is zero
    assert len(set(weights[weights != 0].tolist())) <= 15
    assert np.count_nonzero(weights) == results["kept"][name]
    assert np.count_nonzero(weights) == pytest.approx(density * weights.size, abs=1)


def test_digits_are_a_plausible_sample(digits: Tensors) -> None:
    images, labels = digits["images"], digits["labels"]
    assert (images.shape, images.dtype) == ((1000, 784), np.uint8)
    assert (labels.shape, labels.dtype) == ((1000,), np.uint8)
    assert set(labels.tolist()) == set(range(10))
    assert images.max() == 255


def test_the_digits_licence_travels_with_them() -> None:
    with safe_open(FOLDER / "digits.safetensors", "numpy") as file:
        provenance = json.loads(file.metadata()["provenance"])
    assert provenance["data_licence"] == "CC BY-SA 3.0"
    assert "CC BY-SA 3.0" in (TRACES / "README.md").read_text()


def test_errors_on_the_shipped_digits(
    dense: Tensors, shared: Tensors, digits: Tensors, results: dict[str, Any]
) -> None:
    assert wrong(dense, digits) == results["dense"]["shipped_digits_errors"]
    assert wrong(shared_weights(shared), digits) == results["shared"]["shipped_digits_errors"]


def test_recorded_errors_meet_the_aim(results: dict[str, Any]) -> None:
    percent = {name: results[name]["test_error_percent"] for name in ("dense", "shared")}
    assert percent["dense"] <= 1.6
    assert percent["shared"] - percent["dense"] <= 0.15
    for name, value in percent.items():
        assert value == results[name]["test_errors"] / 100  # of 10,000


def huffman_bits(counts: Counter[int]) -> int:
    """Length of a text under its Huffman code: the sum of the weights of all inner nodes."""
    heap = list(counts.values())
    heapq.heapify(heap)
    total = 0
    while len(heap) > 1:
        node = heapq.heappop(heap) + heapq.heappop(heap)
        total += node
        heapq.heappush(heap, node)
    return total


def row_order_bytes(shared: Tensors, gap_bits: int) -> int:
    """Huffman-coded size, row after row, entry by entry; tables of one byte a symbol."""
    size = 0
    for name in SHAPES:
        entries, gap = [], 0
        for code in shared[f"{name}.codes"].ravel().tolist():
            if code:
                while gap >= 1 << gap_bits:
                    entries.append((0, (1 << gap_bits) - 1))
                    gap -= 1 << gap_bits
                entries.append((code, gap))
                gap = 0
            else:
                gap += 1
        bits = huffman_bits(Counter(c for c, _ in entries))
        bits += huffman_bits(Counter(g for _, g in entries))
        size += -(-bits // 8) + 16 + (1 << gap_bits) + 16 * 4 + 4
        size += 4 * len(shared[f"{name}.bias"])
    return size


@pytest.mark.parametrize("gap_bits", [4, 5])
def test_recorded_size(gap_bits: int, shared: Tensors, results: dict[str, Any]) -> None:
    size = row_order_bytes(shared, gap_bits)
    assert size == results["sizes"][f"row_{gap_bits}_bit_gaps"]["huffman_bytes"]


def test_forty_fold_is_reached(shared: Tensors, dense: Tensors) -> None:
    assert sum(tensor.nbytes for tensor in dense.values()) >= 40 * row_order_bytes(shared, 5)


def test_the_readme_quotes_the_results(results: dict[str, Any]) -> None:
    text = (TRACES / "README.md").read_text()
    errors = [results[name]["test_error_percent"] for name in ("dense", "pruned", "shared")]
    assert "| test error | {:.2f} % | {:.2f} % | {:.2f} % |".format(*errors) in text
    for size in results["sizes"].values():
        if size["huffman_rate"] > 30:
            plain, coded = size["plain_bytes"], size["huffman_bytes"]
            assert f"| {plain:,} | {coded:,} | {size['huffman_rate']:.2f}x |" in text
