"""npz and safetensors: which arrays are layers, and files that lie about themselves."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from accelsim.errors import AccelsimError, FormatError, InputError
from accelsim.workload import list_layers, load_layer

RNG = np.random.default_rng(3)
WEIGHTS = {
    "fc10.weight": RNG.normal(size=(2, 4)).astype(np.float32),
    "fc10.bias": RNG.normal(size=2).astype(np.float32),
    "fc2.weight": RNG.normal(size=(4, 3)).astype(np.float32),
    "fc2_bias": RNG.normal(size=4).astype(np.float32),
    "lstm.weight_ih_l0": RNG.normal(size=(8, 3)).astype(np.float16),
    "lstm.bias_ih_l0": RNG.normal(size=8).astype(np.float16),
    "plain": np.asfortranarray(RNG.normal(size=(5, 3))),
    "steps": np.arange(6).reshape(2, 3),
    "scale": np.float32(2),
    "kernel": np.zeros((2, 2, 2), dtype=np.float32),
    "nothing": np.zeros((0, 4), dtype=np.float32),
}


def save(path: Path, arrays: dict[str, Any]) -> Path:
    if path.suffix == ".npz":
        np.savez_compressed(path, **arrays)
    else:
        save_file({k: np.ascontiguousarray(v) for k, v in arrays.items()}, path)
    return path


@pytest.fixture(params=[".npz", ".safetensors"])
def ending(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_which_arrays_are_layers(tmp_path: Path, ending: str) -> None:
    path = save(tmp_path / f"net{ending}", WEIGHTS)
    entries = list_layers(path)
    first = [("fc2 (4 x 3)", True), ("fc10 (2 x 4)", True)]
    # npz keeps the order of saving; safetensors has none, its layers come by their names.
    assert [(str(entry), entry.has_bias) for entry in entries] == [
        *(first if ending == ".safetensors" else first[::-1]),
        ("lstm.weight_ih_l0 (8 x 3)", True), ("plain (5 x 3)", False),
    ]
    for asked, array, bias in (
        ("fc10", "fc10.weight", "fc10.bias"),
        ("fc10.weight", "fc10.weight", "fc10.bias"),
        ("fc2", "fc2.weight", "fc2_bias"),
        ("lstm.weight_ih_l0", "lstm.weight_ih_l0", "lstm.bias_ih_l0"),
        ("plain", "plain", None),
    ):
        layer = load_layer(path, asked)
        assert np.array_equal(layer.weights, WEIGHTS[array])
        if bias is None:
            assert layer.bias is None
        else:
            assert np.array_equal(layer.bias, WEIGHTS[bias])
        assert len(layer.provenance["sha256"]) == 64


def test_codes_and_codebook(tmp_path: Path, ending: str) -> None:
    codes = np.array([[0, 3], [1, 0], [2, 2]], dtype=np.uint8)
    codebook = np.array([0, -0.5, 0.25, 1], dtype=np.float32)
    bias = np.ones(3, dtype=np.float32)
    arrays = {"fc1.codes": codes, "fc1.codebook": codebook, "fc1.bias": bias}
    layer = load_layer(save(tmp_path / f"shared{ending}", arrays))
    assert layer.name == "fc1"
    assert np.array_equal(layer.weights, [[0, 1], [-0.5, 0], [0.25, 0.25]])
    assert np.array_equal(layer.bias, bias)
    both = arrays | {"fc1.weight": np.ones((3, 2), dtype=np.float32)}
    path = save(tmp_path / f"both{ending}", both)
    assert [entry.name for entry in list_layers(path)] == ["fc1.codes", "fc1.weight"]
    for change, text in (
        ({"fc1.codebook": codebook[:3]}, "holds code 3; the codebook has 3"),
        ({"fc1.codebook": np.ones((2, 2), np.float32)}, "need a 1-D float array"),
        ({"fc1.codebook": np.arange(4)}, "need a 1-D float array"),
        ({"fc1.bias": np.ones(4, np.float32)}, r"must be float of shape \(3,\)"),
    ):
        with pytest.raises(FormatError, match=text):
            load_layer(save(tmp_path / f"bad{ending}", arrays | change), "fc1")
    with pytest.raises(FormatError, match="no codebook"):
        load_layer(save(tmp_path / f"half{ending}", {"fc1.codes": codes}))


def test_a_wrong_or_missing_name_lists_the_layers(tmp_path: Path, ending: str) -> None:
    path = save(tmp_path / f"net{ending}", WEIGHTS)
    listed = r"fc2 \(4 x 3\), fc10 \(2 x 4\)" if ending == ".safetensors" else (
        r"fc10 \(2 x 4\), fc2 \(4 x 3\)")
    with pytest.raises(InputError, match=rf"no layer 'fc22'; did you mean 'fc2'\?; .*{listed}"):
        load_layer(path, "fc22")
    with pytest.raises(InputError, match=rf"no layer 'zzz'; layers: {listed}"):
        load_layer(path, "zzz")
    with pytest.raises(InputError, match=rf"holds 4 layers; name one \(--layer\): {listed}"):
        load_layer(path)
    with pytest.raises(InputError, match="no layer found"):
        load_layer(save(tmp_path / f"empty{ending}", {"labels": np.arange(3)}))
    many = save(tmp_path / f"many{ending}", {f"a{k}": np.ones((1, 1)) for k in range(30)})
    with pytest.raises(InputError, match=r"a19 \(1 x 1\) and 10 more"):
        load_layer(many)


def test_not_a_file_of_layers(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "folder.npz").mkdir()
    for source, text in (
        ("notes.txt", r"ending in \.npz, \.safetensors, .* \.onnx"),
        ("folder.npz", "a folder without layers"),
        ("missing.npz", "no such file or published layer"),
        ("x" * 5000 + ".npz", "cannot be read"),
    ):
        with pytest.raises(InputError, match=text):
            load_layer(tmp_path / source)


def test_nan_is_refused(tmp_path: Path, ending: str) -> None:
    for value in (np.nan, np.inf):
        path = save(tmp_path / f"nan{ending}", {"w": np.full((2, 2), value, dtype=np.float32)})
        with pytest.raises(FormatError, match="finite") as caught:
            load_layer(path)
        assert str(path) in str(caught.value)


def test_truncated_at_every_byte(tmp_path: Path, ending: str) -> None:
    whole = save(tmp_path / f"whole{ending}", {"fc1.weight": np.eye(3, dtype=np.float32)})
    data = whole.read_bytes()
    path = tmp_path / f"cut{ending}"
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(FormatError) as caught:
            load_layer(path)
        assert "\n" not in str(caught.value)
        assert str(path) in str(caught.value)


def refusal(path: Path) -> str | None:
    """The error's line, if the file is refused; any other exception goes through."""
    try:
        load_layer(path)
    except AccelsimError as problem:
        return str(problem)
    return None


