"""The Deep Compression table against counting in plain Python, and against the trained network."""

from __future__ import annotations

import json
from collections import Counter
from heapq import heapify, heappop, heappush
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file

from accelsim import CompressedLayer, Layer, Recipe, compress
from accelsim.compression import TableRow, compression_table
from accelsim.compression.table import Order
from accelsim.errors import InputError
from tests import oracle

LENET = Path(__file__).parents[2] / "traces" / "lenet-300-100"


def plain_bits(entries: list[tuple[int, int]]) -> tuple[int, int]:
    """Huffman-coded bits of the codes and of the gaps."""
    sizes = []
    for symbols in zip(*entries, strict=True) if entries else ((), ()):
        heap = list(Counter(symbols).values())
        heapify(heap)
        size = heap[0] if len(heap) == 1 else 0
        while len(heap) > 1:
            merged = heappop(heap) + heappop(heap)
            size += merged
            heappush(heap, merged)
        sizes.append(size)
    return sizes[0], sizes[1]


def random_packed(seed: int, shape: tuple[int, int], density: float, bias: bool) -> CompressedLayer:
    rng = np.random.default_rng(seed)
    layer = Layer(rng.standard_normal(shape), bias=rng.standard_normal(shape[0]) if bias else None)
    return compress(layer, Recipe(density=density, weight_bits=3, index_bits=3))


def plain_entries(packed: CompressedLayer, order: Order, n_pe: int, bits: int) -> tuple[
    list[tuple[int, int]], int
]:
    """Entries, and the bits of bias and counts or of pointers."""
    dense = packed.matrix.to_dense().tolist()
    weights = [row[:packed.n_inputs] for row in dense]
    if order == "pe":
        bias = [row[-1] for row in dense] if packed.has_bias else None
        array = oracle.encode(weights, n_pe, bits, bias)
        pairs = [pair for pe in array for pair in zip(pe.codes, pe.runs, strict=True)]
        exact = 16 * len(dense) if packed.bias is not None else 0
        return pairs, exact + 16 * sum(len(pointers) for pe in array for pointers in pe.pointers)
    lines = weights if order == "row" else list(zip(*weights, strict=True))
    sequence = [code for line in lines for code in line]
    bias_bits = 32 * len(dense) if packed.biased else 0
    return oracle.flat_entries(sequence, bits), 32 + bias_bits


@settings(max_examples=200)
@given(
    seed=st.integers(0, 999), shape=st.tuples(st.integers(1, 30), st.integers(1, 30)),
    density=st.sampled_from([0.0, 0.05, 0.3, 1.0]), bias=st.booleans(),
    order=st.sampled_from(["row", "column", "pe"]), n_pe=st.integers(1, 9),
    bits=st.integers(2, 8),
)
def test_a_row_counts_what_the_oracle_counts(
    seed: int, shape: tuple[int, int], density: float, bias: bool, order: Order, n_pe: int,
    bits: int,
) -> None:
    packed = random_packed(seed, shape, density, bias)
    row = compression_table([packed], order, n_pe, bits).rows[0]
    entries, other_bits = plain_entries(packed, order, n_pe, bits)
    assert row.entries == len(entries)
    assert (row.huffman_weight_bits, row.huffman_index_bits) == plain_bits(entries)
    assert row.overhead_bits == 8 * 32 + other_bits
    assert row.code_table_bits == 8 * (8 + 2**bits)
    assert row.weights == shape[0] * shape[1]
    assert row.kept == np.count_nonzero(packed.matrix.to_dense()[:, :shape[1]])
    assert row.dense_bits == 32 * (row.weights + (shape[0] if bias else 0))
    assert row.plain_bits == len(entries) * (3 + bits) + row.overhead_bits


def test_the_total_adds_up() -> None:
    layers = [random_packed(1, (20, 30), 0.2, True), random_packed(2, (9, 20), 0.4, False)]
    table = compression_table(layers, "column", index_bits=5)
    for what in ("weights", "kept", "entries", "plain_bits", "huffman_bits", "dense_bits"):
        assert getattr(table.total, what) == sum(getattr(row, what) for row in table.rows), what
    assert table.total.huffman_rate == table.total.huffman_bits / table.total.dense_bits
    assert table.total.as_dict()["plain_rate"] == table.total.plain_rate


def lenet() -> list[CompressedLayer]:
    tensors = load_file(LENET / "pruned.safetensors")
    return [
        compress(Layer(tensors[f"{name}.codebook"][tensors[f"{name}.codes"]],
                       bias=tensors[f"{name}.bias"], name=name))
        for name in ("fc1", "fc2", "fc3")
    ]


def bytes_of(row: TableRow, bits: int) -> int:
    """Without its bias, rounded up to bytes as the training script does."""
    n_outputs = {"fc1": 300, "fc2": 100, "fc3": 10}[row.name]
    return -(-(bits - 32 * n_outputs) // 8)


@pytest.mark.parametrize("order", ["row", "column"])
@pytest.mark.parametrize("index_bits", [4, 5])
def test_the_trained_network_has_the_size_that_its_training_counted(
    order: Order, index_bits: int
) -> None:
    results = json.loads((LENET / "results.json").read_text())
    published = results["sizes"][f"{order}_{index_bits}_bit_gaps"]["layers"]
    for row in compression_table(lenet(), order, index_bits=index_bits).rows:
        expected = published[row.name]
        assert row.entries == expected["entries"]
        assert row.entries - row.kept == expected["padding"]
        assert bytes_of(row, row.plain_bits) == expected["plain_bytes"]
        assert bytes_of(row, row.huffman_bits) == expected["huffman_bytes"]


def test_the_trained_network_reaches_the_published_rate() -> None:
    """Deep Compression, table 2: LeNet-300-100 to 40 times smaller, here code tables included."""
    total = compression_table(lenet(), "row", index_bits=5).total
    assert total.dense_bits == 8 * 1_066_440
    assert 1 / total.huffman_rate >= 40


@pytest.mark.parametrize(
    ("layers", "arguments", "text"),
    [
        ([], {}, "0 layers"),
        (None, {"order": "colunm"}, "did you mean 'column'?"),
        (None, {"index_bits": 9}, "index_bits=9"),
        (None, {"index_bits": 0}, "index_bits=0"),
        (None, {"pointer_bits": 0}, "pointer_bits=0"),
        (None, {"order": "pe", "n_pe": 0}, "n_pe=0"),
    ],
)
def test_bad_arguments_are_named(
    layers: list[CompressedLayer] | None, arguments: dict[str, int], text: str
) -> None:
    some = [random_packed(0, (2, 2), 1.0, False)] if layers is None else layers
    with pytest.raises(InputError) as caught:
        compression_table(some, **arguments)
    assert text in str(caught.value)
