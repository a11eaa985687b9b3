"""The NumPy network against onnxruntime running the package's own file."""

import numpy as np
import onnxruntime

from speech import lstm
from speech.network import CHUNK, CONTEXT, N_CELLS, Network

_CHUNKS = 300


def worst_difference(content: bytes, network: Network, samples: np.ndarray) -> float:
    """Largest difference of the speech probabilities of the first 300 chunks."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, options)
    state = np.zeros((2, 1, N_CELLS), np.float32)
    rate = np.array(16_000, np.int64)
    padded = np.concatenate([np.zeros(CONTEXT, np.float32), samples])
    wanted = []
    for k in range(_CHUNKS):
        chunk = padded[None, k * CHUNK : (k + 1) * CHUNK + CONTEXT]
        odds, state = session.run(None, {"input": chunk, "state": state, "sr": rate})
        wanted.append(float(odds[0, 0]))
    inputs = network.lstm_inputs(samples[: _CHUNKS * CHUNK])
    got = network.odds(lstm.forward(network.weights, network.bias, inputs[:, None]).hidden[1:, 0])
    return float(np.abs(got - np.array(wanted)).max())