def test_every_byte_changed(tmp_path: Path, ending: str) -> None:
    """Garbage in any byte: another number perhaps, never another exception."""
    whole = save(tmp_path / f"whole{ending}", {"fc1.weight": np.eye(3, dtype=np.float32)})
    data = whole.read_bytes()
    path = tmp_path / f"changed{ending}"
    refused = 0
    for at in range(len(data)):
        for value in (data[at] ^ 0xFF, data[at] ^ 0x01):
            path.write_bytes(data[:at] + bytes([value]) + data[at + 1:])
            line = refusal(path)
            assert line is None or line.isprintable()
            refused += line is not None
    assert refused > len(data) // 2


def npz_with(path: Path, header: str, data: bytes, **options: Any) -> Path:
    """An npz whose only array has the given npy header."""
    text = header.encode().ljust(117) + b"\n"
    npy = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data
    with zipfile.ZipFile(path, "w", **options) as archive:
        archive.writestr("w.npy", npy)
    return path


@pytest.mark.parametrize(
    ("header", "data", "text"),
    [
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)}", bytes(20), "stores 20"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (4000000, 4000000)}", b"", "largest"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)}", b"1234", "stores 4"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (-2, -2)}", bytes(16), "negative"),
        ("{'descr': '|O', 'fortran_order': False, 'shape': (2, 2)}", b"cos\n", "Python objects"),
        ("{'descr': '<q9', 'fortran_order': False, 'shape': (2, 2)}", bytes(16), "descr"),
        ("{'descr': '<f4', 'shape': (2, 2)}", bytes(16), "header"),
        ("__import__('os').abort()", bytes(16), "malformed"),
        ("(" * 110, bytes(16), "EOF"),
    ],
)
def test_a_hostile_npy_header(tmp_path: Path, header: str, data: bytes, text: str) -> None:
    with pytest.raises(FormatError, match=text) as caught:
        load_layer(npz_with(tmp_path / "w.npz", header, data))
    assert "\n" not in str(caught.value)


