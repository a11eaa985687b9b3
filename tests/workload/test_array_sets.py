"""Arrays that are one matrix together, against dense matrices that the tests compute by formulas.

The layouts are those of the libraries' documentation, packed here by hand, value by value. Real
files of PyTorch 2.14, compressed-tensors 0.9 and 0.20 gave the same matrices.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import scipy.sparse
from safetensors.numpy import save_file

from accelsim.errors import FormatError, InputError
from accelsim.records import CscMatrix
from accelsim.workload import file_contents, load_layer
from accelsim.workload.arrays import widened

RNG = np.random.default_rng(11)
W = RNG.normal(size=(5, 7)).astype(np.float32)
BIAS = RNG.normal(size=5).astype(np.float32)
MASK = (RNG.random((5, 7)) < 0.4).astype(np.float32)
ENDINGS = (".npz", ".safetensors")


def save(path: Path, arrays: dict[str, Any]) -> Path:
    if path.suffix == ".npz":
        np.savez(path, **arrays)
    else:
        save_file({k: np.array(v, order="C") for k, v in arrays.items()}, path)
    return path


def dense(path: Path, name: str | None = None) -> Any:
    weights = load_layer(path, name).weights
    return weights.to_dense() if isinstance(weights, CscMatrix) else weights


def unit(values: Any) -> Any:
    return values / np.linalg.norm(values)


U, V = unit(RNG.normal(size=5)), unit(RNG.normal(size=7))
SIGMA = float(U @ W @ V)
ROW_NORMS = np.linalg.norm(W, axis=1, keepdims=True)
G = RNG.random((5, 1)).astype(np.float32) + 1
P = "parametrizations.weight."
REPARAMETRISED = {
    "pruned": ({"weight_orig": W, "weight_mask": MASK}, W * MASK),
    "pruned by bits": ({"weight_orig": W, "weight_mask": MASK.astype(bool)}, W * MASK),
    "pruned LSTM": ({"weight_ih_l0_orig": W, "weight_ih_l0_mask": MASK}, W * MASK),
    "weight norm of rows": ({"weight_g": G, "weight_v": W}, G * W / ROW_NORMS),
    "weight norm of columns": (
        {"weight_g": np.ones((1, 7), np.float32), "weight_v": W}, W / np.linalg.norm(W, axis=0)),
    "weight norm of all": (
        {"weight_g": np.array(2, np.float32), "weight_v": W}, 2 * W / np.linalg.norm(W)),
    "weight norm of one row": (
        {"weight_g": G[:1], "weight_v": W[:1]}, G[0] * W[:1] / ROW_NORMS[0]),
    "weight norm of one column": (
        {"weight_g": G[:1], "weight_v": W[:, :1]}, G[0] * W[:, :1] / np.linalg.norm(W[:, 0])),
    "weight norm, parametrised": ({f"{P}original0": G, f"{P}original1": W}, G * W / ROW_NORMS),
    "spectral norm": ({"weight_orig": W, "weight_u": U, "weight_v": V}, W / SIGMA),
    "spectral norm, parametrised": (
        {f"{P}original": W, f"{P}0._u": U, f"{P}0._v": V}, W / SIGMA),
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("kind", REPARAMETRISED)
def test_reparametrised(tmp_path: Path, ending: str, kind: str) -> None:
    arrays, want = REPARAMETRISED[kind]
    path = save(tmp_path / f"n{ending}", {f"fc.{name}": a for name, a in arrays.items()})
    contents = file_contents(path)
    name = "fc.weight_ih_l0" if "LSTM" in kind else "fc"
    assert [entry.name for entry in contents.layers] == [name]
    assert contents.skipped == ()
    got = dense(path)
    assert got.dtype == np.float32
    assert np.allclose(got, want, rtol=1e-6, atol=1e-7)
    assert np.count_nonzero(got) == np.count_nonzero(want)


def test_pruned_bias_and_what_is_no_mask(tmp_path: Path) -> None:
    kept = np.array([1, 0, 1, 1, 0], dtype=np.float32)
    arrays = {"fc.weight_orig": W, "fc.weight_mask": MASK, "fc.bias_orig": BIAS,
              "fc.bias_mask": kept}
    layer = load_layer(save(tmp_path / "n.npz", arrays))
    assert np.array_equal(layer.bias, BIAS * kept)
    for change, text in (
        ({"fc.weight_mask": MASK * 2}, "holds other values than 0 and 1"),
        ({"fc.weight_mask": MASK[:4]}, "the mask has another shape"),
        ({"fc.weight_u": U}, "not known how the weights are made"),
    ):
        with pytest.raises(FormatError, match=text):
            load_layer(save(tmp_path / "bad.npz", arrays | change))
    del arrays["fc.weight_mask"]
    with pytest.raises(FormatError, match=r"not known how .*prune\.remove"):
        load_layer(save(tmp_path / "half.npz", arrays))
    with pytest.raises(FormatError, match="code the file does not hold"):
        load_layer(save(tmp_path / "own.npz", {f"fc.{P}original": W, f"fc.{P}0.base": W}))


def test_a_mask_beside_weights_must_make_no_difference(tmp_path: Path) -> None:
    path = save(tmp_path / "n.npz", {"fc.weight": W * MASK, "fc.mask": MASK})
    assert np.array_equal(dense(path), W * MASK)
    assert file_contents(path).skipped == ()
    with pytest.raises(FormatError, match="would zero weights"):
        load_layer(save(tmp_path / "n.npz", {"fc.weight": W, "fc.mask": MASK}))


def test_kernels_are_turned_around(tmp_path: Path) -> None:
    for name, bias in (("params/Dense_0/kernel", "params/Dense_0/bias"), ("kernel", "bias"),
                       ("dense/kernel:0", "dense/bias:0"), ("d.kernel", "d.bias")):
        path = save(tmp_path / "n.safetensors", {name: W.T, bias: BIAS})
        layer = load_layer(path)
        assert np.array_equal(layer.weights, W), name
        assert np.array_equal(layer.bias, BIAS), name
    path = save(tmp_path / "n.npz", {"W1": W, "b1": BIAS})
    assert np.array_equal(load_layer(path).bias, BIAS)
    with pytest.raises(FormatError, match=r"look stored as \(inputs, outputs\)"):
        load_layer(save(tmp_path / "n.npz", {"c_fc.weight": W.T, "c_fc.bias": BIAS}))


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


SPARSE = (RNG.random((6, 8)) < 0.3) * RNG.normal(size=(6, 8))


@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "dia", "bsr"])
def test_scipy_files(tmp_path: Path, kind: str) -> None:
    for made in (getattr(scipy.sparse, f"{kind}_array")(SPARSE),
                 getattr(scipy.sparse, f"{kind}_matrix")(SPARSE)):
        scipy.sparse.save_npz(tmp_path / "fc1.npz", made)
        contents = file_contents(tmp_path / "fc1.npz")
        assert [str(e) for e in contents.layers] == ["fc1 (6 x 8)"]
        assert contents.skipped == ()
        assert np.array_equal(dense(tmp_path / "fc1.npz"), SPARSE)


def test_sparse_triples_by_name(tmp_path: Path) -> None:
    csr, csc = scipy.sparse.csr_array(SPARSE), scipy.sparse.csc_array(SPARSE)
    coo = scipy.sparse.coo_array(SPARSE)
    size = np.array(SPARSE.shape)
    for arrays in (
        {"data": csr.data, "indices": csr.indices, "indptr": csr.indptr, "shape": size},
        {"data": csc.data, "indices": csc.indices, "indptr": csc.indptr, "shape": size},
        {"values": csr.data, "col_indices": csr.indices, "crow_indices": csr.indptr, "size": size},
        {"values": csc.data, "row_indices": csc.indices, "ccol_indices": csc.indptr, "size": size},
        {"values": coo.data, "indices": np.array(coo.coords), "shape": size},
    ):
        named = {f"fc.{name}": array for name, array in arrays.items()} | {"fc.bias": np.ones(6)}
        layer = load_layer(save(tmp_path / "n.safetensors", named))
        assert layer.name == "fc"
        assert np.array_equal(layer.weights.to_dense(), SPARSE)
        assert np.array_equal(layer.bias, np.ones(6))
        bare = {n: a for n, a in named.items() if n not in ("fc.shape", "fc.size")}
        with pytest.raises(FormatError, match=r"its shape is not beside it; store it as fc\.shape"):
            load_layer(save(tmp_path / "n.safetensors", bare))
    square = scipy.sparse.csr_array(np.eye(3))
    arrays = {"data": square.data, "indices": square.indices, "indptr": square.indptr,
              "shape": np.array([3, 3])}
    with pytest.raises(FormatError, match="rows or columns first is not known"):
        load_layer(save(tmp_path / "n.npz", arrays))
    with pytest.raises(FormatError):
        load_layer(save(tmp_path / "n.npz", arrays | {
            "format": np.array(b"csr"), "indices": square.indices + 1}))


def test_bit_masks(tmp_path: Path) -> None:
    kept, values = SPARSE != 0, SPARSE[SPARSE != 0].astype(np.float32)
    # Bit j of byte k of a row is column 8k + j.
    wide = np.hstack([SPARSE, SPARSE[:, :3]])
    rows = [[sum(1 << j for j in range(8) if 8 * k + j < 11 and row[8 * k + j]) for k in range(2)]
            for row in wide]
    arrays = {"fc.weight.compressed": wide[wide != 0].astype(np.float32),
              "fc.weight.bitmask": np.array(rows, dtype=np.uint8),
              "fc.weight.shape": np.array([6, 11]),
              "fc.weight.row_offsets": np.cumsum(np.count_nonzero(wide, axis=1))}
    path = save(tmp_path / "n.safetensors", arrays)
    assert np.array_equal(dense(path), wide.astype(np.float32))
    assert load_layer(path).name == "fc"
    short = arrays | {"fc.weight.compressed": values[:-1]}
    with pytest.raises(FormatError, match="its mask"):
        load_layer(save(path, short))
    assert kept.sum() == len(values)


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


@pytest.mark.parametrize("ending", ENDINGS)
def test_true_and_false_are_named_so(tmp_path: Path, ending: str) -> None:
    path = save(tmp_path / f"n{ending}", {"fc.weight": W, "keep": W > 0, "on.weight": W > 0})
    contents = file_contents(path)
    assert [entry.name for entry in contents.layers] == ["fc"]
    assert [(left.name, left.kind) for left in contents.skipped] == [
        ("keep", "mask"), ("on.weight", "mask")]
    with pytest.raises(FormatError, match="true and false, as of a mask"):
        load_layer(path, "on")
