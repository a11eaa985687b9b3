"""What of a file is no layer, and in which order its layers follow each other."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from accelsim.errors import FormatError, InputError
from accelsim.workload import LayerEntry, file_contents, load_layer, load_network
from accelsim.workload.order import chains, several_orders

F32 = np.float32


def save(path: Path, arrays: dict[str, Any]) -> Path:
    if path.suffix == ".npz":
        np.savez(path, **arrays)
    else:
        save_file({k: np.array(v, order="C") for k, v in arrays.items()}, path)
    return path


def mlp(*sizes: int) -> dict[str, Any]:
    return {f"fc{k}.weight": np.full((b, a), k, F32)
            for k, (a, b) in enumerate(itertools.pairwise(sizes), 1)}


def test_helper_arrays_are_never_layers(tmp_path: Path) -> None:
    """Of a checkpoint with an optimiser, each array by name: layer, or why not."""
    square = np.ones((4, 4), F32)
    arrays = mlp(4, 4) | {
        "fc1.bias": np.ones(4, F32), "bn1.weight": np.ones(4, F32), "bn1.bias": np.ones(4, F32),
        "bn1.running_mean": np.ones(4, F32), "bn1.num_batches_tracked": np.array(3),
        "norm/scale": np.ones(4, F32),
        "conv.weight": np.ones((4, 3, 3, 3), F32), "conv.bias": np.ones(4, F32),
        "embed_tokens.weight": square, "wte.weight": square, "params/Embed_0/embedding": square,
        "causal_mask": square, "old.weight_mask": square,
        "q.lora_A.weight": square, "optimizer.state.0.exp_avg": square,
        "opt_state/0/mu/Dense_0/kernel": square, "state.0.exp_avg_sq": square,
        "rope.inv_freq": square, "other.weight_scale": square, "gru/bias": np.ones((2, 12), F32),
        "steps": np.arange(6).reshape(2, 3), "inputs": square, "labels": np.arange(4),
        "empty": np.zeros((0, 4), F32), "loose": np.ones(4, F32),
    }
    want = dict.fromkeys(("bn1.weight", "bn1.bias", "bn1.running_mean", "norm/scale",
                          "bn1.num_batches_tracked"), "normalisation")
    want |= {"conv.weight": "convolution", "conv.bias": "bias", "gru/bias": "bias",
             "causal_mask": "mask", "old.weight_mask": "mask", "q.lora_A.weight": "adapter",
             "rope.inv_freq": "positions", "other.weight_scale": "scale", "loose": "vector"}
    want |= dict.fromkeys(("embed_tokens.weight", "wte.weight", "params/Embed_0/embedding"),
                          "embedding")
    want |= dict.fromkeys(("optimizer.state.0.exp_avg", "opt_state/0/mu/Dense_0/kernel",
                           "state.0.exp_avg_sq"), "state")
    want |= dict.fromkeys(("steps", "empty"), "integers")
    want |= dict.fromkeys(("inputs", "labels"), "inputs")
    for ending in (".npz", ".safetensors"):
        contents = file_contents(save(tmp_path / f"n{ending}", arrays))
        assert [str(entry) for entry in contents.layers] == ["fc1 (4 x 4)"]
        assert {left.name: left.kind for left in contents.skipped} == want
        assert all(left.shape == np.shape(arrays[left.name]) for left in contents.skipped)
        assert contents.ordered == (ending == ".npz")
        with pytest.raises(FormatError, match="looked up and not multiplied"):
            load_layer(tmp_path / f"n{ending}", "wte")


def test_types_that_hold_no_weights(tmp_path: Path) -> None:
    arrays = {"complex": np.ones((2, 2), complex), "void": np.zeros((2, 2), "V2"),
              "text": np.array([["a"]]), "flags": np.ones((2, 2), bool)}
    contents = file_contents(save(tmp_path / "n.npz", arrays))
    assert contents.layers == ()
    assert [left.name for left in contents.skipped] == list(arrays)
    assert "bfloat16" in contents.skipped[1].reason
    with pytest.raises(InputError, match=r"no layer found; complex \(.*\(and 3 more are skipped\)"):
        load_layer(tmp_path / "n.npz")


@pytest.mark.parametrize(("name", "text"), [
    ("model.pt", "pickle, which is never loaded: .*safetensors.torch.save_file"),
    ("pytorch_model.bin", "pickle"), ("model.ckpt", "pickle"), ("model.h5", "numpy.savez"),
    ("model.keras", "numpy.savez"), ("model.tflite", "ONNX"), ("w.npy", "numpy.savez"),
])
def test_files_of_other_kinds_have_a_remedy(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_bytes(b"\x80\x04.")
    with pytest.raises(FormatError, match=text):
        load_layer(tmp_path / name)


def test_npz_keeps_its_order(tmp_path: Path) -> None:
    arrays = {"zeta.weight": np.ones((4, 3), F32), "alpha.weight": np.ones((4, 4), F32),
              "mid.weight": np.ones((4, 4), F32)}
    network = load_network(save(tmp_path / "n.npz", arrays))
    assert [layer.name for layer in network.layers] == ["zeta", "alpha", "mid"]
    assert network.note == ""
    turned = dict(reversed(mlp(5, 4, 3).items()))
    network = load_network(save(tmp_path / "t.npz", turned))
    assert [layer.name for layer in network.layers] == ["fc1", "fc2"]
    assert "keeps no order of layers; taken in the only one that fits: fc1, fc2" in network.note


def test_safetensors_has_no_order(tmp_path: Path) -> None:
    path = save(tmp_path / "n.safetensors", mlp(6, 5, 4, 3))
    assert "the only one that fits: fc1, fc2, fc3" in load_network(path).note
    assert load_network(path, ["fc1", "fc2", "fc3"]).note == ""
    save(path, mlp(4, 4, 4))
    with pytest.raises(InputError, match=r"more than one fits; name them in order .*fc1, fc2\?"):
        load_network(path)
    assert len(load_network(path, ["fc2", "fc1"]).layers) == 2
    save(path, {"b.weight": np.ones((4, 3), F32), "a.weight": np.ones((2, 4), F32)})
    with pytest.raises(InputError, match="a has 2 outputs but b 3 inputs; name them in the order"):
        load_network(path)


def test_a_network_does_not_lose_what_is_skipped(tmp_path: Path) -> None:
    arrays = mlp(4, 4) | {"bn.running_mean": np.ones(4, F32)}
    path = save(tmp_path / "n.npz", arrays)
    with pytest.raises(InputError, match=r"bn\.running_mean .* statistics .* other outputs"):
        load_network(path)
    assert len(load_network(path, ["fc1"]).layers) == 1
    save(path, mlp(4, 4) | {"state.exp_avg": np.ones((4, 4), F32), "labels": np.arange(3)})
    assert len(load_network(path).layers) == 1


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), min_size=1, max_size=6))
def test_whether_another_order_fits(shapes: list[tuple[int, int]]) -> None:
    """Against every permutation."""
    entries = [LayerEntry(str(k), rows, columns, "array", False, lambda: None)
               for k, (rows, columns) in enumerate(shapes)]
    orders = sum(chains(order) for order in itertools.permutations(entries))
    if orders:
        assert several_orders(entries) == (orders > 1)
