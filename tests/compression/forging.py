"""Files of compressed layers, sound and forged, for the tests of the store."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load, save

from accelsim import BinaryPoints, CompressedLayer, Layer, Recipe, compress
from accelsim.compression import load_compressed
from accelsim.errors import InputError

Header = dict[str, Any]
Tensors = dict[str, np.ndarray]


def some_layers(seed: int = 0, weight_bits: int = 4) -> list[CompressedLayer]:
    rng = np.random.default_rng(seed)
    first = Layer(rng.standard_normal((7, 9)), rng.random(9), rng.random(7), name="fc1")
    second = Layer(rng.standard_normal((3, 7)), relu=False, name="fc2")
    recipe = Recipe(density=0.4, weight_bits=weight_bits, index_bits=3)
    packed = [compress(layer, recipe) for layer in (first, second)]
    return [packed[0], replace(packed[1], binary_points=BinaryPoints(12, -1, 9))]


def assert_same(found: list[CompressedLayer], expected: list[CompressedLayer]) -> None:
    assert [layer.digest() for layer in found] == [layer.digest() for layer in expected]
    for a, b in zip(found, expected, strict=True):
        assert (a.name, a.relu, a.provenance) == (b.name, b.relu, b.provenance)
        assert a.binary_points == b.binary_points
        assert a.matrix.values.dtype == b.matrix.values.dtype
        assert a.codebook.dtype == np.float32


def load_or_message(path: Path) -> tuple[list[CompressedLayer] | None, str]:
    """The layers, or the one line that says why not."""
    try:
        return load_compressed(path), ""
    except InputError as problem:
        message = str(problem)
    assert "\n" not in message
    return None, message


def forge(path: Path, change: Callable[[Header, Tensors], None]) -> None:
    """Change a file and give it the right digest again, as a stranger with intent would."""
    with safe_open(path, framework="numpy") as file:
        header = json.loads(file.metadata()["accelsim"])
    tensors = dict(load(path.read_bytes()))
    change(header, tensors)
    header["content_sha256"] = ""
    h = sha256(json.dumps(header, sort_keys=True, separators=(",", ":")).encode())
    for name in sorted(tensors):
        h.update(f"{name} {len(tensors[name])}\n".encode() + tensors[name].tobytes())
    header["content_sha256"] = h.hexdigest()
    text = json.dumps(header, sort_keys=True, separators=(",", ":"))
    path.write_bytes(save(tensors, {"accelsim": text}))


def in_layer(**values: Any) -> Callable[[Header, Tensors], None]:
    return lambda header, tensors: header["layers"][0].update(values)


def in_tensor(name: str, make: Callable[[np.ndarray], Any]) -> Callable[[Header, Tensors], None]:
    return lambda header, tensors: tensors.update({name: np.asarray(make(tensors[name]))})


def one_byte_of_codes_less(header: Header, tensors: Tensors) -> None:
    tensors["0.codes"] = tensors["0.codes"][:-1]
    header["layers"][0]["n_entries"] = 2 * len(tensors["0.codes"])


def eight_escapes_more(header: Header, tensors: Tensors) -> None:
    layer = header["layers"][0]
    keep = layer["n_gap_symbols"] // 8 * layer["gap_bits"]
    more = np.full(layer["gap_bits"], 0xFF, np.uint8)
    tensors["0.gaps"] = np.append(tensors["0.gaps"][:keep], more)
    layer["n_gap_symbols"] = layer["n_gap_symbols"] // 8 * 8 + 8
