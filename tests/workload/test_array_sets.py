"""Arrays that are one matrix together, against dense matrices that the tests compute by formulas.

The layouts are those of the libraries' documentation, packed here by hand, value by value. Real
files of PyTorch 2.14, compressed-tensors 0.9 and 0.20 gave the same matrices.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from safetensors.numpy import save_file

from accelsim.errors import FormatError
from accelsim.records import CscMatrix
from accelsim.workload import file_contents, load_layer

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
        load_layer(save(tmp_path / "n.npz", {"fc.weight": W.T, "fc.bias": BIAS}))


def test_gpt2_is_turned_around(tmp_path: Path) -> None:
    """Its square matrices, too, of which no bias says so; those of usual layers are not."""
    square, wide = RNG.normal(size=(4, 4)), RNG.normal(size=(4, 12))
    four, twelve = np.ones(4, np.float32), np.ones(12, np.float32)
    for turned in (True, False):
        arrays = {"h.0.attn.c_attn.weight": wide if turned else wide.T,
                  "h.0.attn.c_attn.bias": twelve, "h.0.attn.c_proj.weight": square,
                  "h.0.attn.c_proj.bias": four, "lm.weight": square, "lm.bias": four}
        path = save(tmp_path / "n.npz", arrays)
        assert file_contents(path).skipped == ()
        assert np.array_equal(load_layer(path, "h.0.attn.c_attn").weights, wide.T)
        assert np.array_equal(load_layer(path, "h.0.attn.c_proj").weights,
                              square.T if turned else square)
        assert np.array_equal(load_layer(path, "lm").weights, square)
    path = save(tmp_path / "n.npz", {"a.in.weight": wide, "a.in.bias": twelve,
                                     "b.in.weight": square, "b.in.bias": four})
    assert not file_contents(path).layers
    with pytest.raises(FormatError, match=r"square, and others called in are stored as \(inputs"):
        load_layer(path, "b.in")


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
