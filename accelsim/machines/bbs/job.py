"""What the bank-balanced machine is given: matrices in banks and vectors, as integers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from accelsim import __version__
from accelsim.errors import InputError, UnsupportedError
from accelsim.fixedpoint import dequantise, frac_bits_for, quantise
from accelsim.machines.bbs.config import BbsConfig
from accelsim.machines.bbs.stages import BankedMatrix, Stage, banked, in_banks, lstm_stages
from accelsim.numeric import fixed_point_integers, real_values
from accelsim.records import CscMatrix, FloatArray
from accelsim.records.job import Job
from accelsim.records.linear import LinearWeights
from accelsim.records.losses import of_quantising
from accelsim.records.recurrent import RecurrentLayer
from accelsim.records.utterance import checked_lengths

IntArray = npt.NDArray[np.int64]

LSTM_UNTOLD = ("this machine tells the time of an LSTM, not its values (contract B6 in "
               "accelsim/machines/bbs/README.md)")

_MAX_SUM_BITS = 60
"""Sums are kept whole in int64; a bias beyond this is refused."""


@dataclass(frozen=True, eq=False)
class BbsJob(Job):
    """Vectors that go through the same stages, one after the other.

    Attributes
    ----------
    stages : of one vector, in order
    shape : (n_steps, n_channels), the vectors; (n, 1) of channels that have lengths of their own
    vectors : (n_steps, n_channels, n_banks, width) int64; None of an LSTM, whose values are not
        told
    shift : right shift of every sum
    relu : the next reader sees negative outputs as zero
    runs : (n_steps, n_channels) bool, which vectors of the utterance are run; None is all
    """

    stages: tuple[Stage, ...]
    shape: tuple[int, int]
    vectors: IntArray | None = None
    shift: int = 0
    relu: bool = False
    runs: npt.NDArray[np.bool_] | None = None

    @property
    def n_vectors(self) -> int:
        """Vectors, one after the other: every channel of every step."""
        return self.shape[0] * self.shape[1]

    @property
    def matrices(self) -> tuple[BankedMatrix, ...]:
        """In the order of their multiplication."""
        return tuple(stage.matrix for stage in self.stages if stage.matrix is not None)

    @property
    def operations(self) -> dict[str, int]:
        """Entries and multiply-accumulates, by construction; there is no padding."""
        entries = sum(int(np.count_nonzero(m.banks)) for m in self.matrices) * self.n_vectors
        return {"entries": entries, "padding": 0, "macs": entries}

    def finished(self, outputs: IntArray) -> IntArray:
        """ReLU where the layer has it; zero behind a channel's last step."""
        outputs = np.maximum(outputs, 0) if self.relu else outputs
        if self.runs is None:
            return outputs
        result = np.zeros((*self.runs.shape, outputs.shape[-1]), dtype=np.int64)
        result[self.runs] = outputs[:, 0]
        return result

    def input_sha256(self) -> str:
        """Digest of the vectors' integers."""
        if self.vectors is None:
            return super().input_sha256()
        return hashlib.sha256(self.vectors.astype("<i8").tobytes()).hexdigest()


def make_job(
    config: BbsConfig,
    work: FloatArray | CscMatrix | LinearWeights | RecurrentLayer,
    inputs: npt.ArrayLike,
    frac_bits: Mapping[str, int] | None = None,
    calibration: npt.ArrayLike | None = None,
    fixed_point: bool = False,
    lengths: npt.ArrayLike | None = None,
) -> BbsJob:
    """Quantise a matrix with its bias, or lay out an LSTM's matrices, and quantise the vectors.

    Parameters
    ----------
    work : a matrix (n_outputs, n_inputs), or a `RecurrentLayer` of kind "linear" or "lstm"
    inputs : (n_inputs,), (n_steps, n_inputs) or (n_steps, n_channels, n_inputs) numbers; channels
        too come one after the other
    frac_bits : binary points of "input" and "output"; those left out hold the largest values of
        ``calibration`` without saturation
    calibration : inputs that binary points are chosen for; None takes ``inputs``
    fixed_point : the inputs are integers with ``frac_bits["input"]`` fraction bits already; needs
        that binary point, or ``calibration`` to choose it from
    lengths : (n_channels,) steps of each channel of ``inputs``, whose other vectors are not run;
        None is all

    Raises
    ------
    UnsupportedError
        For a GRU.
    InputError
        If the vectors do not fit the matrix, a weight or a bias its width.
    """
    if isinstance(work, RecurrentLayer) and work.kind == "lstm":
        return _only(_lstm_job(config, work, inputs), lengths)
    layer = work if isinstance(work, RecurrentLayer) else None
    if layer is not None and layer.kind != "linear":
        raise UnsupportedError(f"{layer.name}: the bank-balanced machine runs kinds 'linear' and "
                               f"'lstm', not '{layer.kind}'")
    matrix = work if not isinstance(work, RecurrentLayer) else work.matrices["Wyx"]
    linear = matrix if isinstance(matrix, LinearWeights) else LinearWeights.from_floats(
        matrix, config.weight_bits)
    name = linear.name if layer is None else layer.name
    if linear.weight_bits > config.weight_bits:
        raise InputError(f"{name}: weights of {linear.weight_bits} bits, the machine has "
                         f"{config.weight_bits}; quantise again or set weight_bits="
                         f"{linear.weight_bits}")
    points = dict(frac_bits or {})
    if fixed_point:
        points["input"] = _input_point(config, name, points, calibration)
        integers = fixed_point_integers(f"{name}: inputs", inputs, config.activation_bits)
        inputs = dequantise(integers, points["input"])  # exact; they become the same integers
    x = _Vectors.of(name, linear.matrix.shape[1], inputs, calibration)
    return _only(_linear_job(config, name, layer, linear, x, points), lengths)


