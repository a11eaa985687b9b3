"""The authors' .net layout: files written here byte by byte, and what is refused."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from accelsim.errors import FormatError
from accelsim.workload.graph_networks import stored_network
from accelsim.workload.net_file import read_net

GRAPH = """
name = "small"
input = [2, 5, 5]
node = [
  {name = "a", conv = 3, kernel = 3},
  {name = "b", conv = 2, kernel = 1, relu = false},
]
"""
SHAPES = [(3, 2, 3, 3), (2, 3, 1, 1)]


def written(layers: list[np.ndarray], codebooks: list[np.ndarray], biases: list[np.ndarray]
            ) -> bytes:
    """Codes as the authors store them: runs of at most 15 zeros, a filler where one is longer."""
    head, body = b"", b""
    for codes, codebook, bias in zip(layers, codebooks, biases, strict=True):
        stored, runs, run = [], [], 0
        for code in np.trim_zeros(codes.ravel(), "b").tolist():
            if code or run == 15:
                stored.append(code)
                runs.append(run)
                run = 0
            else:
                run += 1
        halves = runs + [0] * (len(runs) % 2)
        head += struct.pack("<I", len(stored))
        body += codebook.astype("<f4").tobytes() + bias.astype("<f4").tobytes() + bytes(stored)
        body += bytes(a | b << 4 for a, b in zip(halves[::2], halves[1::2], strict=True))
    return head + body


@pytest.fixture
def parts() -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
    rng = np.random.default_rng(5)
    layers = [(rng.integers(1, 256, s) * (rng.random(s) < 0.2)).astype(np.uint8) for s in SHAPES]
    layers[0].ravel()[10:45] = 0  # a run that needs fillers
    books = [np.concatenate([[0], rng.standard_normal(255)]).astype(np.float32) for _ in SHAPES]
    return layers, books, [rng.standard_normal(s[0]).astype(np.float32) for s in SHAPES]


def test_codes_codebooks_and_biases(tmp_path: Path, parts: tuple[list[np.ndarray], ...]) -> None:
    path = tmp_path / "x.net"
    path.write_bytes(written(*parts))
    for stored, codes, book, bias in zip(read_net(path, SHAPES), *parts, strict=True):
        np.testing.assert_array_equal(stored.codes, codes)
        np.testing.assert_array_equal(stored.codebook, book)
        np.testing.assert_array_equal(stored.bias, bias)
    assert read_net(path, SHAPES)[0].n_padding >= 2


def test_a_network_of_it(tmp_path: Path, parts: tuple[list[np.ndarray], ...]) -> None:
    (tmp_path / "x.net").write_bytes(written(*parts))
    (tmp_path / "g.toml").write_text(GRAPH)
    net = stored_network(tmp_path / "x.net", tmp_path / "g.toml")
    for layer, codes, book, bias in zip(net.layers, *parts, strict=True):
        np.testing.assert_array_equal(layer.decoded_weights(), book[codes])
        np.testing.assert_array_equal(layer.decoded_bias(), bias)
        assert (layer.weight_bits, layer.index_bits) == (8, 4)


def test_damage_is_told_in_one_line(tmp_path: Path, parts: tuple[list[np.ndarray], ...]) -> None:
    whole = written(*parts)
    path = tmp_path / "x.net"
    for data, words in (
        (whole[:-1], "copy the whole file"),
        (whole + b"\0", "copy the whole file"),
        (whole[:6], "the counts of 2 layers alone take 8"),
        (b"", "holds 0 bytes"),
        (whole[:8] + b"\x01" + whole[9:], "does not start with 0.0"),
    ):
        path.write_bytes(data)
        with pytest.raises(FormatError, match=words) as problem:
            read_net(path, SHAPES)
        assert "\n" not in str(problem.value)


def test_an_entry_beyond_the_weights(tmp_path: Path, parts: tuple[list[np.ndarray], ...]) -> None:
    layers, books, biases = parts
    path = tmp_path / "x.net"
    path.write_bytes(written(layers, books, biases))
    # The same bytes, taken for a layer of fewer weights and the same outputs.
    with pytest.raises(FormatError, match="beyond the 9 weights of 3 x 1 x 3 x 1"):
        read_net(path, [(3, 1, 3, 1), SHAPES[1]])


def test_a_file_that_fits_no_network(tmp_path: Path, parts: tuple[list[np.ndarray], ...]) -> None:
    path = tmp_path / "x.net"
    path.write_bytes(written(*parts))
    with pytest.raises(FormatError, match=r"fits none of the networks alexnet, .*FILE\.toml"):
        stored_network(path)
