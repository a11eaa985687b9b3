"""Weights that old and new operator sets compute, as onnxruntime does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx.reference.ops import load_op

from accelsim.workload import load_layer
from accelsim.workload.onnx_folding import _EVALUATED, FOLDED
from tests.workload.onnx_judge import deviation
from tests.workload.onnx_models import floats, node, save

W, CODES = floats(6, 4), np.random.default_rng(0).integers(-100, 100, (6, 4)).astype(np.int8)
TENTH, EACH = np.float32(0.1), np.abs(floats(4))
QUANTISED = (10, 13, 17, 18, 19, 21)

# The node that makes d of the constants, and the operator sets in which it is written so.
MADE: dict[str, tuple[Any, dict[str, Any], tuple[int, ...]]] = {
    "Squeeze": (node("Squeeze", "w", "d", axes=[0]), {"w": W[None]}, (8, 11)),
    "Unsqueeze": (node("Unsqueeze", "w", "d", axes=[0]), {"w": W}, (8, 11)),
    "Slice": (node("Slice", "w", "d", axes=[0], starts=[1], ends=[7]), {"w": floats(8, 4)}, (8,)),
    "Slice from the end": (
        node("Slice", "w", "d", starts=[-6], ends=[10_000]), {"w": floats(8, 4)}, (9,)),
    "Split": (node("Split", "w", "d e", axis=1, split=[4, 2]), {"w": floats(6, 6)}, (8, 12)),
    "Pad": (node("Pad", "w", "d", pads=[0, 0, 1, 0], value=0.5), {"w": floats(5, 4)}, (8, 10)),
    "Clip": (node("Clip", "w", "d", min=-0.5), {"w": W}, (8, 10)),
    "ReduceSum": (node("ReduceSum", "w", "d", axes=[0], keepdims=0), {"w": floats(3, 6, 4)},
                  (8, 12)),
    "ReduceL2": (node("ReduceL2", "w", "d", axes=[-3], keepdims=0), {"w": floats(3, 6, 4)},
                 (11, 17)),
    "Flatten": (node("Flatten", "w", "d", axis=-2), {"w": floats(6, 2, 2)}, (11, 13)),
    "Concat": (node("Concat", "w v", "d", axis=-1), {"w": floats(6, 2), "v": floats(6, 2)}, (11,)),
    "DequantizeLinear": (node("DequantizeLinear", "w s z", "d"),
                         {"w": CODES, "s": TENTH, "z": np.int8(3)}, QUANTISED),
    "DequantizeLinear of outputs": (
        node("DequantizeLinear", "w s z", "d", axis=-1),
        {"w": CODES, "s": EACH, "z": np.array([1, 2, 3, 4], np.int8)}, QUANTISED[1:]),
    "DequantizeLinear of rows": (
        node("DequantizeLinear", "w s", "d", axis=0),
        {"w": CODES, "s": np.abs(floats(6))}, QUANTISED[1:]),
    "DequantizeLinear of the usual axis": (
        node("DequantizeLinear", "w s", "d"), {"w": CODES, "s": EACH}, QUANTISED[1:]),
    "DequantizeLinear of 16 bits": (
        node("DequantizeLinear", "w s", "d"), {"w": np.int16(99) * CODES, "s": TENTH}, (21,)),
    "ScatterND": (node("ScatterND", "z i u", "d"), {
        "z": W, "i": np.array([[0, 1], [2, 2]]), "u": floats(2)}, (11, 16, 18)),
    "CumSum": (node("CumSum", "w a", "d"), {"w": W, "a": np.array(0)}, (11, 14)),
    "Tanh": (node("Tanh", "w", "d"), {"w": W}, (8, 13)),
    "Expand": (node("Expand", "w s", "d"), {"w": floats(6, 1), "s": np.array([6, 4])}, (8, 13)),
}


@pytest.mark.parametrize(("made", "opset"), [(k, o) for k, v in MADE.items() for o in v[2]])
def test_made_as_onnxruntime_does(tmp_path: Path, made: str, opset: int) -> None:
    maker, constants, _ = MADE[made]
    path = save(tmp_path / "m.onnx", [maker, node("MatMul", "x d", name="fc")], constants, [3, 6],
                opset=opset)
    assert deviation(path, {"x": floats(3, 6)})["fc"] < 1e-6


def test_a_bias_of_codes(tmp_path: Path) -> None:
    """As quantize_static writes it: 32 bits, no zero point."""
    sums = np.array([7, -2, 0, 90_000], np.int32)
    path = save(tmp_path / "m.onnx", [node("DequantizeLinear", "q s", "b"),
                                      node("Gemm", "x w b", name="fc")],
                {"w": W, "q": sums, "s": TENTH}, [3, 6], opset=13)
    assert np.allclose(load_layer(path).bias, sums * TENTH, rtol=1e-6)


def test_what_is_folded_can_be_computed() -> None:
    """By onnx's evaluator in every operator set from 8 on, but for what is computed here."""
    for operator in FOLDED:
        for opset in range(8, onnx.defs.onnx_opset_version() + 1):
            if not onnx.defs.has(operator, opset) or (
                    operator == "DequantizeLinear" and opset < _EVALUATED):
                continue
            load_op("", operator, opset)
