"""Truncated, mutated and forged files: one line, or a sound layer."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

from accelsim.compression import load_compressed, save_compressed
from accelsim.errors import FormatError
from tests.compression.forging import (
    Header,
    Tensors,
    assert_same,
    eight_escapes_more,
    forge,
    in_layer,
    in_tensor,
    load_or_message,
    one_byte_of_codes_less,
    some_layers,
)


@pytest.mark.parametrize("how", ["truncated", "mutated"])
def test_every_byte_counts(how: str, tmp_path: Path) -> None:
    path = tmp_path / "layers"
    expected = some_layers()
    save_compressed(path, expected)
    data = path.read_bytes()
    refused = 0
    for at in range(len(data)):
        for change in (0,) if how == "truncated" else (0x01, 0x20, 0x80):
            mutated = data[:at] + bytes([data[at] ^ change]) + data[at + 1:]
            path.write_bytes(mutated if change else data[:at])
            found, message = load_or_message(path)
            if found is None:
                assert message.startswith(str(path))
                refused += 1
            else:
                assert_same(found, expected)
    assert refused > 0.9 * len(data)


def test_a_forger_who_changes_nothing_is_believed(tmp_path: Path) -> None:
    path = tmp_path / "layers"
    save_compressed(path, some_layers())
    before = path.read_bytes()
    forge(path, lambda header, tensors: None)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda h, t: h.update(format_version=6), "format version 6 is newer than 5"),
        (lambda h, t: h["layers"][0].update(rows_per_table=1), "0.codebook"),
        (lambda h, t: h.update(format_version="1"), "format_version"),
        (lambda h, t: h.update(layers=[]), "layers"),
        (lambda h, t: h.update(extra=1), "extra"),
        (lambda h, t: h["layers"].pop(), "not those of the header"),
        (lambda h, t: t.pop("1.gaps"), "not those of the header"),
        (lambda h, t: t.update(more=np.zeros(1, np.uint8)), "not those of the header"),
        (in_layer(n_outputs=0), "n_outputs"),
        (in_layer(n_outputs=-3), "n_outputs"),
        (in_layer(n_inputs=1 << 40), "n_inputs"),
        (in_layer(n_inputs=10**30), "n_inputs"),
        (in_layer(n_inputs=1), "outside the matrix"),
        (in_layer(n_entries=1 << 39), "tensor 0.codes is U8"),
        (in_layer(n_gap_symbols=1 << 39), "tensor 0.gaps is U8"),
        (one_byte_of_codes_less, "gaps for"),
        (in_layer(gap_bits=9), "gap_bits"),
        (in_layer(weight_bits=9), "weight_bits"),
        (in_layer(weight_bits=5), "tensor 0.codebook is F32 [16]; need F32 [32]"),
        (in_layer(index_bits=0), "index_bits"),
        (in_layer(has_bias=1), "has_bias"),
        (in_layer(name=None), "name"),
        (in_layer(input_max_abs=-1.0), "input_max_abs"),
        (in_layer(input_max_abs="1"), "input_max_abs"),
        (in_layer(output_max_abs=math.inf), "not valid JSON"),
        (in_layer(output_max_abs=math.nan), "not valid JSON"),
        (in_layer(binary_points={"weight_frac_bits": 1}), "binary_points"),
        (in_layer(provenance=3), "provenance"),
        (in_tensor("0.codebook", lambda a: a.astype(np.float64)), "tensor 0.codebook is F64"),
        (in_tensor("0.codebook", lambda a: a.reshape(4, 4)), "tensor 0.codebook is F32 [4, 4]"),
        (in_tensor("0.codebook", lambda a: a + np.float32(1)), "entry 0"),
        (in_tensor("0.codebook", lambda a: a * np.float32(math.nan)), "entry 0"),
        (in_tensor("0.codebook", lambda a: np.append(a[:-1], np.float32(math.inf))), "infinity"),
        (in_tensor("0.codes", lambda a: a[:-1]), "tensor 0.codes"),
        (in_tensor("0.gaps", lambda a: np.append(a, a[-1])), "tensor 0.gaps"),
        (in_tensor("0.gaps", lambda a: a.astype(np.int8)), "tensor 0.gaps is I8"),
        (in_tensor("0.gaps", lambda a: np.append(a[:-1], 0xFF).astype(np.uint8)), "last field"),
        (eight_escapes_more, "the gaps end within a gap"),
    ],
)
def test_a_forged_file_is_one_line(
    change: Callable[[Header, Tensors], None], text: str, tmp_path: Path
) -> None:
    path = tmp_path / "layers"
    save_compressed(path, some_layers())
    forge(path, change)
    with pytest.raises(FormatError) as caught:
        load_compressed(path)
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


@settings(max_examples=300)
@given(data=st.data())
def test_forged_bytes_are_refused_or_a_sound_layer(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """With the digest out of the way, the checks of the content itself must hold."""
    path = tmp_path_factory.mktemp("forged") / "layers"
    save_compressed(path, some_layers(weight_bits=data.draw(st.integers(2, 6))))

    def change(header: Header, tensors: Tensors) -> None:
        name = data.draw(st.sampled_from(sorted(tensors)))
        raw = bytearray(tensors[name].tobytes())
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
        tensors[name] = np.frombuffer(bytes(raw), tensors[name].dtype)

    forge(path, change)
    layers, _ = load_or_message(path)
    if layers is None:
        return
    again = path.with_name("again")
    save_compressed(again, layers)
    assert_same(load_compressed(again), layers)


@pytest.mark.parametrize("content", [b"", b"{}", b"\x89HDF\r\n", b"\xff" * 64, b"\0" * 64,
                                     save({"a": np.zeros(3)}), save({}, {"accelsim": "[]"}),
                                     save({}, {"accelsim": "[" * 100_000}),
                                     save({}, {"accelsim": '{"format_version":1e999}'})])
def test_other_files_are_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(FormatError) as caught:
        load_compressed(path)
    assert "\n" not in str(caught.value)