def test_a_zip_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    side = 5000
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({side}, {side})}}"
    zeros = bytes(4 * side * side)
    bomb = npz_with(tmp_path / "bomb.npz", header, zeros, compression=zipfile.ZIP_DEFLATED)
    assert bomb.stat().st_size < 200_000
    with pytest.raises(FormatError, match="would unpack"):
        load_layer(bomb)
    plain = npz_with(tmp_path / "plain.npz", header, zeros)
    assert load_layer(plain).shape == (side, side)


def test_another_compression_is_refused(tmp_path: Path) -> None:
    header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)}"
    path = npz_with(tmp_path / "w.npz", header, bytes(16), compression=zipfile.ZIP_LZMA)
    with pytest.raises(FormatError, match="method"):
        load_layer(path)


def test_object_arrays_are_never_unpickled(tmp_path: Path) -> None:
    np.savez(tmp_path / "o.npz", w=np.array([[object()]], dtype=object))
    with pytest.raises(FormatError, match="Python objects"):
        load_layer(tmp_path / "o.npz")


def safetensors_with(path: Path, header: dict[str, Any], data: bytes) -> Path:
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


@pytest.mark.parametrize(
    ("dtype", "shape", "offsets", "size"),
    [
        ("F32", [4_000_000, 4_000_000], [0, 16], 16),
        ("F32", [2**60, 2**60], [0, 16], 16),
        ("F32", [-2, -2], [0, 16], 16),
        ("F32", [2, 2], [0, 16], 8),
        ("F32", [2, 2], [8, 24], 24),
        ("F32", [2, 2], [16, 0], 16),
        ("Q32", [2, 2], [0, 16], 16),
    ],
)
def test_a_hostile_safetensors_header(
    tmp_path: Path, dtype: str, shape: list[int], offsets: list[int], size: int
) -> None:
    header = {"w": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}
    with pytest.raises(FormatError) as caught:
        load_layer(safetensors_with(tmp_path / "w.safetensors", header, bytes(size)))
    assert "\n" not in str(caught.value)


def test_a_name_cannot_break_the_line(tmp_path: Path) -> None:
    header = {
        f"a\nb\x1b[31m{k}": {"dtype": "F32", "shape": [1, 1], "data_offsets": [4 * k, 4 * k + 4]}
        for k in range(2)
    }
    path = safetensors_with(tmp_path / "w.safetensors", header, bytes(8))
    for name in (None, "c\nd"):
        with pytest.raises(InputError) as caught:
            load_layer(path, name)
        assert str(caught.value).isprintable()


def test_an_npz_without_npy(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("readme.txt", "nothing here")
    (tmp_path / "w.npz").write_bytes(buffer.getvalue())
    with pytest.raises(InputError, match="no layer found"):
        load_layer(tmp_path / "w.npz")
