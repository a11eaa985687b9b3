"""Weights stored as few bits with scales, and what stands beside them, against their formulas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import save_file

from accelsim.errors import FormatError, InputError
from accelsim.workload import file_contents, load_layer
from accelsim.workload.arrays import widened
from tests.workload.test_array_sets import BIAS, ENDINGS, RNG, W, dense, save


def signed(bits: int, shape: tuple[int, ...]) -> Any:
    return RNG.integers(-(1 << bits - 1), 1 << bits - 1, shape)


def words(codes: Any, bits: int) -> Any:
    """Codes of each row in 32-bit words, the first in the lowest bits, plus half the range."""
    packed = []
    for row in codes:
        digits = "".join(f"{int(c) + (1 << bits - 1):0{bits}b}" for c in row[::-1])
        digits = digits.zfill(-(-len(digits) // 32) * 32)
        packed.append([int(digits[k : k + 32], 2) for k in range(0, len(digits), 32)][::-1])
    return np.array(packed, dtype=np.uint32).view(np.int32)


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_packed_words(tmp_path: Path, bits: int) -> None:
    codes, zeros = signed(bits, (6, 100)), signed(bits, (6, 1))
    scale = RNG.random((6, 1)).astype(np.float32)
    arrays = {"fc.weight_packed": words(codes, bits), "fc.weight_shape": np.array([6, 100]),
              "fc.weight_scale": scale}
    path = save(tmp_path / "n.safetensors", arrays)
    assert np.allclose(dense(path), codes * scale, rtol=1e-6)
    for stored in (zeros.astype(np.int8), np.ascontiguousarray(words(zeros.T, bits).T)):
        more = arrays | {"fc.weight_zero_point": stored}
        got = dense(save(tmp_path / "z.safetensors", more))
        assert np.allclose(got, (codes - zeros) * scale, rtol=1e-6)
    odd = arrays | {"fc.weight_packed": words(signed(3, (6, 100)), 3)}
    with pytest.raises(FormatError, match="do not say how many bits"):
        load_layer(save(tmp_path / "o.safetensors", odd))


@pytest.mark.parametrize(("scale_shape", "repeat"), [
    ((), (1, 1)), ((1,), (1, 1)), ((6,), None), ((6, 1), (1, 256)), ((6, 4), (1, 64)),
])
def test_scaled_bytes(
    tmp_path: Path, scale_shape: tuple[int, ...], repeat: tuple[int, int] | None
) -> None:
    codes = signed(8, (6, 256)).astype(np.int8)
    scale = (RNG.random(scale_shape) + 0.5).astype(np.float32)
    wide = scale[:, None] if repeat is None else np.kron(np.atleast_2d(scale), np.ones(repeat))
    path = save(tmp_path / "n.npz", {"fc.weight": codes, "fc.weight_scale": scale})
    assert np.allclose(dense(path), codes * wide, rtol=1e-6)


def test_blocks_of_8_bit_floats(tmp_path: Path) -> None:
    codes = RNG.integers(0, 120, (300, 200)).astype(np.uint8)
    floats = codes.view(ml_dtypes.float8_e4m3fn).astype(np.float32)
    scale = RNG.random((3, 2)).astype(np.float32)
    path = tmp_path / "n.safetensors"
    save_file({"fc.weight": codes.view(ml_dtypes.float8_e4m3fn), "fc.weight_scale_inv": scale},
              path)
    want = floats * np.kron(scale, np.ones((128, 128)))[:300, :200]
    assert np.allclose(dense(path), want, rtol=1e-6)
    for shape in ((4, 2), (300, 2)):  # 100 columns a group: not a size that is used
        save_file({"fc.weight": codes.view(ml_dtypes.float8_e4m3fn),
                   "fc.weight_scale": np.ones(shape, np.float32)}, path)
        with pytest.raises(FormatError, match="not known which weights"):
            load_layer(path)


def test_rows_of_bitsandbytes(tmp_path: Path) -> None:
    codes, scb = signed(8, (5, 7)).astype(np.int8), np.abs(BIAS) + 1
    arrays = {"fc.weight": codes, "fc.SCB": scb, "fc.weight_format": np.array(0, np.uint8)}
    path = save(tmp_path / "n.safetensors", arrays)
    assert np.allclose(dense(path), codes * scb[:, None] / 127, rtol=1e-6)
    with pytest.raises(FormatError, match="not stored row by row"):
        load_layer(save(path, arrays | {"fc.weight_format": np.array(2, np.uint8)}))


@pytest.mark.parametrize("stored", ["BF16", "F8_E4M3", "F8_E5M2"])
def test_narrow_floats_are_exact(tmp_path: Path, stored: str) -> None:
    name = {"BF16": "bfloat16", "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2"}[stored]
    kind = np.dtype(getattr(ml_dtypes, name))
    codes = np.arange(1 << 8 * kind.itemsize).astype(f"u{kind.itemsize}")
    want = codes.view(kind).astype(np.float32)
    assert np.array_equal(widened(stored, codes), want, equal_nan=True)
    finite = want[np.isfinite(want)][:240].reshape(-1, 20)
    save_file({"fc.weight": finite.astype(kind), "z": np.zeros(3)}, tmp_path / "n.safetensors")
    assert np.array_equal(dense(tmp_path / "n.safetensors", "fc"), finite)


REFUSED = {
    "GPTQ or AWQ": {"qweight": np.ones((4, 8), np.int32), "qzeros": np.ones((1, 1), np.int32),
                    "scales": np.ones((1, 8), np.float16), "g_idx": np.zeros(32, np.int32)},
    "HQQ": {"W_q": np.ones((4, 8), np.uint8), "scale": np.ones((4, 1)), "zero": np.ones((4, 1))},
    "Quanto": {"weight._data": np.ones((4, 8), np.int8), "weight._scale": np.ones((4, 1))},
    "bitsandbytes 4-bit": {"weight": np.ones((64, 1), np.uint8), "weight.absmax": np.ones(2),
                           "weight.quant_map": np.ones(16)},
    "packed parameters": {"_packed_params._packed_params": np.ones((2, 2), np.float32)},
    "packed": {"weight_packed": np.ones((4, 8), np.uint8), "weight_scale": np.ones((4, 1)),
               "weight_global_scale": np.ones(1)},
    "scaled": {"weight": np.ones((4, 8), np.int8), "weight_scale": np.ones((4, 1), np.uint8)},
    "adapter": {"base_layer.weight": W, "lora_A.default.weight": W, "lora_B.default.weight": W},
}


@pytest.mark.parametrize("kind", REFUSED)
def test_refused_by_name(tmp_path: Path, kind: str) -> None:
    arrays = {f"fc.{name}": array for name, array in REFUSED[kind].items()}
    path = save(tmp_path / "n.safetensors", arrays | {"fc.bias": np.ones(4, np.float32)})
    contents = file_contents(path)
    assert contents.layers == ()
    assert contents.skipped[0].kind == kind
    assert contents.skipped[0].name.startswith("fc")
    with pytest.raises(InputError, match="save"):
        load_layer(path, "fc" if kind != "packed parameters" else None)


@pytest.mark.parametrize("arrays", [
    {"weight": signed(8, (5, 7)).astype(np.int8), "scale": np.ones(5, np.float32)},
    {"weight": signed(8, (5, 7)).astype(np.int8), "scales": np.ones(5, np.float16)},
    {"weight": W.astype(ml_dtypes.float8_e4m3fn), "scale_weight": np.ones((), np.float32)},
    {"weight": W, "weight_scale": np.ones(5, np.float32)},
    {"weight": W, "scale": np.ones(5, np.float32)},
    {"kernel": signed(8, (5, 7)).astype(np.int8), "kernel_scale": np.ones(7, np.float32)},
    {"weight": signed(8, (5, 7)).astype(np.int32), "zero_point": np.ones(5, np.int32)},
], ids=lambda arrays: " ".join(arrays))
def test_a_scale_that_nothing_explains(tmp_path: Path, arrays: dict[str, Any]) -> None:
    """Neither weights without their scale, nor a scale taken for something else."""
    path = save(tmp_path / "n.safetensors", {f"lin.{k}": v for k, v in arrays.items()})
    contents = file_contents(path)
    assert not contents.layers
    (left,) = contents.skipped
    assert (left.name, left.kind) == ("lin", "scaled")
    with pytest.raises(FormatError, match="not known how lin"):
        load_layer(path, "lin")


@pytest.mark.parametrize(("name", "kind"), [
    ("up.hada_w1_a", "adapter"), ("up.lokr_w1", "adapter"), ("k_proj.ia3_l", "adapter"),
    ("q.lora_A.weight", "adapter"), ("attn.relative_position_bias_table", "embedding"),
    ("encoder.relative_attention_bias.weight", "embedding"), ("attn.rel_pos_h", "embedding"),
    ("rotary.cos_cached", "embedding"), ("shared.weight", "embedding"),
    ("up.centroids.weight", "codebook"), ("mixer.A_log", "state space"), ("up.wscales", "scale"),
])
def test_matrices_that_are_no_layers(tmp_path: Path, name: str, kind: str) -> None:
    path = save(tmp_path / "n.safetensors", {name: W, "fc.weight": W})
    contents = file_contents(path)
    assert [entry.name for entry in contents.layers] == ["fc"]
    assert [(left.name, left.kind) for left in contents.skipped] == [(name, kind)]


@pytest.mark.parametrize(("kind", "arrays"), [
    ("Marlin", {"B": np.zeros((4, 64), np.int32), "s": W, "workspace": np.zeros(9, np.int32)}),
    ("torchao", {"_weight_qdata": signed(8, (5, 7)).astype(np.int8), "_weight_scale": W[:, :1]}),
])
def test_layouts_of_libraries(tmp_path: Path, kind: str, arrays: dict[str, Any]) -> None:
    path = save(tmp_path / "n.safetensors", {f"fc.{k}": v for k, v in arrays.items()})
    contents = file_contents(path)
    assert not contents.layers
    assert kind in {left.kind for left in contents.skipped}
    assert len(contents.skipped) == 1 or kind == "torchao"


@pytest.mark.parametrize("ending", ENDINGS)
def test_true_and_false_are_named_so(tmp_path: Path, ending: str) -> None:
    path = save(tmp_path / f"n{ending}", {"fc.weight": W, "keep": W > 0, "on.weight": W > 0})
    contents = file_contents(path)
    assert [entry.name for entry in contents.layers] == ["fc"]
    assert [(left.name, left.kind) for left in contents.skipped] == [
        ("keep", "mask"), ("on.weight", "mask")]
    with pytest.raises(FormatError, match="true and false, as of a mask"):
        load_layer(path, "on")
