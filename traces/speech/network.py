"""silero-vad's layers in NumPy: a front end, one LSTM, a head that gives the odds of speech.

A chunk is 512 samples (32 ms), seen with the 64 samples before it. Short-time Fourier transform
as a convolution, four convolutions with ReLU, LSTM of 128 cells, ReLU, one weighted sum, sigmoid.
Gate order of the LSTM's rows: i, f, g, o.
"""

from dataclasses import dataclass

import numpy as np
import onnx
from onnx import numpy_helper

CHUNK, CONTEXT, HOP = 512, 64, 128
N_CELLS = 128
CONV_STRIDES = (1, 2, 2, 1)


@dataclass
class Network:
    """The network's parameters, float32, by their names in the ONNX file."""

    parameters: dict[str, np.ndarray]

    @classmethod
    def read(cls, content: bytes) -> "Network":
        """From the bytes of the ONNX file."""
        tensors = onnx.load_from_string(content).graph.initializer
        return cls({t.name.removeprefix("model."): numpy_helper.to_array(t) for t in tensors})

    def __getitem__(self, name: str) -> np.ndarray:
        return self.parameters[name]

    @property
    def weights(self) -> np.ndarray:
        """(512, 256): [W_ih, W_hh], rows i, f, g, o."""
        return np.hstack([self["decoder.rnn.weight_ih"], self["decoder.rnn.weight_hh"]])

    @property
    def bias(self) -> np.ndarray:
        """(512,): both biases added."""
        return self["decoder.rnn.bias_ih"] + self["decoder.rnn.bias_hh"]

    def lstm_inputs(self, samples: np.ndarray) -> np.ndarray:
        """(n_chunks, 128) inputs of the LSTM for a recording."""
        n_chunks = len(samples) // CHUNK
        padded = np.concatenate([np.zeros(CONTEXT, np.float32), samples[: n_chunks * CHUNK]])
        starts = np.arange(n_chunks)[:, None] * CHUNK
        pieces = padded[starts + np.arange(CONTEXT + CHUNK)]
        pieces = np.concatenate([pieces, pieces[:, -2 : -2 - CONTEXT : -1]], axis=1)
        basis = self["stft.forward_basis_buffer"][:, 0]
        n_frames = (pieces.shape[1] - basis.shape[1]) // HOP + 1
        frames = np.stack(
            [pieces[:, HOP * k : HOP * k + basis.shape[1]] @ basis.T for k in range(n_frames)], 2
        )
        half = frames.shape[1] // 2
        signal = np.sqrt(frames[:, :half] ** 2 + frames[:, half:] ** 2)
        for index, stride in enumerate(CONV_STRIDES):
            name = f"encoder.{index}.reparam_conv"
            signal = _conv_relu(signal, self[f"{name}.weight"], self[f"{name}.bias"], stride)
        return signal[:, :, 0]

    def odds(self, hidden: np.ndarray) -> np.ndarray:
        """Probability of speech from hidden states (..., 128)."""
        weight, bias = self["decoder.decoder.2.weight"], self["decoder.decoder.2.bias"]
        return 1 / (1 + np.exp(-(np.maximum(hidden, 0) @ weight[0, :, 0] + bias[0])))


def _conv_relu(
    signal: np.ndarray, weight: np.ndarray, bias: np.ndarray, stride: int
) -> np.ndarray:
    """Convolution of three taps, padded by one at both ends; (chunks, channels, frames)."""
    padded = np.pad(signal, ((0, 0), (0, 0), (1, 1)))
    n_out = (signal.shape[2] - 1) // stride + 1
    taps = [padded[:, :, stride * k : stride * k + 3] for k in range(n_out)]
    out = np.stack([np.einsum("nct,oct->no", tap, weight, optimize=True) for tap in taps], 2)
    return np.maximum(out + bias[None, :, None], 0)
