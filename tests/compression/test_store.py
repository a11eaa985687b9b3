"""The file of compressed layers: the same back, and one line for everything else."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelsim import Layer, Recipe, compress
from accelsim.compression import load_compressed, save_compressed
from accelsim.errors import AccelsimError, InputError
from tests.compression.forging import assert_same, some_layers


@settings(max_examples=150)
@given(
    seed=st.integers(0, 999), n_outputs=st.integers(1, 40), n_inputs=st.integers(1, 40),
    density=st.sampled_from([0.0, 0.03, 0.3, 1.0]), weight_bits=st.integers(2, 8),
    bias=st.booleans(),
)
def test_round_trip(
    seed: int, n_outputs: int, n_inputs: int, density: float, weight_bits: int, bias: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    rng = np.random.default_rng(seed)
    layer = Layer(rng.standard_normal((n_outputs, n_inputs)), rng.random(n_inputs),
                  rng.random(n_outputs) if bias else None, provenance={"a": [1, {"b": None}]})
    packed = compress(layer, Recipe(density=density, weight_bits=weight_bits))
    path = tmp_path_factory.mktemp("store") / "layer.safetensors"
    save_compressed(path, [packed, packed])
    assert_same(load_compressed(path), [packed, packed])


def test_the_same_layers_give_the_same_bytes(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    save_compressed(one, some_layers())
    save_compressed(two, load_compressed(one))
    assert one.read_bytes() == two.read_bytes()


def test_codes_and_gaps_are_small(tmp_path: Path) -> None:
    layer = Layer(np.random.default_rng(0).standard_normal((400, 500)))
    path = tmp_path / "layer"
    save_compressed(path, [compress(layer, Recipe(density=0.1))])
    # 4 bits a code, and gaps no worse than 5 bits with one escape for each 31 zeros.
    assert path.stat().st_size < 20_000 * (4 + 5) / 8 + 180_000 / 31 * 5 / 8 + 2000


def test_what_is_not_a_file_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(InputError, match="no such file"):
            load_compressed(path)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"provenance": {"a": object()}}, "not plain JSON"),
        ({"provenance": {"a": math.nan}}, "not plain JSON"),
        ({"input_max_abs": math.inf}, "input_max_abs"),
        ({"name": "n" * 1001}, "name"),
    ],
)
def test_what_cannot_be_kept_is_not_written(
    changes: dict[str, Any], text: str, tmp_path: Path
) -> None:
    path = tmp_path / "layers"
    path.write_bytes(b"before")
    with pytest.raises(InputError) as caught:
        save_compressed(path, [replace(some_layers()[0], **changes)])
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["layers"]


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "layers"
    path.write_bytes(b"before")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="No space left"):
        save_compressed(path, some_layers())
    assert path.read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["layers"]


def test_who_reads_the_old_file_reads_it_to_the_end(tmp_path: Path) -> None:
    path = tmp_path / "layers"
    path.write_bytes(b"before")
    with path.open("rb") as reader:
        save_compressed(path, some_layers())
        assert reader.read() == b"before"
    assert_same(load_compressed(path), some_layers())


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        save_compressed(tmp_path / "none" / "layers", some_layers())
    with pytest.raises(AccelsimError, match="at least one"):
        save_compressed(tmp_path / "layers", [])
    assert not os.listdir(tmp_path)
