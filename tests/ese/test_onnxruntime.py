"""The float models against onnxruntime's own LSTM and GRU operators."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from accelsim.lowering.float_run import run_float
from accelsim.workload.recurrent_folder import load_recurrent_folder
from tests.ese.layers import random_layer, utterance

FOLDER = Path(__file__).parents[2] / "traces" / "silero-lstm"
ORDER = {"lstm": "iofc", "gru": "zrn"}  # of ONNX's stacked gates


def run_onnx(layer, inputs, **attributes):
    """(n_steps, n_channels, n_outputs) from a graph of one node."""
    gates, n = ORDER[layer.kind], layer.n_cells
    stack = {source: np.vstack([layer.floats(f"W{g}{source}") for g in gates]) for source in "xr"}
    zero = np.zeros(n)
    own = [layer.biases.get(f"b{g}", zero) for g in gates]
    inner = [layer.biases.get(f"b{g}r", zero) for g in gates]
    tensors = {"W": stack["x"], "R": stack["r"], "B": np.concatenate(own + inner)}
    node = helper.make_node(layer.kind.upper(), ["X", "W", "R", "B"], ["Y"], hidden_size=n,
                            **attributes)
    graph = helper.make_graph(
        [node], "one", [helper.make_tensor_value_info("X", TensorProto.FLOAT, inputs.shape)],
        [helper.make_tensor_value_info("Y", TensorProto.FLOAT, [None] * 4)],
        [numpy_helper.from_array(t.astype(np.float32)[None], name) for name, t in tensors.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)
    onnx.checker.check_model(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    (y,) = session.run(None, {"X": inputs.astype(np.float32)})
    return y[:, 0]


@pytest.mark.parametrize("pattern", [None, "load_balanced"])
def test_the_real_lstm(pattern):
    network = load_recurrent_folder(FOLDER)
    layer = network.layer if pattern is None else network.retrained[pattern]["11.2"]
    got = run_float(layer, network.inputs).outputs
    assert np.abs(got - run_onnx(layer, network.inputs)).max() < 5e-5
    if pattern is None:
        # Stored from float32 weights; these are float16.
        assert np.abs(got - network.hidden).max() < 0.02


@pytest.mark.parametrize("reset_after", [False, True])
def test_gru(reset_after):
    rng = np.random.default_rng(5)
    layer = random_layer(rng, "gru", reset_after=reset_after)
    x = utterance(rng, 20, 3, layer.n_inputs)
    got = run_float(layer, x).outputs
    assert np.abs(got - run_onnx(layer, x, linear_before_reset=int(reset_after))).max() < 1e-5
