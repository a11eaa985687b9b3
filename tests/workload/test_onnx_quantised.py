"""Operators on integer codes, by onnxruntime: layers are the numbers that the codes stand for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto

from accelsim.workload import file_contents, load_layer
from accelsim.workload.networks import load_network
from tests.workload.onnx_models import floats, node, save

RNG = np.random.default_rng(5)
CODES = RNG.integers(-128, 128, (6, 4)).astype(np.int8)  # inputs x outputs
KERNEL = RNG.integers(0, 256, (5, 3, 2, 2)).astype(np.uint8)
B = floats(4)
SUMS_BIAS = RNG.integers(-900, 900, 4).astype(np.int32)
S, Z = np.float32(0.125), np.uint8(128)  # of the activations: whole eighths are exact
EACH = np.array([0.5, 0.25, 0.0625, 0.125], np.float32)
TYPES = {"s": S, "z": Z, "w": CODES, "ws": np.float32(0.0625), "wz": np.int8(3), "each": EACH,
         "b": B, "sums": SUMS_BIAS, "ys": np.float32(0.25), "low": np.uint8(0),
         "middle": np.uint8(128), "each_z": np.array([1, -2, 3, 0], np.int8)}
Q = node("QuantizeLinear", "x s z", "q")
DQ = node("DequantizeLinear", "yq ys middle", "y")
LOW = node("DequantizeLinear", "yq ys low", "y")
DYNAMIC = node("DynamicQuantizeLinear", "x", "q qs qz")


def micro(op: str, inputs: str, output: str = "y", **more: Any) -> Any:
    return node(op, inputs, output, name="fc", domain="com.microsoft", **more)


def fc(op: str, inputs: str, output: str = "y", **more: Any) -> Any:
    return node(op, inputs, output, name="fc", **more)


# Nodes; the step of the outputs, 0 where they are floats; whether they know no negatives.
PRODUCTS: dict[str, tuple[list[Any], float, bool]] = {
    "QLinearMatMul": ([Q, fc("QLinearMatMul", "q s z w ws wz ys middle", "yq"), DQ], 0.25, False),
    "QLinearMatMul, scales of outputs, no negatives": (
        [Q, fc("QLinearMatMul", "q s z w each each_z ys low", "yq"), LOW], 0.25, True),
    "QGemm": ([Q, micro("QGemm", "q s z w ws wz sums ys middle", "yq"), DQ], 0.25, False),
    "QGemm to floats": (
        [Q, micro("QGemm", "q s z wt each each_z sums", transB=1, alpha=0.5)], 0, False),
    "MatMulInteger": (
        [DYNAMIC, fc("MatMulInteger", "q w qz wz", "i"), node("Cast", "i", "c", to=1),
         node("Mul", "qs ws", "m"), node("Mul", "c m", "h"), node("Add", "b h")], 0, False),
    "MatMulInteger, scales one after the other": (
        [DYNAMIC, fc("MatMulInteger", "q w qz each_z", "i"), node("Cast", "i", "c", to=1),
         node("Mul", "each c", "m"), node("Mul", "m qs", "h"), node("Relu", "h")], 0, True),
    "MatMulIntegerToFloat": (
        [DYNAMIC, micro("MatMulIntegerToFloat", "q w qs ws qz wz b")], 0, False),
    "DynamicQuantizeMatMul": ([micro("DynamicQuantizeMatMul", "x w each each_z b")], 0, False),
    "DequantizeLinear of Microsoft": (
        [node("DequantizeLinear", "w16 each", "d", domain="com.microsoft", axis=1),
         fc("Gemm", "x d b")], 0, False),
    "FusedGemm": ([micro("FusedGemm", "x f b", "h", activation="Relu", transB=1),
                   node("Identity", "h")], 0, True),
    "FusedMatMul": ([micro("FusedMatMul", "x f", transB=1, alpha=0.5)], 0, False),
}


def judged(path: Path, x: Any) -> tuple[Any, Any]:
    """Outputs of onnxruntime, and of the layer's own arithmetic."""
    (want,) = onnxruntime.InferenceSession(path).run(None, {"x": x})
    layer = load_layer(path, "fc")
    sums = x @ np.asarray(layer.weights, np.float64).T + (0 if layer.bias is None else layer.bias)
    return want, np.maximum(sums, 0) if layer.relu else sums