def _only(job: BbsJob, lengths: npt.ArrayLike | None) -> BbsJob:
    """The job without the vectors behind a channel's last one."""
    if lengths is None:
        return job
    own = checked_lengths(job.name, lengths, *job.shape)
    runs = np.arange(job.shape[0])[:, None] < own
    if not runs.any():
        raise InputError(f"{job.name}: lengths are all zero; give one channel a step")
    vectors = None if job.vectors is None else job.vectors[runs][:, None]
    return replace(job, shape=(int(own.sum()), 1), vectors=vectors, runs=runs)


def _input_point(
    config: BbsConfig, name: str, points: Mapping[str, int], calibration: npt.ArrayLike | None
) -> int:
    """The binary point that fixed-point inputs have already."""
    if "input" in points:
        return points["input"]
    if calibration is None:
        raise InputError(f"{name}: fixed-point inputs have no binary point here; give frac_bits "
                         f"with 'input', or calibration inputs to choose it from")
    sample = real_values(f"{name}: calibration", calibration)
    return frac_bits_for(float(np.abs(sample).max(initial=0.0)), config.activation_bits)


@dataclass(frozen=True)
class _Vectors:
    """Float inputs and those that binary points are chosen for, (n_steps, n_channels, n_inputs)."""

    used: npt.NDArray[np.float64]
    sample: npt.NDArray[np.float64]

    @classmethod
    def of(cls, name: str, n_inputs: int, inputs: npt.ArrayLike,
           calibration: npt.ArrayLike | None = None) -> _Vectors:
        used = _utterance(name, n_inputs, inputs)
        return cls(used, used if calibration is None else _utterance(name, n_inputs, calibration))


def _linear_job(
    config: BbsConfig, name: str, layer: RecurrentLayer | None, linear: LinearWeights,
    x: _Vectors, given: dict[str, int],
) -> BbsJob:
    bits = config.activation_bits
    input_frac = given.get("input")
    if input_frac is None:
        input_frac = frac_bits_for(float(np.abs(x.sample).max()), bits)
    total = linear.frac_bits + input_frac
    dense = linear.matrix.to_dense().astype(np.int64)
    floats = None if layer is None else layer.biases.get("by")
    bias = None if floats is None else _whole_bias(name, floats, total)
    output_frac = given.get("output")
    if output_frac is None:
        sums = quantise(x.sample, bits, input_frac) @ dense.T + (0 if bias is None else bias)
        largest = float(np.ldexp(float(np.abs(sums).max()), -total))
        output_frac = min(frac_bits_for(largest, bits), total)
    if not 0 <= total - output_frac <= _MAX_SUM_BITS:
        raise InputError(f"{name}: product shift is {total - output_frac}; need 0 to "
                         f"{_MAX_SUM_BITS}; change the binary point of output")
    integers = quantise(x.used, bits, input_frac)
    return BbsJob(
        (Stage(banked(name, dense, bias, config.n_banks), (), dense.shape[1]),),
        x.used.shape[:2], in_banks(integers, config.n_banks),
        total - output_frac, layer is not None and layer.relu, name=name,
        frac_bits={"weight": linear.frac_bits, "input": input_frac, "output": output_frac},
        provenance={"accelsim": __version__, **(layer.provenance if layer else {})},
        losses=tuple(of_quantising(
            x.used, integers, bits, input_frac, "inputs", name,
            "calibrate with such inputs, or raise activation_bits")),
    )


def _lstm_job(config: BbsConfig, layer: RecurrentLayer, inputs: npt.ArrayLike) -> BbsJob:
    x = _Vectors.of(layer.name, layer.n_inputs, inputs).used
    return BbsJob(
        lstm_stages(config, layer), x.shape[:2], name=layer.name,
        provenance={"accelsim": __version__, **layer.provenance},
        no_outputs=f"{layer.name}: {LSTM_UNTOLD}",
    )


def _whole_bias(name: str, bias: FloatArray, frac_bits: int) -> IntArray:
    """A bias in the binary point of the products, kept whole as they are (contract B5)."""
    largest = float(np.abs(bias).max())
    if np.ldexp(largest, frac_bits) >= 2.0**_MAX_SUM_BITS:
        raise InputError(f"{name}: a bias of {largest:g} with {frac_bits} fraction bits does not "
                         f"fit the accumulator; give frac_bits with a smaller 'input'")
    return quantise(bias, _MAX_SUM_BITS + 2, frac_bits)


def _utterance(name: str, n_inputs: int, inputs: npt.ArrayLike) -> npt.NDArray[np.float64]:
    x = real_values(f"{name}: inputs", inputs).astype(np.float64)
    shape = x.shape
    if x.ndim in (1, 2):
        x = x[None, None] if x.ndim == 1 else x[:, None]
    if x.ndim != 3 or x.shape[2] != n_inputs or 0 in x.shape:
        raise InputError(f"{name}: inputs have shape {shape}; need ({n_inputs},), (steps, "
                         f"{n_inputs}) or (steps, channels, {n_inputs})")
    return x
