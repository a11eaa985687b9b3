"""The files of traces/lenet-5 hold what their results.json says; counted again from the arrays."""

from __future__ import annotations

import hashlib
import heapq
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

TRACES = Path(__file__).parents[2] / "traces"
FOLDER = TRACES / "lenet-5"
SHAPES = {"conv1": (20, 1, 5, 5), "conv2": (50, 20, 5, 5), "fc1": (500, 800), "fc2": (10, 500)}
DENSITIES = {"conv1": 0.66, "conv2": 0.12, "fc1": 0.08, "fc2": 0.19}  # Deep Compression
Tensors = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FOLDER / "results.json").read_text())
    return loaded


@pytest.fixture(scope="module")
def shared() -> Tensors:
    return load_file(FOLDER / "pruned.safetensors")


def convolved(maps: np.ndarray, weights: np.ndarray, bias: np.ndarray) -> np.ndarray:
    windows = np.lib.stride_tricks.sliding_window_view(maps, (5, 5), axis=(2, 3))
    return np.einsum("nchwij,ocij->nohw", windows, weights, optimize=True) + bias[:, None, None]


def pooled(maps: np.ndarray) -> np.ndarray:
    n, c, h, w = maps.shape
    return np.maximum(maps, 0).reshape(n, c, h // 2, 2, w // 2, 2).max(axis=(3, 5))


def wrong(network: Tensors) -> int:
    """How many of the shipped digits a network in float32 gets wrong."""
    digits = load_file(TRACES / "lenet-300-100" / "digits.safetensors")
    maps = digits["images"].reshape(-1, 1, 28, 28).astype(np.float32) / 256
    for name in ("conv1", "conv2"):
        maps = pooled(convolved(maps, network[f"{name}.weight"], network[f"{name}.bias"]))
    hidden = maps.reshape(len(maps), -1) @ network["fc1.weight"].T + network["fc1.bias"]
    outputs = np.maximum(hidden, 0) @ network["fc2.weight"].T + network["fc2.bias"]
    return int(np.count_nonzero(outputs.argmax(1) != digits["labels"]))


def huffman_bits(symbols: list[int]) -> int:
    """Bits of an optimal prefix code: the sum of what is joined."""
    heap = sorted(Counter(symbols).values())
    total = 0
    while len(heap) > 1:
        joined = heapq.heappop(heap) + heapq.heappop(heap)
        total += joined
        heapq.heappush(heap, joined)
    return total


def entries(codes: np.ndarray) -> list[tuple[int, int]]:
    """(code, zeros before it) with gaps of 5 bits, one by one; zeros at the end are not stored."""
    found, gap = [], 0
    for code in np.trim_zeros(codes.ravel(), "b").tolist():
        if code:
            found.append((code, gap))
            gap = 0
        elif gap == 31:
            found.append((0, 31))
            gap = 0
        else:
            gap += 1
    return found


@pytest.mark.parametrize("name", ["dense", "pruned"])
def test_the_files_are_the_recorded_ones(name: str, results: dict[str, Any]) -> None:
    content = (FOLDER / f"{name}.safetensors").read_bytes()
    assert hashlib.sha256(content).hexdigest() == results["sha256"][f"{name}.safetensors"]


def test_published_densities_and_4_bit_codes(shared: Tensors, results: dict[str, Any]) -> None:
    for name, shape in SHAPES.items():
        codes = shared[f"{name}.codes"]
        assert codes.shape == shape
        assert int(codes.max()) <= 15
        assert shared[f"{name}.codebook"][0] == 0
        kept = int(np.count_nonzero(codes))
        assert kept == results["kept"][name] == round(DENSITIES[name] * codes.size)


def test_errors_on_the_shipped_digits(shared: Tensors, results: dict[str, Any]) -> None:
    decoded = {f"{n}.weight": shared[f"{n}.codebook"][shared[f"{n}.codes"]] for n in SHAPES}
    decoded |= {f"{n}.bias": shared[f"{n}.bias"] for n in SHAPES}
    assert wrong(decoded) == results["shared"]["shipped_digits_errors"]
    dense = load_file(FOLDER / "dense.safetensors")
    assert wrong(dense) == results["dense"]["shipped_digits_errors"]


def test_size_is_beyond_the_published_rate(shared: Tensors, results: dict[str, Any]) -> None:
    total = 4 * sum(len(shared[f"{n}.bias"]) for n in SHAPES)
    for name in SHAPES:
        stored = entries(shared[f"{name}.codes"])
        bits = huffman_bits([c for c, _ in stored]) + huffman_bits([g for _, g in stored])
        tables, codebook, count = 16 + 32, 64, 4
        total += -(-bits // 8) + tables + codebook + count
        assert len(stored) == results["size"]["layers"][name]["entries"]
    assert total == results["size"]["huffman_bytes"]
    assert results["size"]["dense_bytes"] / total >= 39  # Deep Compression's rate
    loss = results["shared"]["test_error_percent"] - results["dense"]["test_error_percent"]
    assert loss <= 0.1