@pytest.mark.parametrize("case", PRODUCTS)
def test_products(tmp_path: Path, case: str) -> None:
    nodes, step, relu = PRODUCTS[case]
    constants = TYPES | {"wt": CODES.T.copy(), "w16": (CODES * np.int16(200)), "f": floats(4, 6)}
    named = {name for n in nodes for name in n.input}
    path = save(tmp_path / "m.onnx", nodes, {k: v for k, v in constants.items() if k in named},
                [3, 6], opset=17, domains=["com.microsoft"])
    x = RNG.integers(-8, 9, (3, 6)).astype(np.float32) / 8  # whole codes of S
    if DYNAMIC in nodes or not step:
        x[0, :2] = -16, 15.875  # 255 steps of S span them, so that DynamicQuantizeLinear finds S
    want, got = judged(path, x)
    low, high = (0, 255 * 0.25) if relu and step else (-32, 31.75)
    got = np.clip(got, low, high) if step else got
    assert np.abs(got - want).max() <= step / 2 + 1e-4 * np.abs(want).max()
    (entry,) = file_contents(path).layers
    assert entry.load().relu == relu
    assert entry.kind.rpartition(".")[2] == next(n for n in nodes if n.name == "fc").op_type


def coded_maps() -> Any:
    """A map whose numbers are whole codes of S, from -16 to 15.875."""
    x = RNG.integers(-128, 128, (1, 3, 6, 7)).astype(np.float32) / 8
    x[0, 0, 0, :2] = -16, 15.875
    return x


WINDOWS = {
    "QLinearConv": [Q, fc("QLinearConv", "q s z k ks kz ys middle sums", "yq", pads=[1, 1, 1, 1]),
                    DQ],
    "ConvInteger": [DYNAMIC, fc("ConvInteger", "q k qz kz", "i", pads=[1, 0, 0, 1]),
                    node("Cast", "i", "c", to=1), node("Mul", "qs one", "m"),
                    node("Mul", "c m", "h"), node("Add", "h cb")],
    "FusedConv": [micro("FusedConv", "x kf kb", activation="Relu", pads=[1, 1, 1, 1])],
}


@pytest.mark.parametrize("case", WINDOWS)
def test_windows(tmp_path: Path, case: str) -> None:
    constants = TYPES | {
        "k": KERNEL, "ks": RNG.random(5).astype(np.float32) / 64, "kz": np.full(5, 120, np.uint8),
        "sums": RNG.integers(-900, 900, 5).astype(np.int32), "one": np.float32(1 / 32),
        "cb": floats(1, 5, 1, 1), "kf": floats(5, 3, 2, 2), "kb": floats(5)}
    if case == "ConvInteger":
        constants["kz"] = np.uint8(120)
    named = {name for n in WINDOWS[case] for name in n.input}
    path = save(tmp_path / "m.onnx", WINDOWS[case],
                {k: v for k, v in constants.items() if k in named}, [1, 3, 6, 7], opset=17,
                domains=["com.microsoft"])
    x = coded_maps()
    (want,) = onnxruntime.InferenceSession(path).run(None, {"x": x})
    layer = load_layer(path, "fc")
    wide = case != "ConvInteger"
    padded = np.pad(x, [(0, 0), (0, 0), (1, 1) if wide else (1, 0), (1, 1) if wide else (0, 1)])
    views = np.lib.stride_tricks.sliding_window_view(padded[0], (2, 2), axis=(1, 2))
    columns = np.moveaxis(views, 0, 2).reshape(*views.shape[1:3], -1)
    got = np.moveaxis(columns @ np.asarray(layer.weights, np.float64).T + layer.bias, -1, 0)
    got = np.maximum(got, 0) if layer.relu else got
    step = 0.25 if case == "QLinearConv" else 0
    got = np.clip(got, -32, 31.75) if step else got
    assert np.abs(got - want[0]).max() <= step / 2 + 1e-4 * np.abs(want).max()
    assert "convolution of 2 x 2" in layer.provenance["not_run"]


