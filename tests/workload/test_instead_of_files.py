"""What lies where a file of weights should: told for what it is, with the remedy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import accelsim
from accelsim.errors import FormatError, InputError
from accelsim.workload import file_contents

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
INSTEAD = {
    "a pointer of Git LFS": (POINTER, "'git lfs pull'"),
    "a web page": (b"\n<!DOCTYPE html>\n<html><body>404</body></html>", "download that again"),
    "empty": (b"", "make or copy it again"),
}


@pytest.mark.parametrize("what", INSTEAD)
@pytest.mark.parametrize("ending", ["npz", "safetensors", "onnx"])
def test_named_for_what_it_is(what: str, ending: str, tmp_path: Path) -> None:
    content, remedy = INSTEAD[what]
    path = tmp_path / f"model.{ending}"
    path.write_bytes(content)
    told = "no ONNX graph" if what == "empty" and ending == "onnx" else f"is {what}.*{remedy}"
    with pytest.raises(FormatError, match=told) as caught:
        file_contents(path)
    assert "\n" not in str(caught.value)


def test_an_encrypted_npz(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    np.savez(path, **{"fc.weight": np.ones((4, 6), np.float32)})
    content = bytearray(path.read_bytes())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.find(mark) + flags] |= 1
    path.write_bytes(content)
    with pytest.raises(FormatError, match="is encrypted; unpack it"):
        file_contents(path)


def test_inputs_that_are_not_there() -> None:
    layer = accelsim.load_layer("random:8x6:density=0.5")
    assert layer.activations is None
    with pytest.raises(InputError, match=r"inputs are missing \(None\); give an array"):
        accelsim.simulate("eie", accelsim.compress(layer), None, engine="functional")
