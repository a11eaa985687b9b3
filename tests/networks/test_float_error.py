"""``simulate --float-error``: each layer's results beside float, judged by onnxruntime."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

import accelsim
from accelsim.cli import main
from tests.networks.test_onnx_graph import Array, expected, small
from tests.workload.onnx_models import floats


def command(capsys, monkeypatch, *arguments: object) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["accelsim", "simulate", *map(str, arguments)])
    with pytest.raises(SystemExit) as leave:
        main()
    return int(leave.value.code or 0), *capsys.readouterr()


def before_last(path: Path, images: Array) -> Array:
    """What onnxruntime has before the softmax."""
    model = onnx.load(path)
    model.graph.output[0].name = model.graph.node[-1].input[0]
    del model.graph.node[-1]
    onnx.save(model, path.with_name("cut.onnx"))
    return expected(path.with_name("cut.onnx"), images)


def test_errors_are_those_from_onnxruntime(tmp_path, capsys, monkeypatch):
    path, image = small(tmp_path / "net.onnx"), floats(3, 9, 8)
    np.save(tmp_path / "x.npy", image)
    asked = (path, "--inputs", tmp_path / "x.npy", "--float-error")
    error = json.loads(command(capsys, monkeypatch, *asked, "--json")[1])["float_error"]
    assert list(error) == ["stem", "inner", "one", "fc", "last"]

    packed = accelsim.compress(accelsim.load_network(path), accelsim.Recipe(), calibration=image)
    got = accelsim.simulate("eie", packed, image).layers["last"].outputs_float
    wanted = before_last(path, image[None])
    rms = np.sqrt(np.mean((got - wanted) ** 2) / np.mean(wanted**2))
    assert error["last"]["relative_to_file"] == pytest.approx(rms, rel=1e-3)
    assert error["last"]["largest_to_file"] == pytest.approx(np.abs(got - wanted).max(), rel=1e-3)
    # Without what 4-bit codes lost, half a step of 16-bit activations stays.
    assert 0 < error["last"]["relative_to_own_weights"] < error["last"]["relative_to_file"] / 2
    assert "weights as they ran" in command(capsys, monkeypatch, *asked)[1]
    rows = command(capsys, monkeypatch, *asked, "--csv")[1].splitlines()
    at = rows[0].split(",").index("relative_to_file")
    assert float(rows[-1].split(",")[at]) == error["last"]["relative_to_file"]


@pytest.mark.parametrize(("work", "told"), [
    ("alex-7", "--float-error is of a network"),
    ("squeezenet", "drawn layers run on inputs of their own"),
])
def test_where_there_is_none(capsys, monkeypatch, work, told):
    status, out, err = command(capsys, monkeypatch, work, "--float-error")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert told in err