@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize("zeros", [False, True])
def test_blocks_of_few_bits(tmp_path: Path, bits: int, zeros: bool) -> None:
    """MatMulNBits: codes and zero points packed here one by one; the last block is not full."""
    n, k, size = 5, 50, 32
    codes = RNG.integers(0, 1 << bits, (n, 2, size))
    points = RNG.integers(0, 1 << bits, (n, 2)) if zeros else np.full((n, 2), 1 << (bits - 1))
    scale = RNG.random((n, 2)).astype(np.float32)

    def packed(rows: Any) -> Any:
        each = [sum(int(c) << (bits * i) for i, c in enumerate(row)) for row in rows]
        return np.array([list(e.to_bytes(-(-len(r) * bits // 8), "little"))
                         for e, r in zip(each, rows, strict=True)], np.uint8)

    constants: dict[str, Any] = {"w": packed(codes.reshape(n * 2, size)).reshape(n, 2, -1),
                                 "ws": scale.ravel()}
    if zeros:
        constants["wz"] = packed(points).ravel()
    path = save(tmp_path / "m.onnx", [micro(
        "MatMulNBits", "x w ws wz" if zeros else "x w ws", K=k, N=n, bits=bits, block_size=size)],
        constants, [3, k], domains=["com.microsoft"])
    wanted = ((codes - points[..., None]) * scale[..., None]).reshape(n, -1)[:, :k]
    assert np.allclose(load_layer(path).weights, wanted, rtol=1e-6, atol=0)
    want, got = judged(path, floats(3, k))
    assert np.abs(got - want).max() < 2e-2 * np.abs(want).max()  # the 8 bits of its kernel's inputs


@pytest.mark.parametrize("each", [False, True])
def test_cells_of_codes(tmp_path: Path, each: bool) -> None:
    cells, directions = 6, 2
    w = RNG.integers(-128, 128, (directions, 5, 4 * cells)).astype(np.int8)
    r = RNG.integers(-128, 128, (directions, cells, 4 * cells)).astype(np.int8)
    rows = (directions, 4 * cells) if each else (directions,)
    scale = (RNG.random(rows) / 64).astype(np.float32)
    zero = np.zeros(rows, np.int8)
    lstm = micro("DynamicQuantizeLSTM", "x w r b - - - - ws wz ws wz", "y", hidden_size=cells,
                 direction="bidirectional")
    path = save(tmp_path / "m.onnx", [lstm],
                {"w": w, "r": r, "b": floats(directions, 8 * cells), "ws": scale, "wz": zero},
                [4, 1, 5], opset=17, domains=["com.microsoft"])
    layers = {entry.name: entry.load() for entry in file_contents(path).layers}
    assert list(layers) == ["fc.W.0", "fc.W.1", "fc.R.0", "fc.R.1"]
    for name, layer in layers.items():
        codes, way = (w if ".W." in name else r), int(name[-1])
        factor = scale[way][:, None] if each else scale[way]
        assert np.allclose(layer.weights, codes[way].T * factor, rtol=1e-6)
    plain = node("LSTM", "x w r b", "y", hidden_size=cells, direction="bidirectional")
    stacked = {part: np.stack([np.asarray(layers[f"fc.{part.upper()}.{way}"].weights, np.float32)
                               for way in range(2)]) for part in "wr"}
    halves = [np.concatenate([layers[f"fc.{part}.{way}"].bias for part in "WR"])
              for way in range(2)]
    floats_path = save(tmp_path / "f.onnx", [plain], {**stacked, "b": np.stack(halves)},
                       [4, 1, 5], opset=17)
    x = floats(4, 1, 5)
    want, got = (onnxruntime.InferenceSession(p).run(None, {"x": x})[0]
                 for p in (path, floats_path))
    assert np.abs(got - want).max() < 0.03  # what its 8-bit activations round away


SKIPPED: dict[str, tuple[list[Any], str]] = {
    "inputs of unknown scale": (
        [node("Cast", "x", "q", to=TensorProto.UINT8), fc("MatMulInteger", "q w")],
        "read where DynamicQuantizeLinear makes them"),
    "sums that are not scaled": (
        [DYNAMIC, fc("MatMulInteger", "q w qz", "i"), node("Cast", "i", to=1)],
        "read where DynamicQuantizeLinear makes them"),
    "sums scaled by something else": (
        [DYNAMIC, fc("MatMulInteger", "q w qz", "i"), node("Cast", "i", "c", to=1),
         node("ReduceMax", "x", "g"), node("Mul", "c g", "h"), node("Mul", "h qs")],
        "read where DynamicQuantizeLinear makes them"),
    "squared sums": (
        [DYNAMIC, fc("MatMulInteger", "q w qz", "i"), node("Cast", "i", "c", to=1),
         node("Mul", "c c", "h"), node("Mul", "h qs", "k"), node("Mul", "k ws")],
        "read where DynamicQuantizeLinear makes them"),
    "the zero point of others": (
        [DYNAMIC, fc("MatMulInteger", "q w low", "i"), node("Cast", "i", "c", to=1),
         node("Mul", "c qs", "h"), node("Mul", "h ws")], "DynamicQuantizeLinear"),
    "a scale an input": (
        [Q, fc("QLinearMatMul", "q s z w six wz ys middle", "yq"), DQ],
        r"six of shape \(6,\) is not one number"),
    "a computed scale": (
        [Q, node("ReduceMax", "x", "g", keepdims=0),
         fc("QLinearMatMul", "q s z w g wz ys middle", "yq"), DQ], "g, is computed"),
    "experts of Microsoft": ([micro("Attention", "x f b", num_heads=1)], "Q, K and V in one"),
    "an unknown one of Microsoft": ([micro("Whatever", "x f b")], "an operator of com.microsoft"),
}


@pytest.mark.parametrize("case", SKIPPED)
def test_skipped_by_name(tmp_path: Path, case: str) -> None:
    nodes, reason = SKIPPED[case]
    constants = TYPES | {"f": floats(6, 12), "six": floats(6)}
    named = {name for n in nodes for name in n.input}
    path = save(tmp_path / "m.onnx", nodes, {k: v for k, v in constants.items() if k in named},
                [3, 6], opset=17, domains=["com.microsoft"])
    (left_out,) = file_contents(path).skipped
    assert left_out.name == "fc"
    with pytest.raises(Exception, match=reason):
        load_layer(path, "fc")


def test_an_activation_ends_the_layer(tmp_path: Path) -> None:
    """What is added behind a fused function, or to codes, is no bias of the layer."""
    path = save(tmp_path / "m.onnx", [micro("FusedGemm", "x f", "h", activation="Relu"),
                                      node("Add", "h b")], {"f": floats(6, 4), "b": B}, [3, 6],
                domains=["com.microsoft"])
    layer = load_layer(path)
    assert layer.relu
    assert layer.bias is None
    assert layer.provenance["writes"] == "h"


def test_a_sequence_says_what_is_not_rounded(tmp_path: Path) -> None:
    nodes = [Q, fc("QLinearMatMul", "q s z w ws wz ys low", "h"),
             node("QLinearMatMul", "h ys low w2 ws wz ys middle", "yq", name="fc2"), DQ]
    path = save(tmp_path / "m.onnx", nodes, {k: TYPES[k] for k in (
        "s", "z", "w", "ws", "wz", "ys", "low", "middle")} | {"w2": CODES[:4]}, [1, 6], opset=17)
    chain = load_network(path)
    assert [layer.relu for layer in chain.layers] == [True, False]
    assert "activations of 2 of 2 layers" in chain.note
