"""Recurrent layers of arrays, as PyTorch and Keras name them: outputs by equations of their own
manuals, written out here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from accelsim.errors import AccelsimError
from accelsim.lowering.float_run import float_outputs
from accelsim.workload.cells import chosen_entries, recurrent_contents

N_IN, N, PROJECTED, STEPS = 5, 4, 3, 6
RNG = np.random.default_rng(23)


def normal(*shape: int) -> Any:
    return RNG.normal(0, 0.6, shape).astype(np.float32)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def torch_lstm(a: dict[str, Any], end: str, xs: Any) -> Any:
    """torch.nn.LSTM's manual: rows of the gates i, f, g, o."""
    n = len(a[f"weight_ih{end}"]) // 4
    h, c, out = np.zeros(a[f"weight_hh{end}"].shape[1]), np.zeros(n), []
    for x in xs:
        total = a[f"weight_ih{end}"] @ x + a[f"weight_hh{end}"] @ h
        total = total + a.get(f"bias_ih{end}", 0) + a.get(f"bias_hh{end}", 0)
        i, f, g, o = np.split(total, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        h = a[f"weight_hr{end}"] @ h if f"weight_hr{end}" in a else h
        out.append(h)
    return np.array(out)


def torch_gru(a: dict[str, Any], end: str, xs: Any) -> Any:
    """torch.nn.GRU's manual: rows of the gates r, z, n."""
    n = len(a[f"weight_ih{end}"]) // 3
    h, out = np.zeros(n), []
    for x in xs:
        own = np.split(a[f"weight_ih{end}"] @ x + a.get(f"bias_ih{end}", np.zeros(3 * n)), 3)
        inner = np.split(a[f"weight_hh{end}"] @ h + a.get(f"bias_hh{end}", np.zeros(3 * n)), 3)
        r, z = sigmoid(own[0] + inner[0]), sigmoid(own[1] + inner[1])
        h = (1 - z) * np.tanh(own[2] + r * inner[2]) + z * h
        out.append(h)
    return np.array(out)


def keras_lstm(a: dict[str, Any], base: str, xs: Any) -> Any:
    """Keras' LSTMCell: columns of the gates i, f, c, o."""
    h = c = np.zeros(N)
    out = []
    for x in xs:
        total = x @ a[f"{base}kernel"] + h @ a[f"{base}recurrent_kernel"] + a.get(f"{base}bias", 0)
        i, f, g, o = np.split(total, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        out.append(h)
    return np.array(out)


def keras_gru(a: dict[str, Any], base: str, xs: Any) -> Any:
    """Keras' GRUCell: columns of the gates z, r, h; a bias of two rows is ``reset_after``."""
    h, out, bias = np.zeros(N), [], a[f"{base}bias"]
    after = bias.ndim == 2
    for x in xs:
        own = np.split(x @ a[f"{base}kernel"] + (bias[0] if after else bias), 3)
        kernels = np.split(a[f"{base}recurrent_kernel"], 3, axis=1)
        halves = np.split(bias[1], 3) if after else [0, 0, 0]
        inner = [h @ k + b for k, b in zip(kernels, halves, strict=True)]
        z, r = sigmoid(own[0] + inner[0]), sigmoid(own[1] + inner[1])
        last = r * inner[2] if after else (r * h) @ kernels[2]
        h = z * h + (1 - z) * np.tanh(own[2] + last)
        out.append(h)
    return np.array(out)


def torch_arrays(
    gates: int, ends: list[tuple[str, int]], bias: bool = True, projection: bool = False
) -> dict[str, Any]:
    n_out, arrays = PROJECTED if projection else N, {}
    for end, width in ends:
        arrays[f"weight_ih{end}"] = normal(gates * N, width)
        arrays[f"weight_hh{end}"] = normal(gates * N, n_out)
        if projection:
            arrays[f"weight_hr{end}"] = normal(n_out, N)
        if bias:
            arrays |= {f"bias_{half}{end}": normal(gates * N) for half in ("ih", "hh")}
    return arrays


def keras_arrays(gates: int, base: str, bias: tuple[int, ...] | None) -> dict[str, Any]:
    arrays = {f"{base}kernel": normal(N_IN, gates * N),
              f"{base}recurrent_kernel": normal(N, gates * N)}
    return arrays | ({} if bias is None else {f"{base}bias": normal(*bias)})


def stored(path: Path, arrays: dict[str, Any]) -> Path:
    if path.suffix == ".npz":
        np.savez(path, **arrays)
    else:
        save_file(arrays, path)
    return path


def read(path: Path, xs: Any, names: list[str] | None = None) -> Any:
    layers = [e.load() for e in chosen_entries(path, recurrent_contents(path), names)]
    made = float_outputs(layers, xs[:, None, :])
    return np.concatenate(made[-2:] if layers[-1].beside else made[-1:], axis=2)[:, 0]


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
@pytest.mark.parametrize("case", ["lstm", "gru", "lstm, no bias", "projection", "cell", "w_ih"])
def test_one_layer_of_pytorch(tmp_path: Path, ending: str, case: str) -> None:
    gates, run = (3, torch_gru) if case in ("gru", "w_ih") else (4, torch_lstm)
    end = "" if case in ("cell", "w_ih") else "_l0"
    arrays = torch_arrays(gates, [(end, N_IN)], case != "lstm, no bias", case == "projection")
    named = {f"rnn.{name}": value for name, value in arrays.items()}
    if case == "w_ih":
        named = {f"enc_{name.replace('weight', 'w').replace('bias', 'b')}": value
                 for name, value in arrays.items()}
    path = stored(tmp_path / f"m.{ending}", named)
    xs = normal(STEPS, N_IN)
    assert np.abs(read(path, xs) - run(arrays, end, xs)).max() < 1e-6


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_a_stack_of_two_directions(tmp_path: Path, kind: str) -> None:
    gates, run = (3, torch_gru) if kind == "gru" else (4, torch_lstm)
    ends = [("_l0", N_IN), ("_l0_reverse", N_IN), ("_l1", 2 * N), ("_l1_reverse", 2 * N)]
    arrays = torch_arrays(gates, ends)
    path = stored(tmp_path / "m.safetensors", arrays)
    xs = normal(STEPS, N_IN)
    given = xs
    for k in (0, 1):
        given = np.hstack([run(arrays, f"_l{k}", given),
                           run(arrays, f"_l{k}_reverse", given[::-1])[::-1]])
    assert np.abs(read(path, xs) - given).max() < 1e-6
    names = [entry.name for entry in recurrent_contents(path).layers]
    assert names == [f"{kind}.l{k}.{way}" for k in (0, 1) for way in ("forward", "reverse")]
    assert np.abs(read(path, xs, [f"{kind}.l0"]) - np.hstack([
        run(arrays, "_l0", xs), run(arrays, "_l0_reverse", xs[::-1])[::-1]])).max() < 1e-6


@pytest.mark.parametrize("case", ["lstm", "lstm, no bias", "gru", "gru, reset after"])
@pytest.mark.parametrize("end", ["", ":0"])
def test_one_layer_of_keras(tmp_path: Path, case: str, end: str) -> None:
    gates = 3 if case.startswith("gru") else 4
    bias = {"lstm, no bias": None, "gru, reset after": (2, 3 * N)}.get(case, (gates * N,))
    arrays = keras_arrays(gates, "model/rnn/cell/", bias)
    path = stored(tmp_path / "m.npz", {f"{name}{end}": value for name, value in arrays.items()})
    xs = normal(STEPS, N_IN)
    run = keras_gru if gates == 3 else keras_lstm
    assert np.abs(read(path, xs) - run(arrays, "model/rnn/cell/", xs)).max() < 1e-6
    assert recurrent_contents(path).layers[0].name == "model/rnn"


def test_both_directions_of_keras(tmp_path: Path) -> None:
    base = "net/bidirectional/{}_lstm/lstm_cell/"
    arrays = keras_arrays(4, base.format("forward"), (4 * N,)) | keras_arrays(
        4, base.format("backward"), (4 * N,))
    path = stored(tmp_path / "m.npz", arrays)
    xs = normal(STEPS, N_IN)
    wanted = np.hstack([keras_lstm(arrays, base.format("forward"), xs),
                        keras_lstm(arrays, base.format("backward"), xs[::-1])[::-1]])
    assert np.abs(read(path, xs) - wanted).max() < 1e-6
    assert [entry.name for entry in recurrent_contents(path).layers] == [
        "net/bidirectional.forward", "net/bidirectional.reverse"]


def test_pruned_weights_are_read_as_they_are_meant(tmp_path: Path) -> None:
    arrays = torch_arrays(4, [("_l0", N_IN)])
    mask = (RNG.random((4 * N, N)) < 0.5).astype(np.float32)
    named = dict(arrays)
    named["weight_hh_l0_orig"], named["weight_hh_l0_mask"] = named.pop("weight_hh_l0"), mask
    path = stored(tmp_path / "m.npz", {f"rnn.{name}": value for name, value in named.items()})
    xs = normal(STEPS, N_IN)
    arrays["weight_hh_l0"] = arrays["weight_hh_l0"] * mask
    assert np.abs(read(path, xs) - torch_lstm(arrays, "_l0", xs)).max() < 1e-6


def refused() -> dict[str, tuple[dict[str, Any], str]]:
    rnn = {"rnn.weight_ih_l0": normal(N, N_IN), "rnn.weight_hh_l0": normal(N, N)}
    alone = {"rnn.weight_hh_l0": normal(4 * N, N)}
    bias = {f"rnn.{name}": value for name, value in torch_arrays(4, [("_l0", N_IN)]).items()}
    return {
        "a plain cell": (rnn, "plain recurrent cell"),
        "no input matrix": (alone, "has no rnn.weight_ih_l0"),
        "a bias of another shape": (bias | {"rnn.bias_ih_l0": normal(3)}, "bias_ih_l0 has shape"),
        "a GRU of Keras without bias": (keras_arrays(3, "rnn/", None), "whether the reset"),
        "five gates": ({"rnn.weight_ih_l0": normal(5 * N, N_IN), "rnn.weight_hh_l0": normal(
            5 * N, N)}, "no gates of an LSTM"),
    }


@pytest.mark.parametrize("case", refused())
def test_what_is_not_read_is_refused_by_name(tmp_path: Path, case: str) -> None:
    arrays, reason = refused()[case]
    path = stored(tmp_path / "m.npz", arrays)
    contents = recurrent_contents(path)
    assert not contents.layers
    assert reason in contents.refused[0].reason
    with pytest.raises(AccelsimError, match="is not read as a layer"):
        chosen_entries(path, contents, None)


def test_modules_are_no_sequence(tmp_path: Path) -> None:
    """What stands between two modules is in no array."""
    two = {f"{module}.{name}": value for module in ("enc", "dec")
           for name, value in torch_arrays(3, [("_l0", N)]).items()}
    path = stored(tmp_path / "m.npz", two)
    xs = normal(STEPS, N)
    with pytest.raises(AccelsimError, match=r"2 recurrent modules.*: enc.l0, dec"):
        read(path, xs)
    own = {name.removeprefix("enc."): value for name, value in two.items() if name[0] == "e"}
    assert np.abs(read(path, xs, ["enc"]) - torch_gru(own, "_l0", xs)).max() < 1e-6
